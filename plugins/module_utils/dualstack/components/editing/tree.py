# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block YAML as kubeadm and people write it, read into nodes that know where they stand in the text.

Read are block maps and lists (also compact ones), scalars of all styles, empty ``{}`` and ``[]``. Flow style with
content is kept as an ``Opaque`` node, which can't be entered. Refused everywhere, since an edit could change what is
meant elsewhere: anchors, aliases, tags, merge keys, duplicate keys, tabs as indentation, complex keys, several
documents, directives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Union

from . import scalars
from .owned import EditError

_KEY_END = re.compile(r"\s*:(?=\s|$)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^']|'')*'")
_EMPTY = re.compile(r"\{\s*\}|\[\s*\]")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*\s*(#.*)?$")
_COMMENT = re.compile(r"(?:^|\s)#")
_REST = re.compile(r"\s*(?:\s#.*)?$")
_REFERENCES = {"&": "an anchor", "*": "an alias", "!": "a tag"}


@dataclass
class Scalar:
    """A value in one line (``end``: the column behind it), or in several (``end`` is None, and no value is claimed)."""

    line: int
    column: int
    stop: int  # the line behind the node, as everywhere
    end: int | None
    value: Any
    quote: str = ""


@dataclass
class Opaque:
    """A map or list in flow style."""

    line: int
    column: int
    stop: int


@dataclass
class Entry:
    """A key of a map and its value; ``colon``: the column behind the colon."""

    key: str
    line: int
    column: int
    colon: int
    value: Node
    stop: int


@dataclass
class Mapping:
    """A map; ``end`` is the column behind an empty ``{}``."""

    line: int
    column: int
    stop: int
    entries: list[Entry] = field(default_factory=list)
    end: int | None = None

    def get(self, key: str) -> Entry | None:
        """The entry of a key."""
        return next((each for each in self.entries if each.key == key), None)


@dataclass
class Sequence:
    """A list; items with the line and the column of their dash. ``end``: behind an empty ``[]``."""

    line: int
    column: int
    stop: int
    items: list[tuple[int, int, Node]] = field(default_factory=list)
    end: int | None = None


Node = Union[Scalar, Opaque, Mapping, Sequence]


def read(text: str) -> Node:
    """The document of a text; a map without entries where there is none. Raises EditError."""
    return _Reader(text.split("\n")).document()


def value(node: Node) -> Any:
    """What a node holds, as plain data. ``scalars.ODD`` where no value is claimed."""
    if isinstance(node, Mapping):
        return {each.key: value(each.value) for each in node.entries}
    if isinstance(node, Sequence):
        return [value(item) for _line, _column, item in node.items]
    return node.value if isinstance(node, Scalar) else scalars.ODD


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = [line[:-1] if line.endswith("\r") else line for line in lines]

    def document(self) -> Node:
        at = self.next(0)
        while at < len(self.lines) and re.fullmatch(r"---(\s+#.*|\s*)", self.lines[at]):
            at = self.next(at + 1)
            break
        if at == len(self.lines):
            return Mapping(at, 0, at)
        if self.lines[at].startswith("%"):
            raise EditError(at + 1, "a directive of YAML", "remove it")
        node = self.block(at, self.indent(at), -1)
        left = self.next(node.stop)
        if left < len(self.lines):
            several = re.match(r"(---|\.\.\.)(\s|$)", self.lines[left])
            problem = "a second document begins" if several else "this is indented less or more than what it belongs to"
            raise EditError(left + 1, problem, "leave one document" if several else "indent it as its neighbours are")
        return node

    def next(self, at: int) -> int:
        """The first line from here with content."""
        while at < len(self.lines) and (not self.lines[at].strip() or self.lines[at].lstrip().startswith("#")):
            at += 1
        return at

    def indent(self, at: int) -> int:
        line = self.lines[at]
        blank = len(line) - len(line.lstrip())
        if "\t" in line[:blank]:
            raise EditError(at + 1, "a tab in the indentation", "indent by blanks")
        return blank

    def block(self, at: int, column: int, parent: int) -> Node:
        text = self.lines[at][column:]
        if text == "-" or text.startswith("- "):
            return self.sequence(at, column)
        if self.key(at, column):
            return self.mapping(at, column)
        return self.inline(at, column, parent)

    def sequence(self, at: int, column: int) -> Node:
        found = Sequence(at, column, at)
        while at < len(self.lines) and self.indent(at) <= column:
            line = self.lines[at]
            if not (line[column:] == "-" or line[column:].startswith("- ")) or (
                found.items and self.indent(at) < column
            ):
                break
            inside = column + 1 + len(line[column + 1 :]) - len(line[column + 1 :].lstrip())
            if _REST.match(line, column + 1):
                node = self.below(at, column, column + 1)
            else:
                if "\t" in line[column:inside]:
                    raise EditError(at + 1, "a tab behind the dash", "put a blank there")
                node = self.block(at, inside, column)
            found.items.append((at, column, node))
            found.stop = node.stop
            at = self.next(node.stop)
        self.aligned(at, column)
        return found

    def mapping(self, at: int, column: int) -> Node:
        found = Mapping(at, column, at)
        while True:
            key = self.key(at, column)
            if not key:
                raise EditError(at + 1, "a key with a colon is expected", "write KEY: VALUE")
            name, colon = key
            if found.get(name):
                raise EditError(at + 1, f"{name} stands here twice", "leave one of them")
            line = self.lines[at]
            if _REST.match(line, colon):
                node = self.below(at, column, colon, lists=True)
            else:
                node = self.inline(at, colon + len(line[colon:]) - len(line[colon:].lstrip()), column)
            found.entries.append(Entry(name, at, column, colon, node, node.stop))
            found.stop = node.stop
            at = self.next(node.stop)
            if at == len(self.lines) or self.indent(at) < column or self.marker(at):
                return found
            self.aligned(at, column)
            if self.lines[at][column:].startswith("- "):
                return found

    def aligned(self, at: int, column: int) -> None:
        if at < len(self.lines) and self.indent(at) > column:
            raise EditError(
                at + 1, "this is indented deeper than what it belongs to", "indent it as its neighbours are"
            )

    def marker(self, at: int) -> bool:
        return bool(re.match(r"(---|\.\.\.)(\s|$)", self.lines[at]))

    def below(self, at: int, column: int, end: int, lists: bool = False) -> Node:
        """What stands below a key or dash without a value beside it; nothing is null."""
        under = self.next(at + 1)
        if under < len(self.lines) and not self.marker(under):
            indent = self.indent(under)
            if indent > column:
                return self.block(under, indent, column)
            text = self.lines[under][indent:]
            if lists and indent == column and (text == "-" or text.startswith("- ")):
                return self.sequence(under, indent)
        return Scalar(at, end, at + 1, end, None)

    def key(self, at: int, column: int) -> tuple[str, int] | None:
        """The key that begins here and the column behind its colon."""
        line = self.lines[at]
        if line.startswith("? ", column):
            raise EditError(at + 1, "a complex key", "write KEY: VALUE")
        if line[column] in "\"'":
            quoted = _QUOTED.match(line, column)
            end = quoted and _KEY_END.match(line, quoted.end())
            if not quoted or not end:
                return None
            return str(scalars.quoted(quoted.group())), end.end()
        end = _KEY_END.search(line, column)
        comment = _COMMENT.search(line, column)
        if not end or (comment and comment.start() < end.start()) or line[column] in "{[|>":
            return None
        self.plain(at, column)
        name = line[column : end.start()]
        if name == "<<":
            raise EditError(at + 1, "a merge key", "write out what it brings")
        return name, end.end()

    def plain(self, at: int, column: int) -> None:
        """Refuses what changes the meaning of something elsewhere."""
        first = self.lines[at][column]
        if first in _REFERENCES:
            raise EditError(at + 1, f"{_REFERENCES[first]} ({self.lines[at][column:].split()[0]})", "write it out")
        if first in "%@`":
            raise EditError(at + 1, f"a value can't begin with {first}", "put it in quotes")

    def inline(self, at: int, column: int, parent: int) -> Node:
        """A value that begins in this line; ``parent``: the column of the key or dash that it belongs to."""
        line = self.lines[at]
        first = line[column]
        if first in "|>" and _BLOCK_HEADER.match(line, column):
            return Scalar(at, column, self.deeper(at, parent), None, scalars.ODD)
        if first in "\"'":
            return self.quoted(at, column, first)
        if first in "{[":
            return self.flow(at, column)
        self.plain(at, column)
        comment = _COMMENT.search(line, column)
        text = line[column : comment.start() if comment else len(line)].rstrip()
        if _KEY_END.search(text):
            raise EditError(at + 1, "a second colon in one line", "put the value in quotes, or in a line of its own")
        under = self.next(at + 1)
        if under < len(self.lines) and self.indent(under) > parent and not self.marker(under):
            stop = self.deeper(at, parent)
            for place in range(at + 1, stop):
                if _KEY_END.search(self.lines[place]):
                    raise EditError(place + 1, "a key below a value", "indent it as the keys that it belongs to")
            return Scalar(at, column, stop, None, scalars.ODD)
        return Scalar(at, column, at + 1, column + len(text), scalars.plain(text))

    def deeper(self, at: int, parent: int) -> int:
        """The line behind the lines that are indented deeper than ``parent``."""
        stop = at + 1
        for place in range(at + 1, len(self.lines)):
            line = self.lines[place]
            if line.strip():
                if len(line) - len(line.lstrip(" ")) <= parent:
                    break
                stop = place + 1
        return stop

    def quoted(self, at: int, column: int, quote: str) -> Node:
        line = self.lines[at]
        found = _QUOTED.match(line, column)
        if found:
            self.ends(at, found.end())
            return Scalar(at, column, at + 1, found.end(), scalars.quoted(found.group()), quote)
        text = "\n".join([line[column:], *self.lines[at + 1 :]])
        found = _QUOTED.match(text)
        if not found:
            raise EditError(at + 1, "a quote that is not closed", "close it")
        last = at + found.group().count("\n")
        self.ends(last, len(found.group().rsplit("\n", 1)[1]))
        return Scalar(at, column, last + 1, None, scalars.ODD)

    def ends(self, at: int, column: int) -> None:
        if not _REST.match(self.lines[at], column):
            raise EditError(at + 1, "something stands behind the value", "put it in a line of its own")

    def flow(self, at: int, column: int) -> Node:
        empty = _EMPTY.match(self.lines[at], column)
        if empty:
            self.ends(at, empty.end())
            kind = Mapping if empty.group()[0] == "{" else Sequence
            return kind(at, column, at + 1, end=empty.end())
        depth, place, begin = 0, at, column
        while place < len(self.lines):
            line = self.lines[place]
            while begin < len(line):
                quoted = _QUOTED.match(line, begin) if line[begin] in "\"'" else None
                depth += (line[begin] in "{[") - (line[begin] in "}]")
                begin = quoted.end() if quoted else begin + 1
                if not depth:
                    self.ends(place, begin)
                    return Opaque(at, column, place + 1)
            place, begin = place + 1, 0
        raise EditError(at + 1, f"{self.lines[at][column]} is not closed", "close it")
