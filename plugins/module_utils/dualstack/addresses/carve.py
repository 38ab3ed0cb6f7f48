# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting one block: halves, equal parts, the n-th subnet or address."""

from __future__ import annotations

from .blocks import BITS, FAMILY_NAME, AddressError, Block, network
from .explain import shown

_MOST_PARTS = 65536


def halves(block: Block) -> tuple[Block, Block]:
    """The two halves of a CIDR. Raises AddressError for a single address or a range."""
    length = block.prefix_length
    if length is None or length == BITS[block.family]:
        raise AddressError(f"{block} has no halves; give a CIDR shorter than /{BITS[block.family]}")
    middle = block.first + block.size // 2
    return network(block.family, block.first, length + 1), network(block.family, middle, length + 1)


def parts(block: Block, count: int) -> list[Block]:
    """``count`` parts of the block, ascending, whose sizes differ by at most one address, larger ones first.

    A CIDR in 2, 4, 8, … parts gives CIDRs. Raises AddressError for fewer addresses than parts and above 65,536 parts.
    """
    if not 1 <= count <= _MOST_PARTS:
        raise AddressError(f"{block} can't be cut into {shown(count)} parts; choose 1 to {_MOST_PARTS}")
    if count > block.size:
        raise AddressError(f"{block} can't be cut into {count} parts; it holds only {block.size} addresses")
    size, larger = divmod(block.size, count)
    borders = [block.first + number * size + min(number, larger) for number in range(count + 1)]
    return [Block(block.family, first, end - 1) for first, end in zip(borders, borders[1:])]


def subnet(block: Block, length: int, index: int) -> Block:
    """Subnet number ``index`` (from 0) of prefix length ``length``. Raises AddressError when it doesn't fit."""
    if block.prefix_length is None or not block.prefix_length <= length <= BITS[block.family]:
        raise AddressError(f"{block} can't be cut into /{length}")
    size = 1 << (BITS[block.family] - length)
    first = block.first + index * size
    if first + size - 1 > block.last:
        raise AddressError(f"{block} holds {block.size // size} subnets of /{length}; number {index + 1} does not fit")
    return network(block.family, first, length)


def host(block: Block, number: int) -> Block:
    """Address number ``number`` of a subnet, counted from its first address (0: the network address itself).

    Raises AddressError when the subnet is too small, the IPv4 broadcast address counted out
    (RFC 1122 section 3.2.1.3; subnets of /31 and /127 have none: RFC 3021, RFC 6164).
    """
    usable = block.size - 1 if block.family == "ipv4" and block.size > 2 else block.size
    if not 0 <= number < usable:
        raise AddressError(f"{block} has no {FAMILY_NAME[block.family]} host number {number}")
    return Block(block.family, block.first + number, block.first + number)
