# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One interface that answers: its packet sockets, its groups, its responder."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable

from ..layer2 import arp, bpf, ndp
from ..layer2.placement import Interface
from ..layer2.responder import Answer, Responder
from ..net import packets
from .bgp_io import reason

_FRAMES = 64  # frames read in one turn of the loop


class Port:
    """The sockets of one interface; OSError when they cannot be opened.

    ``counts``: replies and announcements per address, kept by the driver.
    """

    def __init__(self, interface: Interface, counts: dict[bytes, list[int]]) -> None:
        self._interface = interface
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._responder = Responder(interface.mac, set())
        self._arp = packets.open_packets(interface.name, arp.ETHERTYPE, bpf.ARP_REQUESTS)
        try:
            self._ndp = packets.open_packets(interface.name, ndp.ETHERTYPE, bpf.SOLICITATIONS)
        except OSError:
            self._arp.close()
            raise
        self._groups = packets.Groups(interface.number, self._ndp)
        self._loop.add_reader(self._arp, self._readable, self._arp, self._responder.arp)
        self._loop.add_reader(self._ndp, self._readable, self._ndp, self._responder.ndp)

    @property
    def mac(self) -> bytes:
        """The interface's Ethernet address."""
        return self._interface.mac

    @property
    def addresses(self) -> set[bytes]:
        """The addresses that are answered."""
        return self._responder.addresses

    def fits(self, interface: Interface) -> bool:
        """Whether the port still belongs to this interface: same index, same MAC."""
        return (self._interface.number, self._interface.mac) == (interface.number, interface.mac)

    def serve(self, addresses: set[bytes]) -> str:
        """Answers for exactly these; why a group could not be joined, empty when all are."""
        self._responder.addresses = addresses
        wanted = {ndp.solicited_node(address) for address in addresses if len(address) == 16}
        for group in self._groups.joined - wanted:
            self._groups.leave(group, ndp.group_mac(group))
        failed = ""
        for group in wanted - self._groups.joined:
            try:
                self._groups.join(group, ndp.group_mac(group))
            except OSError as error:
                failed = reason(error)
        return failed

    def send(self, frames: Iterable[bytes]) -> int:
        """Sends frames; how many the interface took."""
        taken = 0
        for frame in frames:
            try:
                (self._ndp if frame[12:14] == b"\x86\xdd" else self._arp).send(frame)
                taken += 1
            except OSError:
                continue  # a full queue or an interface that just went down: the next round or question tries again
        return taken

    def close(self) -> None:
        """Answers no more."""
        for sock in (self._arp, self._ndp):
            self._loop.remove_reader(sock)
            sock.close()
        self._groups.close()

    def _readable(self, sock: socket.socket, answer: Callable[[bytes], Answer | None]) -> None:
        for _unused in range(_FRAMES):
            try:
                frame = sock.recv(2048)
            except OSError:
                return  # nothing left, or the interface went down
            found = answer(frame)
            if found is not None and self.send((found.frame,)):
                self._counts[found.address][0] += 1
