# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next free address of a pool, in the order of its blocks."""

from __future__ import annotations

from collections.abc import Container, Iterable

from ..addresses.blocks import IPV4, Block, parse


class Cursor:
    """Hands out the addresses of blocks (CIDR or range text) of one family, ascending within each block, each once.

    Left out (``usable``): the network and broadcast address of an IPv4 CIDR and the subnet-router anycast address of an
    IPv6 CIDR (RFC 4291 section 2.6.1), unlike MetalLB, which hands them out; with ``avoid_buggy`` also IPv4 addresses
    that end in .0 or .255. A range and a CIDR of at most two addresses are used in full.
    """

    def __init__(self, blocks: Iterable[str], avoid_buggy: bool = False) -> None:
        self._blocks = [usable(text) for text in blocks]
        self._avoid_buggy = avoid_buggy
        self._index = 0
        self._next = self._blocks[0].first if self._blocks else 0

    def take(self, taken: Container[int]) -> int | None:
        """The next address that is not in ``taken``, or None when the blocks are used up."""
        while self._index < len(self._blocks):
            block = self._blocks[self._index]
            while self._next <= block.last:
                value = self._next
                self._next += 1
                if value not in taken and not self._buggy(block.family, value):
                    return value
            self._index += 1
            if self._index < len(self._blocks):
                self._next = self._blocks[self._index].first
        return None

    def _buggy(self, family: str, value: int) -> bool:
        return self._avoid_buggy and family == IPV4 and value & 0xFF in (0, 255)


def usable(text: str) -> Block:
    """The addresses of a block (CIDR or range text) that are given out, as ``Cursor`` says."""
    return usable_block(parse(text), stated_as_range="/" not in text)


def usable_block(block: Block, stated_as_range: bool) -> Block:
    """``usable`` of a block that was read already."""
    if stated_as_range or block.size <= 2:
        return block
    return Block(block.family, block.first + 1, block.last - 1 if block.family == IPV4 else block.last)
