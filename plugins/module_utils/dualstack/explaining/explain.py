# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Explaining a value of a plan: the decision behind it, the paths of the intent that are stated, and other values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .facts import Facts
from .matching import Intent, Match, find
from .paths import ANY, Path, UnknownPath, show
from .provenance.entry import PRODUCT, Entry

NOTHING = Intent([], [], [])


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
            names = list(self.tree.plan)
            return Explanation("", None, "The plan.", PRODUCT, *NOTHING, [], None, [], names)
        if ANY in path:
            parts = [self.at(each) for each in self.tree.matching(path)]
            return Explanation(show(path), None, "", "", *NOTHING, [], None, parts, [])
        found = self.why(path)
        match = self.match(path)
        if match is not None and not match.entry.whole:
            return found
        if len(path) == 1 and path != ("cluster",):
            return found._replace(names=[show((*path, key)) for key in self.tree.children(path, found.value)])
        return found._replace(parts=[self.why(part) for part in self._parts(path)])

    def why(self, path: Path) -> Explanation:
        """The same for a path without ``*``, without what stands below it."""
        match = self.match(path)
        entry = match.entry if match else Entry(show(path), "")
        depends_on = [other for other in match.depends_on() if other != show(path)] if match else []
        return Explanation(
            show(path),
            self.tree.at(path),
            entry.decision,
            entry.source,
            *(match.intent() if match else NOTHING),
            depends_on,
            self._part_of(path),
            [],
            [],
        )

    def match(self, path: Path) -> Match | None:
        """The entry of the table for a path, or None."""
        return find(self._facts, path)

    def _parts(self, path: Path) -> Iterator[Path]:
        """The shortest paths below ``path`` that have an entry which is not about a whole."""
        for key, child in self.tree.children(path, self.tree.at(path)).items():
            below = (*path, key)
            match = self.match(below)
            if match is not None and not (match.entry.whole and isinstance(child, (dict, list)) and child):
                yield below
            else:
                yield from self._parts(below)

    def _part_of(self, path: Path) -> str | None:
        for length in range(len(path) - 1, 0, -1):
            match = find(self._facts, path[:length], whole=True)
            if match is not None and (match.entry.intent or match.entry.plan):
                return show(path[:length])
        return None
