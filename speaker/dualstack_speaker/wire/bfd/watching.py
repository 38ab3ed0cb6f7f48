# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What binds BFD to BGP (RFC 5882 sections 3 and 4): when a path is watched, and what a lost one means.

A session whose path was lost is dialled again when the path is back, at once; BGP never waits for a path that was not
watched before. The watch begins a moment after BGP is established, because FRR makes its own BFD session anew just
then, and 8.4 may take that for a failure; where BGP is not established soon, it begins without, because FRR 10.3
accepts no connection while its BFD session is down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ...base.model import Peer
from ...observe.logs import Log
from ..bgp.driver import BgpDriver
from ..handover.fds import Give, Take
from .driver import BfdDriver
from .memory import BfdMemory

SETTLE = 1.0  # seconds from Established to the first packet; slow start takes as long between two
ALONE = 3.0  # seconds from a new peer to the first packet where BGP is not established


class Watching:
    """The paths to all peers; ``sessions`` are the BGP sessions by name."""

    def __init__(self, log: Log, sessions: Mapping[str, BgpDriver], memory: BfdMemory) -> None:
        self._sessions = sessions
        self._bfd = BfdDriver(log, self._lost, self._back, self._missed, memory)
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._held: list[Callable[[], None]] | None = None  # what BGP is to be told later

    def take(self, name: str, peer: Peer | None) -> None:
        """A peer is new, changed or gone (None)."""
        if peer is None or peer.bfd is None:
            self._cancel(name)
            self._bfd.watch(name, None)
            if peer is None:
                self._bfd.forget(name)
        elif self._bfd.watching(name):
            self._bfd.watch(name, peer)
        else:
            self._later(SETTLE if self._sessions[name].established else ALONE, name)

    def established(self, name: str, up: bool) -> None:
        """A BGP session is established, or is not any more."""
        if up and name in self._timers:
            self._later(SETTLE, name)

    def status(self, name: str) -> dict[str, Any] | None:
        """The part of the status; None without BFD."""
        peer = self._sessions[name].session.peer
        return None if peer.bfd is None else self._bfd.status(name, peer.bfd)

    # Another process

    def hold(self) -> None:
        """BGP is told nothing until ``release``."""
        self._held = []

    def release(self) -> None:
        """BGP is told now what it was not."""
        held, self._held = self._held or [], None
        for tell in held:
            tell()

    @property
    def disturbed(self) -> bool:
        """Whether there is something that it was not told."""
        return bool(self._held)

    def sockets(self, fds: Give) -> dict[str, Any]:
        """The sockets, as plain data."""
        return self._bfd.sockets(fds)

    def export(self) -> dict[str, Any]:
        """The state of the moment, as plain data."""
        timers = {name: handle.when() for name, handle in self._timers.items()}
        return {"bfd": self._bfd.export(), "timers": timers}

    def adopt(self, sockets: Mapping[str, Any], found: Mapping[str, Any], fds: Take) -> None:
        """Goes on with what another process had; KeyError, TypeError, ValueError or OSError when it is not usable."""
        self._bfd.adopt(sockets, found["bfd"], fds)
        for name, at in found["timers"].items():
            self._timers[name] = self._loop.call_at(at, self._begin, name)

    def resume(self, peers: Mapping[str, Peer]) -> None:
        """Goes on with what a process that died was watching."""
        self._bfd.resume(peers)

    def stop(self) -> None:
        """Says AdminDown to everybody."""
        for name in list(self._timers):
            self._cancel(name)
        self._bfd.stop()

    def leave(self) -> None:
        """Falls silent without a word: AdminDown would end the BGP session at peers that keep our routes."""
        for name in list(self._timers):
            self._cancel(name)
        self._bfd.leave()

    def _later(self, seconds: float, name: str) -> None:
        self._cancel(name)
        self._timers[name] = self._loop.call_later(seconds, self._begin, name)

    def _cancel(self, name: str) -> None:
        handle = self._timers.pop(name, None)
        if handle is not None:
            handle.cancel()

    def _begin(self, name: str) -> None:
        del self._timers[name]
        self._bfd.watch(name, self._sessions[name].session.peer)

    def _lost(self, name: str, why: str) -> None:
        if self._held is not None:
            self._held.append(partial(self._lost, name, why))
            return
        self._sessions[name].path_lost(why)

    def _missed(self, name: str) -> None:
        self._later(SETTLE if self._sessions[name].established else ALONE, name)

    def _back(self, name: str) -> None:
        if self._held is not None:
            self._held.append(partial(self._back, name))
            return
        session = self._sessions.get(name)
        if session is not None:
            session.start()
