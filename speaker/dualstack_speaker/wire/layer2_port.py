# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One interface that answers: its packet sockets, its groups, its responder."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Callable

from ..layer2 import announcer, arp, bpf, ndp
from ..layer2.placement import Interface
from ..layer2.responder import Answer, Claim, Responder
from ..net import packets
from .handover_fds import Give, Take

_FRAMES = 32  # frames read from a socket in one turn of the loop: what else the loop serves waits 0.5 ms for it at most
_JOINS = 32  # groups joined in one turn

Heard = Callable[[int, "list[Claim]"], None]  # number of the interface, claims of others
Counts = dict[bytes, "list[int]"]  # requests, replies, gratuitous frames by address


class Port:
    """The sockets of one interface; OSError when they cannot be opened.

    ``sockets``: those of another process for ARP and NDP, to go on with. ``heard`` is called with claims of others.
    """

    def __init__(
        self,
        interface: Interface,
        counts: Counts,
        heard: Heard,
        sockets: tuple[socket.socket, socket.socket] | None = None,
    ) -> None:
        self.interface = interface
        self.failed = ""  # why a group could not be joined
        self._counts = counts
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._responder = Responder(interface.mac)
        self._ranges: list[bpf.Range] = []
        if sockets is None:
            self._arp = packets.open_packets(interface.name, arp.ETHERTYPE, bpf.arp([]))
            try:
                self._ndp = packets.open_packets(interface.name, ndp.ETHERTYPE, bpf.ndp([]))
            except OSError:
                self._arp.close()
                raise
        else:
            self._arp, self._ndp = sockets
        self._groups = packets.Groups(interface.number, self._ndp)
        self._uses: Counter[bytes] = Counter()  # how many addresses have a group
        self._missing: list[bytes] = []  # groups to be joined
        self._joining: asyncio.Handle | None = None
        self._loop.add_reader(self._arp, self._readable, self._arp, self._responder.arp)
        self._loop.add_reader(self._ndp, self._readable, self._ndp, self._responder.ndp)

    @property
    def addresses(self) -> set[bytes]:
        """The addresses that are answered."""
        return self._responder.addresses

    def follow(self, interface: Interface, own: frozenset[bytes]) -> bool:
        """The interface as it is now, and all MACs of the host; whether neighbours have to be told."""
        before, self.interface = self.interface, interface
        self._responder.own = own
        if before.mac != interface.mac:
            self._responder.mac = interface.mac
        if before.ipv6 != interface.ipv6:
            self._groups.renew()
        return before.mac != interface.mac or (interface.running and not interface.attached <= before.attached)

    def add(self, addresses: Collection[bytes]) -> None:
        """Answers for these too."""
        self._responder.add(addresses)
        if not all(bpf.covers(self._ranges, address) for address in addresses):
            self._filter()
        for group in _groups_of(addresses):
            self._uses[group] += 1
            if self._uses[group] == 1:
                self._missing.append(group)
        self.join()

    def remove(self, addresses: Collection[bytes]) -> None:
        """Answers for these no more."""
        self._responder.remove(addresses)
        gone = set()
        for group in _groups_of(addresses):
            self._uses[group] -= 1
            if not self._uses[group]:
                del self._uses[group]
                gone.add(group)
        self._missing = [group for group in self._missing if group not in gone]
        self._groups.leave(gone & self._groups.joined)

    def join(self) -> None:
        """Joins what is missing, in slices; ``failed`` tells what came of it."""
        self._joining = None
        self.failed = ""
        now, self._missing = self._missing[:_JOINS], self._missing[_JOINS:]
        for group in now:
            try:
                self._groups.join(group, ndp.group_mac(group))
            except OSError as error:
                self.failed = error.strerror or str(error)
                self._missing.append(group)
        if self._missing and not self.failed:
            self._joining = self._loop.call_soon(self.join)

    def send(self, kind: str, address: bytes) -> int:
        """Says something about an address (``announcer``); 1 when the interface took it, else 0."""
        frame = announcer.frame(kind, self.interface.mac, address, self.interface.source)
        try:
            return 1 if frame and (self._arp if len(address) == 4 else self._ndp).send(frame) else 0
        except OSError:
            return 0  # a full queue or an interface that just went down: the next round tries again

    def drops(self) -> dict[str, int]:
        """How many frames were not answered, by reason."""
        drops = self._responder.drops
        for sock in (self._arp, self._ndp):
            lost = packets.overrun(sock)
            if lost:
                drops["too many at once"] = drops.get("too many at once", 0) + lost
        return dict(sorted(drops.items()))

    def close(self) -> None:
        """Answers no more."""
        if self._joining is not None:
            self._joining.cancel()
        for sock in (self._arp, self._ndp):
            self._loop.remove_reader(sock)
        sockets = (self._arp, self._ndp, *self._groups.sockets)
        # the kernel takes 10 ms for the end of a packet socket, in which BGP and BFD would stand still
        self._loop.run_in_executor(None, _close, sockets)

    def _filter(self) -> None:
        self._ranges = bpf.covering(self.addresses)
        packets.attach(self._arp, bpf.arp(self._ranges))
        packets.attach(self._ndp, bpf.ndp(self._ranges))

    def _readable(self, sock: socket.socket, answer: Callable[[bytes], Answer | None]) -> None:
        responder, counts = self._responder, self._counts
        for _unused in range(_FRAMES):
            try:
                frame = sock.recv(2048)
            except OSError:
                break  # nothing left, or the interface went down
            found = answer(frame)
            if found is not None:
                try:
                    sock.send(found.frame)
                    counts[found.address][1] += 1
                except OSError:
                    responder.drops["not sent"] = responder.drops.get("not sent", 0) + 1
        if responder.requests:
            for address, number in responder.requests.items():
                counts[address][0] += number
            responder.requests.clear()
        if responder.claims:
            self._heard(self.interface.number, responder.take_claims())

    # Another process

    def export(self, fds: Give) -> dict[str, Any]:
        """What another process needs to go on without a gap."""
        return {
            "number": self.interface.number,
            "mac": self.interface.mac.hex(),
            "addresses": [address.hex() for address in self.addresses],
            "drops": self.drops(),
            "sockets": [fds.put(self._arp), fds.put(self._ndp)],
            "ranges": self._ranges,
            "missing": [group.hex() for group in self._missing],
            "groups": {group.hex(): number for group, number in self._groups.holders().items()},
            "group_sockets": [fds.put(sock) for sock in self._groups.sockets],
        }

    @classmethod
    def adopt(cls, interface: Interface, counts: Counts, heard: Heard, state: dict[str, Any], fds: Take) -> Port:
        """Goes on with what ``export`` gave; sends nothing. KeyError, TypeError, ValueError when it is not usable."""
        addresses = {bytes.fromhex(text) for text in state["addresses"]}
        holders = {bytes.fromhex(text): number for text, number in state["groups"].items()}
        first, second = (fds.take(number) for number in state["sockets"])
        port = cls(interface, counts, heard, (first, second))
        port._responder.add(addresses)
        port._uses.update(_groups_of(addresses))
        port._responder.drops = dict(state["drops"])
        port._ranges = [(low, high) for low, high in state["ranges"]]
        port._missing = [bytes.fromhex(text) for text in state["missing"]]
        port._groups.adopt(
            [fds.take(number) for number in state["group_sockets"]],
            {group: (ndp.group_mac(group), number) for group, number in holders.items()},
        )
        return port


def _close(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _groups_of(addresses: Iterable[bytes]) -> list[bytes]:
    """The group of each IPv6 address."""
    return [ndp.solicited_node(address) for address in addresses if len(address) == 16]
