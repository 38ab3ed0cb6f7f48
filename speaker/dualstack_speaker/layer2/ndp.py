# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour Discovery over Ethernet (RFC 4861 sections 4.3, 4.4, 7): solicitations and advertisements.

The Internet checksum (RFC 1071) is arithmetic modulo 0xFFFF, so a message is summed as one number.

Left out on purpose: messages behind extension headers (nobody sends such; RFC 6980 forbids fragments), and the router
flag, which is 0: an address of a Service is nobody's router.
"""

from __future__ import annotations

from typing import NamedTuple, Union

ETHERTYPE = 0x86DD
ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
UNSPECIFIED = bytes(16)
SOLICITED, OVERRIDE = 0x40, 0x20
_ICMPV6, _SOLICITATION, _ADVERTISEMENT = 58, 135, 136
_SOURCE_OPTION, _TARGET_OPTION = 1, 2


class Solicitation(NamedTuple):
    """Who asks for whom; duplicate address detection has the source ``::`` (RFC 4862 section 5.4)."""

    destination_mac: bytes
    source_mac: bytes
    source: bytes
    target: bytes
    option_mac: bytes | None


class Advertisement(NamedTuple):
    """Who says that it has an address; without the option its Ethernet source tells the MAC."""

    destination_mac: bytes
    source_mac: bytes
    target: bytes
    option_mac: bytes | None


Message = Union[Solicitation, Advertisement]


def solicited_node(address: bytes) -> bytes:
    """The group in which solicitations for an address are sent (RFC 4291 section 2.7.1)."""
    return bytes.fromhex("ff0200000000000000000001ff") + address[13:]


def group_mac(group: bytes) -> bytes:
    """The Ethernet address of an IPv6 multicast group (RFC 2464 section 7)."""
    return b"\x33\x33" + group[12:]


def decode(frame: bytes) -> Message | str:
    """The message in an Ethernet frame, or why it is none (the checks of RFC 4861 sections 7.1.1 and 7.1.2)."""
    if len(frame) < 78 or frame[12:14] != b"\x86\xdd" or frame[14] >> 4 != 6 or frame[20] != _ICMPV6:
        return "no neighbour discovery"
    kind = frame[54]
    if kind not in (_SOLICITATION, _ADVERTISEMENT):
        return "no neighbour discovery"
    length = int.from_bytes(frame[18:20], "big")
    if frame[21] != 255:
        return "hop limit"
    if length < 24 or len(frame) < 54 + length or frame[55] != 0:
        return "malformed"
    if _remainder(frame[22 : 54 + length], length):
        return "checksum"
    source, destination, target = frame[22:38], frame[38:54], frame[62:78]
    if target[0] == 0xFF or source[0] == 0xFF:
        return "multicast address"
    options = _options(frame[78 : 54 + length]) if length > 24 else {}
    if options is None:
        return "malformed"
    if kind == _ADVERTISEMENT:
        if source == UNSPECIFIED or (destination[0] == 0xFF and frame[58] & SOLICITED):
            return "malformed"
        return Advertisement(frame[0:6], frame[6:12], target, options.get(_TARGET_OPTION))
    option_mac = options.get(_SOURCE_OPTION)
    if source == UNSPECIFIED and (option_mac is not None or destination != solicited_node(target)):
        return "malformed"
    return Solicitation(frame[0:6], frame[6:12], source, target, option_mac)


class Advertising:
    """The advertisements of one address with the same flags: what they have in common is put together once."""

    def __init__(self, mac: bytes, target: bytes, flags: int) -> None:
        rest = bytes((flags, 0, 0, 0)) + target + bytes((_TARGET_OPTION, 1)) + mac
        self._head = mac + _header(4 + len(rest)) + target
        self._rest = rest
        self._sum = _remainder(target + bytes((_ADVERTISEMENT, 0)) + rest, 4 + len(rest))

    def to(self, mac: bytes, destination: bytes) -> bytes:
        """The frame for a receiver."""
        checksum = -(self._sum + int.from_bytes(destination, "big")) % 0xFFFF
        head = mac + self._head + destination + bytes((_ADVERTISEMENT, 0))
        return head + checksum.to_bytes(2, "big") + self._rest


def solicited(mac: bytes, address: bytes) -> Advertising:
    """Answers to who asked (RFC 4861 section 7.2.4)."""
    return Advertising(mac, address, SOLICITED | OVERRIDE)


def reply(common: Advertising, asked: Solicitation) -> bytes:
    """The answer of RFC 4861 section 7.2.4 to a solicitation with a source."""
    return common.to(asked.option_mac or asked.source_mac, asked.source)


def unsolicited(mac: bytes, address: bytes) -> bytes:
    """The announcement of RFC 4861 section 7.2.6, which overrides what neighbours hold; a probe of duplicate address
    detection is answered by the same (section 7.2.4)."""
    return Advertising(mac, address, OVERRIDE).to(group_mac(ALL_NODES), ALL_NODES)


def probe(mac: bytes, source: bytes, address: bytes) -> bytes:
    """The question whether somebody else has the address, answered to us alone."""
    group = solicited_node(address)
    rest = bytes(4) + address + bytes((_SOURCE_OPTION, 1)) + mac
    length = 4 + len(rest)
    checksum = -_remainder(source + group + bytes((_SOLICITATION, 0)) + rest, length) % 0xFFFF
    head = group_mac(group) + mac + _header(length) + source + group + bytes((_SOLICITATION, 0))
    return head + checksum.to_bytes(2, "big") + rest


def _header(length: int) -> bytes:
    """From the EtherType to the hop limit."""
    return b"\x86\xdd\x60\0\0\0" + length.to_bytes(2, "big") + bytes((_ICMPV6, 255))


def _remainder(data: bytes, length: int) -> int:
    """The sum over addresses, message and the rest of the pseudo header of RFC 8200 section 8.1.

    0 over a message that holds its checksum. A message of odd length is padded.
    """
    if len(data) % 2:
        data += bytes(1)
    return (int.from_bytes(data, "big") + length + _ICMPV6) % 0xFFFF


def _options(data: bytes) -> dict[int, bytes] | None:
    """Link-layer address options by type; None when an option has no length or runs over the end."""
    found = {}
    while data:
        size = data[1] * 8 if len(data) > 1 else 0
        if size == 0 or size > len(data):
            return None
        if size == 8 and data[0] in (_SOURCE_OPTION, _TARGET_OPTION):
            found[data[0]] = data[2:8]
        data = data[size:]
    return found
