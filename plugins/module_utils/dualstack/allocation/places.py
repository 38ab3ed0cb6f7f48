# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pools an address stands in.

MetalLB refuses all pools when two of them overlap. Here every Service keeps what it has; what stands in two pools is
handed out to nobody who does not ask for it by address, and a finding says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import itemgetter

from ..addresses.blocks import FAMILIES, Block, range_text
from ..findings import ERROR, Finding
from ..resources.model import Pool

Segment = tuple[Block, tuple[str, ...]]  # and the pools that hold it, by name


class Places:
    """The pools of addresses, by bisection."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        given = list(pools)
        self._segments = {family: list(_segments(given, family)) for family in FAMILIES}
        self._firsts = {family: [block.first for block, _unused in self._segments[family]] for family in FAMILIES}

    def pools(self, family: str, value: int) -> tuple[str, ...]:
        """The pools that hold an address, by name."""
        position = bisect_right(self._firsts[family], value) - 1
        if position < 0:
            return ()
        block, names = self._segments[family][position]
        return names if value <= block.last else ()

    def shared(self, family: str) -> list[Block]:
        """What stands in more than one pool."""
        return [block for block, names in self._segments[family] if len(names) > 1]

    def findings(self) -> list[Finding]:
        """One for each block that stands in more than one pool."""
        fix = "Leave it to one of them. Until then only a Service that asks for such an address gets it."
        return [
            Finding(
                "pool-overlap",
                ERROR,
                f"IPAddressPool {names[0]}",
                range_text(block),
                f"is in {_list(names[1:])} too",
                fix,
            )
            for family in FAMILIES
            for block, names in self._segments[family]
            if len(names) > 1
        ]


def _list(names: tuple[str, ...]) -> str:
    return " and ".join(names)


def _segments(pools: Iterable[Pool], family: str) -> Iterator[Segment]:
    """Disjoint blocks with the pools that hold them, ascending."""
    edges: list[tuple[int, int, str]] = []
    for pool in pools:
        for block in pool.blocks:
            if block.family == family:
                edges += [(block.first, 1, pool.name), (block.last + 1, -1, pool.name)]
    edges.sort(key=itemgetter(0))
    active: Counter[str] = Counter()
    start = 0
    for index, (value, step, name) in enumerate(edges):
        if active and value > start:
            yield Block(family, start, value - 1), tuple(sorted(active))
        active[name] += step
        if not active[name]:
            del active[name]
        start = value
        del index
