# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver of the election: sends and receives heartbeats, has layer 2 answer for what is this node's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ...base.addresses import show
from ...base.model import Node, Vip
from ...base.outputs import Field, Note
from ...election.election import Election
from ...election.outputs import Output, Owners, Settings, Transmit
from ...election.packet import mark
from ...observe.logs import Log
from ..alarm import Alarm
from ..config import Heartbeat
from ..handover.fds import Give, Take
from ..layer2.driver import Layer2Driver
from .keys import KeyFile
from .memory import Memory
from .sockets import Sockets

_LOOK = 5.0  # seconds between looks at the key file
_GONE = 60.0  # seconds after which a node that is not heard runs no ``wire``, as far as the speaker is told
_BLIND = 10.0  # seconds that the speaker may be away until others are told
_LEVELS = {"silent": "warning"}
_NOTHING: dict[str, Any] = {"interfaces": {}, "requests": 0, "replies": 0, "gratuitous": 0, "conflicts": {}}


class Heartbeats:
    """Between the desired state and layer 2. ``told`` gets owners that changed; ``config`` None: no heartbeats.

    ``on_speakers`` gets the nodes that run ``wire`` when these have changed; ``speakers``: None until one was heard.
    """

    def __init__(
        self,
        config: Heartbeat | None,
        layer2: Layer2Driver,
        memory: Memory,
        log: Log,
        told: Callable[[Mapping[str, str | None]], None],
    ) -> None:
        self._config = config
        self._layer2 = layer2
        self._memory = memory
        self._log = log
        self._told = told
        self.on_speakers: Callable[[Mapping[str, Any]], None] = lambda _nodes: None
        self.speakers: dict[str, Any] | None = None
        self._loop = asyncio.get_running_loop()
        settings = None
        if config is not None:
            settings = Settings(config.node, config.interval_ms / 1000, config.multiplier)
        incarnation = int.from_bytes(os.urandom(8), "big")
        self._election = Election(settings, incarnation, lambda: os.urandom(8))
        self._vips: dict[bytes, Vip] = {}
        self._nodes: dict[str, Node] = {}
        self._alarm = Alarm(self._loop, lambda _due: self._ring())
        self._keys: KeyFile | None = None
        self._sockets: Sockets | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._blinding: asyncio.TimerHandle | None = None
        self._heir = False
        self._at_work = False  # before, what the process before knew is not written over
        layer2.on_interfaces = self._interfaces
        layer2.name_of = self._name_of

    # What is wanted

    def prepare(self) -> None:
        """Another process still has everything: nothing is sent and nothing answered before ``adopt``."""
        self._heir = True

    def change(self, vips: Mapping[bytes, Vip | None], nodes: Mapping[str, Node | None]) -> None:
        """Takes addresses and nodes over."""
        _take(self._vips, vips)
        _take(self._nodes, nodes)
        out = self._election.change(vips, nodes, self._loop.time())
        if self._heir:
            return
        self._open()
        moved = {address for output in out if isinstance(output, Owners) for address in output.changes}
        kept = (address for address in vips if address not in moved and address in self._election.mine)
        gone = (address for address, vip in vips.items() if vip is None)
        self._layer2.change({**{one: self._vips[one].interfaces for one in kept}, **dict.fromkeys(gone)})
        self._perform(out)

    def begin(self) -> None:
        """The state is there; goes on with what the process before knew, if that was at work a moment ago."""
        now, known = self._loop.time(), self._memory.load() if self._config is not None else None
        self._at_work = True
        if known is not None and self._election.settings is not None:
            stamp, data = known
            if 0 <= now - stamp <= self._election.settings.detection:
                try:
                    self._perform(self._election.remember(data, now))
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    self._log.write("warning", "nodes forgotten", {"reason": repr(error)})
        self._perform(self._election.begin(now))

    def drain(self, on: bool) -> None:
        """Others should answer where they can, or need not any more."""
        self._perform(self._election.drain(on, self._loop.time()))

    def informed(self) -> None:
        """The speaker has said what is wanted."""
        if self._blinding is not None:
            self._blinding.cancel()
            self._blinding = None
        self._perform(self._election.blind(False, self._loop.time()))

    def uninformed(self) -> None:
        """The speaker is gone: perhaps not for long."""
        if self._blinding is None:
            self._blinding = self._loop.call_later(_BLIND, self._go_blind)

    def _go_blind(self) -> None:
        self._perform(self._election.blind(True, self._loop.time()))

    def leave(self) -> None:
        """A planned stop: others are told, and take over while this node still answers."""
        self._perform(self._election.leave(self._loop.time()))
        self._memory.forget()

    def close(self) -> None:
        """Falls silent."""
        self._alarm.cancel()
        for handle in (self._looking, self._blinding):
            if handle is not None:
                handle.cancel()
        if self._sockets is not None:
            self._sockets.close()
            self._sockets = None
        self._memory.close()

    # Status

    def addresses(self, answered: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """By address: what layer 2 tells, and the owner where there are candidates."""
        found = {}
        for address in sorted(self._vips, key=lambda packed: (len(packed), packed)):
            text = show(address)
            found[text] = dict(answered.get(text, _NOTHING))
            if self._vips[address].candidates is not None:
                found[text]["owner"] = self._election.owners.get(address)
        return found

    def owners(self) -> dict[str, str | None]:
        """Who answers, by address that has candidates."""
        return self._shown(self._election.owners)

    def _shown(self, owners: Mapping[bytes, str | None]) -> dict[str, str | None]:
        return {show(one): owner for one, owner in owners.items() if self._vips[one].candidates is not None}

    def nodes(self) -> dict[str, Any]:
        """What is known of the other nodes."""
        return {name: self._node(name) for name in sorted(self._nodes)} if self._config is not None else {}

    def status(self) -> dict[str, Any] | None:
        """How it is with the heartbeats themselves; None: there are none."""
        if self._config is None:
            return None
        errors = [] if self._keys is None or not self._keys.error else [f"{self._config.key_file}: {self._keys.error}"]
        if self._sockets is not None:
            errors += [f"{family}: {why}" for family, why in sorted(self._sockets.errors.items())]
        return {
            "node": self._config.node,
            "port": self._config.port,
            "error": "; ".join(errors),
            "refused": dict(self._election.counts.strange),
        }

    def _node(self, name: str) -> dict[str, Any]:
        assert self._config is not None
        peer, counts = self._election.peers.get(name), self._election.counts
        last = peer.last if peer is not None else None
        heard = peer.heard if peer is not None else None
        return {
            "state": peer.state.value if peer is not None else "unheard",
            "heard_s": None if heard is None else round(self._loop.time() - heard, 3),
            "hears_us": None if last is None else mark(self._config.node) not in last.without,
            "serving": None if last is None else last.serving,
            "drained": None if last is None else last.drained,
            "blind": None if last is None else last.blind,
            "interfaces": [] if last is None else list(last.interfaces),
            "sent": counts.sent.get(name, 0),
            "received": counts.received.get(name, 0),
            "refused": dict(counts.refused.get(name, {})),
        }

    # Another process

    def export(self, fds: Give) -> dict[str, Any]:
        """The sockets, and what is known; ``last_words`` has that as it is by then."""
        sockets = {} if self._sockets is None else self._sockets.export(fds)
        return {"sockets": sockets, "election": self._election.export()}

    def last_words(self) -> dict[str, Any]:
        """What is known of others, and what they have to know of this node."""
        return self._election.export()

    def adopt(self, found: Mapping[str, Any], fds: Take) -> dict[bytes, tuple[str, ...]]:
        """Takes the sockets of another process over; the addresses that it answers for, with their interfaces."""
        now = self._loop.time()
        if self._config is not None:
            self._sockets = Sockets(self._config.port, self._received, self._log)
            self._sockets.adopt(found.get("sockets", {}), fds)
        if found:
            self._election.adopt(found["election"], now)
        else:  # of a version that knew of no election
            self._election.begin(now)
        return {address: self._vips[address].interfaces for address in self._election.mine}

    def finish(self, last: Mapping[str, Any]) -> None:
        """The other process has let go; these were its last words."""
        self._heir, self._at_work = False, True
        self._open()
        self.uninformed()
        self._perform(self._election.adopt(last, self._loop.time()) if last else [])

    # Outputs and time

    def _open(self) -> None:
        """Follows this node's interfaces once there is an address or another node; then others are heard, if any."""
        if self._config is not None and (self._vips or self._nodes):
            self._layer2.watch()
        if self._config is None or not self._nodes:
            return
        if self._sockets is None:
            self._sockets = Sockets(self._config.port, self._received, self._log)
        if self._keys is None:
            self._keys = KeyFile(self._config.key_file)
            self._sockets.open()
            self._look()

    def _look(self) -> None:
        assert self._keys is not None and self._config is not None
        if self._keys.look():
            count, why = len(self._keys.keys), self._keys.error or None
            fields: dict[str, Field] = {"path": self._config.key_file, "keys": count, "reason": why}
            self._log.write("error" if self._keys.error else "info", "heartbeat keys", fields)
        self._election.keys = self._keys.keys
        self._tell_speakers()
        self._looking = self._loop.call_later(_LOOK, self._look)

    def _interfaces(self, names: Collection[str], macs: Collection[bytes], is_open: bool) -> None:
        if not self._heir:
            self._perform(self._election.interfaces(names, macs, is_open, self._loop.time()))

    def _name_of(self, mac: bytes) -> str | None:
        """The node that told this MAC."""
        peers = self._election.peers.values()
        return next((peer.name for peer in peers if peer.last is not None and mac in peer.last.macs), None)

    def _received(self, data: bytes, source: str) -> None:
        out = self._election.received(data, source, self._loop.time())
        if out:
            self._perform(out)

    def _ring(self) -> None:
        if self._sockets is not None:
            self._sockets.read()  # or a process that was held up would take others for silent
        self._perform(self._election.due(self._loop.time()))

    def _perform(self, outputs: Iterable[Output]) -> None:
        moved = noted = False
        for output in outputs:
            if isinstance(output, Transmit):
                node = self._nodes.get(output.node)
                if node is not None and self._sockets is not None:
                    self._sockets.send(node.addresses, output.data)
            elif isinstance(output, Owners):
                self._own(output)
                moved = True
            else:
                self._note(output)
                moved = noted = True
        if noted:
            self._tell_speakers()
        if self._config is not None and self._nodes and self._at_work:
            now = self._loop.time()
            if moved:
                self._memory.save(self._election.export(), now)
            else:
                self._memory.stamp(now)
        self._alarm.set(self._election.next)

    def _tell_speakers(self) -> None:
        now = self._loop.time()
        found = {name: {"interfaces": on, "open": is_open} for name, (on, is_open) in self._election.able(now - _GONE)}
        if found and found != self.speakers:  # none is left: it is this node that is cut off, or all are gone
            self.speakers = found
            self.on_speakers(found)

    def _own(self, owners: Owners) -> None:
        taken: dict[bytes, tuple[str, ...] | None] = {}
        lost = []
        for address, owner in owners.changes.items():
            if address in owners.mine:
                taken[address] = self._vips[address].interfaces
            elif owner is None:
                taken[address] = None
            else:
                lost.append(address)
        self._layer2.change(taken)
        self._layer2.hand_over(lost, self._patience)
        if self._config is not None:
            self._log.write(
                "info", "owners", {"taken": len(owners.mine), "others": len(owners.changes) - len(owners.mine)}
            )
        self._told(self._shown(owners.changes))

    @property
    def _patience(self) -> float:
        """Seconds within which the next owner should have said that it answers."""
        settings = self._election.settings
        return settings.detection if settings is not None else 1.0

    def _note(self, note: Note) -> None:
        level = _LEVELS.get(str(note.fields.get("state")), "info" if note.kind == "node" else "warning")
        self._log.write(level, note.kind, note.fields)


def _take(table: dict[Any, Any], changes: Mapping[Any, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
