# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sessions against each other on a virtual clock: intervals, jitter, poll sequences, loss, silence, AdminDown."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Bfd
from dualstack_speaker.base.outputs import Send
from dualstack_speaker.bfd.fsm import State
from dualstack_speaker.bfd.packet import Control, decode
from dualstack_speaker.bfd.session import Back, Finished, Lost, Missed, Session
from dualstack_speaker.bfd.sessions import Arrival, Path, Sessions

ENDS = {"ipv4": ("10.0.1.11", "10.0.1.1"), "ipv6": ("2001:db8:dc:1::11", "2001:db8:dc:1::1")}
PLAIN = Bfd(100, 100, 3, False, None)
UP = (State.UP, State.UP)


class Pair:
    """Both ends of a path; packets take a millisecond, or are lost."""

    def __init__(self, family: str, left: Bfd, right: Bfd, seed: int = 1) -> None:
        self.now = 0.0
        chance = random.Random(seed)
        addresses = [parse(text) for text in ENDS[family]]
        multihop = left.minimum_ttl is not None
        self.tables = (Sessions(lambda: chance.getrandbits(32)), Sessions(lambda: chance.getrandbits(32)))
        self.sides: list[Session] = []
        self.arrivals = []
        for number, wanted in enumerate((left, right)):
            table, here, there = self.tables[number], addresses[number], addresses[1 - number]
            session = Session("tor1", there, wanted, table.discriminator(), chance.random)
            table.add(Path(there, here, multihop), session)
            self.sides.append(session)
            self.arrivals.append(Arrival(there, here, multihop, 255, 1))
        self.lossy: Callable[[int, Control], bool] = lambda side, packet: False
        self.flying: list[tuple[float, int, bytes]] = []  # arrival, receiving side, octets
        self.sent: list[tuple[float, int, Control]] = []
        self.events: list[tuple[float, int, str]] = []
        for number, session in enumerate(self.sides):
            self.perform(number, session.start(0.0))

    @property
    def states(self) -> tuple[State, State]:
        return self.sides[0].state, self.sides[1].state

    def perform(self, side: int, outputs: list[Any]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                packet = decode(output.data)
                assert not (packet.poll and packet.final)
                self.sent.append((self.now, side, packet))
                if not self.lossy(side, packet):
                    self.flying.append((self.now + 0.001, 1 - side, output.data))
            elif isinstance(output, (Lost, Back, Finished, Missed)):
                self.events.append((self.now, side, type(output).__name__))

    def run(self, seconds: float) -> None:
        """Lets time pass; every deadline is served at its very moment."""
        until = self.now + seconds
        while True:
            moments = [at for at, _unused, _unused in self.flying]
            moments += [session.next_deadline for session in self.sides if session.next_deadline is not None]
            at = min(moments, default=until + 1)
            if at > until:
                self.now = until
                return
            self.now = max(self.now, at)
            for entry in [entry for entry in self.flying if entry[0] <= self.now]:
                self.flying.remove(entry)
                self.deliver(entry[1], entry[2])
            for number, session in enumerate(self.sides):
                self.perform(number, session.expire(self.now))

    def deliver(self, side: int, data: bytes) -> None:
        session, packet = self.tables[side].judge(data, self.arrivals[side])
        self.perform(side, session.receive(packet, self.now))

    def gaps(self, side: int, since: float) -> Iterator[float]:
        """Seconds between packets that were no answers to a poll."""
        times = [at for at, sender, packet in self.sent if sender == side and at >= since and not packet.final]
        return (after - before for before, after in zip(times, times[1:]))


@pytest.fixture(params=ENDS)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pair(family: str, left: Bfd = PLAIN, right: Bfd = PLAIN) -> Pair:
    """A path that is up on both sides and has settled."""
    found = Pair(family, left, right)
    found.run(8.0)
    assert found.states == UP
    return found


def test_slow_while_down(family: str) -> None:
    alone = Pair(family, PLAIN, PLAIN)
    alone.lossy = lambda side, packet: True
    alone.run(20.0)
    for side in (0, 1):
        gaps = list(alone.gaps(side, 0.0))
        assert gaps and all(0.75 <= gap <= 1.0 for gap in gaps)
    assert all(packet.desired_min_tx == 1_000_000 for _unused, _unused, packet in alone.sent)
    assert not alone.events


def test_up_and_at_the_slower_of_both_wishes(family: str) -> None:
    both = pair(family, PLAIN._replace(transmit_ms=50, receive_ms=200), PLAIN._replace(transmit_ms=120, receive_ms=80))
    since = both.now
    both.run(20.0)
    for side, interval in ((0, 0.08), (1, 0.2)):
        gaps = list(both.gaps(side, since))
        assert all(0.75 * interval - 1e-9 <= gap <= interval + 1e-9 for gap in gaps)
        assert max(gaps) - min(gaps) > 0.15 * interval, "jitter"
        assert not [packet for at, sender, packet in both.sent if at > since and (packet.poll or packet.final)]
    assert both.sides[0].snapshot().detection_ms == pytest.approx(600)
    assert both.sides[1].snapshot().detection_ms == pytest.approx(240)
    assert both.sides[0].snapshot().transitions in (1, 2)


@pytest.mark.parametrize("multiplier", [2, 3, 255])
def test_silence_is_noticed_after_the_detection_time(family: str, multiplier: int) -> None:
    both = pair(family, right=PLAIN._replace(multiplier=multiplier))
    both.lossy = lambda side, packet: side == 1
    last = max(at for at, sender, _unused in both.sent if sender == 1)
    both.run(multiplier * 0.1 + 1.0)
    lost = [at for at, side, what in both.events if side == 0 and what == "Lost"]
    assert lost == [pytest.approx(last + 0.001 + multiplier * 0.1)]
    assert both.sides[0].snapshot().diagnostic == "control detection time expired"
    told = next(packet for at, sender, packet in both.sent if sender == 0 and at >= lost[0])
    assert (told.state, told.diagnostic, told.your_discriminator) == (State.DOWN, 1, 0)
    assert [what for _unused, side, what in both.events if side == 1][:1] == ["Lost"], "the other side was told"
    both.lossy = lambda side, packet: False
    both.run(10.0)
    assert both.states == UP
    assert [what for _unused, side, what in both.events if side == 0] == ["Lost", "Back"]


def test_lost_packets_below_the_multiplier_do_no_harm(family: str) -> None:
    both = pair(family)
    lost = iter([False, True, True] * 1000)
    both.lossy = lambda side, packet: side == 0 and next(lost)
    both.run(60.0)
    assert both.states == UP and not both.events


@pytest.mark.parametrize(
    "changes",
    [{"transmit_ms": 400}, {"transmit_ms": 50}, {"receive_ms": 400}, {"receive_ms": 50}, {"multiplier": 10}],
    ids=str,
)
def test_a_change_needs_a_poll_and_never_a_flap(family: str, changes: dict[str, int]) -> None:
    both = pair(family, PLAIN._replace(receive_ms=150, transmit_ms=150), PLAIN)
    wanted = both.sides[0].settings._replace(**changes)
    answers = 0

    def lossy(side: int, packet: Control) -> bool:
        nonlocal answers
        answers += side == 1 and packet.final
        return side == 1 and packet.final and answers < 5  # the first answers get lost

    both.lossy = lossy
    since = both.now
    both.perform(0, both.sides[0].configure(wanted, both.now))
    both.run(0.3)
    polls = [packet for at, sender, packet in both.sent if at >= since and sender == 0 and packet.poll]
    if "multiplier" in changes:
        assert not polls
    else:
        assert polls and answers < 5, "still polling"
        if changes.get("transmit_ms") == 400:
            assert max(both.gaps(0, since)) <= 0.15 + 1e-9, "as often as before, until it is agreed"
        if changes.get("receive_ms") == 50:
            assert both.sides[0].snapshot().detection_ms == pytest.approx(450), "as patient as before"
    both.run(10.0)
    after = both.now
    both.run(10.0)
    assert both.states == UP and not both.events
    assert not [packet for at, _unused, packet in both.sent if at > after and (packet.poll or packet.final)]
    interval = max(wanted.transmit_ms, 100) / 1000
    assert all(0.75 * interval - 1e-9 <= gap <= interval + 1e-9 for gap in both.gaps(0, after))
    assert both.sides[0].snapshot().detection_ms == pytest.approx(3 * max(wanted.receive_ms, 100))
    assert both.sides[1].snapshot().detection_ms == pytest.approx(wanted.multiplier * max(wanted.transmit_ms, 100))
    assert not both.sides[0].configure(wanted, both.now), "nothing changed"


def test_a_second_change_while_a_poll_is_under_way_gets_its_own(family: str) -> None:
    both = pair(family)
    answered: list[float] = []

    def second_answer_is_lost(side: int, packet: Control) -> bool:
        if side == 1 and packet.final:
            answered.append(both.now)
        return len(answered) > 1 and packet.final

    both.lossy = second_answer_is_lost
    both.perform(0, both.sides[0].configure(PLAIN._replace(transmit_ms=300), both.now))
    both.perform(0, both.sides[0].configure(PLAIN._replace(transmit_ms=500), both.now))
    since = both.now
    both.run(2.0)
    polls = [at for at, side, packet in both.sent if at > answered[0] and side == 0 and packet.poll]
    assert polls, "the first answer was to the first change: the second one is asked about anew"
    assert all(gap <= 0.1 for gap in both.gaps(0, since)), "nobody has agreed to slower packets yet"
    both.lossy = lambda side, packet: False
    both.run(5.0)
    since = both.now
    both.run(10.0)
    assert all(0.375 - 1e-9 <= gap <= 0.5 + 1e-9 for gap in both.gaps(0, since))
    assert both.states == UP and not both.events


def test_a_poll_is_answered_in_every_state(family: str) -> None:
    for state in (State.DOWN, State.INIT, State.UP):
        session = Session("tor1", parse(ENDS[family][1]), PLAIN, 5, lambda: 0.5)
        session.start(0.0)
        for said in [State.DOWN, State.INIT][: state.value - 1]:
            session.receive(Control(said, 0, 3, 7, 5, 1, 1), 0.0)
        assert session.state is state
        poll = Control({1: State.UP, 2: State.DOWN, 3: State.UP}[state.value], 0, 3, 7, 5, 1, 1, poll=True)
        (answer,) = (decode(out.data) for out in session.receive(poll, 0.0) if isinstance(out, Send))
        assert (answer.final, answer.poll, answer.state) == (True, False, state)


def test_one_passive_side_waits(family: str) -> None:
    both = Pair(family, PLAIN._replace(passive=True), PLAIN)
    both.lossy = lambda side, packet: True
    both.run(10.0)
    assert {side for _unused, side, _unused in both.sent} == {1}
    both.lossy = lambda side, packet: False
    both.run(5.0)
    assert both.states == UP
    both.lossy = lambda side, packet: side == 1
    both.run(1.0)
    since = both.now
    both.run(5.0)
    assert both.sides[0].state is State.DOWN
    assert not [at for at, side, _unused in both.sent if side == 0 and at > since], "silent again"


def test_two_passive_sides_wait_for_ever(family: str) -> None:
    passive = PLAIN._replace(passive=True)
    both = Pair(family, passive, passive)
    both.run(60.0)
    assert not both.sent
    both.perform(0, both.sides[0].configure(PLAIN, both.now))
    both.run(5.0)
    assert both.states == UP


def test_admin_down_is_no_failure(family: str) -> None:
    both = pair(family)
    both.perform(0, both.sides[0].disable(both.now))
    both.run(0.05)
    assert both.states == (State.ADMIN_DOWN, State.DOWN)
    assert both.sides[1].snapshot().remote_state == "AdminDown"
    both.run(20.0)
    assert both.events == [(pytest.approx(both.events[0][0]), 0, "Finished")], "neither side lost anything"
    said = [packet for _unused, side, packet in both.sent if side == 0 and packet.state is State.ADMIN_DOWN]
    assert 3 <= len(said) <= 6 and {packet.diagnostic for packet in said} == {7}
    assert both.sides[0].next_deadline is None
    assert not both.sides[0].disable(both.now)


def test_admin_down_after_a_failure_lets_bgp_go_on(family: str) -> None:
    both = pair(family)
    both.lossy = lambda side, packet: True
    both.run(2.0)
    both.perform(0, both.sides[0].disable(both.now))
    both.lossy = lambda side, packet: False
    both.run(2.0)
    assert [what for _unused, side, what in both.events if side == 1] == ["Lost", "Back"]


def test_a_restarted_side_is_noticed_and_comes_back(family: str) -> None:
    both = pair(family)
    old = both.sides[0]
    both.tables[0].remove(old)
    fresh = Session("tor1", old.address, PLAIN, both.tables[0].discriminator(), lambda: 0.5)
    both.tables[0].add(Path(old.address, both.arrivals[0].destination, False), fresh)
    both.sides[0] = fresh
    both.flying.clear()
    both.perform(0, fresh.start(both.now))
    both.run(0.1)
    assert both.sides[1].snapshot().downs == 1
    both.run(5.0)
    assert both.states == UP
    assert not both.events, "its packet shows that the path works"


def test_a_peer_in_demand_mode_hears_nothing_but_polls(family: str) -> None:
    session = Session("tor1", parse(ENDS[family][1]), PLAIN, 5, lambda: 0.5)
    session.start(0.0)
    session.receive(Control(State.INIT, 0, 3, 7, 5, 100_000, 100_000, demand=True), 0.0)
    quiet = Control(State.UP, 0, 3, 7, 5, 100_000, 100_000, final=True, demand=True)
    session.receive(quiet, 0.01)
    assert session.state is State.UP
    assert session._deadlines.at("transmit") is None
    out = session.configure(PLAIN._replace(transmit_ms=200), 0.02)
    assert [decode(entry.data).poll for entry in out if isinstance(entry, Send)] == [True]
    assert session._deadlines.at("transmit") is not None
    session.receive(quiet, 0.03)
    assert session._deadlines.at("transmit") is None


def test_a_peer_that_wants_no_packets_gets_none(family: str) -> None:
    session = Session("tor1", parse(ENDS[family][1]), PLAIN, 5, lambda: 0.5)
    session.start(0.0)
    session.receive(Control(State.INIT, 0, 3, 7, 5, 100_000, 0), 0.0)
    assert session.state is State.UP
    assert session._deadlines.at("transmit") is None
    session.receive(Control(State.UP, 0, 3, 7, 5, 100_000, 100_000), 0.1)
    assert session._deadlines.at("transmit") is not None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(ENDS)),
    st.integers(0, 2**32),
    st.floats(0.0, 0.6),
    st.tuples(*[st.integers(50, 1000)] * 4),
    st.tuples(st.integers(2, 10), st.integers(2, 10)),
)
def test_whatever_is_lost_both_come_up_in_the_end(
    family: str, seed: int, loss: float, intervals: tuple[int, int, int, int], multipliers: tuple[int, int]
) -> None:
    left = Bfd(intervals[0], intervals[1], multipliers[0], False, None)
    right = Bfd(intervals[2], intervals[3], multipliers[1], False, None)
    both = Pair(family, left, right, seed)
    chance = random.Random(seed)
    both.lossy = lambda side, packet: chance.random() < loss
    both.run(20.0)
    for side in (0, 1):
        story = [what for _unused, number, what in both.events if number == side]
        assert story == (["Lost", "Back"] * len(story))[: len(story)]
    both.lossy = lambda side, packet: False
    both.run(15.0)
    assert both.states == UP
    flaps = len(both.events)
    both.run(20.0)
    assert len(both.events) == flaps
    for one, other, session in ((left, right, both.sides[0]), (right, left, both.sides[1])):
        expected = other.multiplier * max(one.receive_ms, other.transmit_ms)
        assert session.snapshot().detection_ms == pytest.approx(expected)


