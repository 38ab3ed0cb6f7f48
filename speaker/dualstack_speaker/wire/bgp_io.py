# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver of one BGP session: owns its socket and its timer, performs what the session puts out."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from collections.abc import Callable, Iterable
from typing import Any

from ..base.addresses import show
from ..base.model import Attributes, Peer
from ..base.outputs import Dial, Hangup, Note, Output, Send
from ..bgp.fsm import State
from ..bgp.session import Session
from ..net import tcp
from ..observe.logs import Log
from .alarm import Alarm

_GRACE = 1.0  # seconds that a closing connection has to get its last message out


class Stream(asyncio.Protocol):
    """One TCP connection of a peer; hands everything on with its number."""

    def __init__(self, driver: BgpDriver, number: int) -> None:
        self._driver = driver
        self._number = number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport stands; any octet left unsent counts as blocked."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=0)
        self._driver.on_connected(self._number, transport)

    def data_received(self, data: bytes) -> None:
        """Octets arrived."""
        self._driver.on_received(self._number, data)

    def pause_writing(self) -> None:
        """The socket's buffer is full."""
        self._driver.on_blocked(self._number)

    def resume_writing(self) -> None:
        """Everything is handed to the socket."""
        self._driver.on_writable(self._number)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._driver.on_closed(self._number, reason(exc) if exc else "connection closed by the peer")


class BgpDriver:
    """A session with its socket and timer."""

    def __init__(self, name: str, peer: Peer, log: Log, restarted: bool = False) -> None:
        self.session = Session(name, peer, random.random, restarted)
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._transports: dict[int, asyncio.Transport] = {}  # by the number of the connection
        self._dialling: dict[int, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Transport] = set()
        self._alarm = Alarm(self._loop, self._expire)
        self._pumping = False
        self.established = False
        self.on_change: Callable[[bool], None] = lambda established: None  # called when it comes to stand, or to fall

    def start(self) -> None:
        """Dials."""
        self._run(self.session.start(self._loop.time()))

    def stop(self, why: str) -> None:
        """Ends the session with Cease."""
        self._run(self.session.stop(why, self._loop.time()))

    def path_lost(self, why: str) -> None:
        """The path to the peer failed."""
        self._run(self.session.path_lost(why, self._loop.time()))

    def leave(self) -> None:
        """Ends the session without a word."""
        self._run(self.session.leave(self._loop.time()))

    def all_known(self) -> None:
        """All routes were put."""
        self.session.all_known()
        self.flush()

    def reconfigure(self, peer: Peer) -> None:
        """Takes a changed peer over."""
        self._run(self.session.reconfigure(peer, self._loop.time()))

    def put(self, keys: Iterable[bytes], value: Attributes | None) -> None:
        """Changes what the peer should hold; ``flush`` sends it."""
        self.session.put(keys, value)

    def drain(self, on: bool) -> None:
        """Whether everything is announced as about to go; ``flush`` sends it."""
        self.session.drain(on)

    def flush(self) -> None:
        """Sends what waits."""
        self._run([])

    @property
    def closing(self) -> bool:
        """Whether a last message is still on its way."""
        return any(transport.get_write_buffer_size() > 0 for transport in self._closing)

    def status(self) -> dict[str, Any]:
        """The session's part of the status."""
        peer, seen = self.session.peer, self.session.snapshot(self._loop.time())
        return {
            "state": seen.state,
            "address": show(peer.address),
            "peer_asn": seen.peer_asn,
            "transport": "ipv4" if len(peer.address) == 4 else "ipv6",
            "families": list(seen.families or peer.families),
            "established_s": None if seen.established_s is None else round(seen.established_s, 3),
            "flaps": seen.flaps,
            "announced": seen.announced,
            "last_error": seen.last_error,
        }

    # From the connection

    def on_connected(self, number: int, transport: asyncio.Transport) -> None:
        """The connection stands."""
        if self._dialling.pop(number, None) is None:
            transport.abort()
            return
        self._transports[number] = transport
        self._feed(lambda now: self.session.connected(number, now))

    def on_received(self, number: int, data: bytes) -> None:
        """Octets arrived."""
        self._feed(lambda now: self.session.received(number, data, now))

    def on_blocked(self, number: int) -> None:
        """The connection takes no more."""
        self._feed(lambda now: self.session.blocked(number, now))

    def on_writable(self, number: int) -> None:
        """The connection takes data."""
        self._feed(lambda now: self.session.writable(number, now))

    def on_closed(self, number: int, why: str) -> None:
        """The connection is gone, or was not made."""
        self._dialling.pop(number, None)
        self._feed(lambda now: self.session.closed(number, why, now))

    # Outputs

    def _feed(self, give: Callable[[float], list[Output]]) -> None:
        """Hands an input to the session; a bug there ends this session alone, which then backs off."""
        now = self._loop.time()
        try:
            outputs = give(now)
        except Exception as error:
            self._log.write("error", "bug", {"peer": self.session.name, "error": repr(error)})
            outputs = self.session.broken(f"internal error: {error!r}", now)
        self._run(outputs)

    def _run(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                transport = self._transports.get(output.number)
                if transport is not None:
                    transport.write(output.data)
            elif isinstance(output, Dial):
                self._dialling[output.number] = self._loop.create_task(self._dial(output.number))
            elif isinstance(output, Hangup):
                self._hang_up(output.number)
            elif isinstance(output, Note):
                self._log.write("info", output.kind, output.fields)
        if self.session.waiting and not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)
        self._alarm.set(self.session.next_deadline)
        established = self.session.state is State.ESTABLISHED
        if established is not self.established:
            self.established = established
            self.on_change(established)

    def _pump(self) -> None:
        """One slice of UPDATEs per turn of the loop, so that nobody waits long for it."""
        self._pumping = False
        if self.session.waiting:
            self._feed(lambda now: self.session.writable(self.session.number, now))

    def _expire(self, due: float) -> None:
        self._feed(lambda now: self.session.expire(max(due, now)))

    def _hang_up(self, number: int) -> None:
        dialling = self._dialling.pop(number, None)
        if dialling is not None:
            dialling.cancel()
        transport = self._transports.pop(number, None)
        if transport is not None:
            self._closing.add(transport)
            transport.close()
            self._loop.call_later(_GRACE, self._let_go, transport)

    def _let_go(self, transport: asyncio.Transport) -> None:
        self._closing.discard(transport)
        transport.abort()

    async def _dial(self, number: int) -> None:
        peer = self.session.peer
        sock: socket.socket | None = None
        try:
            sock = tcp.open_client(peer.address, peer.source_address, peer.password, peer.sent_ttl, peer.least_ttl)
            await self._loop.sock_connect(sock, (show(peer.address), peer.port))
            await self._loop.create_connection(lambda: Stream(self, number), sock=sock)
            sock = None
        except OSError as error:
            why = reason(error)
            if error.errno == errno.EADDRNOTAVAIL and peer.source_address is not None:
                why = f"source address {show(peer.source_address)} is not on this host"
            self.on_closed(number, f"cannot connect to {show(peer.address)} port {peer.port}: {why}")
        finally:
            if sock is not None:
                sock.close()


def reason(error: Exception) -> str:
    """An error of the system in its own words, without the numbers around them."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    return str(error)
