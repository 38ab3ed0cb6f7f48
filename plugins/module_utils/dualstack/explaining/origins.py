# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything in an intent that can change a value of its plan: what decides it, what that depends on, and so on."""

from __future__ import annotations

import re
from typing import NamedTuple

from .explain import Explainer
from .paths import ANY, Path

_ENTRY = re.compile(r"\[\d+\]$")


class _Step(NamedTuple):
    """``inside``: what stands below the path counts too; else only why it is there."""

    path: Path
    inside: bool


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
        left = [_Step(path, True)]
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
            whole = _Step(path[: path.index(ANY)], False)
            return [], [whole, *(_Step(each, True) for each in tree.matching(path))]
        why = self._explainer.why(path)
        further = [_Step(tree.read(text), True) for text in why.depends_on]
        if why.part_of is not None:
            further.append(_Step(tree.read(why.part_of), False))
        if step.inside:
            further += [_Step(below, True) for below, _unused in tree.leaves(path) if below != path]
        return why.origin, further
