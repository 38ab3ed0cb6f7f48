# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine of another node: every pair of its table, what counts as a heartbeat, and how long it is held back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.election import liveness
from dualstack_speaker.election.liveness import HEARD, TABLE, Event, Peer, State
from dualstack_speaker.election.packet import Beat, mark

DETECTION = 0.6


def draws() -> Callable[[], bytes]:
    numbers = itertools.count(1)
    return lambda: next(numbers).to_bytes(8, "big")


def beat(incarnation: int, sequence: int, echo: bytes = bytes(8), **parts: object) -> Beat:
    made = Beat(
        "node2", mark("node1"), incarnation, sequence, b"theirs..", echo, 600, True, False, False, True, False,
        ("eth0",), (), frozenset(),
    )  # fmt: skip
    return made._replace(**parts)  # type: ignore[arg-type]


def alive() -> Peer:
    peer = Peer("node2", draws())
    peer.hear(beat(1, 1, peer.challenge), 0.0)
    return peer


def test_every_pair_that_can_happen_has_a_row() -> None:
    """Only what is heard can be overdue, and only what returns is held back."""
    expected = {(state, event) for state in State for event in (Event.BEAT, Event.GOODBYE)}
    expected |= {(state, Event.OVERDUE) for state in HEARD} | {(State.RETURNING, Event.HELD)}
    assert set(TABLE) == expected
    for (_state, event), after in TABLE.items():
        if event is Event.GOODBYE:
            assert after is State.LEAVING
        elif event is Event.OVERDUE:
            assert after is State.SILENT
        elif event is Event.BEAT:
            assert after in (State.ALIVE, State.RETURNING)


def test_a_heartbeat_counts_once() -> None:
    peer = alive()
    assert peer.check(beat(1, 1)) == "second copy"
    assert peer.check(beat(1, 2)) == ""
    peer.hear(beat(1, 5), 0.1)
    assert [peer.check(beat(1, number)) for number in (2, 4, 5, 6)] == ["replayed", "replayed", "second copy", ""]


def test_a_new_beginning_has_to_answer_the_challenge_and_each_is_good_for_one() -> None:
    peer = Peer("node2", draws())
    first = peer.challenge
    assert peer.check(beat(1, 1)) == "unproven"
    assert peer.check(beat(1, 1, first)) == ""
    peer.hear(beat(1, 1, first), 0.0)
    assert peer.challenge != first
    assert peer.check(beat(2, 1, first)) == "unproven"
    second = peer.challenge
    peer.hear(beat(2, 1, second), 0.1)
    assert peer.check(beat(1, 900, first)) == "unproven", "what it sent before its restart"
    assert peer.check(beat(1, 900, second)) == "unproven"


@given(st.lists(st.tuples(st.sampled_from(["send", "lose", "learn", "restart", "repeat"]), st.integers(0, 99))))
def test_nothing_that_was_sent_counts_twice(acts: list[tuple[str, int]]) -> None:
    """Whatever somebody repeats who has recorded everything, also what was lost, while the sender restarts."""
    peer = Peer("node2", draws())
    incarnation, sequence, echo = 1, 0, bytes(8)
    recorded: list[Beat] = []
    counted: set[tuple[int, int]] = set()
    for act, number in acts:
        if act == "restart":
            incarnation, sequence, echo = incarnation + 1, 0, bytes(8)
        elif act == "learn":
            echo = peer.challenge
        elif act == "repeat" and not recorded:
            continue
        else:
            if act != "repeat":
                sequence += 1
                recorded.append(beat(incarnation, sequence, echo))
            one = recorded[number % len(recorded)] if act == "repeat" else recorded[-1]
            if act != "lose" and not peer.check(one):
                peer.hear(one, 0.0)
                assert (one.incarnation, one.sequence) not in counted
                counted.add((one.incarnation, one.sequence))


def test_after_a_restart_of_the_receiver_old_heartbeats_do_not_count() -> None:
    before = alive()
    after = Peer("node2", lambda: b"another.")
    after.adopt(before.export())
    after.assume(10.0)
    assert after.counts and after.due == 10.0 + DETECTION
    assert after.check(beat(1, 2)) == "unproven"
    assert after.check(beat(1, 2, after.challenge)) == ""


def test_silence_and_returns_that_are_held_back_longer_each_time() -> None:
    peer, now, number = alive(), 0.0, 1
    waited = []
    for _unused in range(8):
        assert peer.counts and peer.due == pytest.approx(now + DETECTION)
        now += DETECTION
        assert peer.lapse(now) and peer.state is State.SILENT and not peer.counts and peer.due is None
        begun = now
        while not peer.counts:
            number += 1
            peer.hear(beat(1, number), now)
            now += 0.2
            peer.lapse(now)
        waited.append(round(now - begun))
        peer.hear(beat(1, number + 1), now)
        number += 1
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_was_alive_for_long_begins_anew_with_being_held_back() -> None:
    peer = alive()
    peer.returns, now = 5, liveness.STEADY + 1
    peer.hear(beat(1, 2), now)
    peer.lapse(now + DETECTION)
    assert (peer.state, peer.returns) == (State.SILENT, 1)


def test_who_said_goodbye_may_return_at_once() -> None:
    peer = alive()
    assert peer.hear(beat(1, 2, leaving=True), 0.1) and not peer.counts and peer.state is State.LEAVING
    assert peer.lapse(0.1 + DETECTION) and peer.state is State.SILENT
    peer.hear(beat(2, 1, peer.challenge), 5.0)
    assert peer.counts


def test_a_node_that_does_not_serve_does_not_count() -> None:
    peer = alive()
    assert peer.hear(beat(1, 2, serving=False), 0.1) and peer.state is State.ALIVE and not peer.counts
    assert peer.hear(beat(1, 3), 0.2) and peer.counts
    assert not peer.hear(beat(1, 4), 0.3)
    assert peer.hear(beat(1, 5, without=frozenset((mark("node1"),))), 0.4), "what it tells is another thing"


def test_another_process_goes_on_where_one_was() -> None:
    peer = alive()
    peer.lapse(DETECTION)
    peer.hear(beat(1, 2), 1.0)
    other = Peer("node2", draws())
    other.adopt(peer.export())
    assert (other.state, other.due, other.last, other.challenge) == (peer.state, peer.due, peer.last, peer.challenge)
    assert other.check(beat(1, 2)) == "second copy" and other.check(beat(1, 3)) == ""
    fresh = Peer("node3", draws())
    other.adopt(fresh.export())
    assert other.state is State.UNHEARD and other.last is None


@pytest.mark.parametrize("change", [{"state": "dead"}, {"state": "alive"}, {"challenge": "xx"}, {"last": {"a": 1}}])
def test_what_no_process_says_is_refused(change: dict[str, object]) -> None:
    data = {**Peer("node2", draws()).export(), **change}
    with pytest.raises((KeyError, TypeError, ValueError)):
        alive().adopt(data)
