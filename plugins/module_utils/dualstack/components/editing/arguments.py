# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags in a list of arguments, as the components of Kubernetes read them (spf13/pflag).

``--name=value``, ``--name value`` and, for booleans, ``--name``; ``_`` in a name stands for ``-``. Of a flag that is
stated twice the last one counts (lists add up), so an owned one is left once. What follows ``--`` is no flag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .owned import Owned

GATES = "feature-gates"
_BOOLEANS = ("true", "false")


class Changes(NamedTuple):
    """What an edit does to a list of arguments: by index, and what is new."""

    replaced: Mapping[int, str]
    dropped: Sequence[int]
    added: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.replaced or self.dropped or self.added)


class Stated(NamedTuple):
    """A flag as it stands in the list, and where its value does: None where nothing holds it, which is empty then."""

    name: str
    at: int
    value_at: int | None
    value: str


def stated(arguments: Sequence[str]) -> Iterator[Stated]:
    """All flags of the list, in order. What follows a flag without ``=`` and is no flag is taken for its value."""
    for index, argument in enumerate(arguments):
        if argument == "--":
            return
        if not argument.startswith("--"):
            continue
        name, equals, value = argument[2:].partition("=")
        name = name.replace("_", "-")
        if equals:
            yield Stated(name, index, index, value)
        elif index + 1 < len(arguments) and not arguments[index + 1].startswith("-"):
            yield Stated(name, index, index + 1, arguments[index + 1])
        else:
            yield Stated(name, index, None, "")


def value(arguments: Sequence[str], name: str) -> str | None:
    """The value of a flag that counts; a flag without a value is ``true``. None: not stated."""
    found = [each for each in stated(arguments) if each.name == name]
    return None if not found else "true" if found[-1].value_at is None else found[-1].value


def changes(arguments: Sequence[str], owned: Owned) -> Changes:
    """What makes the arguments state what is owned. Empty when they do."""
    edit = _Edit(arguments)
    for name, wanted in owned.flags.items():
        edit.set(name, wanted)
    for name in owned.absent:
        for each in edit.of(name):
            edit.drop(each)
    edit.gates(owned.gates)
    return Changes(edit.replaced, sorted(edit.dropped), edit.added)


def applied(arguments: Sequence[str], found: Changes) -> list[str]:
    """The arguments after the changes."""
    kept = [found.replaced.get(index, each) for index, each in enumerate(arguments) if index not in found.dropped]
    return [*kept, *found.added]


class _Edit:
    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = arguments
        self.flags = list(stated(arguments))
        self.replaced: dict[int, str] = {}
        self.dropped: set[int] = set()
        self.added: list[str] = []

    def of(self, name: str) -> list[Stated]:
        return [each for each in self.flags if each.name == name.replace("_", "-")]

    def set(self, name: str, wanted: str) -> None:
        found = self.of(name)
        if not found:
            self.added.append(f"--{name}={wanted}")
            return
        self._value(found[0], wanted)
        for each in found[1:]:
            self.drop(each)

    def drop(self, each: Stated) -> None:
        self.dropped.update((each.at, each.at if each.value_at is None else each.value_at))

    def gates(self, wanted: Mapping[str, bool | None]) -> None:
        left = dict(wanted)
        for each in self.of(GATES):
            entries = [entry.partition("=") for entry in each.value.split(",") if entry.strip()]
            after = []
            for name, equals, switch in entries:
                gate = name.strip()
                if gate not in wanted:
                    after.append(name + equals + switch)
                elif gate in left and left[gate] is not None:
                    same = switch.strip().lower() == _switch(left[gate])
                    after.append(name + equals + switch if same else f"{gate}={_switch(left[gate])}")
                    left.pop(gate)
            if not after:
                self.drop(each)
            elif after != ["".join(entry) for entry in entries]:
                self._value(each, ",".join(after))
        new = [f"{name}={_switch(switch)}" for name, switch in left.items() if switch is not None]
        if new:
            self._more_gates(new)

    def _more_gates(self, new: list[str]) -> None:
        for each in self.of(GATES):
            if each.at not in self.dropped and each.value_at is not None:
                now = self.replaced.get(each.value_at, self.arguments[each.value_at])
                now = now if each.value_at != each.at else now.partition("=")[2]
                self._value(each, ",".join([now, *new]))
                return
        self.added.append(f"--{GATES}={','.join(new)}")

    def _value(self, each: Stated, wanted: str) -> None:
        if each.value_at is None and wanted != "true":
            self.replaced[each.at] = f"{self.arguments[each.at]}={wanted}"
        elif each.value_at == each.at and each.value != wanted:
            self.replaced[each.at] = f"{self.arguments[each.at].partition('=')[0]}={wanted}"
        elif each.value_at is not None and each.value_at != each.at and each.value != wanted:
            if wanted in _BOOLEANS:  # a boolean takes no value from the next argument
                self.replaced[each.at] = f"{self.arguments[each.at]}={wanted}"
                self.dropped.add(each.value_at)
            else:
                self.replaced[each.value_at] = wanted


def _switch(gate: bool | None) -> str:
    return "true" if gate else "false"
