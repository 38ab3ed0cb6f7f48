# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of blocks: overlaps with their owners, ranges as CIDRs, differences. O(n log n), never enumerating."""

from __future__ import annotations

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
