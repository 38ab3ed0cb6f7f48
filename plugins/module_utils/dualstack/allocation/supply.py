# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of one family of a pool: which are handed out, in which order, and how many are left. Never a scan.

Order: entries as they are written, each ascending (MetalLB `internal/allocator`). Unlike MetalLB, the edges of CIDRs
are left out (``first_free.usable``) unless the pool says ``use-edges``, and so is what stands in another pool as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from ..addresses.blocks import IPV4, Block
from ..addresses.counting import capacity
from ..addresses.sets import merge, remove
from ..resources.model import Pool
from .first_free import usable_block

Place = tuple[int, int]  # number of the span and address: what comes first is handed out first


class Count(NamedTuple):
    """Different addresses in use, and those that could still be handed out without being asked for by address."""

    assigned: int
    available: int


def spans_of(pool: Pool, family: str, shared: Iterable[Block]) -> list[Block]:
    """What a pool hands out of a family, in order, each address once; ``shared`` stands in other pools as well."""
    entries = [block for block in pool.blocks if block.family == family]
    if not pool.use_edges:
        entries = [usable_block(block, block in pool.ranges or block.prefix_length is None) for block in entries]
    holes = list(shared)
    if sum(block.size for block in merge(entries)) == sum(block.size for block in entries):
        return [span for spans in remove(entries, holes) for span in spans]
    found: list[Block] = []
    for entry in entries:
        found += remove([entry], holes)[0]
        holes.append(entry)
    return found


class Supply:
    """``first`` finds, ``took`` and ``left`` keep count. ``assigned``: different addresses in use, edges included.

    ``used``: those without edges; ``resting``: those of the others that nobody gets yet.
    """

    __slots__ = (
        "_avoid_buggy",
        "_firsts",
        "_freed",
        "_index",
        "_next",
        "_sorted",
        "_spans",
        "assigned",
        "resting",
        "size",
        "used",
    )

    def __init__(self, spans: Sequence[Block], avoid_buggy: bool) -> None:
        self._spans = spans
        self._sorted = sorted((span.first, number) for number, span in enumerate(spans))
        self._firsts = [first for first, _unused in self._sorted]
        self._avoid_buggy = avoid_buggy and bool(spans) and spans[0].family == IPV4
        self._freed: list[Place] = []
        self._index, self._next = 0, spans[0].first if spans else 0
        self.size = capacity(spans, avoid_buggy)
        self.assigned = self.used = self.resting = 0

    @property
    def count(self) -> Count:
        return Count(self.assigned, self.size - self.used)

    def place(self, value: int) -> Place | None:
        """Where an address stands in the order; None for one that is not handed out."""
        position = bisect_right(self._firsts, value) - 1
        if position < 0 or (self._avoid_buggy and value & 0xFF in (0, 255)):
            return None
        number = self._sorted[position][1]
        return (number, value) if value <= self._spans[number].last else None

    def first(self, used: Container[int], resting: Container[int]) -> Place | None:
        """The first address that is neither in use nor at rest."""
        freed = self._freed
        while freed:
            value = freed[0][1]
            if value not in used and value not in resting:
                return freed[0]
            heappop(freed)  # who frees it, or the end of its rest, brings it back
        while self._index < len(self._spans):
            last = self._spans[self._index].last
            while self._next <= last:
                value = self._next
                buggy = self._avoid_buggy and value & 0xFF in (0, 255)
                if not buggy and value not in used and value not in resting:
                    return (self._index, value)
                self._next += 1
            self._index += 1
            if self._index < len(self._spans):
                self._next = self._spans[self._index].first
        return None

    def took(self, value: int) -> None:
        """An address came into use."""
        self.assigned += 1
        self.used += self.place(value) is not None

    def left(self, value: int) -> None:
        """An address is in use no more."""
        self.assigned -= 1
        self.used -= self.place(value) is not None

    def offer(self, value: int) -> None:
        """An address may be handed out again."""
        place = self.place(value)
        if place is not None and place < (self._index, self._next):
            heappush(self._freed, place)
