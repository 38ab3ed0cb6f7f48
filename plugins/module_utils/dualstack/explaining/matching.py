# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which entry of the table is about a path of a plan, and what its templates come to there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from .facts import Facts
from .paths import ANY, Path, show
from .provenance import PROVENANCE
from .provenance.entry import KEYS, Alternative, Chain, Entry, bound, chain, filled, keys
from .variables import values


class _Compiled(NamedTuple):
    """An entry with its pattern and templates taken apart."""

    entry: Entry
    keys: tuple[str, ...]
    binds: tuple[tuple[str, str] | None, ...]
    chains: tuple[Chain, ...]
    plan: tuple[tuple[str, ...], ...]


def _compiled() -> dict[tuple[str, int], list[_Compiled]]:
    """The entries by the first key and the length of their patterns."""
    table: dict[tuple[str, int], list[_Compiled]] = {}
    for entry in PROVENANCE:
        pattern = keys(entry.pattern)
        chains, plan = tuple(map(chain, entry.intent)), tuple(map(keys, entry.plan))
        compiled = _Compiled(entry, pattern, tuple(map(bound, pattern)), chains, plan)
        table.setdefault((pattern[0], len(pattern)), []).append(compiled)
    return table


_TABLE = _compiled()


class Intent(NamedTuple):
    """Paths of the intent that are stated and decide, whose default holds, and that would decide in place of others."""

    stated: list[str]
    default: list[str]
    instead: list[str]


class Match:
    """An entry at a path of a plan."""

    def __init__(self, facts: Facts, compiled: _Compiled, names: dict[str, str]) -> None:
        self.entry = compiled.entry
        self._facts = facts
        self._compiled = compiled
        self._names = names

    def intent(self) -> Intent:
        """The paths of the intent: of each chain the first alternative that is stated decides."""
        stated: dict[str, None] = {}
        default: dict[str, None] = {}
        instead: dict[str, None] = {}
        for each in self._compiled.chains:
            absent: list[list[str]] = []
            for alternative in each.alternatives:
                paths, found = self._paths(alternative)
                if found:
                    stated.update(dict.fromkeys(found))
                    break
                if paths:
                    absent.append(paths)
            else:
                if each.optional:
                    continue
                default.update(dict.fromkeys(absent.pop() if absent else ()))
            instead.update(dict.fromkeys(path for paths in absent for path in paths))
        return Intent(list(stated), list(default), list(instead))

    def templates(self) -> dict[str, list[str]]:
        """What is stated or met, by template; of a chain also behind the alternative that decides."""
        found = {
            alternative.template: self._paths(alternative)[1]
            for each in self._compiled.chains
            for alternative in each.alternatives
        }
        for text, template in zip(self.entry.plan, self._compiled.plan):
            found[text] = list(self._dependencies(template))
        return found

    def depends_on(self) -> list[str]:
        """The paths of the plan that the value depends on."""
        return list(dict.fromkeys(path for template in self._compiled.plan for path in self._dependencies(template)))

    def _values(self, name: str) -> list[str]:
        return values(self._facts, self._names, name)

    def _paths(self, alternative: Alternative) -> tuple[list[str], list[str]]:
        """(its paths, those that are stated); ``path(family)`` is the entry of a family that a list may have."""
        stated = self._facts.stated
        paths = list(filled(alternative.template, self._values))
        if alternative.family is None:
            return paths, [path for path in paths if stated.has(path)]
        [family] = filled(alternative.family, self._values)
        found = [each for path in paths for each in stated.of_family(path, family)]
        return [f"{path}({family})" for path in paths], found

    def _dependencies(self, template: tuple[str, ...]) -> Iterator[str]:
        choices = [list(filled(key, self._values)) for key in template]
        for choice in itertools.product(*choices):
            path = tuple(KEYS.join(choice).split(KEYS))
            real = next(self._facts.tree.matching(path), None)
            if real is not None:
                yield show(path if ANY in path else real)


def find(facts: Facts, path: Path, whole: bool = False) -> Match | None:
    """The entry with the longest pattern that fits, or one about a whole of just this length; ``whole``: only these."""
    for length in [len(path)] if whole else range(len(path), 0, -1):
        for compiled in _TABLE.get((str(path[0]), length), ()):
            if (whole and not compiled.entry.whole) or (compiled.entry.whole and length != len(path)):
                continue
            names = _bind(facts, compiled, path)
            if names is not None:
                return Match(facts, compiled, names)
    return None


def _bind(facts: Facts, compiled: _Compiled, path: Path) -> dict[str, str] | None:
    """What the pattern's names stand for, or None where it does not fit."""
    result: dict[str, str] = {}
    for wanted, binding, key in zip(compiled.keys, compiled.binds, map(str, path)):
        if binding is None:
            if wanted != key:
                return None
        elif facts.is_one(binding[1], key):
            result[binding[0]] = key
        else:
            return None
    return result
