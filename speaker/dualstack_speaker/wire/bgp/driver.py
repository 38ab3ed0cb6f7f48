# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver of one BGP session: owns its socket and its timer, performs what the session puts out."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...base.addresses import show
from ...base.model import UNKNOWN, Attributes, Peer
from ...base.outputs import Dial, Hangup, Note, Output, Send
from ...bgp.connection import SEND_HOLD
from ...bgp.fsm import State
from ...bgp.session import Session
from ...net import tcp
from ...observe.logs import Log
from ..alarm import Alarm
from ..handover.fds import Give, Take
from ..reasons import reason
from ..stream import Stream

_PATIENCE = 60.0  # seconds beyond the send hold time, which has the better words
_GRACE = 1.0  # seconds that a closing connection has to get its last message out


class _Ear:
    """Hands what a connection brings on with its number."""

    def __init__(self, driver: BgpDriver, number: int) -> None:
        self._driver = driver
        self._number = number

    def on_received(self, data: bytes) -> None:
        self._driver.on_received(self._number, data)

    def on_blocked(self) -> None:
        self._driver.on_blocked(self._number)

    def on_writable(self) -> None:
        self._driver.on_writable(self._number)

    def on_lost(self, error: OSError | None) -> None:
        self._driver.on_closed(self._number, reason(error) if error else "connection closed by the peer")


