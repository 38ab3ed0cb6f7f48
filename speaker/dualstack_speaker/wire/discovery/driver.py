# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that stand behind a named interface: when they can be reached, by which address, from which of ours.

Follows the interfaces of the host: one that is missing, down or without carrier ends the sessions over it, at once.
Between link-local addresses, our own is the source and the next hop, behind a global one where there is one (RFC 2545
section 3); IPv4 prefixes take the same (RFC 8950). An unnumbered peer is the one router that advertises itself, and we
advertise us to peers that may look for us that way. A session that stands is never ended for what advertisements say
or do not say: anybody on the link may send them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Callable, NamedTuple

from ...base.addresses import link_local
from ...base.links import Links
from ...base.model import UNKNOWN, Peer
from ...base.netlink import RUNNING
from ...base.outputs import Note
from ...discovery import messages
from ...discovery.fsm import State
from ...discovery.messages import BadMessage
from ...discovery.search import Found, Lost, Output, Search, Transmit
from ...net import icmp6, netlink
from ...observe.logs import Log
from ..alarm import Alarm
from ..reasons import reason

_UP = 0x1  # IFF_UP
_SETTLE = 0.05  # seconds to gather news of interfaces
_RESCAN = 10.0  # seconds after which interfaces are looked at without news
_RETRY = 1.0  # seconds until a socket that could not be opened is tried again
_BATCH = 64  # messages that are read in one turn of the loop


class Place(NamedTuple):
    """An interface that works: its number, our link-local address there (None: none), its link-layer address."""

    number: int
    own: bytes | None
    mac: bytes


class Neighbours:
    """The peers that have an interface, by name.

    ``reachable`` is told of a peer with the addresses it has just now, again with whatever changes; ``unreachable`` of
    one that can't be reached, and why. ``standing`` tells the address with which a session is established, or None.
    """

    def __init__(
        self,
        log: Log,
        reachable: Callable[[str, Peer], None],
        unreachable: Callable[[str, str], None],
        standing: Callable[[str], bytes | None],
    ) -> None:
        self._log = log
        self._reachable = reachable
        self._unreachable = unreachable
        self._standing = standing
        self._loop = asyncio.get_running_loop()
        self._peers: dict[str, Peer] = {}
        self._places: dict[str, Place | str] = {}  # by interface; a text says why there is none
        self._ears: dict[str, _Ear] = {}
        self._held = False
        self._news: netlink.News | None = None
        self._rescan: asyncio.TimerHandle | None = None

    def take(self, name: str, peer: Peer | None) -> None:
        """A peer is new, changed, or gone (None)."""
        if peer is None or peer.interface is None:
            if self._peers.pop(name, None) is not None:
                self._settle()
            return
        self._peers[name] = peer
        if self._news is None:
            self._news = netlink.News()
            self._loop.add_reader(self._news.socket, self._on_news)
        self._settle()
        self._tell(name)

    def fallen(self, name: str) -> None:
        """A peer's session ended: what was put off for its sake is due."""
        peer = self._peers.get(name)
        if peer is None or not _between_link_locals(peer):
            return
        self._ears[str(peer.interface)].doubt()
        self._tell(name)

    def hold(self) -> None:
        """Tells nothing until ``release``."""
        self._held = True

    def release(self) -> None:
        """Tells where everybody is by now."""
        self._held = False
        for name in list(self._peers):
            self._tell(name)

    def close(self) -> None:
        """Falls silent."""
        self._peers.clear()
        if self._rescan is not None:
            self._rescan.cancel()
        if self._news is not None:
            self._loop.remove_reader(self._news.socket)
            self._news.close()
            self._news = None
        for ear in self._ears.values():
            ear.close()
        self._ears.clear()

    # Interfaces

    def _on_news(self) -> None:
        assert self._news is not None
        self._news.read()
        self._settle_in(_SETTLE)

    def _settle_in(self, seconds: float) -> None:
        at = self._loop.time() + seconds
        if self._rescan is not None:
            if self._rescan.when() <= at:
                return
            self._rescan.cancel()
        self._rescan = self._loop.call_at(at, self._settle)

    def _settle(self) -> None:
        """Brings everything in line with the peers and the interfaces there are."""
        if self._rescan is not None:
            self._rescan.cancel()
            self._rescan = None
        used = {str(peer.interface) for peer in self._peers.values()}
        searched = {str(peer.interface) for peer in self._peers.values() if _between_link_locals(peer)}
        for interface in self._ears.keys() - searched:
            self._ears.pop(interface).close()
        before, self._places = self._places, self._look(used)
        wait = _RESCAN
        for interface in searched:
            ear = self._ears.get(interface)
            known = ear is not None
            if ear is None:
                ear = self._ears[interface] = _Ear(self, interface, self._log)
            if not ear.place(self._places[interface], fresh=known):
                wait = _RETRY
        for name, peer in list(self._peers.items()):
            was = before.get(str(peer.interface))
            if was is not None and was != self._places[str(peer.interface)]:
                self._tell(name)
        if used:
            self._settle_in(wait)

    def _look(self, interfaces: set[str]) -> dict[str, Place | str]:
        """What there is of each of these."""
        found: dict[str, Place | str] = {name: f"interface {name} is not there" for name in interfaces}
        table = self._news.table if self._news is not None else Links()
        for link in table.links.values():
            if link.name not in interfaces:
                continue
            if not link.flags & _UP:
                found[link.name] = f"interface {link.name} is down"
            elif not link.flags & RUNNING:
                found[link.name] = f"interface {link.name} has no carrier"
            else:
                own = (each.packed for each in table.addresses(link.number) if each.sure and link_local(each.packed))
                found[link.name] = Place(link.number, next(own, None), link.mac)
        return found

    def heard(self, interface: str) -> None:
        """What is known of the router behind an interface changed."""
        for name, peer in list(self._peers.items()):
            if peer.interface == interface and peer.address == UNKNOWN:
                self._tell(name)

    def _tell(self, name: str) -> None:
        """Says where a peer is now, or why it can't be reached."""
        if self._held:
            return
        peer = self._peers[name]
        place = self._places[str(peer.interface)]
        if isinstance(place, str):
            self._unreachable(name, place)
        elif not _between_link_locals(peer):
            self._reachable(name, peer)
        elif place.own is None:
            self._unreachable(name, _no_link_local(str(peer.interface)))
        elif peer.address != UNKNOWN:
            self._reachable(name, resolved(peer, peer.address, place.own))
        else:
            search = self._ears[str(peer.interface)].search
            address = self._standing(name) or search.found
            if address is not None:
                self._reachable(name, resolved(peer, address, place.own))
            else:
                self._unreachable(name, search.problem)


