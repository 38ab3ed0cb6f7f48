# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one interface answers: a frame in, a reply or the reason for none out. Claims of others are noted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from . import arp, ndp

_MOST_CLAIMS = 256  # kept until they are taken
_MULTICAST = 1  # the bit of an Ethernet address's first octet


class Answer(NamedTuple):
    """A reply and the address that it is about."""

    frame: bytes
    address: bytes


class Claim(NamedTuple):
    """Somebody else says that it has an address of ours; ``public``: others heard it too."""

    address: bytes
    mac: bytes
    public: bool


class Responder:
    """One interface with its MAC and the addresses that it answers for.

    ``own``: MACs of this host, whose claims are no conflict. ``drops``: by reason, ``requests``: by address.
    """

    def __init__(self, mac: bytes) -> None:
        self.addresses: set[bytes] = set()
        self.own: frozenset[bytes] = frozenset((mac,))
        self.drops: dict[str, int] = {}
        self.requests: dict[bytes, int] = {}
        self.claims: list[Claim] = []
        self._mac = mac
        self._arp: dict[bytes, bytes] = {}
        self._ndp: dict[bytes, ndp.Advertising] = {}

    @property
    def mac(self) -> bytes:
        """The MAC that is told."""
        return self._mac

    @mac.setter
    def mac(self, mac: bytes) -> None:
        self._mac = mac
        self._arp.clear()
        self._ndp.clear()

    def add(self, addresses: Iterable[bytes]) -> None:
        """Answers for these too."""
        self.addresses.update(addresses)

    def remove(self, addresses: Iterable[bytes]) -> None:
        """Answers for these no more."""
        for address in addresses:
            self.addresses.discard(address)
            self._arp.pop(address, None)
            self._ndp.pop(address, None)

    def arp(self, frame: bytes) -> Answer | None:
        """An ARP frame; requests and probes are answered, broadcast or to our own MAC."""
        heard = arp.decode(frame)
        if heard is None:
            return self._drop("malformed")
        target = heard.target
        if heard.source == self._mac:
            return self._drop("our own")
        if heard.sender in self.addresses:
            self._claimed(heard.sender, heard.sender_mac, heard.destination)
        if heard.operation != arp.REQUEST:
            return self._drop("reply")
        if target not in self.addresses:
            return self._drop("other address")
        self.requests[target] = self.requests.get(target, 0) + 1
        if heard.sender == target:
            return self._drop("announcement")
        if heard.destination not in (self._mac, arp.BROADCAST):
            return self._drop("not to us")
        if not _is_station(heard.sender_mac):
            return self._drop("no MAC to answer")
        common = self._arp.get(target)
        if common is None:
            common = self._arp[target] = arp.replying(self._mac, target)
        return Answer(arp.reply(common, heard), target)

    def ndp(self, frame: bytes) -> Answer | None:
        """An IPv6 frame; solicitations and probes of DAD are answered, multicast or to our own MAC."""
        heard = ndp.decode(frame)
        if isinstance(heard, str):
            return self._drop(heard)
        target = heard.target
        if heard.source_mac == self._mac:
            return self._drop("our own")
        if isinstance(heard, ndp.Advertisement):
            if target in self.addresses:
                self._claimed(target, heard.option_mac or heard.source_mac, heard.destination_mac)
            return self._drop("advertisement")
        if heard.source in self.addresses:
            self._claimed(heard.source, heard.option_mac or heard.source_mac, heard.destination_mac)
        if target not in self.addresses:
            return self._drop("other address")
        self.requests[target] = self.requests.get(target, 0) + 1
        if heard.destination_mac != self._mac and heard.destination_mac[:2] != b"\x33\x33":
            return self._drop("not to us")
        if heard.source == ndp.UNSPECIFIED:
            return Answer(ndp.unsolicited(self._mac, target), target)
        if not _is_station(heard.option_mac or heard.source_mac):
            return self._drop("no MAC to answer")
        common = self._ndp.get(target)
        if common is None:
            common = self._ndp[target] = ndp.solicited(self._mac, target)
        return Answer(ndp.reply(common, heard), target)

    def take_claims(self) -> list[Claim]:
        """The claims since the last call."""
        taken, self.claims = self.claims, []
        return taken

    def _claimed(self, address: bytes, mac: bytes, destination: bytes) -> None:
        if mac not in self.own and _is_station(mac) and len(self.claims) < _MOST_CLAIMS:
            self.claims.append(Claim(address, mac, bool(destination[0] & _MULTICAST)))

    def _drop(self, reason: str) -> Answer | None:
        self.drops[reason] = self.drops.get(reason, 0) + 1
        return None


def _is_station(mac: bytes) -> bool:
    """Whether one interface can have this MAC."""
    return not mac[0] & _MULTICAST and any(mac)
