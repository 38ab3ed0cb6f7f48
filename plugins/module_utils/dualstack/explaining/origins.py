# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything in an intent that can change a value of its plan: what decides it, what that depends on, and so on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..intent.stated import ranges
from .explain import Explainer
from .paths import ANY, Path

_INDEX = re.compile(r"\[(\d+)\]")
_ENTRY = re.compile(r"\[\d+\]$")


class _Step(NamedTuple):
    """A path to look at. ``inside``: what stands below it counts; ``there``: why it is there at all counts."""

    path: Path
    inside: bool
    there: bool


class Origins:
    """Follows the explanations of one plan; what was looked at once is remembered."""

    def __init__(self, explainer: Explainer) -> None:
        self._explainer = explainer
        self._known: dict[_Step, tuple[list[str], list[_Step]]] = {}

    def of(self, path: Path) -> list[str]:
        """Paths of the intent, as explanations have them, sorted; no entry of a list that is named as a whole.

        Raises KeyError for a path that the plan does not have.
        """
        seen: set[_Step] = set()
        found: set[str] = set()
        left = [_Step(path, True, True)]
        while left:
            step = left.pop()
            if step in seen:
                continue
            seen.add(step)
            if step not in self._known:
                self._known[step] = self._look(step)
            origin, further = self._known[step]
            found.update(origin)
            left += further
        return sorted(each for each in found if not _ENTRY.search(each) or _ENTRY.sub("", each) not in found)

    def _look(self, step: _Step) -> tuple[list[str], list[_Step]]:
        path, tree = step.path, self._explainer.tree
        if ANY in path:
            whole = _Step(path[: path.index(ANY)], False, True)
            return [], [whole, *(_Step(each, True, False) for each in tree.matching(path))]
        why = self._explainer.why(path)
        further = [_Step(tree.read(text), True, True) for text in why.depends_on]
        if step.there and why.part_of is not None:
            further.append(_Step(tree.read(why.part_of), False, True))
        if step.inside:
            further += [_Step(below, True, step.there) for below, _unused in tree.leaves(path) if below != path]
        return why.origin, further


def short(paths: Iterable[str]) -> list[str]:
    """The paths with those in one that differ in the first index alone: ``dualstack.services[0-3,5].pool``."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for path in paths:
        found = _INDEX.search(path)
        place = (path, "") if found is None else (path[: found.start()], path[found.end() :])
        numbers.setdefault(place, []).extend([] if found is None else [int(found[1])])
    return [
        f"{before}[{ranges(sorted(found))}]{behind}" if found else before for (before, behind), found in numbers.items()
    ]
