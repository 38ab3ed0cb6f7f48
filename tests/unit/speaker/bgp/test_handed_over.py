# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session that goes on in another process: the same to its peer, to people and to what follows."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse, parse_prefix
from dualstack_speaker.base.model import Attributes, Peer
from dualstack_speaker.bgp import capabilities, messages
from dualstack_speaker.bgp.fsm import State
from dualstack_speaker.bgp.session import Session

KEYS = [parse_prefix(text) for text in ("192.0.2.1/32", "192.0.2.2/32", "2001:db8:1::1/128", "2001:db8:1::2/128")]
VALUES = Attributes((7,), (), None)
ENDS = {"ipv4": "10.0.1.1", "ipv6": "2001:db8:dc:1::1"}


def a_peer(transport: str, **changes: Any) -> Peer:
    plain = Peer(
        64512, 64500, parse(ENDS[transport]), 179, None, parse("10.0.1.11"), 9, 3.0, 5.0, None, ("ipv4", "ipv6"),
        parse("10.0.1.11"), parse("2001:db8:dc:1::11"), False,
    )  # fmt: skip
    return plain._replace(**changes)


def standing(peer: Peer, now: float) -> Session:
    """Established at ``now``, everything put, nothing sent yet but what the table sends."""
    session = Session("tor1", peer, lambda: 0.5)
    session.put(KEYS, VALUES)
    theirs = peer._replace(local_asn=peer.peer_asn or 0, router_id=parse("10.0.1.1"), hold_time=30)
    session.start(now)
    session.connected(session.number, now)
    session.received(session.number, messages.encode_open(theirs, capabilities.offer(theirs)), now)
    session.received(session.number, messages.KEEPALIVE, now)
    assert session.state is State.ESTABLISHED
    return session


def handed_over(session: Session) -> Session:
    """The session of another process that took over."""
    other = Session(session.name, session.peer, lambda: 0.5)
    other.put(KEYS, VALUES)
    number = other.adopt(json.loads(json.dumps(session.export())), known=True)
    assert number == other.number
    return other


def received(session: Session, data: bytes, now: float) -> list[Any]:
    return [output._replace(number=0) for output in session.received(session.number, data, now)]


@given(
    transport=st.sampled_from(["ipv4", "ipv6"]),
    restart=st.sampled_from([None, 120]),
    before=st.lists(st.sampled_from(["write", "block", "keepalive", "part", "update"]), max_size=8),
    wait=st.floats(0.0, 8.9),
    after=st.lists(st.sampled_from(["write", "block", "keepalive", "update", "rest", "expire"]), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_nothing_tells_it_from_the_one_that_stayed(
    transport: str, restart: int | None, before: list[str], wait: float, after: list[str]
) -> None:
    """Whatever happens before and after: both send the same at the same moments, and show the same."""
    now = 100.0
    session = standing(a_peer(transport, restart_time=restart), now)
    parted = False
    for step in before:
        parted = act(session, step, now, parted)[1]
    other = handed_over(session)
    now += wait
    for step in after:
        if step == "rest":
            now += 1.0
        first, after_first = act(session, step, now, parted)
        second, parted = act(other, step, now, parted)
        assert (first, after_first) == (second, parted)
        assert session.next_deadline == other.next_deadline
        assert session.waiting == other.waiting
        assert session.snapshot(now) == other.snapshot(now)


UPDATE = b"\xff" * 16 + b"\0\x17\2\0\0\0\0"


def act(session: Session, step: str, now: float, parted: bool) -> tuple[list[str], bool]:
    """One thing happens; what the session puts out, and whether half a message waits in it."""
    number, state = session.number, session.state
    out: list[Any] = []
    if step == "write":
        out = session.writable(number, now)
    elif step == "block":
        out = session.blocked(number, now)
    elif step == "expire":
        out = session.expire(now)
    elif step == "part" and not parted:
        out, parted = session.received(number, UPDATE[:10], now), True
    elif step in ("keepalive", "update"):
        rest = UPDATE[10:] if parted else b""
        out = session.received(number, rest + (messages.KEEPALIVE if step == "keepalive" else UPDATE), now)
        parted = False
    return [repr(each._replace(number=0) if hasattr(each, "number") else each) for each in out], (
        parted and session.state is state
    )


@pytest.mark.parametrize("transport", ENDS)
def test_what_is_not_established_stays_behind(transport: str) -> None:
    session = Session("tor1", a_peer(transport), lambda: 0.5)
    session.start(1.0)
    session.closed(session.number, "connection refused", 1.0)
    other = Session("tor1", a_peer(transport), lambda: 0.5)
    assert other.adopt(json.loads(json.dumps(session.export())), known=True) == 0
    seen = other.snapshot(2.0)
    assert (seen.state, seen.last_error) == ("Idle", "connection refused")


@pytest.mark.parametrize("transport", ENDS)
def test_a_repetition_sends_all_of_both_families_between_marks(transport: str) -> None:
    session = standing(a_peer(transport), 1.0)
    while session.waiting:
        session.writable(session.number, 1.0)
    other = handed_over(session)
    assert not other.waiting
    other.repeat()
    sent = b""
    while other.waiting:
        sent += b"".join(output.data for output in other.writable(other.number, 1.0))
    assert sent.count(b"\xff" * 16) == 2 * 3  # marks where it begins and ends, and one UPDATE between them
    assert other.snapshot(1.0).announced == {"ipv4": 2, "ipv6": 2}


SPOILERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no deadlines": lambda found: found["connection"].pop("deadlines"),
    "no OPEN of the peer": lambda found: found["connection"].update(theirs=""),
    "an OPEN that does not fit": lambda found: found["connection"].update(theirs="04fbf5001e0a00010100"),
    "no hexadecimal": lambda found: found["connection"].update(rest="xyz"),
    "no routes": lambda found: found.pop("routes"),
    "a list for an object": lambda found: found.update(routes=[]),
}


@pytest.mark.parametrize("name", SPOILERS)
def test_a_state_that_makes_no_sense_is_refused(name: str) -> None:
    found = json.loads(json.dumps(standing(a_peer("ipv4"), 1.0).export()))
    SPOILERS[name](found)
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        Session("tor1", a_peer("ipv4"), lambda: 0.5).adopt(found, known=True)
