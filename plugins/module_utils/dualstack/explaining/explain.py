# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explaining a value of a plan: the decision behind it, the paths of the intent that are stated, and other values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .facts import Facts
from .paths import ANY, Path, UnknownPath, show
from .provenance import PROVENANCE
from .provenance.entry import PRODUCT, Alternative, Chain, Entry, bound, chain, filled, keys
from .variables import values


class Explanation(NamedTuple):
    """Why a value of a plan is what it is.

    ``origin``: paths of the intent that are stated and decide; ``[*]`` and ``.*`` stand for all. ``default``: paths
    that would decide and are not stated, so that their default holds. ``instead``: paths that are not stated and, if
    they were, would decide in place of others. ``depends_on``: other paths of the plan. ``part_of``: what the value
    stands in, whose own explanation says why it is there at all. ``parts``: explanations of what stands below;
    ``names``: what stands below where that would be too much.
    """

    path: str
    value: Any
    decision: str
    source: str
    origin: list[str]
    default: list[str]
    instead: list[str]
    depends_on: list[str]
    part_of: str | None
    parts: list[Explanation]
    names: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain data; ``origin`` is called ``from``."""
        named = {("from" if key == "origin" else key): value for key, value in self._asdict().items()}
        return {**named, "parts": [part.as_dict() for part in self.parts]}


class _Compiled(NamedTuple):
    """An entry with its pattern and templates taken apart."""

    entry: Entry
    keys: tuple[str, ...]
    binds: tuple[tuple[str, str] | None, ...]
    chains: tuple[Chain, ...]
    plan: tuple[tuple[str, ...], ...]


class _Match(NamedTuple):
    found: _Compiled
    bound: dict[str, str]


def _compiled() -> dict[tuple[str, int], list[_Compiled]]:
    table: dict[tuple[str, int], list[_Compiled]] = {}
    for entry in PROVENANCE:
        pattern = keys(entry.pattern)
        compiled = _Compiled(
            entry,
            pattern,
            tuple(map(bound, pattern)),
            tuple(map(chain, entry.intent)),
            tuple(map(keys, entry.plan)),
        )
        table.setdefault((pattern[0], len(pattern)), []).append(compiled)
    return table


_TABLE = _compiled()


class Explainer:
    """Explains the values of one plan, which is not copied and must not change meanwhile.

    Raises UnknownPath for a plan that an older version made.
    """

    def __init__(self, plan: Mapping[str, Any]) -> None:
        if "stated" not in plan:
            raise UnknownPath("the plan does not say what was stated: make it again with this version")
        self._facts = Facts(plan)
        self.tree = self._facts.tree

    def explain(self, text: str) -> Explanation:
        """The value at a path as people write it; "" is the plan. Raises UnknownPath."""
        return self.at(self.tree.read(text))

    def at(self, path: Path) -> Explanation:
        """The value at a path. Raises KeyError for a path that the plan does not have."""
        if not path:
            return Explanation("", None, "The plan.", PRODUCT, [], [], [], [], None, [], list(self.tree.plan))
        if ANY in path:
            parts = [self.at(each) for each in self.tree.matching(path)]
            return Explanation(show(path), None, "", "", [], [], [], [], None, parts, [])
        found = self.why(path)
        match = self._match(path)
        if match is not None and not match.found.entry.whole:
            return found
        if len(path) == 1 and path != ("cluster",):
            return found._replace(names=[show((*path, key)) for key in self.tree.children(path, found.value)])
        return found._replace(parts=[self.why(part) for part in self._parts(path)])

    def why(self, path: Path) -> Explanation:
        """The same for a path without ``*``, without what stands below it."""
        match = self._match(path)
        entry = match.found.entry if match else Entry(show(path), "")
        value, origin, plan = self.tree.at(path), self._intent(match), self._plan(match, path)
        return Explanation(show(path), value, entry.decision, entry.source, *origin, plan, self._part_of(path), [], [])

    def explained(self, path: Path) -> bool:
        """Whether the table has an entry for a path."""
        return self._match(path) is not None

    def _match(self, path: Path, whole: bool = False) -> _Match | None:
        """The entry for a path: the longest pattern that fits, or a ``whole`` one of just this length."""
        for length in [len(path)] if whole else range(len(path), 0, -1):
            for found in _TABLE.get((str(path[0]), length), ()):
                if (whole and not found.entry.whole) or (found.entry.whole and length != len(path)):
                    continue
                fitting = self._bind(found, path)
                if fitting is not None:
                    return _Match(found, fitting)
        return None

    def _bind(self, found: _Compiled, path: Path) -> dict[str, str] | None:
        result: dict[str, str] = {}
        for wanted, binding, key in zip(found.keys, found.binds, map(str, path)):
            if binding is None:
                if wanted != key:
                    return None
            elif self._facts.is_one(binding[1], key):
                result[binding[0]] = key
            else:
                return None
        return result

    def _parts(self, path: Path) -> Iterator[Path]:
        """The shortest paths below ``path`` that have an entry which is not about a whole."""
        for key, child in self.tree.children(path, self.tree.at(path)).items():
            below = (*path, key)
            match = self._match(below)
            if match is not None and not (match.found.entry.whole and isinstance(child, (dict, list)) and child):
                yield below
            else:
                yield from self._parts(below)

    def _intent(self, match: _Match | None) -> tuple[list[str], list[str], list[str]]:
        """(stated, default, instead)."""
        stated: dict[str, None] = {}
        default: dict[str, None] = {}
        instead: dict[str, None] = {}
        for each in match.found.chains if match else ():
            absent: list[list[str]] = []
            for alternative in each.alternatives:
                paths, found = self._alternative(alternative, match)
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
        return list(stated), list(default), list(instead)

    def _alternative(self, alternative: Alternative, match: _Match | None) -> tuple[list[str], list[str]]:
        """(its paths, those that are stated)."""
        assert match is not None
        stated = self._facts.stated
        paths = list(filled(alternative.template, lambda name: values(self._facts, match.bound, name)))
        if alternative.family is None:
            return paths, [path for path in paths if stated.has(path)]
        [family] = filled(alternative.family, lambda name: values(self._facts, match.bound, name))
        return paths, [found for path in paths for found in stated.of_family(path, family)]

    def _plan(self, match: _Match | None, path: Path) -> list[str]:
        found: dict[str, None] = {}
        for template in match.found.plan if match else ():
            assert match is not None
            choices = [list(filled(key, lambda name: values(self._facts, match.bound, name))) for key in template]
            for other in itertools.product(*choices):
                real = next(self.tree.matching(other), None)
                if real is not None and real != path:
                    found[show(other if ANY in other else real)] = None
        return list(found)

    def _part_of(self, path: Path) -> str | None:
        for length in range(len(path) - 1, 0, -1):
            match = self._match(path[:length], whole=True)
            if match is not None and (match.found.chains or match.found.plan):
                return show(path[:length])
        return None