def replace(both: Pair, side: int, take: Callable[[Session, dict[str, Any]], list[Any]]) -> Session:
    """Another process goes on with one end."""
    old, table = both.sides[side], both.tables[side]
    found = json.loads(json.dumps(old.export()))
    new = Session(old.name, old.address, old.settings, 0, random.Random(7).random)
    outputs = take(new, found)
    path = Path(old.address, both.arrivals[side].destination, old.settings.minimum_ttl is not None)
    table.remove(old)
    table.add(path, new)
    both.sides[side] = new
    both.perform(side, outputs)
    return new


@given(moments=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=6), side=st.sampled_from([0, 1]))
@settings(max_examples=60, deadline=None)
def test_a_hand_over_at_any_moment_is_not_seen(moments: list[float], side: int) -> None:
    """From the very first packets on, over polls and slow start."""
    both, plain = (Pair(family_of(moments), PLAIN, PLAIN._replace(transmit_ms=200)) for _unused in range(2))
    for wait in moments:
        both.run(wait)
        before = both.sides[side].snapshot()
        after = replace(both, side, lambda new, found: new.adopt(found) or []).snapshot()
        assert after == before
    both.run(10.0)
    plain.run(10.0)
    assert both.states == UP
    assert not both.events
    assert [session.snapshot().ups for session in both.sides] == [1, 1]
    assert [session.snapshot().downs for session in both.sides] == [0, 0]


