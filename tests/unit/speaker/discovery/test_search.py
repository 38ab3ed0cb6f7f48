# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a search: every row, its timers, and what the driver is told."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.outputs import Note
from dualstack_speaker.discovery import messages, search
from dualstack_speaker.discovery.fsm import TABLE, Action, Event, State, step
from dualstack_speaker.discovery.messages import Advertisement, Solicitation
from dualstack_speaker.discovery.search import Found, Lost, Output, Search, Transmit

NOW = 1000.0
OWN, MAC = parse("fe80::11"), bytes.fromhex("02005e100011")
FIRST, SECOND, THIRD = parse("fe80::1"), parse("fe80::2"), parse("fe80::3")
SOLICIT = Transmit(messages.solicitation(MAC), messages.ALL_ROUTERS)
ADVERTISE = Transmit(messages.advertisement(MAC), messages.ALL_NODES)
ABSENT, SEARCHING, FOUND, CHECKING, AMBIGUOUS = State


def says(source: bytes, mac: bytes | None = None, lifetime: int = 0, interval: float | None = None) -> Advertisement:
    """An advertisement; a router's MAC is its own."""
    return Advertisement(source, lifetime, b"\x02\0\0\0\0" + source[-1:] if mac is None else mac, interval)


def in_state(state: State) -> Search:
    """A search in a state at NOW, in which the jitter is always 0.5."""
    made = Search("eth1", lambda: 0.5)
    if state is not ABSENT:
        made.present(OWN, MAC, False, NOW)
    if state in (FOUND, CHECKING, AMBIGUOUS):
        made.heard(says(FIRST), NOW)
    if state in (CHECKING, AMBIGUOUS):
        made.heard(says(SECOND), NOW)
    if state is AMBIGUOUS:
        made.heard(says(FIRST), NOW)
        made.expire(NOW + search.CHECK)
    assert made.state is state
    return made


def told(outputs: list[Output]) -> list[Output]:
    """Outputs without what is logged."""
    return [each for each in outputs if not isinstance(each, Note)]


class Row(NamedTuple):
    """What an event does in a state: the state after it and what is put out."""

    state: State
    event: Event
    after: State
    outputs: list[Output]


GONE = Lost("interface eth1 is not there")
SEVERAL = Lost("several routers on eth1: fe80::1, fe80::2; state the address of the one that is meant")

ROWS = [
    Row(ABSENT, Event.PRESENT, SEARCHING, [SOLICIT, ADVERTISE]),
    Row(ABSENT, Event.APPEARED, SEARCHING, []),
    Row(ABSENT, Event.GONE, ABSENT, [GONE]),
    Row(ABSENT, Event.ASKED, ABSENT, []),
    Row(ABSENT, Event.FIRST, ABSENT, []),
    *(Row(state, Event.GONE, ABSENT, [GONE]) for state in State if state is not ABSENT),
    *(Row(state, Event.ASKED, state, []) for state in State if state is not ABSENT),
    *(Row(state, Event.ADVERTISE_DUE, state, [ADVERTISE]) for state in State if state is not ABSENT),
    Row(SEARCHING, Event.FIRST, FOUND, [Found(FIRST)]),
    Row(SEARCHING, Event.SOLICIT_DUE, SEARCHING, [SOLICIT]),
    Row(SEARCHING, Event.DOUBT, SEARCHING, []),
    Row(FOUND, Event.KNOWN, FOUND, []),
    Row(FOUND, Event.SUCCESSOR, FOUND, [Found(THIRD)]),
    Row(FOUND, Event.OTHER, CHECKING, [SOLICIT]),
    Row(FOUND, Event.DOUBT, CHECKING, [SOLICIT]),
    Row(FOUND, Event.SOLICIT_DUE, FOUND, []),
    Row(CHECKING, Event.KNOWN, CHECKING, []),
    Row(CHECKING, Event.OTHER, CHECKING, []),
    Row(CHECKING, Event.DOUBT, CHECKING, []),
    Row(CHECKING, Event.SUCCESSOR, CHECKING, [Found(THIRD)]),
    Row(CHECKING, Event.SOLICIT_DUE, CHECKING, [SOLICIT]),
    Row(CHECKING, Event.NONE_LEFT, SEARCHING, [Lost("no router advertisement on eth1 any more")]),
    Row(CHECKING, Event.ONE_LEFT, FOUND, [Found(SECOND)]),
    Row(CHECKING, Event.SEVERAL_LEFT, AMBIGUOUS, [SEVERAL]),
    Row(AMBIGUOUS, Event.KNOWN, AMBIGUOUS, []),
    Row(AMBIGUOUS, Event.OTHER, AMBIGUOUS, [Lost(SEVERAL.reason.replace("::2", "::2, fe80::3"))]),
    Row(AMBIGUOUS, Event.DOUBT, AMBIGUOUS, []),
    Row(AMBIGUOUS, Event.SOLICIT_DUE, AMBIGUOUS, []),
    Row(AMBIGUOUS, Event.CHECK_DUE, CHECKING, [SOLICIT]),
]


