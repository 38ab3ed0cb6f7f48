# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twins: the nth IPv4 address of a pool goes with its nth IPv6 address, in the order of the blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .blocks import FAMILY_NAME, IPV4, IPV6, AddressError, Block
from .sets import overlaps


class Twins(NamedTuple):
    """Two blocks of one size: address k of one goes with address k of the other."""

    ipv4: Block
    ipv6: Block


class Pairing(NamedTuple):
    """All twins, and the blocks whose addresses have none."""

    twins: list[Twins]
    unpaired: list[Block]

    @property
    def size(self) -> int:
        """Number of pairs of addresses."""
        return sum(twins.ipv4.size for twins in self.twins)


def pair(blocks: Sequence[Block]) -> Pairing:
    """Pair the IPv4 blocks with the IPv6 blocks.

    Raises AddressError when two blocks overlap: an address would have two twins.
    """
    for one, two, shared in overlaps((block, block) for block in blocks):
        raise AddressError(f"{one} and {two} share {shared}; an address can have only one twin")
    left = {family: [block for block in reversed(blocks) if block.family == family] for family in (IPV4, IPV6)}
    found = []
    while left[IPV4] and left[IPV6]:
        size = min(left[IPV4][-1].size, left[IPV6][-1].size)
        found.append(Twins(_cut(left[IPV4], size), _cut(left[IPV6], size)))
    return Pairing(found, [*reversed(left[IPV4]), *reversed(left[IPV6])])


def twin(pairing: Pairing, address: Block) -> Block:
    """The address that goes with ``address``. Raises AddressError when it has no twin."""
    for twins in pairing.twins:
        own, other = (twins.ipv4, twins.ipv6) if address.family == IPV4 else (twins.ipv6, twins.ipv4)
        if own.contains(address):
            value = other.first + address.first - own.first
            return Block(other.family, value, value)
    text = str(address).partition("/")[0]
    if any(block.contains(address) for block in pairing.unpaired):
        other_family = FAMILY_NAME[IPV6 if address.family == IPV4 else IPV4]
        raise AddressError(f"{text} has no twin: there are fewer {other_family} addresses; add some at the end")
    raise AddressError(f"{text} is in none of the blocks")


def _cut(blocks: list[Block], size: int) -> Block:
    """Take ``size`` addresses off the block at the end of the list."""
    block = blocks.pop()
    if size < block.size:
        blocks.append(Block(block.family, block.first + size, block.last))
    return Block(block.family, block.first, block.first + size - 1)
