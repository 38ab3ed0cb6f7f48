# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two connections of one peer (RFC 4271 section 6.8): who wins in which state, and two sides that dial in any order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse, parse_prefix
from dualstack_speaker.base.model import Attributes, Peer
from dualstack_speaker.base.outputs import Dial, Hangup, Output, Send
from dualstack_speaker.bgp import capabilities, messages
from dualstack_speaker.bgp.collision import YOUNG
from dualstack_speaker.bgp.connection import ACCEPTED_HOLD, DIAL_TIME, OPEN_HOLD
from dualstack_speaker.bgp.fsm import State
from dualstack_speaker.bgp.machine import PATH_PATIENCE, REST
from dualstack_speaker.bgp.session import Session

MakePeer = Callable[..., Peer]
NOW = 1000.0
HIGHER, LOWER, SAME = parse("10.0.9.9"), parse("10.0.1.1"), parse("10.0.1.11")  # our own is 10.0.1.11
TRANSPORTS = ["10.0.1.1", "2001:db8:dc:1::1"]
transports = pytest.mark.parametrize("transport", TRANSPORTS)


def greeting(peer: Peer, identifier: bytes = LOWER, restart_time: int | None = None) -> bytes:
    """The OPEN that the peer sends."""
    mirrored = peer._replace(local_asn=peer.peer_asn or 64500, router_id=identifier, restart_time=restart_time)
    return messages.encode_open(mirrored, capabilities.offer(mirrored))


def told(outputs: Sequence[Output]) -> list[str]:
    """Outputs with the number of their connection."""
    found = []
    for output in outputs:
        if isinstance(output, Send):
            kind = {1: "open", 2: "update", 3: "notification", 4: "keepalive"}[output.data[18]]
            found.append(
                f"{output.number} {kind}" + (f" {output.data[19]}/{output.data[20]}" if kind[0] == "n" else "")
            )
        elif isinstance(output, (Dial, Hangup)):
            found.append(f"{output.number} {type(output).__name__.lower()}")
    return found


def listening(peer: Peer) -> Session:
    session = Session("tor1", peer, lambda: 0.5)
    session.hear("", NOW)
    session.start(NOW)
    return session


def both_open(peer: Peer) -> tuple[Session, int, int]:
    """A session with a connection of its own and one of the peer's, both in OpenSent; their numbers."""
    session = listening(peer)
    dialled = session.number
    session.connected(dialled, NOW)
    accepted = session.new_number()
    assert told(session.accepted(accepted, NOW)) == [f"{accepted} open"]
    return session, dialled, accepted


@transports
@pytest.mark.parametrize(("identifier", "asn", "ours_stays"), [
    (LOWER, 64500, True), (HIGHER, 64500, False), (SAME, 64500, True), (SAME, 64600, False),
])  # fmt: skip
@pytest.mark.parametrize("age", [0.0, YOUNG], ids=["young", "old"])
@pytest.mark.parametrize("first", ["dialled", "accepted"])
def test_the_connection_of_the_higher_router_id_is_kept(
    first: str, age: float, identifier: bytes, asn: int, ours_stays: bool, transport: str, make_peer: MakePeer
) -> None:
    """RFC 6286 section 2.3: the ASN decides where the IDs are the same.

    A young one is judged by the first OPEN, an old one only by its own: its peer may be dead.
    """
    peer = make_peer(address=parse(transport), source_address=None, peer_asn=asn)
    session, dialled, accepted = both_open(peer)
    one, two = (dialled, accepted) if first == "dialled" else (accepted, dialled)
    kept, lost = (dialled, accepted) if ours_stays else (accepted, dialled)
    gone = [f"{lost} notification 6/7", f"{lost} hangup"]
    now = NOW + age
    of_one = told(session.received(one, greeting(peer, identifier), now))
    of_two = told(session.received(two, greeting(peer, identifier), now))
    if age:
        assert of_one == [f"{one} keepalive"]
        assert of_two == gone + ([f"{two} keepalive"] if kept == two else [])
    else:
        assert of_one == gone + ([f"{one} keepalive"] if kept == one else [])
        assert of_two == ([f"{two} keepalive"] if kept == two else [])
    session.received(kept, messages.KEEPALIVE, NOW)
    seen = session.snapshot(NOW)
    assert (seen.state, seen.last_error, seen.flaps, session.number) == ("Established", "", 0, kept)


@transports
def test_an_established_connection_is_kept_whoever_made_it(transport: str, make_peer: MakePeer) -> None:
    peer = make_peer(address=parse(transport), source_address=None)
    session = listening(peer)
    dialled = session.number
    session.connected(dialled, NOW)
    session.received(dialled, greeting(peer, HIGHER) + messages.KEEPALIVE, NOW)
    later = session.new_number()
    assert told(session.accepted(later, NOW)) == [f"{later} open"]
    assert told(session.received(later, greeting(peer, HIGHER), NOW)) == [
        f"{later} notification 6/7",
        f"{later} hangup",
    ]
    assert (session.state, session.number, session.snapshot(NOW).flaps) == (State.ESTABLISHED, dialled, 0)


