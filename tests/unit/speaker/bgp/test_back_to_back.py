# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sessions against each other on a virtual clock: reads cut anywhere, broken connections, silent peers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse, parse_prefix
from dualstack_speaker.base.model import Attributes, Peer
from dualstack_speaker.base.outputs import Dial, Hangup, Output, Send
from dualstack_speaker.bgp.fsm import State
from dualstack_speaker.bgp.session import Session

MakePeer = Callable[..., Peer]


class Pair:
    """Two sessions whose dials meet in one connection. Octets travel in pieces; nothing may be sent after a hang-up."""

    def __init__(self, left: Peer, right: Peer, cut: Callable[[int], int]) -> None:
        self.now = 0.0
        self.sides = (Session("left", left, lambda: 0.5), Session("right", right, lambda: 0.5))
        self.wires: list[list[bytes] | None] = [None, None]  # octets on their way from each side, None: not connected
        self.dialled: list[int | None] = [None, None]
        self.frozen = [False, False]
        self._cut = cut

    def perform(self, side: int, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                wire = self.wires[side]
                assert wire is not None, "sent after a hang-up"
                wire.extend(self._pieces(output.data))
            elif isinstance(output, Dial):
                self.dialled[side] = output.number
            elif isinstance(output, Hangup):
                self.dialled[side] = None
                if self.wires[side] is not None:
                    self._close(side)

    def run(self, until: float) -> None:
        """Lets time pass; every deadline is served at its very moment."""
        while True:
            self._settle()
            due = [session.next_deadline for number, session in enumerate(self.sides) if not self.frozen[number]]
            at = min((moment for moment in due if moment is not None), default=None)
            if at is None or at > until:
                self.now = until
                return
            self.now = max(self.now, at)
            for number, session in enumerate(self.sides):
                if not self.frozen[number]:
                    self.perform(number, session.expire(self.now))

    def break_connection(self) -> None:
        self.wires = [None, None]
        for number, session in enumerate(self.sides):
            self.dialled[number] = None
            self.perform(number, session.closed(session.number, "connection reset by peer", self.now))

    def _settle(self) -> None:
        """Moves octets and connects until nothing moves any more."""
        moved = True
        while moved:
            moved = False
            if None not in self.dialled:
                numbers, self.dialled = self.dialled, [None, None]
                self.wires = [[], []]
                for number, session in enumerate(self.sides):
                    dialled = numbers[number]
                    assert dialled is not None
                    self.perform(number, session.connected(dialled, self.now))
                moved = True
            for number, session in enumerate(self.sides):
                if session.waiting and not self.frozen[number]:
                    self.perform(number, session.writable(session.number, self.now))
                    moved = True
                incoming = self.wires[1 - number]
                if incoming and not self.frozen[number]:
                    self.perform(number, session.received(session.number, incoming.pop(0), self.now))
                    moved = True

    def _close(self, side: int) -> None:
        """What is on its way still arrives; then the other side sees the end."""
        rest, self.wires = self.wires[side], [None, None]
        other = self.sides[1 - side]
        number = other.number
        for piece in rest or []:
            if other.number == number:
                self.wires[1 - side] = []
                self.perform(1 - side, other.received(number, piece, self.now))
        self.wires = [None, None]
        self.dialled[1 - side] = None
        self.perform(1 - side, other.closed(number, "connection closed by the peer", self.now))

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            size = max(1, min(len(data), self._cut(len(data))))
            yield data[:size]
            data = data[size:]


@pytest.fixture
def mirrored(make_peer: MakePeer) -> Callable[..., tuple[Peer, Peer]]:
    def make(transport: str, internal: bool, families: tuple[str, ...] = ("ipv4", "ipv6")) -> tuple[Peer, Peer]:
        ends = {"ipv4": ("10.0.1.11", "10.0.1.1"), "ipv6": ("2001:db8:dc:1::11", "2001:db8:dc:1::1")}[transport]
        asn = 64512 if internal else 64500
        common = {"source_address": None, "families": families, "connect_retry": 1.0}
        left = make_peer(address=parse(ends[1]), peer_asn=asn, **common)
        right = make_peer(
            address=parse(ends[0]), local_asn=asn, peer_asn=64512, router_id=parse("10.0.1.1"), hold_time=30, **common
        )
        return left, right

    return make


Mirrored = Callable[..., "tuple[Peer, Peer]"]
PREFIXES = [parse_prefix(text) for text in ("192.0.2.1/32", "192.0.2.2/32", "2001:db8:1::1/128")]


@pytest.mark.parametrize("transport", ["ipv4", "ipv6"])
@pytest.mark.parametrize("internal", [False, True], ids=["ebgp", "ibgp"])
@pytest.mark.parametrize("piece", range(1, 20))
def test_reads_cut_at_every_octet(transport: str, internal: bool, piece: int, mirrored: Mirrored) -> None:
    pair = Pair(*mirrored(transport, internal), cut=lambda _unused: piece)
    pair.sides[0].put(PREFIXES, Attributes((7,), (), None))
    for number, session in enumerate(pair.sides):
        pair.perform(number, session.start(0.0))
    pair.run(60.0)
    left, right = (session.snapshot(pair.now) for session in pair.sides)
    assert (left.state, right.state, left.flaps, right.flaps) == ("Established", "Established", 0, 0)
    assert left.announced == {"ipv4": 2, "ipv6": 1}
    assert right.messages["received"]["update"] == 4  # one per family, and the End-of-RIBs
    assert left.established_s == pytest.approx(60.0)


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_silent_peer_is_dropped_after_the_negotiated_hold_time(frozen: int, mirrored: Mirrored) -> None:
    pair = Pair(*mirrored("ipv4", False), cut=lambda size: size)
    for number, session in enumerate(pair.sides):
        pair.perform(number, session.start(0.0))
    pair.run(20.0)
    heard = pair.now
    pair.frozen[frozen] = True
    pair.run(heard + 5.0)
    alive = pair.sides[1 - frozen]
    assert alive.state is State.ESTABLISHED
    pair.run(heard + 9.0)  # 9 s is the lesser of 9 and 30
    seen = alive.snapshot(pair.now)
    assert seen.state != "Established"
    assert seen.last_error.startswith("hold timer expired: nothing heard from")


@pytest.mark.parametrize("transport", ["ipv4", "ipv6"])
def test_a_stop_withdraws_by_cease_and_says_why(transport: str, mirrored: Mirrored) -> None:
    pair = Pair(*mirrored(transport, False), cut=lambda size: size)
    for number, session in enumerate(pair.sides):
        pair.perform(number, session.start(0.0))
    pair.run(1.0)
    pair.perform(0, pair.sides[0].stop("maintenance", pair.now))
    left, right = (session.snapshot(pair.now) for session in pair.sides)
    assert (left.state, left.last_error) == ("Idle", "maintenance")
    assert right.last_error == 'peer AS 64512 closed the session; cease: administrative shutdown (6/2): "maintenance"'
    pair.run(100.0)
    assert pair.sides[0].state is State.IDLE


def test_a_family_on_one_side_only_is_told(mirrored: Mirrored) -> None:
    left, right = mirrored("ipv4", False)
    pair = Pair(left, right._replace(families=("ipv4",)), cut=lambda size: size)
    for number, session in enumerate(pair.sides):
        pair.perform(number, session.start(0.0))
    pair.run(1.0)
    seen = pair.sides[0].snapshot(1.0)
    assert (seen.state, seen.families) == ("Established", ("ipv4",))
    assert seen.last_error == "peer does not carry ipv6: activate it for us there"


CUTS = st.lists(st.integers(1, 300), min_size=1, max_size=20)


@given(cuts=CUTS, breaks=st.lists(st.floats(0.1, 30.0), max_size=5), internal=st.booleans(), v6=st.booleans())
@settings(max_examples=100, deadline=None)
def test_breaks_at_any_time_heal(cuts: list[int], breaks: list[float], internal: bool, v6: bool) -> None:
    """Whatever breaks and however reads are cut, both sides come back and the announced set is whole."""
    asn = 64512 if internal else 64500
    one, two = ("2001:db8::1", "2001:db8::2") if v6 else ("10.0.0.1", "10.0.0.2")
    hop4, hop6 = parse("10.0.0.1"), parse("2001:db8::1")
    shared = (9, 3.0, 1.0, None, ("ipv4", "ipv6"), hop4, hop6, False)
    left = Peer(64512, asn, parse(two), 179, None, parse("10.0.0.1"), *shared)
    right = Peer(asn, 64512, parse(one), 179, None, parse("10.0.0.2"), *shared)
    turn = iter(range(10**9))
    pair = Pair(left, right, cut=lambda _unused: cuts[next(turn) % len(cuts)])
    pair.sides[0].put(PREFIXES, Attributes((), (), None))
    for number, session in enumerate(pair.sides):
        pair.perform(number, session.start(0.0))
    for wait in breaks:
        pair.run(pair.now + wait)
        pair.break_connection()
    pair.run(pair.now + 30.0)
    seen = [session.snapshot(pair.now) for session in pair.sides]
    assert [side.state for side in seen] == ["Established", "Established"]
    assert seen[0].announced == {"ipv4": 2, "ipv6": 1}
