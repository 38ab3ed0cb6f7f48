# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers for which layer-2 address: nodes and their heartbeats in, heartbeats and owners out.

An address without candidates is this node's. Without ``settings`` there are no heartbeats: who is ``ready`` counts, and
the candidate that is no other node is this one. With heartbeats, a node counts while it is heard, serves and has an
interface for the address. One that was never heard counts while it is ``ready``, but only until any other one is heard:
where heartbeats work, a node without them has no ``wire`` that could answer.

A process that begins listens for a detection time before it takes what others may have, unless it goes on with what the
process before knew a moment ago. So does a node that was cut off from others. What came while a node's speaker was away
does not count on that node: it cannot know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from ..base.model import Candidate, Node, Vip
from ..base.outputs import Note
from .choice import View, choose
from .counts import Counts
from .liveness import HEARD, REPLAYED, SECOND, Peer, State
from .outputs import Output, Owners, Settings, Transmit
from .packet import BadBeat, Beat, decode, encode, mark

_ANSWERS = 4  # heartbeats out of turn per node and interval
_HURRY = 0.005  # seconds to gather what is new before everybody is told …
_SPACE = 0.025  # … and between that and the heartbeats before


class Election:
    """All addresses and the nodes that may answer for them. Calls return what is to be done.

    ``incarnation`` differs after every start; ``draw`` gives eight random octets, other ones each time. ``keys``: the
    first one signs, all are accepted; without any, nothing is sent.
    """

    def __init__(self, settings: Settings | None, incarnation: int, draw: Callable[[], bytes]) -> None:
        self.settings = settings
        self.keys: tuple[bytes, ...] = ()
        self.peers: dict[str, Peer] = {}
        self.owners: dict[bytes, str | None] = {}
        self.mine: set[bytes] = set()
        self.counts = Counts()
        self._incarnation = incarnation
        self._sequence = 0
        self._draw = draw
        self._nodes: dict[str, Node] = {}
        self._vips: dict[bytes, Vip] = {}
        self._concerned: dict[str, set[bytes]] = {}  # addresses by candidate
        self._interfaces: tuple[str, ...] = ()
        self._macs: tuple[bytes, ...] = ()
        self._open = False
        self._begun = False  # there is a state
        self._listening: float | None = None  # until when
        self._drained = False
        self._leaving = False
        self._blind = False
        self._late: dict[str, set[bytes]] = {}  # by node: what came or changed while it was blind
        self._lonely = True  # nobody was ever heard
        self._next: float | None = None  # when the next heartbeats go
        self._sent = 0.0  # when the last ones went
        self._ticked: float | None = None  # when this object was asked last what is due
        self._copies: set[bytes] = set()  # what has counted since then: each comes once more, over the other family
        self._answered: dict[str, int] = {}  # heartbeats out of turn in this interval

    # What is wanted, and what this node is like

    def change(self, vips: Mapping[bytes, Vip | None], nodes: Mapping[str, Node | None], now: float) -> list[Output]:
        """Takes addresses and nodes over."""
        touched: set[bytes] = set(vips)
        for name, node in nodes.items():
            touched |= self._concerned.get(name, set())
            self._know(name, node)
        for address, vip in vips.items():
            self._put(address, vip)
        if self.settings is None and nodes:
            touched |= self._vips.keys()  # which candidate is this node may be another one now
        if self.peers and self._next is None:
            self._next = now
        return self._settle(touched, now)

    def begin(self, now: float, going_on: bool = False) -> list[Output]:
        """There is a state to serve; ``going_on``: the process before served it a moment ago."""
        if self._begun:
            return []
        self._begun = True
        if not going_on and self._unknown:
            self._listen(now)
        return self._settle(set(self._vips), now)

    def interfaces(self, names: Collection[str], macs: Collection[bytes], is_open: bool, now: float) -> list[Output]:
        """The interfaces on which this node could answer; ``is_open``: one of them without being named."""
        found = (tuple(sorted(names)), tuple(sorted(macs)), is_open)
        if found == (self._interfaces, self._macs, self._open):
            return []
        cut_off = not self._interfaces and any(peer.state is State.SILENT for peer in self.peers.values())
        self._interfaces, self._macs, self._open = found
        if cut_off and self._begun:
            self._listen(now)
        self._hurry(now)
        return self._settle(set(self._vips), now)

    def drain(self, on: bool, now: float) -> list[Output]:
        """Others should answer where they can, or need not any more."""
        if on == self._drained:
            return []
        self._drained = on
        self._hurry(now)
        return self._settle(set(self._vips), now)

    def blind(self, on: bool, now: float) -> list[Output]:
        """The speaker is away: this node hears of nothing new; or it is back and has said what there is."""
        if on != self._blind:
            self._blind = on
            self._hurry(now)
        return []

    def leave(self, now: float) -> list[Output]:
        """This node is about to stop: others take over at once."""
        self._leaving = True
        return [*self._beats(), *self._settle(set(self._vips), now)]

    def _know(self, name: str, node: Node | None) -> None:
        if node is None:
            self._nodes.pop(name, None)
            self.peers.pop(name, None)
            self._late.pop(name, None)
            self.counts.forget(name)
            return
        self._nodes[name] = node
        if self.settings is not None and name != self.settings.node and name not in self.peers:
            self.peers[name] = Peer(name, self._draw)

    def _put(self, address: bytes, vip: Vip | None) -> None:
        before = self._vips.pop(address, None)
        for one in (before.candidates if before is not None else None) or ():
            self._concerned[one.node].discard(address)
            if not self._concerned[one.node]:
                del self._concerned[one.node]
        for late in self._late.values():
            late.discard(address)
        if vip is not None:
            self._vips[address] = vip
            for one in vip.candidates or ():
                self._concerned.setdefault(one.node, set()).add(address)
                peer = self.peers.get(one.node)
                blind = peer is not None and peer.last is not None and peer.last.blind
                if blind and self._begun and (before is None or self.owners.get(address) != one.node):
                    self._late.setdefault(one.node, set()).add(address)

    def _listen(self, now: float) -> None:
        assert self.settings is not None
        self._listening = now + self.settings.detection
        self._hurry(now)

    # Heartbeats

    def received(self, data: bytes, source: str, now: float) -> list[Output]:
        """A datagram; ``source`` is for the log."""
        if self.settings is None or data in self._copies:
            return []
        try:
            beat = decode(data, self.keys)
        except BadBeat as error:
            return self.counts.reject(str(error), None, source)
        peer = self.peers.get(beat.sender)
        if beat.receiver != mark(self.settings.node):
            return self.counts.reject("other receiver", None, source)
        if peer is None:
            return self.counts.reject("unknown sender", None, source)
        why = peer.check(beat)
        if why == SECOND:
            return []
        if why:
            out = self.counts.reject(why, beat.sender, source)
            return out if why == REPLAYED else [*out, *self._introduce(peer, beat)]
        self._copies.add(data)
        self.counts.received[beat.sender] = self.counts.received.get(beat.sender, 0) + 1
        return self._hear(peer, beat, now)

    def _hear(self, peer: Peer, beat: Beat, now: float) -> list[Output]:
        assert self.settings is not None
        before, known = peer.state, peer.echo
        was_deaf = peer.last is None or mark(self.settings.node) in peer.last.without
        changed = peer.hear(beat, now)
        out: list[Output] = []
        if peer.state is not before:
            out.append(self._note(peer))
            self._hurry(now)
        elif mark(self.settings.node) in beat.without and self._serving and not (was_deaf or self._leaving):
            out.append(Note("node does not hear us", {"node": peer.name}))
        if peer.state is not before or known != beat.challenge or beat.echo != peer.challenge:
            out += self._answer(peer)
        if not beat.blind:
            self._late.pop(peer.name, None)
        touched = self._concerned.get(peer.name, set()) if changed else set()
        if self._lonely or (self._listening is not None and not self._unknown):
            self._lonely, self._listening = False, None if not self._unknown else self._listening
            self._hurry(now)
            touched = set(self._vips)
        return [*out, *self._settle(touched, now)]

    def _introduce(self, peer: Peer, beat: Beat) -> list[Output]:
        """It has begun anew, or somebody repeats what it once said: only an answer to the new challenge tells."""
        if peer.state not in HEARD:
            peer.echo = beat.challenge
        return self._answer(peer, beat.challenge)

    def _answer(self, peer: Peer, echo: bytes | None = None) -> list[Output]:
        count = self._answered.get(peer.name, 0)
        if not self.keys or count >= _ANSWERS:
            return []
        self._answered[peer.name] = count + 1
        self._sequence += 1
        return [self._beat(peer, self._without, echo)]

    def _beats(self) -> list[Output]:
        """Heartbeats to everybody."""
        if not self.keys:
            return []
        self._sequence += 1
        without = self._without
        return [self._beat(peer, without) for peer in self.peers.values()]

    def _beat(self, peer: Peer, without: frozenset[bytes], echo: bytes | None = None) -> Transmit:
        assert self.settings is not None
        beat = Beat(
            self.settings.node,
            mark(peer.name),
            self._incarnation,
            self._sequence,
            peer.challenge,
            peer.echo if echo is None else echo,
            round(self.settings.detection * 1000),
            self._serving,
            self._drained,
            self._leaving,
            self._open,
            self._blind,
            self._interfaces,
            self._macs,
            without,
        )
        self.counts.sent[peer.name] = self.counts.sent.get(peer.name, 0) + 1
        return Transmit(peer.name, encode(beat, self.keys[0]))

    def _hurry(self, now: float) -> None:
        """Everybody is to hear of it soon."""
        if self._next is not None:
            self._next = min(self._next, max(now + _HURRY, self._sent + _SPACE))

    # Time

    @property
    def next(self) -> float | None:
        """When something is due, monotonic seconds."""
        if self.settings is None:
            return None
        moments = [peer.due for peer in self.peers.values()] + [self._listening, self._next]
        return min((at for at in moments if at is not None), default=None)

    def due(self, now: float) -> list[Output]:
        """What time brings; what has arrived by then must have been read before."""
        if self.settings is None:
            return []
        if self._ticked is not None and now - self._ticked > self.settings.detection:
            for peer in self.peers.values():
                peer.excuse(now)  # it was we who stood still
        self._ticked = now
        out: list[Output] = []
        touched: set[bytes] = set()
        for peer in self.peers.values():
            if peer.due is not None and peer.due <= now and peer.lapse(now):
                out.append(self._note(peer))
                touched |= self._concerned.get(peer.name, set())
                self._hurry(now)
        if touched and self._alone:
            for peer in self.peers.values():
                peer.forgive()
        if self._listening is not None and self._listening <= now:
            self._listening = None
            touched = set(self._vips)
            self._hurry(now)
        if self._next is not None and self._next <= now:
            self._answered.clear()
            self._copies.clear()
            out += self._beats()
            self._sent = now
            self._next = now + self.settings.interval if self.peers else None
        return [*out, *self._settle(touched, now)]

    # Who answers

    @property
    def _serving(self) -> bool:
        return self._begun and self._listening is None

    @property
    def _unknown(self) -> bool:
        """Whether a node that should be there was not heard yet."""
        return any(peer.state is State.UNHEARD and self._nodes[name].ready for name, peer in self.peers.items())

    @property
    def _alone(self) -> bool:
        """Whether all others, and more than one, fell silent: then it was not they who were away."""
        silent = [peer.state is State.SILENT for peer in self.peers.values() if peer.state is not State.UNHEARD]
        return len(silent) > 1 and all(silent)

    @property
    def _without(self) -> frozenset[bytes]:
        """The nodes that do not count here."""
        return frozenset(mark(name) for name in self.peers if not self._there(name))

    def _there(self, name: str) -> bool:
        peer = self.peers[name]
        return self._lonely and self._nodes[name].ready if peer.state is State.UNHEARD else peer.counts

    def _own(self, vip: Vip) -> str | None:
        """The name of this node among the candidates."""
        if self.settings is not None:
            return self.settings.node
        return next((one.node for one in vip.candidates or () if one.node not in self._nodes), None)

    def _settle(self, addresses: Iterable[bytes], now: float) -> list[Output]:
        """Who answers for these now; said where it is somebody else than before."""
        changes: dict[bytes, str | None] = {}
        mine = set()
        known: dict[str | None, dict[Candidate, View]] = {}
        calm = self._calm
        for address in addresses:
            vip = self._vips.get(address)
            if vip is None:
                self.owners.pop(address, None)
                self.mine.discard(address)
                continue
            own = self._own(vip)
            owner, ours = own, True
            if vip.candidates is not None:
                views = self._views(address, vip.candidates, own, known.setdefault(own, {}))
                owner = next((name for name, view in views if view.counts), None) if calm else choose(list(views))
                ours = owner is not None and owner == own
            if address not in self.owners or self.owners[address] != owner or (address in self.mine) != ours:
                changes[address] = self.owners[address] = owner
                (self.mine.add if ours else self.mine.discard)(address)
                if ours:
                    mine.add(address)
        return [Owners(changes, frozenset(mine))] if changes else []

    @property
    def _calm(self) -> bool:
        """Whether nobody is drained and nobody does without anybody: then the first that counts answers."""
        told = (peer.last for peer in self.peers.values() if peer.last is not None)
        return not self._drained and not any(last.drained or last.without for last in told)

    def _views(
        self, address: bytes, candidates: Iterable[Candidate], own: str | None, known: dict[Candidate, View]
    ) -> Iterator[tuple[str, View]]:
        for one in candidates:
            view = known.get(one)
            if view is None:
                view = known[one] = self._view(one, own)
            if self._late and address in self._late.get(one.node, ()):
                view = view._replace(counts=False, heard=False)
            yield one.node, view

    def able(self, since: float) -> Iterator[tuple[str, tuple[tuple[str, ...], bool]]]:
        """Other nodes that said since then that they serve: on which interfaces, and whether one need not be named."""
        for name, peer in self.peers.items():
            last = peer.last
            if last is not None and peer.heard is not None and peer.heard >= since and last.serving:
                yield name, (last.interfaces, last.is_open)

    def _view(self, one: Candidate, own: str | None) -> View:
        if one.node == own:
            if self.settings is None:  # the others could not know of anything else
                return View(self._begun, False, False, None)
            able = self._serving and not self._leaving and _able(one.interfaces, self._interfaces, self._open)
            return View(able, False, self._drained, None)
        node, peer = self._nodes.get(one.node), self.peers.get(one.node)
        if node is None:
            return View(False, False, False, None)
        if peer is None:
            return View(node.ready, False, False, None)
        last = peer.last
        if last is None or peer.state is State.UNHEARD:
            going = self._drained or self._leaving  # then only somebody who is sure to answer helps
            return View(self._there(one.node) and not going, False, False, None)
        able = last.serving and not last.leaving and _able(one.interfaces, last.interfaces, last.is_open)
        heard = able and peer.state in (State.ALIVE, State.RETURNING)
        lacks = last.without
        return View(able and peer.counts, heard, last.drained, (lambda name: mark(name) in lacks) if lacks else None)

    def _note(self, peer: Peer) -> Note:
        return Note("node", {"node": peer.name, "state": peer.state.value})

    # Another process

    def export(self) -> dict[str, Any]:
        """What another process needs to go on, as plain data."""
        return {
            "incarnation": self._incarnation,
            "sequence": self._sequence,
            "begun": self._begun,
            "listening": self._listening,
            "drained": self._drained,
            "blind": self._blind,
            "late": {name: [address.hex() for address in late] for name, late in self._late.items()},
            "lonely": self._lonely,
            "next": self._next,
            "interfaces": [list(self._interfaces), [mac.hex() for mac in self._macs], self._open],
            "counts": self.counts.export(),
            "peers": {name: peer.export() for name, peer in self.peers.items()},
        }

    def adopt(self, data: Mapping[str, Any], now: float) -> list[Output]:
        """Goes on as the process that exported this; KeyError, TypeError or ValueError when it is something else."""
        self._incarnation, self._sequence = int(data["incarnation"]), int(data["sequence"])
        self._begun, self._listening = bool(data["begun"]), data["listening"]
        self._drained, self._blind, self._next = bool(data["drained"]), bool(data["blind"]), data["next"]
        names, macs, self._open = data["interfaces"]
        self._interfaces, self._macs = tuple(names), tuple(bytes.fromhex(mac) for mac in macs)
        self.counts.adopt(data["counts"])
        self._adopt_peers(data)
        return self._settle(set(self._vips), now)

    def remember(self, data: Mapping[str, Any], now: float) -> list[Output]:
        """Begins with what a process that was killed a moment ago knew of others, who have to prove themselves anew."""
        self._adopt_peers(data)
        for peer in self.peers.values():
            peer.assume(now)
        return self.begin(now, going_on=True)

    def _adopt_peers(self, data: Mapping[str, Any]) -> None:
        self._lonely = bool(data["lonely"])
        self._late = {name: {bytes.fromhex(text) for text in late} for name, late in data["late"].items()}
        for name, peer in self.peers.items():
            if name in data["peers"]:
                peer.adopt(data["peers"][name])


def _able(wanted: tuple[str, ...], there: tuple[str, ...], is_open: bool) -> bool:
    return not set(wanted).isdisjoint(there) if wanted else is_open
