# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of an address's candidates answers for it.

The first candidate that counts does; one that is being drained only where nobody else is left. Nodes may differ in
what they hear. Each tells for whom it does without, so a node knows who claims an address in its own view: a node that
does without everybody before it. One that hears such a claimant further down the order, which does without it, lets it
have the address: the other one cannot know better, and somebody answers all the same. It gets the address back once
the other one counts it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class View(NamedTuple):
    """What one node knows of a candidate.

    ``counts``: it would answer, as far as is known; ``heard``: another node that has said so itself just now.
    ``drained``: it should answer only where nobody else is left. ``lacks(name)``: whether it does without that node;
    None: it does without nobody.
    """

    counts: bool
    heard: bool
    drained: bool
    lacks: Callable[[str], bool] | None


def choose(candidates: Sequence[tuple[str, View]]) -> str | None:
    """Who answers, as one node sees it; None when nobody can. Candidates by name, in their order."""
    seen = candidates
    if any(known.drained for _unused, known in seen):
        seen = sorted(seen, key=lambda entry: entry[1].drained)
    first = next((at for at, (_unused, known) in enumerate(seen) if known.counts), None)
    if first is None:
        return None
    for at in range(len(seen) - 1, first, -1):
        name, known = seen[at]
        lacks = known.lacks
        if known.heard and lacks is not None and all(lacks(before) for before, _unused in seen[:at]):
            return name
    return seen[first][0]
