# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP over Ethernet for IPv4 (RFC 826), probes and announcements (RFC 5227)."""

from __future__ import annotations

from typing import NamedTuple

ETHERTYPE = 0x0806
REQUEST, REPLY = 1, 2
BROADCAST = b"\xff" * 6
UNKNOWN = bytes(4)  # the sender of a probe
_HEAD = bytes.fromhex("000108000604")  # Ethernet, IPv4, lengths 6 and 4
_REPLYING = b"\x08\x06" + _HEAD + b"\0\2"


class Packet(NamedTuple):
    """What a frame says; a probe (RFC 5227) has the sender ``UNKNOWN``, in an announcement sender and target agree."""

    destination: bytes
    source: bytes
    operation: int
    sender_mac: bytes
    sender: bytes
    target: bytes


def decode(frame: bytes) -> Packet | None:
    """The request or reply in an Ethernet frame; None when it is anything else. What follows is padding."""
    if len(frame) < 42 or frame[12:20] != b"\x08\x06" + _HEAD or frame[20] or not REQUEST <= frame[21] <= REPLY:
        return None
    return Packet(frame[0:6], frame[6:12], frame[21], frame[22:28], frame[28:32], frame[38:42])


def replying(mac: bytes, address: bytes) -> bytes:
    """What all answers for an address have in common; ``reply`` makes one of it."""
    return mac + _REPLYING + mac + address


def reply(common: bytes, asked: Packet) -> bytes:
    """The answer, unicast to the asker (RFC 826; to a probe with its sender 0.0.0.0, RFC 5227 section 2.1.1)."""
    return asked.sender_mac + common + asked.sender_mac + asked.sender


def announcement(mac: bytes, address: bytes) -> bytes:
    """The announcement of RFC 5227 section 2.3."""
    return _frame(mac, REQUEST, address, bytes(6), address)


def gratuitous_reply(mac: bytes, address: bytes) -> bytes:
    """The announcement in the form of a reply, for receivers that heed no request (RFC 5227 section 3)."""
    return _frame(mac, REPLY, address, BROADCAST, address)


def probe(mac: bytes, address: bytes) -> bytes:
    """The question whether somebody has the address, which changes nobody's table (RFC 5227 section 2.1.1)."""
    return _frame(mac, REQUEST, UNKNOWN, bytes(6), address)


def _frame(mac: bytes, operation: int, sender: bytes, target_mac: bytes, target: bytes) -> bytes:
    head = BROADCAST + mac + b"\x08\x06" + _HEAD + operation.to_bytes(2, "big")
    return head + mac + sender + target_mac + target