def resolved(peer: Peer, address: bytes, own: bytes) -> Peer:
    """A peer with its link-local address, spoken to from ours.

    Without a global address the link-local one stands in its place as well, as FRR sends it.
    """
    source = peer.source_address or own
    hop = (peer.next_hop_ipv6 or source) + source
    return peer._replace(
        address=address,
        source_address=source,
        next_hop_ipv4=(peer.next_hop_ipv4 or hop) if "ipv4" in peer.families else None,
        next_hop_ipv6=hop if "ipv6" in peer.families else None,
    )


def export(peer: Peer) -> list[str | None]:
    """What ``resolved`` put into a peer, as plain data for another process."""
    values = (peer.address, peer.source_address, peer.next_hop_ipv4, peer.next_hop_ipv6)
    return [None if value is None else value.hex() for value in values]


def adopt(peer: Peer, found: Sequence[str | None]) -> Peer:
    """A peer with what ``export`` gave; TypeError or ValueError when it is not usable."""
    address, source, ipv4, ipv6 = (None if text is None else bytes.fromhex(text) for text in found)
    return peer._replace(address=address or UNKNOWN, source_address=source, next_hop_ipv4=ipv4, next_hop_ipv6=ipv6)


class _Ear:
    """The search behind one interface with its socket and timer."""

    def __init__(self, owner: Neighbours, interface: str, log: Log) -> None:
        self.search = Search(interface, random.random)
        self._owner = owner
        self._interface = interface
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(self._loop, self._expire)
        self._given: Place | str | None = None
        self._place: Place | None = None
        self._socket: icmp6.Socket | None = None

    def place(self, place: Place | str, fresh: bool) -> bool:
        """The interface as it is now; ``fresh``: it may have come just now. False where it is to be tried again."""
        if place == self._given:
            return True
        now = self._loop.time()
        self._shut()
        self._given = place
        if isinstance(place, str) or place.own is None:
            why = place if isinstance(place, str) else _no_link_local(self._interface)
            self._run(self.search.gone(why, now))
            return True
        types, groups = (messages.SOLICITATION, messages.ADVERTISEMENT), (messages.ALL_ROUTERS,)
        try:
            self._socket = icmp6.Socket(place.number, types, groups)
        except OSError as error:
            why = f"cannot listen for router advertisements on {self._interface}: {reason(error)}"
            self._given = None
            self._run(self.search.gone(why, now))
            return False
        self._place = place
        self._loop.add_reader(self._socket.plain, self._readable)
        if self.search.state is not State.ABSENT:
            self._run(self.search.gone(f"interface {self._interface} changed", now))
        self._run(self.search.present(place.own, place.mac, fresh, now))
        return True

    def doubt(self) -> None:
        """The session with the router failed."""
        self._run(self.search.doubt(self._loop.time()))

    def close(self) -> None:
        """Falls silent."""
        self._shut()
        self._alarm.cancel()

    def _shut(self) -> None:
        self._place = None
        if self._socket is not None:
            self._loop.remove_reader(self._socket.plain)
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        """Takes what has arrived. What is not good is dropped without a word: anybody may send it."""
        for _unused in range(_BATCH):
            if self._socket is None:
                return
            try:
                data, source, hops = self._socket.receive()
            except OSError:
                return  # nothing left, or the interface went down
            try:
                message = messages.decode(data, source, hops)
            except BadMessage:
                continue
            self._run(self.search.heard(message, self._loop.time()))

    def _expire(self, due: float) -> None:
        self._run(self.search.expire(max(due, self._loop.time())))

    def _run(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Transmit):
                self._send(output)
            elif isinstance(output, Note):
                self._log.write("info", output.kind, output.fields)
        self._alarm.set(self.search.next_deadline)
        if any(isinstance(output, (Found, Lost)) for output in outputs):
            self._owner.heard(self._interface)

    def _send(self, output: Transmit) -> None:
        if self._socket is None or self._place is None or self._place.own is None:
            return
        try:
            self._socket.send(output.data, self._place.own, output.destination)
        except OSError as error:
            fields = {"interface": self._interface, "reason": reason(error)}
            self._log.write("warning", "router discovery not sent", fields)


def _between_link_locals(peer: Peer) -> bool:
    """Whether both ends are link-local: where the peer's address is to be found, and where it is known as such."""
    return peer.address == UNKNOWN or link_local(peer.address)


def _no_link_local(interface: str) -> str:
    return f"interface {interface} has no IPv6 link-local address"
