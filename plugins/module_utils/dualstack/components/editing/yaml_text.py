# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a block-YAML text, changed in place.

A field is a path of keys with dots between them. Its value: a scalar or a list is exactly that afterwards; a map is
merged into what is there, field by field; None takes the key away. What has the value already is not touched, however
it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import scalars, tree
from .owned import EditError

_STEP = 2


def parse(text: str) -> Any:
    """The text as plain data; ``scalars.ODD`` where no value is claimed. Raises EditError."""
    return tree.value(tree.read(text))


def edit(text: str, fields: Mapping[str, Any]) -> str:
    """The text with the fields. Raises EditError."""
    for path, wanted in flat(fields):
        text = put(text, path, wanted)
    return text


def flat(fields: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    """Maps resolved into one path for each of their values; an empty map stays one."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, wanted in fields.items():
        path = tuple(name.split("."))
        if isinstance(wanted, Mapping) and wanted:
            found += [((*path, *inner), value) for inner, value in _leaves(wanted)]
        else:
            found.append((path, wanted))
    return found


def _leaves(wanted: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, value in wanted.items():
        inner = _leaves(value) if isinstance(value, Mapping) and value else [((), value)]
        found += [((str(name), *path), each) for path, each in inner]
    return found


def put(text: str, path: Sequence[str], wanted: Any) -> str:
    """The text with one value at a path; an empty map only makes sure that a map is there. Raises EditError."""
    return _Put(text, path, wanted).text()


class _Put:
    def __init__(self, text: str, path: Sequence[str], wanted: Any) -> None:
        self.lines = text.split("\n")
        self.eol = "\r" if self.lines[0].endswith("\r") else ""
        self.path = path
        self.wanted = wanted
        self.root = tree.read(text)

    def text(self) -> str:
        node, holder = self.root, None
        for depth, key in enumerate(self.path):
            if isinstance(node, tree.Scalar) and node.value is None and holder:
                if self.wanted is not None:
                    self.replace(holder, self.nested(depth))
                break
            if not isinstance(node, tree.Mapping):
                raise self.refused(node, depth)
            entry = node.get(key)
            if not entry:
                if self.wanted is not None:
                    self.insert(node, holder, depth)
                break
            if depth == len(self.path) - 1:
                self.last(node, holder, entry)
                break
            node, holder = entry.value, entry
        return "\n".join(self.lines)

    def refused(self, node: tree.Node, depth: int) -> EditError:
        place = ".".join(self.path[:depth]) or "the document"
        if isinstance(node, tree.Opaque):
            return EditError(node.line + 1, f"{place} is written in flow style", "write it as a block, one key a line")
        what = "a list" if isinstance(node, tree.Sequence) else "a single value"
        return EditError(node.line + 1, f"{place} is {what}", f"a map is expected, for {self.path[depth]}")

    def nested(self, depth: int) -> Any:
        value = self.wanted
        for key in reversed(self.path[depth:]):
            value = {key: value}
        return value

    def last(self, node: tree.Mapping, holder: tree.Entry | None, entry: tree.Entry) -> None:
        if self.wanted is None:
            self.remove(node, holder, entry)
        elif self.wanted == {} and isinstance(entry.value, tree.Mapping):
            return
        elif isinstance(entry.value, tree.Opaque) or (isinstance(entry.value, tree.Mapping) and entry.value.entries):
            raise self.mismatch(entry)
        elif not scalars.same(tree.value(entry.value), self.wanted) and not self.few(entry):
            self.replace(entry, self.wanted)

    def mismatch(self, entry: tree.Entry) -> EditError:
        place = ".".join(self.path)
        if isinstance(entry.value, tree.Opaque):
            return EditError(entry.line + 1, f"{place} is written in flow style", "write it as a block")
        return EditError(entry.line + 1, f"{place} is a map", f"{_kind(self.wanted)} is expected")

    def remove(self, node: tree.Mapping, holder: tree.Entry | None, entry: tree.Entry) -> None:
        if len(node.entries) == 1 and holder:
            self.replace(holder, {})
        elif len(node.entries) == 1:
            self.lines[entry.line : entry.stop] = ["{}" + self.eol]
        else:
            del self.lines[entry.line : entry.stop]

    def replace(self, entry: tree.Entry, wanted: Any) -> None:
        old, line = entry.value, self.lines[entry.line].rstrip("\r")
        if isinstance(old, tree.Scalar) and old.line == entry.line and old.end is not None and _single(wanted):
            written = scalars.write(wanted, old.quote)
            space = " " if old.end == entry.colon else ""
            self.lines[entry.line] = line[: old.column] + space + written + line[old.end :] + self.eol
            return
        comment = ""
        if old.line != entry.line:
            comment = line[entry.colon :]
        elif not isinstance(old, tree.Opaque) and old.end is not None:
            comment = line[old.end :]
        first, *rest = rendered(wanted, entry.column)
        begin = line[: entry.colon] + (f" {first}" if first else "") + comment
        self.lines[entry.line : entry.stop] = [each + self.eol for each in (begin.rstrip(), *rest)]

    def few(self, entry: tree.Entry) -> bool:
        """Changes only the items that differ of a list of scalars. False where something else must be written."""
        old, wanted = entry.value, self.wanted
        if not isinstance(old, tree.Sequence) or not old.items or not isinstance(wanted, list) or not wanted:
            return False
        before = [tree.value(item) for _line, _column, item in old.items]
        if not all(map(_single, wanted)) or not all(
            isinstance(item, tree.Scalar) for _line, _column, item in old.items
        ):
            return False
        head = 0
        while head < min(len(before), len(wanted)) and scalars.same(before[head], wanted[head]):
            head += 1
        tail = 0
        while tail < min(len(before), len(wanted)) - head and scalars.same(before[-1 - tail], wanted[-1 - tail]):
            tail += 1
        gone = old.items[head : len(before) - tail]
        follower = gone[0][0] if gone else old.items[head][0] if head < len(before) else old.items[-1][2].stop
        for line, _column, item in reversed(gone):
            del self.lines[line : item.stop]
        dash = " " * old.items[0][1] + "- "
        new = wanted[head : len(wanted) - tail]
        self.lines[follower:follower] = [dash + scalars.write(each) + self.eol for each in new]
        return True

    def insert(self, node: tree.Mapping, holder: tree.Entry | None, depth: int) -> None:
        wanted = self.nested(depth)
        if node.entries:
            at, lines = self.place(node, self.path[depth]), rendered(wanted, node.entries[0].column - _STEP)[1:]
            self.lines[at:at] = [each + self.eol for each in lines]
        elif holder:
            self.replace(holder, wanted)
        else:
            at = node.line - (node.line == len(self.lines) and not self.lines[-1])
            self.lines[at : node.stop - (at < node.line)] = [each + self.eol for each in rendered(wanted, -_STEP)[1:]]

    def place(self, node: tree.Mapping, key: str) -> int:
        """Where a new key goes: in its order where the others have one, else at the end."""
        keys = [each.key for each in node.entries]
        if keys == sorted(keys) and key > keys[0]:
            return max((each for each in node.entries if each.key < key), key=lambda each: each.key).stop
        return node.entries[-1].stop


def rendered(wanted: Any, column: int) -> list[str]:
    """A value below a key that stands in ``column``: what stands beside the key, then lines."""
    if isinstance(wanted, Mapping) and wanted:
        return ["", *(line for key, value in wanted.items() for line in _entry(str(key), value, column + _STEP))]
    if isinstance(wanted, list) and wanted:
        return ["", *(line for item in wanted for line in _item(item, max(column, 0)))]
    return ["{}" if isinstance(wanted, Mapping) else "[]" if isinstance(wanted, list) else scalars.write(wanted)]


def _entry(key: str, value: Any, column: int) -> list[str]:
    first, *rest = rendered(value, column)
    return [" " * column + scalars.write(key) + ":" + (f" {first}" if first else ""), *rest]


def _item(item: Any, column: int) -> list[str]:
    first, *rest = rendered(item, column + _STEP) if not isinstance(item, Mapping) else rendered(item, column)
    if not first and rest:
        first, *rest = [rest[0].lstrip(), *rest[1:]]
    return [f"{' ' * column}- {first}", *rest]


def _single(value: Any) -> bool:
    return not isinstance(value, (Mapping, list))


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a single value"
