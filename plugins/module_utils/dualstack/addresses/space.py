# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free space of supernets, handed out first fit in the order of the supernets, so that asking for more at the end moves
nothing that was handed out before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .blocks import BITS, FAMILY_NAME, AddressError, Block
from .explain import shown
from .sets import overlaps, remove


class Wish(NamedTuple):
    """``size`` addresses of ``family`` in one block, whose first address is a multiple of ``alignment``."""

    family: str
    size: int
    alignment: int

    def __str__(self) -> str:
        if self.size == self.alignment:
            return f"{FAMILY_NAME[self.family]} /{BITS[self.family] - self.size.bit_length() + 1}"
        return f"{self.size} {FAMILY_NAME[self.family]} addresses"


def of_length(family: str, length: int) -> Wish:
    """A wish for a CIDR. Raises AddressError for a prefix length that the family doesn't have."""
    if not 0 <= length <= BITS[family]:
        raise AddressError(f"/{length} is no prefix length of {FAMILY_NAME[family]}; choose /0 to /{BITS[family]}")
    size = 1 << (BITS[family] - length)
    return Wish(family, size, size)


def of_count(family: str, count: int, exact: bool = False) -> Wish:
    """A wish for the smallest CIDR with at least ``count`` addresses, with ``exact`` for just as many in a range.

    Raises AddressError for less than one address and more than the family has.
    """
    if not 1 <= count <= 1 << BITS[family]:
        raise AddressError(
            f"{shown(count)} {FAMILY_NAME[family]} addresses can't be had; ask for 1 to 2^{BITS[family]}"
        )
    return Wish(family, count, 1) if exact else of_length(family, BITS[family] - (count - 1).bit_length())


class Space:
    """What is free of ``supernets`` besides ``taken``. A block never spans two supernets, not even adjacent ones.

    Raises AddressError when supernets overlap.
    """

    def __init__(self, supernets: Sequence[Block], taken: Iterable[Block] = ()) -> None:
        for one, two, shared in overlaps((block, block) for block in supernets):
            raise AddressError(f"the supernets {one} and {two} share {shared}; give each address once")
        self._supernets = list(supernets)
        self._free = [
            (order, part.first, part.last) for order, parts in enumerate(remove(supernets, taken)) for part in parts
        ]
        self._searched: dict[Wish, tuple[int, int]] = {}

    def take(self, wish: Wish) -> Block:
        """The first free block that fulfils ``wish``; it is free no more. Raises AddressError when there is none."""
        # Space is never given back, so a wish seen before fits nowhere before the place where it was fulfilled last.
        index = bisect_left(self._free, self._searched.get(wish, (0, 0)))
        while index < len(self._free):
            order, free_first, free_last = self._free[index]
            first = -(-free_first // wish.alignment) * wish.alignment
            if self._supernets[order].family == wish.family and first + wish.size - 1 <= free_last:
                self._searched[wish] = (order, first)
                return self._cut(index, first, first + wish.size - 1)
            index += 1
        raise AddressError(f"no room for {wish}: {self._largest(wish.family)}")

    def claim(self, block: Block) -> bool:
        """Take exactly ``block``. False, and nothing happens, when it is not wholly free and in one supernet."""
        for order, supernet in enumerate(self._supernets):
            if supernet.contains(block):
                index = bisect_left(self._free, (order, block.first + 1)) - 1
                if index >= 0 and self._free[index][0] == order and block.last <= self._free[index][2]:
                    self._cut(index, block.first, block.last)
                    return True
        return False

    def exclude(self, block: Block) -> None:
        """Whatever of ``block`` is free is free no more."""
        for index in range(len(self._free) - 1, -1, -1):
            order, first, last = self._free[index]
            shared = Block(self._supernets[order].family, first, last).overlap(block)
            if shared is not None:
                self._cut(index, shared.first, shared.last)

    def _cut(self, index: int, first: int, last: int) -> Block:
        order, free_first, free_last = self._free[index]
        rest = [(order, free_first, first - 1), (order, last + 1, free_last)]
        self._free[index : index + 1] = [part for part in rest if part[1] <= part[2]]
        return Block(self._supernets[order].family, first, last)

    def _largest(self, family: str) -> str:
        free = [Block(family, *part[1:]) for part in self._free if self._supernets[part[0]].family == family]
        if not free:
            return f"no {FAMILY_NAME[family]} address is left"
        largest = max(free, key=lambda block: block.size)
        return f"the largest free block is {largest} ({largest.size} addresses)"
