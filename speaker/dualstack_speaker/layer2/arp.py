# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP over Ethernet for IPv4 (RFC 826), probes and announcements (RFC 5227)."""

from __future__ import annotations

from typing import NamedTuple

ETHERTYPE = 0x0806
BROADCAST = b"\xff" * 6
_HEAD = bytes.fromhex("0001080006040001")  # Ethernet, IPv4, lengths 6 and 4, request


class Request(NamedTuple):
    """Who asks for whom; a probe (RFC 5227) has the sender address 0.0.0.0."""

    destination: bytes
    sender_mac: bytes
    sender: bytes
    target: bytes


def decode(frame: bytes) -> Request | None:
    """The request in an Ethernet frame; None when it is anything else."""
    if len(frame) < 42 or frame[12:14] != b"\x08\x06" or frame[14:22] != _HEAD:
        return None
    return Request(frame[0:6], frame[22:28], frame[28:32], frame[38:42])


def reply(mac: bytes, request: Request) -> bytes:
    """The answer: ``mac`` has the target; unicast to the asker."""
    return _frame(request.sender_mac, mac, 2, request.target, request.sender_mac, request.sender)


def gratuitous(mac: bytes, address: bytes) -> list[bytes]:
    """An announcement both as request and as reply: receivers differ in which they heed (RFC 5227 section 3)."""
    return [
        _frame(BROADCAST, mac, 1, address, bytes(6), address),
        _frame(BROADCAST, mac, 2, address, BROADCAST, address),
    ]


def _frame(to: bytes, mac: bytes, operation: int, sender: bytes, target_mac: bytes, target: bytes) -> bytes:
    body = _HEAD[:6] + operation.to_bytes(2, "big") + mac + sender + target_mac + target
    return to + mac + b"\x08\x06" + body
