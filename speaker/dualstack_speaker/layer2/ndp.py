# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour Discovery over Ethernet (RFC 4861 section 4.3, 4.4, 7): solicitations in, advertisements out."""

from __future__ import annotations

from typing import NamedTuple

ETHERTYPE = 0x86DD
ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
_ICMPV6, _SOLICITATION, _ADVERTISEMENT = 58, 135, 136
_SOURCE_OPTION, _TARGET_OPTION = 1, 2
_SOLICITED, _OVERRIDE = 0x40, 0x20
_UNSPECIFIED = bytes(16)


class Solicitation(NamedTuple):
    """Who asks for whom; duplicate address detection has the source ``::`` (RFC 4862 section 5.4)."""

    destination: bytes
    source_mac: bytes
    source: bytes
    target: bytes
    option_mac: bytes | None


def solicited_node(address: bytes) -> bytes:
    """The group in which solicitations for an address are sent (RFC 4291 section 2.7.1)."""
    return bytes.fromhex("ff0200000000000000000001ff") + address[13:]


def group_mac(group: bytes) -> bytes:
    """The Ethernet address of an IPv6 multicast group (RFC 2464 section 7)."""
    return b"\x33\x33" + group[12:]


def decode(frame: bytes) -> Solicitation | str:
    """The solicitation in an Ethernet frame, or why it is none (the checks of RFC 4861 section 7.1.1)."""
    if len(frame) < 78 or frame[12:14] != b"\x86\xdd" or frame[20] != _ICMPV6 or frame[54] != _SOLICITATION:
        return "no solicitation"
    length = int.from_bytes(frame[18:20], "big")
    source, destination, message = frame[22:38], frame[38:54], frame[54 : 54 + length]
    if frame[21] != 255:
        return "hop limit"
    if length < 24 or len(message) < length or message[1] != 0:
        return "malformed"
    if _checksum(source, destination, message) != 0:
        return "checksum"
    target = message[8:24]
    if target[0] == 0xFF:
        return "multicast target"
    options = _options(message[24:])
    if options is None:
        return "malformed"
    option_mac = options.get(_SOURCE_OPTION)
    if source == _UNSPECIFIED and (option_mac is not None or destination != solicited_node(target)):
        return "malformed"
    return Solicitation(frame[0:6], frame[6:12], source, target, option_mac)


def reply(mac: bytes, asked: Solicitation) -> bytes:
    """The answer of RFC 4861 section 7.2.4.

    A probe of duplicate address detection is answered to all nodes, unsolicited.
    """
    if asked.source == _UNSPECIFIED:
        return _advertisement(group_mac(ALL_NODES), mac, ALL_NODES, asked.target, _OVERRIDE)
    return _advertisement(asked.option_mac or asked.source_mac, mac, asked.source, asked.target, _SOLICITED | _OVERRIDE)


def unsolicited(mac: bytes, address: bytes) -> bytes:
    """The announcement of RFC 4861 section 7.2.6, which overrides what neighbours hold."""
    return _advertisement(group_mac(ALL_NODES), mac, ALL_NODES, address, _OVERRIDE)


def _advertisement(to: bytes, mac: bytes, destination: bytes, target: bytes, flags: int) -> bytes:
    message = bytes((_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0)) + target + bytes((_TARGET_OPTION, 1)) + mac
    message = message[:2] + _checksum(target, destination, message).to_bytes(2, "big") + message[4:]
    header = b"\x60\0\0\0" + len(message).to_bytes(2, "big") + bytes((_ICMPV6, 255)) + target + destination
    return to + mac + b"\x86\xdd" + header + message


def _checksum(source: bytes, destination: bytes, message: bytes) -> int:
    """The Internet checksum with the pseudo header of RFC 8200 section 8.1; 0 over a message that holds a right one."""
    data = source + destination + len(message).to_bytes(4, "big") + bytes((0, 0, 0, _ICMPV6)) + message
    if len(data) % 2:
        data += bytes(1)
    total = sum(data[0::2]) * 256 + sum(data[1::2])
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


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