def family_of(moments: list[float]) -> str:
    return sorted(ENDS)[len(moments) % 2]


def test_one_that_died_is_resumed_within_the_detection_time(family: str) -> None:
    both = pair(family)
    both.lossy = lambda side, packet: side == 0  # it is dead …
    both.run(0.15)
    both.lossy = lambda side, packet: False  # … and another one begins where it was when it had come up
    replace(both, 0, lambda new, found: new.resume(found, both.now))
    both.run(3.0)
    assert both.states == UP
    assert not both.events
    assert both.sides[1].snapshot().downs == 0


@pytest.mark.parametrize("other", ["down", "silent"])
def test_one_that_is_resumed_too_late_is_forgotten_and_no_path_is_lost(family: str, other: str) -> None:
    both = pair(family)
    found = json.loads(json.dumps(both.sides[0].export()))
    both.lossy = lambda side, packet: side == 0 or other == "silent"
    both.run(1.0)
    assert both.sides[1].state is State.DOWN
    both.events.clear()
    new = Session("tor1", both.sides[0].address, PLAIN, 0, random.Random(7).random)
    outputs = new.resume(found, both.now)
    assert [decode(output.data).state for output in outputs] == [State.UP]
    heard = decode(both.sides[1].expire(both.now + 1.0)[0].data)
    late = new.receive(heard, both.now) if other == "down" else new.expire(both.now + 0.3)
    assert Missed() in late


def test_what_a_resumed_session_hears_makes_it_a_session_like_others(family: str) -> None:
    both = pair(family)
    replace(both, 0, lambda new, found: new.resume(found, both.now))
    both.run(2.0)
    both.lossy = lambda side, packet: True
    both.run(1.0)
    assert [name for _unused, side, name in both.events if side == 0] == ["Lost"]
