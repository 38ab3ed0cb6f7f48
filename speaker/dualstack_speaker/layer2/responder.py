# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one interface answers: a frame in, a reply or the reason for none out."""

from __future__ import annotations

from typing import NamedTuple

from . import arp, ndp


class Answer(NamedTuple):
    """A reply and the address that it is about."""

    frame: bytes
    address: bytes


class Responder:
    """One interface with its MAC and the addresses that it answers for. Counts drops by reason."""

    def __init__(self, mac: bytes, addresses: set[bytes]) -> None:
        self.mac = mac
        self.addresses = addresses
        self.drops: dict[str, int] = {}

    def arp(self, frame: bytes) -> Answer | None:
        """An ARP frame; requests and probes are answered, broadcast or to our own MAC."""
        request = arp.decode(frame)
        if request is None:
            return self._drop("no request")
        if request.destination not in (arp.BROADCAST, self.mac):
            return self._drop("not to us")
        if request.target not in self.addresses:
            return self._drop("other address")
        if request.sender == request.target:
            return self._drop("announcement")
        return Answer(arp.reply(self.mac, request), request.target)

    def ndp(self, frame: bytes) -> Answer | None:
        """An IPv6 frame; solicitations and probes of DAD are answered, multicast or to our own MAC."""
        asked = ndp.decode(frame)
        if isinstance(asked, str):
            return self._drop(asked)
        if asked.target not in self.addresses:
            return self._drop("other address")
        if asked.destination != self.mac and not asked.destination.startswith(b"\x33\x33"):
            return self._drop("not to us")
        return Answer(ndp.reply(self.mac, asked), asked.target)

    def _drop(self, reason: str) -> Answer | None:
        self.drops[reason] = self.drops.get(reason, 0) + 1
        return None