@transports
def test_what_is_on_its_way_is_given_up_when_one_is_established(transport: str, make_peer: MakePeer) -> None:
    peer = make_peer(address=parse(transport), source_address=None)
    session = listening(peer)  # still dials
    dialled, accepted = session.number, session.new_number()
    session.accepted(accepted, NOW)
    session.received(accepted, greeting(peer), NOW)
    assert told(session.received(accepted, messages.KEEPALIVE, NOW)) == [f"{dialled} hangup"]
    assert session.connected(dialled, NOW) == []
    session, dialled, accepted = both_open(peer)
    session.received(dialled, greeting(peer), NOW + YOUNG)
    parting = [f"{accepted} notification 6/7", f"{accepted} hangup"]
    assert told(session.received(dialled, messages.KEEPALIVE, NOW)) == parting


@transports
@pytest.mark.parametrize("dies", ["dialled", "accepted"])
def test_the_other_connection_goes_on_without_a_pause(dies: str, transport: str, make_peer: MakePeer) -> None:
    peer = make_peer(address=parse(transport), source_address=None)
    session, dialled, accepted = both_open(peer)
    gone, left = (dialled, accepted) if dies == "dialled" else (accepted, dialled)
    session.received(gone, messages.encode_notification(6, 7), NOW)
    session.received(left, greeting(peer) + messages.KEEPALIVE, NOW)
    seen = session.snapshot(NOW)
    assert (seen.state, session.number, seen.peer_error) == ("Established", left, "")


@transports
def test_a_peer_that_restarts_takes_its_session_over(transport: str, make_peer: MakePeer) -> None:
    """RFC 4724 section 5: with graceful restart a new connection says that the old one is dead."""
    peer = make_peer(address=parse(transport), source_address=None, restart_time=120)
    session = listening(peer)
    dialled = session.number
    session.connected(dialled, NOW)
    session.received(dialled, greeting(peer, restart_time=120) + messages.KEEPALIVE, NOW)
    early, accepted = session.new_number(), session.new_number()
    assert told(session.accepted(early, NOW + 1)) == [f"{early} open"], "it may have been dialled before"
    session.received(early, greeting(peer, restart_time=120), NOW + 1)
    assert session.number == dialled
    later = NOW + DIAL_TIME
    assert told(session.accepted(accepted, later)) == [f"{dialled} hangup", f"{accepted} open"]
    session.received(accepted, greeting(peer, restart_time=120) + messages.KEEPALIVE, later)
    seen = session.snapshot(later)
    assert (seen.state, seen.flaps, session.number) == ("Established", 1, accepted)


@transports
def test_a_newer_connection_of_the_peer_replaces_its_older_one(transport: str, make_peer: MakePeer) -> None:
    session, dialled, older = both_open(make_peer(address=parse(transport), source_address=None))
    newer = session.new_number()
    assert told(session.accepted(newer, NOW)) == [f"{older} notification 6/7", f"{older} hangup", f"{newer} open"]
    assert [connection.number for connection in session._connections] == [dialled, newer]


def test_a_stop_ends_both(make_peer: MakePeer) -> None:
    session, dialled, accepted = both_open(make_peer())
    ends = [f"{number} {end}" for number in (accepted, dialled) for end in ("notification 6/2", "hangup")]
    assert told(session.stop("maintenance", NOW)) == ends
    assert session.next_deadline is None
    number = session.new_number()
    assert told(session.accepted(number, NOW)) == [f"{number} hangup"], "stopped is stopped"


def test_a_lost_path_lets_nobody_in_until_it_is_back(make_peer: MakePeer) -> None:
    session = listening(make_peer())
    session.path_lost("BFD down", NOW)
    number = session.new_number()
    assert told(session.accepted(number, NOW)) == [f"{number} hangup"]
    assert session.next_deadline == NOW + PATH_PATIENCE
    assert told(session.start(NOW + 1)) == [f"{session.number} dial"]


def test_a_peer_that_is_refused_again_and_again_is_heard_twice_a_second(make_peer: MakePeer) -> None:
    """What we refuse costs at most so many NOTIFICATIONs."""
    peer = make_peer(passive=True)
    session = listening(peer)
    refused = []
    for tenth in range(50):
        now = NOW + tenth / 10
        session.expire(now)
        number = session.new_number()
        refused += told(session.accepted(number, now))
        refused += told(session.received(number, greeting(peer, bytes(4)), now))
    assert sum("notification 2/3" in word for word in refused) == 5 / REST
    assert session.snapshot(NOW).last_error.startswith("peer's router ID 0.0.0.0 refused")


