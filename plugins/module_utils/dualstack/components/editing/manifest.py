# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags in the manifest of a static pod: the lists ``command`` and ``args`` of the container that runs a program.

A new flag takes its place in the order of the others where they have one, as kubeadm writes them; else it stands
last. Where the advertised address of an API server changes, its probes and kubeadm's annotation follow.
"""

from __future__ import annotations

from typing import NamedTuple

from . import arguments, scalars, tree
from .owned import EditError, Owned
from .rewriting import Rewriting

_ADVERTISE = "advertise-address"


class _Word(NamedTuple):
    """An argument: its item in the list."""

    text: str
    line: int
    dash: int
    node: tree.Scalar


def flags(text: str, program: str) -> list[str]:
    """The arguments of the program, without its name. Raises EditError."""
    return [each.text for each in _words(tree.read(text), program)][1:]


def edit(text: str, owned: Owned, program: str) -> str:
    """The manifest with what is owned of the program's flags. Raises EditError."""
    root = tree.read(text)
    words = _words(root, program)[1:]
    before = [each.text for each in words]
    found = arguments.changes(before, owned)
    if not found:
        return text
    rewriting = Rewriting(text)
    for index, new in found.replaced.items():
        rewriting.scalar(words[index].node, new)
    for index in found.dropped:
        rewriting.drop(words[index].line, words[index].node.stop)
    for new in sorted(found.added):
        at, dash = _place(words, new) if words else _behind_program(root, program)
        rewriting.insert(at, [f"{' ' * dash}- {scalars.write(new)}"])
    return _followed(rewriting.text(), before, arguments.applied(before, found))


def _words(root: tree.Node, program: str) -> list[_Word]:
    found = []
    for container in _containers(root):
        words = [word for key in ("command", "args") for word in _list(container, key)]
        named = container.get("name")
        if words and words[0].text.rsplit("/", 1)[-1] == program:
            found.append(words)
        elif named and tree.value(named.value) == program:
            line = words[0].line + 1 if words else named.line + 1
            fix = f"have {program} itself stand first in command, without a shell"
            raise EditError(line, f"the container {program} does not run {program} directly", fix)
    if len(found) != 1:
        count = "several containers run" if found else "no container runs"
        raise EditError(1, f"{count} {program}", "name the manifest of this component")
    return found[0]


def _containers(root: tree.Node) -> list[tree.Mapping]:
    spec = root.get("spec") if isinstance(root, tree.Mapping) else None
    held = spec.value.get("containers") if spec and isinstance(spec.value, tree.Mapping) else None
    if held and isinstance(held.value, tree.Sequence):
        return [item for _line, _column, item in held.value.items if isinstance(item, tree.Mapping)]
    at = held or spec
    raise EditError(at.line + 1 if at else 1, "spec.containers is no list in block style", "give the manifest of a pod")


def _list(container: tree.Mapping, key: str) -> list[_Word]:
    entry = container.get(key)
    if not entry or (isinstance(entry.value, (tree.Scalar, tree.Sequence)) and not tree.value(entry.value)):
        return []
    if not isinstance(entry.value, tree.Sequence):
        raise EditError(
            entry.line + 1, f"{key} is no list in block style", "write one argument a line, each with a dash"
        )
    words = []
    for line, dash, node in entry.value.items:
        if not isinstance(node, tree.Scalar) or node.end is None or not isinstance(node.value, str):
            raise EditError(line + 1, "an argument that is no text in one line", "write it in one line, in quotes")
        words.append(_Word(node.value, line, dash, node))
    return words


def _place(words: list[_Word], new: str) -> tuple[int, int]:
    flagged = [each for each in words if each.text.startswith("--")] or words
    texts = [each.text for each in flagged]
    later = [each for each in flagged if each.text > new]
    if later and texts == sorted(texts) and len(flagged) == len(words):
        return later[0].line, later[0].dash
    return words[-1].node.stop, words[-1].dash


def _behind_program(root: tree.Node, program: str) -> tuple[int, int]:
    word = _words(root, program)[0]
    return word.node.stop, word.dash


def _followed(text: str, before: list[str], after: list[str]) -> str:
    """Whatever in the manifest repeats the advertised address says the new one."""
    old, new = arguments.value(before, _ADVERTISE), arguments.value(after, _ADVERTISE)
    if not old or not new or old == new:
        return text
    rewriting = Rewriting(text)
    for node in _scalars(tree.read(text)):
        told = node.value
        if node.end is not None and told == old:
            rewriting.scalar(node, new)
        elif node.end is not None and told in (f"{old}:6443", f"[{old}]:6443"):
            rewriting.scalar(node, f"[{new}]:6443" if ":" in new else f"{new}:6443")
    return rewriting.text()


def _scalars(node: tree.Node) -> list[tree.Scalar]:
    if isinstance(node, tree.Mapping):
        return [each for entry in node.entries for each in _scalars(entry.value)]
    if isinstance(node, tree.Sequence):
        return [each for _line, _column, item in node.items for each in _scalars(item)]
    return [node] if isinstance(node, tree.Scalar) else []
