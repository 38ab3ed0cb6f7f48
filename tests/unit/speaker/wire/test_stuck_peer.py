# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer that reads no more: nobody else waits for it, and what it does not take costs no memory."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, Callable

import pytest

from dualstack_speaker.base.addresses import parse_prefix
from dualstack_speaker.base.model import Attributes
from dualstack_speaker.bgp import capabilities, iana, messages
from dualstack_speaker.bgp.adj_out import SLICE
from dualstack_speaker.link import peers
from dualstack_speaker.observe.logs import Log
from dualstack_speaker.wire.bgp.driver import BgpDriver

ENDS = {"ipv4": "127.0.0.1", "ipv6": "::1"}
FAMILY = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
COUNT = 1500  # prefixes of each family, each in an UPDATE of its own: more than the kernel's buffers take
KEYS = [
    parse_prefix(text) for n in range(COUNT) for text in (f"100.64.{n >> 8}.{n & 255}/32", f"2001:db8:1::{n:x}/128")
]
LATE = [b"\x04\x20\xc6\x33\x64\x07", b"\x06\x30\x20\x01\x0d\xb8\x00\x77"]


class Router:
    """A peer on loopback that agrees to everything; ``reading`` false: it reads our first words and no more."""

    def __init__(self, transport: str, reading: bool) -> None:
        self.stream = bytearray()
        self._reading = reading
        self._listener = socket.socket(FAMILY[transport], socket.SOCK_STREAM)
        if not reading:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind((ENDS[transport], 0))
        self._listener.listen()
        self._socket: socket.socket | None = None
        self.told: dict[str, Any] = {
            "local_asn": 64512, "peer_asn": 64500, "address": ENDS[transport], "port": self._listener.getsockname()[1],
            "router_id": "10.0.1.11", "hold_time": 0, "keepalive_time": 3, "connect_retry": 1,
            "families": ["ipv4", "ipv6"], "next_hop": {"ipv4": "10.0.1.11", "ipv6": "2001:db8::11"},
        }  # fmt: skip
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._socket, _unused = self._listener.accept()
            mirrored = peers.decode("peer", self.told)._replace(local_asn=64500, router_id=b"\x0a\0\1\1")
            self._socket.recv(4096)
            greeting = messages.encode_open(mirrored, capabilities.offer(mirrored))
            self._socket.sendall(greeting + messages.KEEPALIVE)
            while self._reading and (data := self._socket.recv(1 << 16)):
                self.stream += data
        except OSError:
            return  # taken away

    def end(self) -> None:
        for sock in (self._listener, self._socket):
            if sock is not None:
                sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for sock in (self._listener, self._socket):
            if sock is not None:
                sock.close()


def attributes(generation: int, number: int) -> Attributes:
    """So many communities that each prefix needs an UPDATE of its own."""
    return Attributes((generation << 16 | number, *range(800)), (), None)


async def until(true: Callable[[], Any], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    while not true():
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.01)


def whole(driver: BgpDriver) -> bool:
    """Whether the peer has everything: all prefixes, and what was changed of them."""
    announced = driver.status()["announced"]
    return driver.established and not driver.session.waiting and announced == {"ipv4": COUNT, "ipv6": COUNT}


@pytest.mark.parametrize("transport", ["ipv4", "ipv6"])
def test_nobody_waits_for_a_peer_that_reads_no_more(transport: str) -> None:
    stuck, sound = Router(transport, reading=False), Router(transport, reading=True)

    async def play() -> None:
        drivers = [BgpDriver(name, peers.decode(name, each.told), Log()) for name, each in (("a", stuck), ("b", sound))]
        for generation in range(2):
            for driver in drivers:
                for number, key in enumerate(KEYS):
                    driver.put([key], attributes(generation, number))
                (driver.flush if generation else driver.start)()
            await until(lambda: whole(drivers[1]), "all to the sound peer")
        for driver in drivers:
            driver.put(LATE, attributes(9, COUNT))
            driver.flush()
        await until(lambda: all(key[1:] in sound.stream for key in LATE), "what came last, at the sound peer")
        seen = drivers[0].status()
        assert seen["state"] == drivers[1].status()["state"] == "Established"
        assert sum(seen["announced"].values()) < sum(seen["wanted"].values()) == 2 * COUNT + 2
        (stream,) = drivers[0]._streams.values()
        assert 0 < stream.pending <= SLICE * iana.MAX_LENGTH
        assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 540_000
        for driver in drivers:
            driver.stop("the end")

    try:
        asyncio.run(play())
    finally:
        stuck.end()
        sound.end()
