# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks: a CIDR, an inclusive range or a single address of one family, as a pair of integers.

Text follows RFC 4632 (IPv4 CIDR), RFC 4291 section 2 (IPv6) and is written back canonically (RFC 5952).
"""

from __future__ import annotations

import functools
import ipaddress
from typing import NamedTuple, Union

from . import quick
from .explain import address_problem, prefix_length_of_mask, range_end_problem

IPV4 = "ipv4"
IPV6 = "ipv6"
FAMILIES = (IPV4, IPV6)
BITS = {IPV4: 32, IPV6: 128}
FAMILY_NAME = {IPV4: "IPv4", IPV6: "IPv6"}

_MAPPED = 0xFFFF  # the upper 96 bits of an IPv4-mapped IPv6 address
_REMEMBERED = 4096  # texts: what is read once is mostly read again soon

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class AddressError(ValueError):
    """Text that is not an address, CIDR or range; the message says why and what to write."""


class Block(NamedTuple):
    """All addresses from ``first`` to ``last`` (inclusive, as integers) of ``family`` (``ipv4`` or ``ipv6``)."""

    family: str
    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of addresses, exactly."""
        return self.last - self.first + 1

    @property
    def prefix_length(self) -> int | None:
        """The prefix length if the block is a CIDR, else None."""
        size = self.size
        if size & (size - 1) or self.first % size:
            return None
        return BITS[self.family] - size.bit_length() + 1

    def contains(self, other: Block) -> bool:
        """Whether every address of ``other`` is in this block."""
        return self.family == other.family and self.first <= other.first and other.last <= self.last

    def overlap(self, other: Block) -> Block | None:
        """The shared block, or None."""
        if self.family != other.family:
            return None
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Block(self.family, first, last) if first <= last else None

    def __str__(self) -> str:
        length = self.prefix_length
        if length is None:
            return range_text(self)
        return f"{address_text(self.family, self.first)}/{length}"


@functools.lru_cache(maxsize=_REMEMBERED)
def address_text(family: str, value: int) -> str:
    """The canonical text of an address (RFC 5952), by its section 5 also before Python 3.13."""
    if family == IPV4:
        return str(ipaddress.IPv4Address(value))
    if value >> 32 == _MAPPED:
        return f"::ffff:{ipaddress.IPv4Address(value & 0xFFFFFFFF)}"
    return str(ipaddress.IPv6Address(value))


def range_text(block: Block) -> str:
    """The block as ``first-last``, also where it is a CIDR."""
    return f"{address_text(block.family, block.first)}-{address_text(block.family, block.last)}"


def family_of(text: str) -> str:
    """The family of an address, CIDR or range by its look: IPv6 has a colon."""
    return IPV6 if ":" in text else IPV4


@functools.lru_cache(maxsize=_REMEMBERED)
def parse_address(text: str) -> Block:
    """A single address as a block of one.

    Raises AddressError for anything else, IPv4-mapped IPv6 addresses and zone identifiers included.
    """
    stripped = text.strip()
    family = family_of(stripped)
    value = quick.ipv6(stripped) if family == IPV6 else quick.ipv4(stripped)
    if value is None or (family == IPV6 and value >> 32 == _MAPPED):
        value = int(_address(stripped))
    return Block(family, value, value)


def parse_network(text: str) -> Block:
    """A CIDR without host bits. Raises AddressError; the message proposes the network when host bits are set."""
    address_part, slash, length_part = text.strip().partition("/")
    if not slash:
        raise AddressError(
            f"{text!r} has no prefix length; write {text}/{BITS[family_of(text)]} or the network that you mean"
        )
    block = _with_length(_address(address_part), length_part, text)
    if int(_address(address_part)) != block.first:
        raise AddressError(f"{text!r} has host bits set; the network is {block}")
    return block


def parse_interface(text: str) -> tuple[Block, Block]:
    """``address/length`` as (address, network)."""
    address_part, slash, length_part = text.strip().partition("/")
    if not slash:
        raise AddressError(f"{text!r} has no prefix length")
    address = parse_address(address_part)
    return address, _with_length(_address(address_part), length_part, text)


def parse(text: str) -> Block:
    """A CIDR, an inclusive range ``a-b`` or a single address.

    Raises AddressError: unknown syntax, host bits, a range whose ends differ in family or stand in the wrong order.
    """
    if "-" in text:
        first_text, _unused, last_text = text.partition("-")
        if not first_text.strip() or not last_text.strip():
            raise AddressError(f"{text!r} is half a range; write both ends, first-last, or no hyphen")
        first = parse_address(first_text)
        problem = range_end_problem(first_text.strip(), last_text.strip())
        if problem is not None:
            raise AddressError(f"{text!r} is not a range: {problem}")
        last = parse_address(last_text)
        if first.family != last.family:
            raise AddressError(
                f"{text!r} begins in {FAMILY_NAME[first.family]} and ends in {FAMILY_NAME[last.family]}; "
                "use one range per family"
            )
        if last.first < first.first:
            raise AddressError(f"{text!r} ends before it begins; write {last_text.strip()}-{first_text.strip()}")
        return Block(first.family, first.first, last.first)
    return parse_network(text) if "/" in text else parse_address(text)


def network(family: str, first: int, length: int) -> Block:
    """The CIDR of ``length`` that begins at ``first``. ``first`` must be aligned."""
    return Block(family, first, first + (1 << (BITS[family] - length)) - 1)


def _with_length(address: _Address, length_text: str, text: str) -> Block:
    family = IPV4 if address.version == 4 else IPV6
    bits = BITS[family]
    mask = prefix_length_of_mask(length_text) if family == IPV4 else None
    if mask is not None:
        raise AddressError(f"{text!r} has a netmask; write the prefix length: {address}/{mask}")
    if not (length_text.isascii() and length_text.isdigit() and len(length_text) <= 3) or int(length_text) > bits:
        raise AddressError(f"{text!r}: the prefix length {length_text!r} is not a number from 0 to {bits}")
    host_bits = bits - int(length_text)
    return network(family, int(address) >> host_bits << host_bits, int(length_text))


def unmapped(text: str) -> str | None:
    """A CIDR or range of IPv4-mapped addresses (RFC 4291 section 2.5.5.2) as IPv4; None when it is something else."""
    try:
        if "-" in text:
            ends = [ipaddress.IPv6Address(end.strip()).ipv4_mapped for end in text.split("-")]
            return f"{ends[0]}-{ends[1]}" if len(ends) == 2 and None not in ends else None
        network = ipaddress.IPv6Network(text.strip(), strict=False)
    except ValueError:
        return None
    first, length = network.network_address.ipv4_mapped, network.prefixlen - 96
    return f"{first}/{length}" if "/" in text and first is not None and length >= 0 else None


def _address(text: str) -> _Address:
    stripped = text.strip()
    if "%" in stripped:
        raise AddressError(f"{text!r} has a zone identifier; write the address without it")
    try:
        address: _Address = ipaddress.IPv6Address(stripped) if ":" in stripped else ipaddress.IPv4Address(stripped)
    except ValueError as error:
        raise AddressError(f"{text!r} is not an address: {address_problem(stripped, str(error))}") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise AddressError(f"{text!r} is an IPv4-mapped IPv6 address; write {address.ipv4_mapped}")
    return address
