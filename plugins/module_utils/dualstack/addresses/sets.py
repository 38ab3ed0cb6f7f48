# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of blocks: overlaps with their owners, union, difference, intersection, CIDRs. O(n log n), never enumerating.

Results of the set operations are canonical: ascending (IPv4 first), disjoint, and no two of them touch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TypeVar

from .blocks import BITS, Block, network

Owner = TypeVar("Owner")


def overlaps(owned: Iterable[tuple[Owner, Block]]) -> Iterator[tuple[Owner, Owner, Block]]:
    """Every pair of owners whose blocks overlap, with the shared block; the owner given first stands first."""
    entries = sorted(enumerate(owned), key=lambda entry: (entry[1][1].family, entry[1][1].first, entry[0]))
    active: list[tuple[int, Owner, Block]] = []
    for position, (owner, block) in entries:
        active = [entry for entry in active if entry[2].family == block.family and entry[2].last >= block.first]
        for other_position, other_owner, other_block in active:
            shared = block.overlap(other_block)
            if shared is not None:
                pair = (other_owner, owner) if other_position < position else (owner, other_owner)
                yield pair[0], pair[1], shared
        active.append((position, owner, block))


def cidrs(block: Block) -> list[Block]:
    """The fewest CIDRs that cover exactly ``block``, ascending."""
    bits = BITS[block.family]
    result = []
    first = block.first
    while first <= block.last:
        aligned = (first & -first).bit_length() - 1 if first else bits
        fitting = (block.last - first + 1).bit_length() - 1
        result.append(network(block.family, first, bits - min(aligned, fitting)))
        first = result[-1].last + 1
    return result


def subtract(block: Block, holes: Iterable[Block]) -> list[Block]:
    """What is left of ``block`` without ``holes``, ascending."""
    left = []
    first = block.first
    for hole in sorted(hole for hole in holes if hole.family == block.family):
        if hole.last < first or hole.first > block.last:
            continue
        if hole.first > first:
            left.append(Block(block.family, first, hole.first - 1))
        first = max(first, hole.last + 1)
    if first <= block.last:
        left.append(Block(block.family, first, block.last))
    return left


def merge(blocks: Iterable[Block]) -> list[Block]:
    """The union: all addresses of ``blocks``."""
    merged: list[Block] = []
    for block in sorted(blocks):
        if merged and merged[-1].family == block.family and block.first <= merged[-1].last + 1:
            if block.last > merged[-1].last:
                merged[-1] = Block(block.family, merged[-1].first, block.last)
        else:
            merged.append(block)
    return merged


def difference(blocks: Iterable[Block], holes: Iterable[Block]) -> list[Block]:
    """All addresses of ``blocks`` that are not in ``holes``."""
    return [part for parts in remove(merge(blocks), holes) for part in parts]


def intersection(blocks: Iterable[Block], others: Iterable[Block]) -> list[Block]:
    """All addresses that are in ``blocks`` and in ``others``."""
    merged = merge(others)
    return [shared for block in merge(blocks) for other in _meeting(block, merged) if (shared := block.overlap(other))]


def remove(blocks: Iterable[Block], holes: Iterable[Block]) -> list[list[Block]]:
    """What is left of each block without ``holes``, in the order given."""
    merged = merge(holes)
    return [subtract(block, _meeting(block, merged)) for block in blocks]


def _meeting(block: Block, merged: list[Block]) -> Iterator[Block]:
    """The blocks of a canonical list that overlap ``block``."""
    index = bisect_left(merged, block)
    if index and merged[index - 1].overlap(block):
        index -= 1
    while index < len(merged) and merged[index].overlap(block):
        yield merged[index]
        index += 1
