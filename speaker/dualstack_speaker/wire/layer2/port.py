# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One interface that answers: its packet sockets, its groups, its responder."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any, Callable

from ...layer2 import announcer, arp, bpf, ndp
from ...layer2.placement import Interface
from ...layer2.responder import Answer, Claim, Responder
from ...net import packets
from ..handover.fds import Give, Take

_FRAMES = 32  # frames read from a socket in one turn of the loop: what else the loop serves waits 0.5 ms for it at most
_GROUPS, _SLICE = 32, 0.001  # groups joined or left in one turn, and the seconds after which the next waits for another

Heard = Callable[[int, list[Claim]], None]  # number of the interface, claims of others
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
        self._removed = 0  # addresses that are gone and may still be in the ranges
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
        self._open: dict[bytes, None] = {}  # groups to be joined or left
        self._settling: asyncio.Handle | None = None
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
            self._filter(bpf.covering(addresses, self._ranges))
        for group in _groups_of(addresses):
            self._uses[group] += 1
            self._open[group] = None
        self.settle()

    def remove(self, addresses: Collection[bytes]) -> None:
        """Answers for these no more."""
        self._responder.remove(addresses)
        for group in _groups_of(addresses):
            self._uses[group] -= 1
            if not self._uses[group]:
                del self._uses[group]
            self._open[group] = None
        if not self.addresses:
            return  # the port is about to be closed
        self.settle()
        self._removed += len(addresses)
        if self._removed > len(self.addresses):
            self._removed = 0
            self._filter(bpf.covering(self.addresses))

    def settle(self) -> None:
        """Joins what is missing and leaves what is not needed, in slices; ``failed`` tells what came of it."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        self.failed = ""
        until = self._loop.time() + _SLICE
        for group in list(islice(self._open, _GROUPS)):
            try:
                if group in self._uses:
                    self._groups.join(group, ndp.group_mac(group))
                else:
                    self._groups.leave((group,))
            except OSError as error:
                self.failed = error.strerror or str(error)
                return
            del self._open[group]
            if self._loop.time() > until:
                break
        if self._open:
            self._settling = self._loop.call_soon(self.settle)

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
        if self._settling is not None:
            self._settling.cancel()
        for sock in (self._arp, self._ndp):
            self._loop.remove_reader(sock)
        sockets = (self._arp, self._ndp, *self._groups.sockets)
        # the kernel takes 10 ms for the end of a packet socket, in which BGP and BFD would stand still
        self._loop.run_in_executor(None, _close, sockets)

    def _filter(self, ranges: list[bpf.Range]) -> None:
        self._ranges = ranges
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
            "open": [group.hex() for group in self._open],
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
        port._ranges = [(one[0], one[1]) for one in state["ranges"]]
        port._open = {bytes.fromhex(text): None for text in state["open"]}
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