def cause(made: Search, event: Event) -> list[Output]:
    """Makes an event happen the way it does."""
    later = NOW + search.CHECK
    if event in (Event.PRESENT, Event.APPEARED):
        return made.present(OWN, MAC, event is Event.APPEARED, NOW)
    if event is Event.GONE:
        return made.gone(GONE.reason, NOW)
    if event is Event.ASKED:
        return made.heard(Solicitation(THIRD, None), NOW)
    if event in (Event.FIRST, Event.KNOWN):
        return made.heard(says(FIRST), NOW)
    if event is Event.SUCCESSOR:
        return made.heard(says(THIRD, mac=says(FIRST).mac), NOW)
    if event is Event.OTHER:
        return made.heard(says(THIRD), NOW)
    if event is Event.DOUBT:
        return made.doubt(NOW)
    if event is Event.CHECK_DUE:
        made._deadlines.clear("solicit", "advertise", "doubt")
        return made.expire(later + search.PATIENCE)
    if event in (Event.NONE_LEFT, Event.ONE_LEFT, Event.SEVERAL_LEFT):
        heard = {Event.NONE_LEFT: (), Event.ONE_LEFT: (SECOND,), Event.SEVERAL_LEFT: (FIRST, SECOND)}[event]
        made._checked_from = NOW + 1
        for source in heard:
            made.heard(says(source), NOW + 2)
        made._deadlines.clear("solicit", "advertise")
        return made.expire(later)
    made._deadlines.clear()
    made._deadlines.set(event.value, NOW)
    return made.expire(NOW)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.state.value}-{row.event.value}")
def test_row(row: Row) -> None:
    made = in_state(row.state)
    assert told(cause(made, row.event)) == row.outputs
    assert made.state is row.after
    lost = [each.reason for each in row.outputs if isinstance(each, Lost)]
    assert made.problem == (lost[0] if lost else made.problem)
    assert (made.found is None) == bool(made.problem)


def test_every_row_of_the_table_is_shown() -> None:
    inside = {(CHECKING, Event.CHECK_DUE)}  # what it leads to at once is shown: none, one, several left
    assert {(state, event) for state, rows in TABLE.items() for event in rows} - inside <= {row[:2] for row in ROWS}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_a_pair_without_a_row_changes_nothing(state: State, event: Event) -> None:
    if event not in TABLE[state]:
        assert step(state, event) == (Action.NOTHING, state)


def test_questions_become_rarer() -> None:
    """RFC 7559: 4 s, doubling, an hour at most; the jitter of 0.5 leaves them as they are."""
    made, now = Search("eth1", lambda: 0.5), NOW
    outputs = made.present(OWN, MAC, False, now)
    gaps, last = [], now
    while len(gaps) < 12:
        assert made.next_deadline is not None
        now = made.next_deadline
        outputs = made.expire(now)
        if SOLICIT in outputs:
            gaps.append(now - last)
            last = now
    assert gaps == [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]


def test_an_interface_that_just_came_up_waits_before_it_asks() -> None:
    """RFC 4861 section 6.3.7: all hosts of a switch that starts would ask at once."""
    made = Search("eth1", lambda: 0.5)
    assert told(made.present(OWN, MAC, True, NOW)) == []
    assert made.next_deadline == NOW + 0.25
    assert made.expire(NOW + 0.25) == [ADVERTISE]
    assert made.next_deadline == NOW + 0.5
    assert made.expire(NOW + 0.5) == [SOLICIT]