class BgpDriver:
    """A session with its socket and timer."""

    def __init__(self, name: str, peer: Peer, log: Log, restarted: bool = False) -> None:
        self.session = Session(name, peer, random.random, restarted)
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._streams: dict[int, Stream] = {}  # by the number of the connection
        self._dialling: dict[int, asyncio.Task[None]] = {}
        self._closing: set[Stream] = set()
        self._frozen = False
        self._alarm = Alarm(self._loop, self._expire)
        self._pumping = False
        self.established = False
        self.on_change: Callable[[bool], None] = lambda established: None  # called when it comes to stand, or to fall

    def start(self) -> None:
        """Dials, where the peer's address is known."""
        if self.session.peer.address != UNKNOWN:
            self._run(self.session.start(self._loop.time()))

    def stop(self, why: str) -> None:
        """Ends the session with Cease."""
        self._run(self.session.stop(why, self._loop.time()))

    def remove(self) -> None:
        """Ends the session of a peer that is no more."""
        self._run(self.session.remove(self._loop.time()))

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
        """Sends what waits, the first slice at once: a single route is not to wait for its turn."""
        if not self._pumping:
            self._pump()

    @property
    def closing(self) -> bool:
        """Whether a last message is still on its way."""
        return any(stream.pending for stream in self._closing)

    def status(self) -> dict[str, Any]:
        """The session's part of the status."""
        peer, seen = self.session.peer, self.session.snapshot(self._loop.time())
        return {
            "state": seen.state,
            "address": None if peer.address == UNKNOWN else show(peer.address),
            "interface": peer.interface,
            "peer_asn": seen.peer_asn,
            "transport": peer.transport,
            "families": list(seen.families or peer.families),
            "established_s": None if seen.established_s is None else round(seen.established_s, 3),
            "flaps": seen.flaps,
            "announced": seen.announced,
            "wanted": seen.wanted,
            "messages": seen.messages,
            "last_error": seen.last_error,
            "peer_error": seen.peer_error,
            "peer_error_s": None if seen.peer_error_s is None else round(seen.peer_error_s, 3),
        }

    # Another process

    def freeze(self) -> None:
        """Neither reads nor sends nor lets a deadline pass until ``thaw``."""
        self._frozen = True
        self._alarm.cancel()
        for stream in self._streams.values():
            stream.freeze()

    def thaw(self) -> None:
        """Goes on."""
        self._frozen = False
        for stream in self._streams.values():
            stream.thaw()
        self._go_on()

    def export(self, fds: Give) -> dict[str, Any]:
        """The session as plain data and its socket; a connection that is not established stays behind."""
        stream = self._streams.get(self.session.number)
        found: dict[str, Any] = {"session": self.session.export(), "socket": None}
        if found["session"]["connection"] is not None and stream is not None:
            found.update(socket=fds.put(stream.socket), unsent=stream.unsent.hex())
        return found

    def adopt(self, found: Mapping[str, Any], fds: Take, known: bool) -> None:
        """Goes on with what another process had, once all routes were put; dials where it had no connection.

        KeyError, TypeError, ValueError or OSError when it is not usable.
        """
        sock = None if found["socket"] is None else fds.take(found["socket"])
        number = self.session.adopt(found["session"], known)
        if sock is None:
            self._loop.call_soon(self.start)
            return
        self._streams[number] = Stream(sock, _Ear(self, number), bytes.fromhex(found["unsent"]))
        self.established = True
        self._alarm.set(self.session.next_deadline)

    def repeat(self) -> None:
        """Sends all routes once more."""
        self.session.repeat()
        self.flush()

    # From the connection

    def on_connected(self, number: int, sock: socket.socket) -> None:
        """The connection that was dialled stands."""
        if self._dialling.pop(number, None) is None or self._frozen:
            sock.close()
            return
        self._open(number, sock)
        self._feed(lambda now: self.session.connected(number, now))

    def accept(self, sock: socket.socket) -> None:
        """The peer has made a connection."""
        if self._frozen:
            tcp.refuse(sock)
            return
        number = self.session.new_number()
        self._open(number, sock)
        self._feed(lambda now: self.session.accepted(number, now))

    def hear(self, deaf: str) -> None:
        """Whether the peer can dial us; ``deaf`` says why not."""
        self.session.hear(deaf, self._loop.time())

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
                stream = self._streams.get(output.number)
                if stream is not None:
                    stream.write(output.data)
            elif isinstance(output, Dial):
                self._dialling[output.number] = self._loop.create_task(self._dial(output.number))
            elif isinstance(output, Hangup):
                self._hang_up(output.number)
            elif isinstance(output, Note):
                self._log.write("info", output.kind, output.fields)
        if not self._frozen:
            self._go_on()
        established = self.session.state is State.ESTABLISHED
        if established is not self.established:
            self.established = established
            self.on_change(established)

    def _go_on(self) -> None:
        if self.session.waiting and not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)
        self._alarm.set(self.session.next_deadline)

    def _pump(self) -> None:
        """One slice of UPDATEs per turn of the loop, so that nobody waits long for it."""
        self._pumping = False
        if self.session.waiting and not self._frozen:
            self._feed(lambda now: self.session.writable(self.session.number, now))

    def _expire(self, due: float) -> None:
        self._feed(lambda now: self.session.expire(max(due, now)))

    def _open(self, number: int, sock: socket.socket) -> None:
        tcp.set_patience(sock, max(SEND_HOLD, 2.0 * self.session.peer.hold_time) + _PATIENCE)
        self._streams[number] = Stream(sock, _Ear(self, number))

    def _hang_up(self, number: int) -> None:
        dialling = self._dialling.pop(number, None)
        if dialling is not None:
            dialling.cancel()
        stream = self._streams.pop(number, None)
        if stream is not None:
            self._closing.add(stream)
            stream.close(_GRACE)
            self._loop.call_later(_GRACE, self._closing.discard, stream)

    async def _dial(self, number: int) -> None:
        peer = self.session.peer
        sock: socket.socket | None = None
        try:
            hops = peer.sent_ttl, peer.least_ttl
            sock = tcp.open_client(peer.address, peer.source_address, peer.password, *hops, peer.interface)
            await self._loop.sock_connect(sock, tcp.target(peer.address, peer.port, peer.interface))
            self.on_connected(number, sock)
            sock = None
        except OSError as error:
            why = reason(error)
            if error.errno == errno.EADDRNOTAVAIL and peer.source_address is not None:
                why = f"source address {show(peer.source_address)} is not on this host"
            self.on_closed(number, f"cannot connect to {peer.where} port {peer.port}: {why}")
        finally:
            if sock is not None:
                sock.close()