@transports
@pytest.mark.parametrize("passive", [False, True])
def test_a_connection_on_which_the_peer_says_nothing_stops_our_dial_for_seconds_only(
    passive: bool, transport: str, make_peer: MakePeer
) -> None:
    """Whoever has the peer's address can make one; a peer that we don't dial is waited for as long as any OPEN is."""
    peer = make_peer(address=parse(transport), source_address=None, passive=passive)
    session = listening(peer)
    if not passive:
        session.closed(session.number, "refused", NOW)
    silent = session.new_number()
    assert told(session.accepted(silent, NOW)) == [f"{silent} open"]
    patience = OPEN_HOLD if passive else ACCEPTED_HOLD
    assert session.next_deadline == NOW + patience
    assert told(session.expire(NOW + patience)) == [f"{silent} notification 4/0", f"{silent} hangup"]
    later = NOW + patience + peer.connect_retry
    assert [line.split()[1] for line in told(session.expire(later))] == ([] if passive else ["dial"])


@pytest.mark.parametrize("deaf", ["", "listen_port is not set in wire.json"])
def test_a_passive_peer_never_dials_and_is_waited_for_after_each_end(deaf: str, make_peer: MakePeer) -> None:
    peer = make_peer(passive=True)
    session = Session("tor1", peer, lambda: 0.5)
    session.hear(deaf, NOW)
    assert told(session.start(NOW)) == []
    for end in ("closed", "hold", "restart", "path"):
        assert session.state is State.ACTIVE
        number = session.new_number()
        session.accepted(number, NOW)
        assert session.state is State.OPEN_SENT
        if end == "closed":
            session.closed(number, "connection reset by peer", NOW)
        elif end == "hold":
            session.expire(NOW + OPEN_HOLD)
            session.expire(NOW + OPEN_HOLD + REST)
        elif end == "restart":
            session.reconfigure(peer._replace(password="new"), NOW)
        else:
            session.path_lost("BFD down", NOW)
            session.start(NOW)
    assert session.state is State.ACTIVE and session.next_deadline is None


@pytest.mark.parametrize("passive", [True, False])
def test_a_peer_becomes_passive_or_not_without_a_reset(passive: bool, make_peer: MakePeer) -> None:
    peer = make_peer(passive=not passive)
    session = listening(peer)
    session.reconfigure(peer._replace(passive=passive), NOW)
    dials = told(session.expire(NOW))
    assert (session.state, bool(dials)) == ((State.ACTIVE, False) if passive else (State.CONNECT, True))
    number = session.new_number()
    session.accepted(number, NOW)
    session.received(number, greeting(peer) + messages.KEEPALIVE, NOW)
    assert session.reconfigure(peer, NOW) == [] and session.state is State.ESTABLISHED


def test_a_port_that_opens_later_is_as_good(make_peer: MakePeer) -> None:
    """A session that rests between two dials takes a connection once the port is open, and dials when it is due."""
    session = Session("tor1", make_peer(), lambda: 0.5)
    session.start(NOW)
    session.closed(session.number, "connection refused", NOW)
    assert session.state is State.IDLE
    due = session.next_deadline
    session.hear("", NOW)
    assert (session.state, session.next_deadline) == (State.ACTIVE, due)
    session.hear("port 179 (ipv4): address already in use", NOW)
    assert due is not None and told(session.expire(due)) == [f"{session.number} dial"]


def test_a_bug_ends_both_connections_and_the_session_tries_again(make_peer: MakePeer) -> None:
    session, dialled, accepted = both_open(make_peer())
    assert sorted(told(session.broken("internal error", NOW))) == sorted([f"{dialled} hangup", f"{accepted} hangup"])
    assert session.snapshot(NOW).last_error == "internal error"
    assert session.next_deadline is not None


# Two sides that dial each other, in any order of things

CLOSE = "close"
Item = Union[bytes, str]


class Link:
    """A connection between the two sides: numbers by side (None: not told yet), and what travels towards each."""

    def __init__(self, dialler: int, number: int) -> None:
        self.numbers: dict[int, int | None] = {dialler: number, 1 - dialler: None}
        self.dialler = dialler
        self.known = {0: False, 1: False}
        self.gone = {0: False, 1: False}
        self.towards: dict[int, list[Item]] = {0: [], 1: []}