def test_advertisements_go_on_and_answers_keep_their_distance() -> None:
    """RFC 4861 section 6.2.6: an answer comes within 0.5 s, but 3 s after the one before at the earliest."""
    made = in_state(FOUND)
    made._deadlines.clear("solicit")
    made.heard(Solicitation(THIRD, None), NOW + 1)
    assert made.next_deadline == NOW + 3.25
    made.heard(Solicitation(THIRD, None), NOW + 2)  # one answer for both
    assert made.expire(NOW + 3.25) == [ADVERTISE]
    assert made.next_deadline == pytest.approx(NOW + 3.25 + 6.65)
    assert made.expire(NOW + 9.9) == [ADVERTISE]
    made.heard(Solicitation(THIRD, None), NOW + 14)
    assert made.next_deadline == NOW + 14.25


@pytest.mark.parametrize(
    ("message", "seconds"),
    [(says(FIRST), 1800.0), (says(FIRST, lifetime=30), 30.0), (says(FIRST, interval=10.0), 30.0)],
)
def test_a_silent_router_is_asked_before_it_is_given_up(message: Advertisement, seconds: float) -> None:
    made = Search("eth1", lambda: 0.5)
    made.present(OWN, MAC, False, NOW)
    made.heard(message, NOW)
    made._deadlines.clear("advertise", "solicit")
    assert made.next_deadline == NOW + seconds
    assert made.expire(NOW + seconds) == [SOLICIT]
    assert made.found == FIRST
    made.heard(message, NOW + seconds + 1)
    made._deadlines.clear("advertise", "solicit")
    assert told(made.expire(NOW + seconds + search.CHECK)) == []
    assert (made.state, made.found) == (FOUND, FIRST)


def test_our_own_voice_is_not_a_router() -> None:
    """Another program on this host may advertise on the interface: the kernel hands that to us as well."""
    made = in_state(SEARCHING)
    assert made.heard(says(OWN), NOW) == []
    assert made.state is SEARCHING


def test_several_routers_become_one_again() -> None:
    made = in_state(AMBIGUOUS)
    at = NOW + search.CHECK + search.PATIENCE
    made.expire(at)
    made.heard(says(SECOND), at + 1)
    assert Found(SECOND) in made.expire(at + search.CHECK)
    assert (made.state, made.problem) == (FOUND, "")


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["says", "asks", "gone", "present", "doubt", "wait"]),
        st.integers(0, 40),
        st.integers(0, 3),
        st.floats(0, 100),
    ),
    max_size=60,
)


@pytest.mark.soak
@given(EVENTS)
def test_whatever_happens_the_state_holds_together(events: list[tuple[str, int, int, float]]) -> None:
    """It knows one address or says why there is none, what it puts out tells the same, it keeps little in mind, and
    asks and speaks no more often than it may."""
    made, now, known = Search("eth1", lambda: 0.5), NOW, None
    spoken = now - search.BETWEEN_ADVERTISEMENTS
    for what, number, mac, wait in events:
        source = parse(f"fe80::{number + 1:x}")
        if what == "says":
            out = made.heard(says(source, mac=bytes(5) + bytes([mac]) if mac else None), now)
        elif what == "asks":
            out = made.heard(Solicitation(source, None), now)
        elif what == "gone":
            out = made.gone("gone", now)
            spoken = now - search.BETWEEN_ADVERTISEMENTS
        elif what == "present":
            out = made.present(OWN, MAC, bool(mac), now)
        elif what == "doubt":
            out = made.doubt(now)
        else:
            now += wait
            out = made.expire(now)
        for each in out:
            known = each.address if isinstance(each, Found) else None if isinstance(each, Lost) else known
        if ADVERTISE in out:
            assert now - spoken >= search.BETWEEN_ADVERTISEMENTS
            spoken = now
        assert made.found == known
        assert (made.found is None) == bool(made.problem)
        assert len(made._routers) <= search.MOST_ROUTERS
        assert made.state is ABSENT or made.next_deadline is not None
