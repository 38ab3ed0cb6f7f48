# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting and finding addresses of a set of blocks without walking through them."""

from __future__ import annotations

from collections.abc import Iterable

from .blocks import FAMILY_NAME, IPV4, AddressError, Block
from .explain import shown
from .sets import merge


def capacity(blocks: Iterable[Block], avoid_buggy: bool = False) -> int:
    """How many addresses the blocks hold, each counted once.

    ``avoid_buggy`` leaves out IPv4 addresses that end in .0 or .255 (MetalLB ``avoidBuggyIPs``; no effect on IPv6).
    """
    merged = merge(blocks)
    return sum(block.size for block in merged) - (sum(map(_buggy, merged)) if avoid_buggy else 0)


def nth(blocks: Iterable[Block], number: int) -> Block:
    """Address ``number`` in ascending order, from 0; negative numbers count from the end, -1 is the last.

    Raises AddressError for blocks of both families and for a number beyond the end.
    """
    merged = merge(blocks)
    if len({block.family for block in merged}) > 1:
        raise AddressError("the blocks are of both families; choose one with family")
    total = sum(block.size for block in merged)
    rest = number if number >= 0 else total + number
    if not 0 <= rest < total:
        held = f"{total} {FAMILY_NAME[merged[0].family]} addresses" if merged else "no address"
        raise AddressError(f"there is no address number {shown(number)}: the blocks hold {held}, counted from 0")
    for block in merged:
        if rest < block.size:
            return Block(block.family, block.first + rest, block.first + rest)
        rest -= block.size
    raise AssertionError("the sizes sum up to the total")


def _buggy(block: Block) -> int:
    """How many addresses of the block end in .0 or .255."""
    if block.family != IPV4:
        return 0
    return sum(_up_to(block.last, ending) - _up_to(block.first - 1, ending) for ending in (0, 255))


def _up_to(value: int, ending: int) -> int:
    """How many numbers from 0 to ``value`` have ``ending`` as their low octet."""
    return (value - ending) // 256 + 1
