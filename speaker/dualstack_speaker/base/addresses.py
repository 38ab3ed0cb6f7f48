# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and prefixes as bytes.

A *prefix key* is one bytes object: the family (4 or 6), the length in bits, the address cut to whole octets. From its
second byte on it is the NLRI encoding of RFC 4271 section 4.3, so that packing an UPDATE is a slice. Text follows RFC
5952.

Left out on purpose: zones (``fe80::1%eth0``) and ranges.
"""

from __future__ import annotations

import re

IPV4 = "ipv4"
IPV6 = "ipv6"
FAMILIES = (IPV4, IPV6)

_IPV4 = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}", re.ASCII)
_GROUPS = re.compile(r"(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)?", re.ASCII)
_LENGTHS = {str(bits): bits for bits in range(129)}


def parse(text: str) -> bytes:
    """The 4 or 16 octets of an address; ValueError with the reason when it is none."""
    return _parse_ipv6(text) if ":" in text else _parse_ipv4(text)


def family(packed: bytes) -> str:
    """The family of a packed address."""
    return IPV4 if len(packed) == 4 else IPV6


def link_local(address: bytes) -> bool:
    """Whether a packed address is an IPv6 link-local one (RFC 4291 section 2.5.6)."""
    return len(address) == 16 and address[0] == 0xFE and address[1] & 0xC0 == 0x80


def show(packed: bytes) -> str:
    """The text of a packed address (RFC 5952 for IPv6)."""
    if len(packed) == 4:
        return ".".join(map(str, packed))
    groups = [packed[at] << 8 | packed[at + 1] for at in range(0, 16, 2)]
    start, length = _longest_zeros(groups)
    if length < 2:
        return ":".join(f"{group:x}" for group in groups)
    head = ":".join(f"{group:x}" for group in groups[:start])
    tail = ":".join(f"{group:x}" for group in groups[start + length :])
    return f"{head}::{tail}"


def parse_prefix(text: str) -> bytes:
    """The prefix key of ``address/length``; ValueError when it is no prefix or has bits behind its length."""
    address, _unused, length = text.partition("/")
    bits = _LENGTHS.get(length)
    if bits is None and not length.isdigit():
        raise ValueError("is not written as address/length")
    packed = parse(address)
    highest = len(packed) * 8
    if bits is None or bits > highest:
        raise ValueError(f"has a length of more than {highest}")
    head = bytes((4 if highest == 32 else 6, bits))
    if bits == highest:
        return head + packed
    if int.from_bytes(packed, "big") & ((1 << (highest - bits)) - 1):
        raise ValueError(f"has bits set behind its length of {bits}")
    return head + packed[: (bits + 7) // 8]


def prefix_family(key: bytes) -> str:
    """The family of a prefix key."""
    return IPV4 if key[0] == 4 else IPV6


def show_prefix(key: bytes) -> str:
    """The text of a prefix key."""
    size = 4 if key[0] == 4 else 16
    return f"{show(key[2:].ljust(size, bytes(1)))}/{key[1]}"


def _parse_ipv4(text: str) -> bytes:
    if not _IPV4.fullmatch(text):
        raise ValueError("is not an IP address")
    try:
        return bytes(map(int, text.split(".")))
    except ValueError:
        raise ValueError("is not an IP address: an octet is above 255") from None


def _parse_ipv6(text: str) -> bytes:
    head, gap, tail = text.partition("::")
    left = _groups(head, last=not gap)
    if not gap:
        if len(left) != 16:
            raise ValueError("is not an IP address: it does not have 8 groups")
        return left
    right = _groups(tail, last=True)
    if len(left) + len(right) > 14:
        raise ValueError("is not an IP address: '::' stands for no group")
    return left + bytes(16 - len(left) - len(right)) + right


def _groups(text: str, last: bool) -> bytes:
    """The octets of groups joined by colons; the last group may be a dotted IPv4 address (RFC 4291 section 2.2)."""
    tail = b""
    if last and "." in text:
        text, colon, dotted = text.rpartition(":")
        tail = _parse_ipv4(dotted)
        if colon and not text:
            raise ValueError("is not an IP address: it begins with a colon")
    if not _GROUPS.fullmatch(text):
        raise ValueError(f"is not an IP address: {text!r} are no groups")
    return bytes.fromhex("".join([group.zfill(4) for group in text.split(":")]) if text else "") + tail


def _longest_zeros(groups: list[int]) -> tuple[int, int]:
    best, length, at = 0, 0, 0
    while at < len(groups):
        end = at
        while end < len(groups) and groups[end] == 0:
            end += 1
        if end - at > length:
            best, length = at, end - at
        at = max(end, at + 1)
    return best, length