class World:
    """Both sessions; ``turn`` chooses which of the things that can happen does."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self.now = 0.0
        self.sides = [Session(name, peer, lambda: 0.5) for name, peer in zip(("left", "right"), peers)]
        self.dials: list[tuple[int, int]] = []
        self.links: list[Link] = []
        for number, session in enumerate(self.sides):
            session.hear("", 0.0)
            self.perform(number, session.start(0.0))

    def perform(self, side: int, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Dial):
                self.dials.append((side, output.number))
            elif isinstance(output, (Send, Hangup)):
                link = next((link for link in self.links if link.numbers[side] == output.number), None)
                if isinstance(output, Send):
                    assert link is not None and not link.gone[side], "sent to a connection that is not there"
                    link.towards[1 - side].append(output.data)
                elif link is not None:
                    link.gone[side] = True
                    link.towards[1 - side].append(CLOSE)
                elif (side, output.number) in self.dials:
                    self.dials.remove((side, output.number))

    def choices(self) -> list[Callable[[], None]]:
        """What can happen now."""
        found: list[Callable[[], None]] = [lambda dial=dial: self._syn(*dial) for dial in self.dials]  # type: ignore[misc]
        for link in self.links:
            for side in (0, 1):
                if link.gone[side]:
                    continue
                if not link.known[side]:
                    found.append(lambda link=link, side=side: self._made(link, side))  # type: ignore[misc]
                elif link.towards[side]:
                    found.append(lambda link=link, side=side: self._arrive(link, side))  # type: ignore[misc]
        for side, session in enumerate(self.sides):
            if session.waiting:
                found.append(lambda side=side: self._pump(side))  # type: ignore[misc]
        return found

    def settle(self) -> None:
        while choices := self.choices():
            choices[0]()

    def run(self, until: float) -> None:
        """Lets time pass."""
        while True:
            self.settle()
            at = min((at for at in (session.next_deadline for session in self.sides) if at is not None), default=until)
            if at >= until:
                return
            self.now = max(self.now, at)
            for number, session in enumerate(self.sides):
                self.perform(number, session.expire(self.now))

    def _syn(self, side: int, number: int) -> None:
        self.dials.remove((side, number))
        self.links.append(Link(side, number))

    def _made(self, link: Link, side: int) -> None:
        link.known[side] = True
        session = self.sides[side]
        if side == link.dialler:
            number = link.numbers[side]
            assert number is not None
            self.perform(side, session.connected(number, self.now))
        else:
            number = link.numbers[side] = session.new_number()
            self.perform(side, session.accepted(number, self.now))

    def _arrive(self, link: Link, side: int) -> None:
        item, number = link.towards[side].pop(0), link.numbers[side]
        assert number is not None
        if isinstance(item, bytes):
            self.perform(side, self.sides[side].received(number, item, self.now))
        else:
            link.gone[side] = True
            self.perform(side, self.sides[side].closed(number, "connection closed by the peer", self.now))

    def _pump(self, side: int) -> None:
        session = self.sides[side]
        self.perform(side, session.writable(session.number, self.now))


PREFIXES = [parse_prefix("192.0.2.1/32"), parse_prefix("2001:db8:1::1/128")]


@pytest.mark.soak
@given(
    turns=st.lists(st.integers(0, 7), max_size=80),
    ids=st.sampled_from([("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1"), ("10.0.0.1", "10.0.0.1")]),
    passive=st.sampled_from([None, 0, 1]),
    restart=st.sampled_from([None, 120]),
    v6=st.booleans(),
)
def test_both_sides_agree_on_one_connection(
    turns: list[int], ids: tuple[str, str], passive: int | None, restart: int | None, v6: bool
) -> None:
    """Whatever overtakes what: in the end one connection stands, the same on both sides, and carries everything."""
    ends = [parse(text) for text in (("2001:db8::1", "2001:db8::2") if v6 else ("10.0.0.1", "10.0.0.2"))]
    shared = (9, 3.0, 1.0, None, ("ipv4", "ipv6"), parse("10.0.0.1"), parse("2001:db8::1"), False)
    peers = [
        Peer(64512 + side, 64513 - side, ends[1 - side], 179, None, parse(ids[side]), *shared)._replace(
            passive=side == passive, restart_time=restart
        )
        for side in (0, 1)
    ]
    world = World(peers)
    world.sides[0].put(PREFIXES, Attributes((), (), None))
    for turn in turns:
        choices = world.choices()
        if not choices:
            break
        choices[turn % len(choices)]()
    world.run(30.0)
    assert [session.state for session in world.sides] == [State.ESTABLISHED] * 2
    (link,) = [link for link in world.links if not any(link.gone.values())]
    assert [session.number for session in world.sides] == [link.numbers[0], link.numbers[1]]
    assert all(len(session._connections) == 1 for session in world.sides)
    assert world.sides[0].snapshot(world.now).announced == {"ipv4": 1, "ipv6": 1}
    sent = [session.snapshot(world.now).messages["sent"]["notification"] for session in world.sides]
    assert sum(sent) <= 4
