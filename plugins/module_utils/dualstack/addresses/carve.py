# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carving: halves and the n-th subnet or address of a block."""

from __future__ import annotations

from .blocks import BITS, FAMILY_NAME, AddressError, Block, network


def halves(block: Block) -> tuple[Block, Block]:
    """The two halves of a CIDR. Raises AddressError for a single address or a range."""
    length = block.prefix_length
    if length is None or length == BITS[block.family]:
        raise AddressError(f"{block} has no halves; give a CIDR shorter than /{BITS[block.family]}")
    middle = block.first + block.size // 2
    return network(block.family, block.first, length + 1), network(block.family, middle, length + 1)


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
