# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the states: no pair without a row, every row does what it says, and RFC 5880 section 6.8.6 is kept."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Bfd
from dualstack_speaker.base.outputs import Note, Send
from dualstack_speaker.bfd import fsm
from dualstack_speaker.bfd.fsm import Event, State
from dualstack_speaker.bfd.packet import Control, decode
from dualstack_speaker.bfd.session import Back, Finished, Lost, Output, Session

NOW = 1000.0
STATE_OF = {event: state for state, event in fsm.RECEIVED.items()}
ADMIN_DOWN, DOWN, INIT, UP = State


class Row(NamedTuple):
    """What an event does in a state: the state after it, our diagnostic then, and what is put out besides packets."""

    state: State
    event: Event
    after: State
    diagnostic: str
    outputs: list[str]


ADMIN, NONE = "administratively down", "none"
SILENCE, TOLD = "control detection time expired", "neighbour signalled session down"

ROWS = [
    *(Row(ADMIN_DOWN, event, ADMIN_DOWN, ADMIN, []) for event in Event if event is not Event.DETECTION_DUE),
    Row(ADMIN_DOWN, Event.DETECTION_DUE, ADMIN_DOWN, ADMIN, []),
    Row(DOWN, Event.ADMIN_DOWN, DOWN, NONE, []),
    Row(DOWN, Event.DOWN, INIT, NONE, []),
    Row(DOWN, Event.INIT, UP, NONE, ["bfd up"]),
    Row(DOWN, Event.UP, DOWN, NONE, []),
    Row(DOWN, Event.RESTART, INIT, NONE, []),
    Row(DOWN, Event.DETECTION_DUE, DOWN, NONE, []),
    Row(DOWN, Event.DISABLE, ADMIN_DOWN, ADMIN, []),
    Row(INIT, Event.ADMIN_DOWN, DOWN, TOLD, []),
    Row(INIT, Event.DOWN, INIT, NONE, []),
    Row(INIT, Event.INIT, UP, NONE, ["bfd up"]),
    Row(INIT, Event.UP, UP, NONE, ["bfd up"]),
    Row(INIT, Event.RESTART, INIT, NONE, []),
    Row(INIT, Event.DETECTION_DUE, DOWN, SILENCE, []),
    Row(INIT, Event.DISABLE, ADMIN_DOWN, ADMIN, []),
    Row(UP, Event.ADMIN_DOWN, DOWN, TOLD, ["bfd down"]),
    Row(UP, Event.DOWN, DOWN, TOLD, ["bfd down", "lost"]),
    Row(UP, Event.INIT, UP, NONE, []),
    Row(UP, Event.UP, UP, NONE, []),
    Row(UP, Event.RESTART, DOWN, TOLD, ["bfd down"]),
    Row(UP, Event.DETECTION_DUE, DOWN, SILENCE, ["bfd down", "lost"]),
    Row(UP, Event.DISABLE, ADMIN_DOWN, ADMIN, ["bfd down"]),
]


def said(state: State, **changes: object) -> Control:
    """A packet of the other side."""
    return Control(state, 0, 3, 77, 5, 100_000, 100_000)._replace(**changes)  # type: ignore[arg-type]


def bring(state: State) -> Session:
    """A session in a state, which has just heard of the other side (except in Down)."""
    session = Session("tor1", parse("10.0.1.1"), Bfd(100, 100, 3, False, None), 5, lambda: 0.5)
    session.start(NOW)
    if state is ADMIN_DOWN:
        session.disable(NOW)
    if state in (INIT, UP):
        session.receive(said(DOWN), NOW)
    if state is UP:
        session.receive(said(INIT), NOW)
    assert session.state is state
    return session


def words(outputs: list[Output]) -> list[str]:
    """Outputs without packets, in words."""
    names = {Lost: "lost", Back: "back", Finished: "finished"}
    return [
        output.kind if isinstance(output, Note) else names[type(output)]
        for output in outputs
        if not isinstance(output, Send)
    ]


def happen(session: Session, event: Event) -> list[Output]:
    """Makes an event happen through the inputs."""
    if event in STATE_OF:
        return session.receive(said(STATE_OF[event]), NOW)
    if event is Event.RESTART:
        session._remote = session._remote or said(DOWN)
        return session.receive(said(DOWN, my_discriminator=78, your_discriminator=0), NOW)
    if event is Event.DISABLE:
        return session.disable(NOW)
    at = session._deadlines.at("detect")
    return session.expire(at) if at is not None else session._fire(event, NOW)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.state.text}-{row.event.value}")
def test_rows(row: Row) -> None:
    session = bring(row.state)
    outputs = happen(session, row.event)
    assert session.state is row.after
    assert session.snapshot().diagnostic == row.diagnostic
    assert words(outputs) == row.outputs
    if row.after is not row.state:  # a change is told at once
        packet = decode([output.data for output in outputs if isinstance(output, Send)][-1])
        assert packet.state is row.after
        assert fsm.describe(packet.diagnostic) == row.diagnostic


def test_every_pair_has_its_row() -> None:
    pairs = {(state, event) for state in State for event in Event}
    assert {(row.state, row.event) for row in ROWS} == pairs
    assert len(ROWS) == len(pairs)
    assert {(state, event) for state, row in fsm.TABLE.items() for event in row} == pairs


@pytest.mark.parametrize("diagnostic", range(32))
def test_every_diagnostic_has_words(diagnostic: int) -> None:
    assert fsm.describe(diagnostic) == fsm.DIAGNOSTIC_TEXT.get(diagnostic, f"diagnostic {diagnostic}")


@pytest.mark.parametrize(
    ("changes", "outputs"),
    [
        ({"diagnostic": 1}, ["bfd down", "lost"]),
        ({"my_discriminator": 78}, ["bfd down", "lost"]),  # it knows us: no new session
        ({"my_discriminator": 78, "your_discriminator": 0}, ["bfd down"]),
        ({"your_discriminator": 0, "diagnostic": 1}, ["bfd down", "lost"]),  # our packets did not arrive
        ({"diagnostic": 3}, ["bfd down"]),  # it says that we said so
    ],
)
def test_which_down_is_a_failure(changes: dict[str, int], outputs: list[str]) -> None:
    assert words(bring(UP).receive(said(DOWN, **changes), NOW)) == outputs


@pytest.mark.parametrize("again", [State.INIT, State.ADMIN_DOWN])
def test_what_was_lost_comes_back_once(again: State) -> None:
    session = bring(UP)
    assert words(session.receive(said(DOWN), NOW)) == ["bfd down", "lost"]
    assert words(session.receive(said(again), NOW)) == (["bfd up", "back"] if again is INIT else ["back"])
    assert "back" not in words(session.receive(said(again), NOW))


def test_no_longer_watching_brings_back_what_was_lost() -> None:
    session = bring(UP)
    session.receive(said(DOWN), NOW)
    assert words(session.disable(NOW)) == ["back"]
