# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver of BFD: owns the sockets and timers of all sessions, performs what they put out.

One receiving socket per family and port (3784: RFC 5881, 4784: RFC 5883); each session sends from its own port. A
session whose peer is taken away says so first (AdminDown), so that the other side takes it for no failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ...base.addresses import link_local, show
from ...base.model import Bfd, Peer
from ...base.outputs import Note, Send
from ...bfd.fsm import State
from ...bfd.packet import BadPacket, Control
from ...bfd.session import Back, Finished, Lost, Missed, Output, Session
from ...bfd.sessions import Arrival, Path, Sessions
from ...net import udp
from ...observe.logs import Log
from ..alarm import Alarm
from ..handover.fds import Give, Take
from ..reasons import reason
from .memory import BfdMemory

PORTS = {False: 3784, True: 4784}  # one hop, several
COUNTERS = ("transitions", "ups", "downs", "received", "sent")
_BATCH = 256  # datagrams that are read in one turn of the loop
_RETRY = 5.0  # seconds until a socket that could not be opened is tried again


class BfdDriver:
    """All sessions, by the name of the BGP peer.

    ``lost`` and ``back`` are told of paths that fail and return, ``missed`` of a session that was resumed too late.
    """

    def __init__(
        self,
        log: Log,
        lost: Callable[[str, str], None],
        back: Callable[[str], None],
        missed: Callable[[str], None],
        memory: BfdMemory,
    ) -> None:
        self._log = log
        self._memory = memory
        self._loop = asyncio.get_running_loop()
        self._lost = lost
        self._back = back
        self._missed = missed
        self._sessions = Sessions(lambda: int.from_bytes(os.urandom(4), "big"))
        self._watches: dict[str, _Watch] = {}
        self._leaving: list[_Watch] = []
        self._past: dict[str, tuple[int, ...]] = {}  # what earlier sessions of the same peer have counted
        self._receivers: dict[tuple[bool, bool], socket.socket] = {}  # (IPv6, multihop)

    def watch(self, name: str, peer: Peer | None) -> None:
        """Begins, changes or ends the session of a peer."""
        settings = peer.bfd if peer is not None else None
        path = _path(peer) if peer is not None and settings is not None else None
        known = self._watches.get(name)
        if known is not None and known.path != path:
            self._past[name] = self._counts(name)
            self._leaving.append(self._watches.pop(name))
            known.feed(known.session.disable)
            known = None
        if path is None or settings is None:
            return
        if known is not None:
            standing = known.session
            known.feed(lambda now: standing.configure(settings, now))
            return
        for old in [old for old in self._leaving if old.path == path]:
            self._forget(old)
        if any(watch.path == path for watch in self._watches.values()):
            fields = {"peer": name, "reason": "another peer's BFD runs between the same addresses"}
            self._log.write("warning", "bfd not started", fields)
            return
        session = Session(name, path.remote, settings, self._sessions.discriminator(), random.random)
        self._sessions.add(path, session)
        self._watches[name] = watch = _Watch(self, session, path)
        watch.open()
        watch.feed(session.start)

    def stop(self) -> None:
        """Says AdminDown to everybody and closes."""
        for watch in [*self._watches.values(), *self._leaving]:
            watch.feed(watch.session.disable)
            self._forget(watch)
        self._memory.forget()

    def leave(self) -> None:
        """Falls silent without a word; the next process goes on where it is there in time."""
        for watch in [*self._watches.values(), *self._leaving]:
            self._forget(watch)
        self._memory.close()

    def watching(self, name: str) -> bool:
        """Whether the path to a peer is watched."""
        return name in self._watches

    def forget(self, name: str) -> None:
        """The peer is gone for good."""
        self._past.pop(name, None)

    def status(self, name: str, settings: Bfd) -> dict[str, Any]:
        """A session's part of the status; one that is to begin later is down."""
        watch = self._watches.get(name)
        session = watch.session if watch is not None else Session(name, b"", settings, 1, random.random)
        counts = zip(COUNTERS, self._counts(name))
        return {**session.snapshot()._asdict(), **dict(counts), "error": watch.error if watch is not None else ""}

    def _counts(self, name: str) -> tuple[int, ...]:
        watch = self._watches.get(name)
        past = self._past.get(name, (0,) * len(COUNTERS))
        if watch is None:
            return past
        seen = watch.session.snapshot()
        return tuple(before + getattr(seen, counter) for before, counter in zip(past, COUNTERS))

    # Another process

    def sockets(self, fds: Give) -> dict[str, Any]:
        """The sockets, as plain data that names them by their numbers; they stay in use here until the end."""
        receivers = [[*key, fds.put(sock)] for key, sock in self._receivers.items()]
        watches = [*self._watches.values(), *self._leaving]
        senders = {
            str(watch.session.discriminator): fds.put(watch.sender) for watch in watches if watch.sender is not None
        }
        return {"receivers": receivers, "senders": senders}

    def export(self) -> dict[str, Any]:
        """The sessions of the moment as plain data."""
        watches = [*((watch, False) for watch in self._watches.values()), *((watch, True) for watch in self._leaving)]
        return {
            "past": {name: list(counts) for name, counts in self._past.items()},
            "watches": [
                {
                    "name": watch.session.name,
                    "leaving": leaving,
                    "remote": watch.path.remote.hex(),
                    "local": None if watch.path.local is None else watch.path.local.hex(),
                    "multihop": watch.path.multihop,
                    "interface": watch.path.interface,
                    "settings": watch.session.settings._asdict(),
                    "session": watch.session.export(),
                }
                for watch, leaving in watches
            ],
        }

    def resume(self, peers: Mapping[str, Peer]) -> None:
        """Goes on with the sessions of a process that died, where these peers still want them alike."""
        try:
            for entry in self._memory.load().get("watches", ()):
                name, leaving, path, session = self._read(entry)
                peer = peers.get(name)
                known = peer is not None and path == _path(peer) and session.settings == peer.bfd
                if not known or leaving or State(entry["session"]["state"]) is not State.UP:
                    continue
                session.discriminator = int(entry["session"]["discriminator"])
                self._sessions.add(path, session)
                self._watches[name] = watch = _Watch(self, session, path)
                watch.open()
                watch.feed(partial(session.resume, entry["session"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self._log.write("warning", "bfd memory ignored", {"reason": repr(error)})

    def _read(self, entry: Mapping[str, Any]) -> tuple[str, bool, Path, Session]:
        local = None if entry["local"] is None else bytes.fromhex(entry["local"])
        path = Path(bytes.fromhex(entry["remote"]), local, entry["multihop"], entry["interface"])
        session = Session(entry["name"], path.remote, Bfd(**entry["settings"]), 0, random.random)
        return session.name, entry["leaving"], path, session

    def adopt(self, sockets: Mapping[str, Any], found: Mapping[str, Any], fds: Take) -> None:
        """Goes on with what another process had; KeyError, TypeError, ValueError or OSError when it is not usable."""
        for ipv6, multihop, number in sockets["receivers"]:
            self._receive((ipv6, multihop), fds.take(number))
        self._past = {name: tuple(counts) for name, counts in found["past"].items()}
        for entry in found["watches"]:
            name, leaving, path, session = self._read(entry)
            session.adopt(entry["session"])
            self._sessions.add(path, session)
            number = sockets["senders"].get(str(session.discriminator))
            watch = _Watch(self, session, path, None if number is None else fds.take(number))
            if leaving:
                self._leaving.append(watch)
            else:
                self._watches[name] = watch
            watch.open()
            watch.feed(lambda now: [])

    # From the sessions

    def perform(self, watch: _Watch, outputs: list[Output]) -> None:
        """Carries out what a session put out."""
        for output in outputs:
            if isinstance(output, Send):
                watch.send(output.data)
            elif isinstance(output, Note):
                self._log.write("info", output.kind, output.fields)
            elif isinstance(output, Lost):
                self._lost(watch.session.name, output.reason)
            elif isinstance(output, Back):
                self._back(watch.session.name)
            elif isinstance(output, Finished):
                self._forget(watch)
            elif isinstance(output, Missed):
                self._past[watch.session.name] = self._counts(watch.session.name)
                self._forget(watch)
                self._missed(watch.session.name)

    def changed(self) -> None:
        """What is to be remembered has changed."""
        self._memory.changed(self.export)

    def broken(self, watch: _Watch, error: Exception) -> None:
        """A bug ends the session alone; the BGP session goes on unwatched."""
        self._log.write("error", "bug", {"peer": watch.session.name, "error": repr(error)})
        self._forget(watch)

    # Receiving

    def receiver(self, ipv6: bool, multihop: bool) -> None:
        """Opens the receiving socket of a family and port where it is not open; OSError when it can't be."""
        if (ipv6, multihop) not in self._receivers:
            self._receive((ipv6, multihop), udp.open_receiver(ipv6, PORTS[multihop]))

    def _receive(self, key: tuple[bool, bool], sock: socket.socket) -> None:
        self._receivers[key] = sock
        self._loop.add_reader(sock, self.read, *key)

    def read(self, ipv6: bool, multihop: bool) -> None:
        """Takes what has arrived. Datagrams that are not good are dropped without a word: anybody may send them."""
        sock = self._receivers.get((ipv6, multihop))
        for _unused in range(_BATCH if sock is not None else 0):
            assert sock is not None
            try:
                data, source, destination, ttl, interface = udp.receive(sock)
            except OSError:
                return
            try:
                session, packet = self._sessions.judge(data, Arrival(source, destination, multihop, ttl, interface))
            except BadPacket:
                continue
            self._of(session).receive(packet)
            if sock.fileno() < 0:
                return

    def _of(self, session: Session) -> _Watch:
        known = self._watches.get(session.name)
        if known is not None and known.session is session:
            return known
        return next(watch for watch in self._leaving if watch.session is session)

    def _forget(self, watch: _Watch) -> None:
        watch.close()
        self._sessions.remove(watch.session)
        if watch in self._leaving:
            self._leaving.remove(watch)
        else:
            del self._watches[watch.session.name]
        paths = [entry.path for entry in (*self._watches.values(), *self._leaving)]
        used = {(len(path.remote) == 16, path.multihop) for path in paths}
        for key in self._receivers.keys() - used:
            sock = self._receivers.pop(key)
            self._loop.remove_reader(sock)
            sock.close()


class _Watch:
    """A session with its sending socket and timer."""

    def __init__(self, driver: BfdDriver, session: Session, path: Path, sender: socket.socket | None = None) -> None:
        self.session = session
        self.path = path
        self.error = ""
        self._driver = driver
        self._loop = asyncio.get_running_loop()
        self.sender = sender
        self._standing: tuple[Any, ...] | None = None  # what is remembered of it
        self._alarm = Alarm(self._loop, self._expire)
        self._opening: asyncio.TimerHandle | None = None
        port = PORTS[path.multihop]
        self._ipv6 = len(path.remote) == 16
        self._target = (show(path.remote), port, 0, path.interface) if self._ipv6 else (show(path.remote), port)

    def open(self) -> None:
        """Opens what is not open yet; tries again later where that fails."""
        self._opening = None
        try:
            self._driver.receiver(self._ipv6, self.path.multihop)
            if self.sender is None:
                self.sender = udp.open_sender(self._ipv6, self.path.local, self.path.interface)
            self.error = ""
        except OSError as error:
            self.error = f"no socket for BFD (UDP port {PORTS[self.path.multihop]}): {reason(error)}"
            self._opening = self._loop.call_later(_RETRY, self.open)

    def close(self) -> None:
        """Takes everything away."""
        self._alarm.cancel()
        if self._opening is not None:
            self._opening.cancel()
        if self.sender is not None:
            self.sender.close()

    def send(self, data: bytes) -> None:
        """Sends a packet; the next one tries again where there is no way just now."""
        if self.sender is not None:
            with contextlib.suppress(OSError):
                self.sender.sendto(data, self._target)

    def receive(self, packet: Control) -> None:
        """A packet of this session arrived."""
        self.feed(lambda now: self.session.receive(packet, now))

    def feed(self, give: Callable[[float], list[Output]]) -> None:
        """Hands an input to the session."""
        try:
            outputs = give(self._loop.time())
        except Exception as error:
            self._driver.broken(self, error)
            return
        self._alarm.set(self.session.next_deadline)
        standing, self._standing = self._standing, self.session.standing
        if standing != self._standing:
            self._driver.changed()
        self._driver.perform(self, outputs)

    def _expire(self, due: float) -> None:
        if self.session.silent(self._loop.time()):
            self._driver.read(self._ipv6, self.path.multihop)  # what waits there speaks against it
        self.feed(lambda now: self.session.expire(max(due, now)))


def _path(peer: Peer) -> Path:
    assert isinstance(peer.bfd, Bfd)
    interface = 0
    if peer.interface is not None and link_local(peer.address):
        with contextlib.suppress(OSError):  # without the interface nothing can be sent; BGP says why
            interface = socket.if_nametoindex(peer.interface)
    return Path(peer.address, peer.source_address, peer.bfd.minimum_ttl is not None, interface)
