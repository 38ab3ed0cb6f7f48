# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state and what follows from it: sessions, routes towards each, layer-2 addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..base.model import Delta, Desired, Paths, Peer
from ..link.store import Changes, Store
from ..observe.logs import Log
from .bfd.memory import BfdMemory
from .bfd.watching import Watching
from .bgp.driver import BgpDriver
from .bgp.listening import Listening
from .discovery import driver as discovery
from .discovery.driver import Neighbours
from .handover.fds import Give, Take
from .heartbeat.driver import Heartbeats
from .layer2.driver import Layer2Driver
from .phase import Phase

_STAGGER = 0.05  # seconds between the sessions that repeat their routes after a take-over


class Engine:
    """Applies states and changes; holds everything back until the first state is there.

    ``told`` gets the state of a session that has come to stand, or has fallen. ``patience``: seconds that a saved state
    waits for the speaker's before it counts as whole.
    """

    def __init__(
        self,
        log: Log,
        layer2: Layer2Driver,
        heartbeats: Heartbeats,
        told: Callable[[str, str], None],
        memory: BfdMemory,
        patience: float,
        listen_port: int | None = None,
    ) -> None:
        self._log = log
        self._patience = patience
        self._waiting: asyncio.TimerHandle | None = None  # for the speaker's word on a state that was saved
        self._store = Store()
        self._sessions: dict[str, BgpDriver] = {}
        self._listening = Listening(listen_port, log, self._sessions)
        self._watching = Watching(log, self._sessions, memory)
        self._out_of_reach: set[str] = set()  # peers with an interface whose sessions wait to be started
        self._neighbours = Neighbours(log, self._reachable, self._unreachable, self._standing)
        self._layer2 = layer2
        self._heartbeats = heartbeats
        self._told = told
        self.synced = False
        self._phase = Phase.OFF
        self._annotated = False
        self._heir = False  # everything is built, nothing is begun: another process has the sockets

    @property
    def state(self) -> Desired:
        """The last accepted state."""
        return self._store.state

    def restore(self, saved: Desired) -> None:
        """Takes over what the process before saved. It may lack what came last: End-of-RIB waits for the speaker."""
        self._heartbeats.uninformed()
        self._waiting = asyncio.get_running_loop().call_later(self._patience, self._settle)
        self._watching.resume(saved.peers)
        self._replace(saved)

    def replace(self, wanted: Desired) -> bool:
        """Takes a whole state over; whether anything changed. LinkError leaves all as it was."""
        changed = self._replace(wanted)
        self._settle()
        self._heartbeats.informed()
        return changed

    def speaker_gone(self) -> None:
        """Nobody says what is wanted, for now."""
        self._heartbeats.uninformed()

    def _replace(self, wanted: Desired) -> bool:
        changes = self._store.replace(wanted)
        first, self.synced = not self.synced, True
        self._apply(changes)
        if first and not self._heir:
            self._heartbeats.begin()
        return changes.any or first

    def _settle(self) -> None:
        """What is there is all there is."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
            for session in self._sessions.values():
                session.all_known()

    def change(self, delta: Delta) -> bool:
        """Takes changes over; whether anything changed. LinkError leaves all as it was."""
        changes = self._store.change(delta)
        self._apply(changes)
        self._heartbeats.informed()
        return changes.any

    def drain(self, phase: Phase, annotation: bool) -> None:
        """Takes the node out of service, or back; ``annotation``: because one of the Node asks for it."""
        before, self._phase, self._annotated = self._phase, phase, annotation
        self._heartbeats.drain(phase is not Phase.OFF)
        for name, session in self._sessions.items():
            session.drain(phase is not Phase.OFF)
            if phase is Phase.WITHDRAWN:
                session.put(self.state.routes, None)
            elif before is Phase.WITHDRAWN:
                self._fill(name, session)
            session.flush()

    # Another process

    def freeze(self) -> None:
        """BGP stands still; BFD and layer 2, which would be missed within milliseconds, go on."""
        self._neighbours.hold()
        self._watching.hold()
        self._listening.freeze()
        for session in self._sessions.values():
            session.freeze()

    def thaw(self) -> None:
        """BGP goes on."""
        for session in self._sessions.values():
            session.thaw()
        self._listening.thaw()
        self._watching.release()
        self._neighbours.release()

    @property
    def disturbed(self) -> bool:
        """Whether BGP should have heard of a path since ``freeze``."""
        return self._watching.disturbed

    def export(self, fds: Give) -> dict[str, Any]:
        """What another process needs beyond the desired state, as plain data, and all sockets; after ``freeze``."""
        return {
            "synced": self.synced,
            "phase": self._phase.value,
            "waiting": None if self._waiting is None else self._waiting.when(),
            "sessions": {name: session.export(fds) for name, session in self._sessions.items()},
            "neighbours": {name: discovery.export(each.session.peer) for name, each in self._sessions.items()},
            "listening": {name: fds.put(sock) for name, sock in self._listening.sockets().items()},
            "watching": self._watching.sockets(fds),
            "heartbeats": self._heartbeats.export(fds),
            "layer2": self._layer2.export(fds),
        }

    def last_words(self) -> dict[str, Any]:
        """What moves on until the other process takes over."""
        return {
            "watching": self._watching.export(),
            "heartbeats": self._heartbeats.last_words(),
            "layer2": self._layer2.counts(),
        }

    def prepare(self, saved: Desired) -> None:
        """Builds everything for this state without a socket, while another process still has them."""
        self._heir = True
        self._heartbeats.prepare()
        self._replace(saved)

    def adopt(self, found: Mapping[str, Any], fds: Take) -> None:
        """Goes on with what ``export`` of another process gave, after ``prepare``. Sends nothing before the loop turns.

        KeyError, TypeError, ValueError or OSError when it is not usable.
        """
        loop = asyncio.get_running_loop()
        self.synced, self._phase = found["synced"], Phase(found["phase"])
        if found["waiting"] is not None:
            self._waiting = loop.call_at(found["waiting"], self._settle)
        for number, (name, session) in enumerate(self._sessions.items()):
            if self._phase is Phase.WITHDRAWN:
                session.put(self.state.routes, None)
            state = found["sessions"].get(name)
            if state is not None:
                session.session.peer = discovery.adopt(session.session.peer, found["neighbours"][name])
                session.adopt(state, fds, known=self._waiting is None)
                loop.call_later(number * _STAGGER, session.repeat)
            elif session.session.peer.interface is None:
                loop.call_soon(session.start)
        self._listening.freeze()
        self._listening.adopt({name: fds.take(number) for name, number in found.get("listening", {}).items()})
        self._layer2.adopt(self._heartbeats.adopt(found.get("heartbeats", {}), fds), found["layer2"], fds)

    def finish(self, found: Mapping[str, Any], last: Mapping[str, Any], fds: Take) -> None:
        """The other process has let go, and these were its ``last_words``."""
        self._watching.adopt(found["watching"], last["watching"], fds)
        self._layer2.take_counts(last["layer2"])
        self._heartbeats.finish(last.get("heartbeats", {}))
        self._heir = False
        for name, peer in self.state.peers.items():
            self._place(name, peer)
        self._listening.sync()
        self._listening.thaw()

    def leave(self) -> None:
        """Ends the sessions without a word: peers with graceful restart keep the routes for the next process."""
        self._neighbours.close()
        self._listening.close()
        for session in self._sessions.values():
            session.leave()
        self._watching.leave()
        self._heartbeats.close()
        self._layer2.close()

    def stop(self, why: str) -> None:
        """Withdraws everything: Cease to every peer; the next owners of layer-2 addresses are told to take over."""
        self._neighbours.close()
        self._listening.close()
        for session in self._sessions.values():
            session.stop(why)
        self._watching.stop()
        self._heartbeats.leave()

    def fall_silent(self) -> None:
        """The end of ``stop``: no more answers."""
        self._heartbeats.close()
        self._layer2.close()

    @property
    def closing(self) -> bool:
        """Whether last messages are still on their way, or addresses are answered until others do."""
        return self._layer2.lingering or any(session.closing for session in self._sessions.values())

    def status(self) -> dict[str, Any]:
        """The status of docs/architecture.md, "speaker and wire"."""
        return {
            "synced": self.synced,
            "drain": self._phase.value,
            "drain_by_annotation": self._annotated,
            "sessions": {
                name: {**session.status(), "bfd": self._watching.status(name)}
                for name, session in sorted(self._sessions.items())
            },
            "listening": self._listening.status(),
            "layer2": self._heartbeats.addresses(self._layer2.status()),
            "nodes": self._heartbeats.nodes(),
            "heartbeat": self._heartbeats.status(),
            "layer2_interfaces": self._layer2.interfaces(),
        }

    def news(self) -> tuple[dict[str, str | None], dict[str, str], dict[str, Any] | None]:
        """Owners of layer-2 addresses, states of sessions, nodes that run ``wire``."""
        sessions = {name: session.session.state.value for name, session in self._sessions.items()}
        return self._heartbeats.owners(), sessions, self._heartbeats.speakers

    def _apply(self, changes: Changes) -> None:
        begun = []
        for name, peer in changes.peers.items():
            session = self._sessions.get(name)
            if peer is None:
                if session is not None:
                    self._neighbours.take(name, None)
                    session.remove()
                    del self._sessions[name]
            elif session is None:
                self._sessions[name] = session = BgpDriver(name, peer, self._log, self._waiting is not None)
                session.on_change = partial(self._changed, name)
                session.drain(self._phase is not Phase.OFF)
                if self._phase is not Phase.WITHDRAWN:
                    self._fill(name, session)
                begun.append(name)
            elif peer.interface is None:
                session.reconfigure(peer)
            if not self._heir:
                self._place(name, peer)
        touched = set()
        for (before, after), keys in changes.routes.items() if self._phase is not Phase.WITHDRAWN else ():
            touched |= self._route(before, after, keys, begun)
        if self._heir:
            self._heartbeats.change(changes.layer2, changes.nodes)
            return
        if changes.peers:
            self._listening.sync()
        for name in begun:
            if self._sessions[name].session.peer.interface is None:
                self._sessions[name].start()
        for name in touched:
            self._sessions[name].flush()
        self._heartbeats.change(changes.layer2, changes.nodes)

    def _place(self, name: str, peer: Peer | None) -> None:
        """A peer is new, changed or gone; one with an interface is spoken to where and when it is reachable."""
        if peer is None or peer.interface is None:
            self._out_of_reach.discard(name)
        elif not self._sessions[name].established:
            self._out_of_reach.add(name)
        self._neighbours.take(name, peer)
        if peer is None or peer.interface is None:
            self._watching.take(name, peer)

    def _reachable(self, name: str, peer: Peer) -> None:
        session = self._sessions[name]
        if session.session.peer != peer:
            session.reconfigure(peer)
        self._listening.sync()
        if name in self._out_of_reach:  # else it waits for its own reasons, or stands
            self._out_of_reach.remove(name)
            session.start()
        self._watching.take(name, peer)

    def _unreachable(self, name: str, why: str) -> None:
        session = self._sessions[name]
        self._out_of_reach.add(name)
        session.stop(why)
        self._watching.take(name, session.session.peer._replace(bfd=None))

    def _standing(self, name: str) -> bytes | None:
        session = self._sessions[name]
        return session.session.peer.address if session.established else None

    def _changed(self, name: str, established: bool) -> None:
        self._watching.established(name, established)
        self._told(name, self._sessions[name].session.state.value)
        if not established:
            self._neighbours.fallen(name)

    def _fill(self, name: str, session: BgpDriver) -> None:
        """Gives a new session all routes that go to it."""
        groups: dict[Paths, list[bytes]] = {}
        for key, paths in self.state.routes.items():
            groups.setdefault(paths, []).append(key)
        for paths, keys in groups.items():
            for path in paths:
                if name in path.peers:
                    session.put(keys, path.attributes)

    def _route(self, before: Paths, after: Paths, keys: list[bytes], begun: list[str]) -> set[str]:
        """Hands prefixes whose paths changed to the sessions that have to do with them; their names."""
        now = {name: path.attributes for path in after for name in path.peers}
        concerned = set(now).union(*(path.peers for path in before)).difference(begun) & self._sessions.keys()
        for name in concerned:
            self._sessions[name].put(keys, now.get(name))
        return concerned
