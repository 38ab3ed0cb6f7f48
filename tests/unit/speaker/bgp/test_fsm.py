# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the state machine: every row does what it says, and no pair of state and event is without one."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Attributes, Bfd, Peer
from dualstack_speaker.base.outputs import Dial, Hangup, Note, Output, Send
from dualstack_speaker.bgp import capabilities, fsm, iana, messages
from dualstack_speaker.bgp.connection import ACCEPTED_HOLD, DIAL_TIME, OPEN_HOLD, SEND_HOLD, Detail
from dualstack_speaker.bgp.errors import SessionError
from dualstack_speaker.bgp.framing import message
from dualstack_speaker.bgp.fsm import Event, State
from dualstack_speaker.bgp.machine import PATH_PATIENCE
from dualstack_speaker.bgp.session import Session

NOW = 1000.0
IDLE, CONNECT, ACTIVE, OPEN_SENT, OPEN_CONFIRM, ESTABLISHED = State
WORDS = {Dial: "dial", Hangup: "hang up", Note: "note"}


def describe(outputs: list[Output]) -> list[str]:
    """Outputs in words: messages by their type, NOTIFICATIONs with code and subcode."""
    out = []
    for output in outputs:
        if isinstance(output, Send):
            kind = output.data[18]
            name = {1: "open", 2: "update", 3: "notification", 4: "keepalive"}[kind]
            out.append(f"{name} {output.data[19]}/{output.data[20]}" if kind == 3 else name)
        else:
            out.append(WORDS[type(output)])
    return out


def their_open(peer: Peer, **changes: Any) -> bytes:
    """The OPEN that the peer sends."""
    mirrored = peer._replace(local_asn=peer.peer_asn, router_id=b"\x0a\0\1\1", **changes)
    return messages.encode_open(mirrored, capabilities.offer(mirrored))


def bring(state: State, peer: Peer) -> Session:
    """A session in a state, at NOW; in Active it waits for the peer and, a while, to dial again."""
    session = Session("tor1", peer, lambda: 0.5)
    if state is State.ACTIVE:
        session.hear("", NOW)
        session.start(NOW)
        session.closed(session.number, "connection refused", NOW)
    steps: list[Callable[[], list[Output]]] = [
        lambda: session.start(NOW),
        lambda: session.connected(session.number, NOW),
        lambda: session.received(session.number, their_open(peer), NOW),
        lambda: session.received(session.number, messages.KEEPALIVE, NOW),
    ]
    for step in steps[: {IDLE: 0, ACTIVE: 0, CONNECT: 1, OPEN_SENT: 2, OPEN_CONFIRM: 3, ESTABLISHED: 4}[state]]:
        step()
    assert session.state is state
    return session


def happen(session: Session, event: Event, peer: Peer, now: float) -> list[Output]:
    """Makes an event happen through the inputs where they give it, else as the session itself would fire it."""
    number = session.number
    inputs: dict[Event, Callable[[], list[Output]]] = {
        Event.START: lambda: session.start(now),
        Event.STOP: lambda: session.stop("maintenance", now),
        Event.LEAVE: lambda: session.leave(now),
        Event.RESTART: lambda: session.reconfigure(peer._replace(password="new"), now),
        Event.PATH_LOST: lambda: session.path_lost("BFD down", now),
        Event.CONNECTED: lambda: session.connected(number, now),
        Event.ACCEPTED: lambda: session.accepted(session.new_number(), now),
        Event.CLOSED: lambda: session.closed(number, "connection reset by peer", now),
        Event.OPEN: lambda: session.received(number, their_open(peer), now),
        Event.OPEN_BAD: lambda: session.received(number, their_open(peer, peer_asn=1, hold_time=2), now),
        Event.HEADER_BAD: lambda: session.received(number, bytes(19), now),
        Event.NOTIFICATION: lambda: session.received(number, messages.encode_notification(6, 4), now),
        Event.OFFER_REFUSED: lambda: session.received(number, messages.encode_notification(2, 7, b"\x46\0"), now),
        Event.REFRESH_BAD: lambda: session.received(number, message(iana.ROUTE_REFRESH, b"\0\1\1\1\0"), now),
        Event.KEEPALIVE: lambda: session.received(number, messages.KEEPALIVE, now),
        Event.UPDATE: lambda: session.received(number, message(iana.UPDATE, bytes(4)), now),
        Event.ROUTE_REFRESH: lambda: session.received(number, message(iana.ROUTE_REFRESH, b"\0\1\0\1"), now),
    }
    return inputs[event]() if event in inputs else session._fire(session._main, event, now)


class Row(NamedTuple):
    """What an event does in a state; deadlines by name, in seconds from the event."""

    state: State
    event: Event
    after: State
    outputs: list[str]
    deadlines: dict[str, float]


RETRY = {"retry": 0.875}  # the first delay, with the jitter of the tests
ALIVE = {"hold": 9.0, "keepalive": 2.625}
LATER = {"hold": 8.0, "keepalive": 1.625}  # deadlines of NOW seen a second later
DOWN = ["hang up", "note"]
AWAY = {"retry": PATH_PATIENCE}

ROWS = [
    Row(IDLE, Event.START, CONNECT, ["dial"], {"dial": DIAL_TIME}),
    Row(IDLE, Event.RETRY_DUE, CONNECT, ["dial"], {"dial": DIAL_TIME}),
    Row(IDLE, Event.START_PASSIVE, ACTIVE, [], {}),
    Row(IDLE, Event.REST_DUE, ACTIVE, [], {}),
    Row(IDLE, Event.ACCEPTED, IDLE, ["hang up"], {}),
    Row(IDLE, Event.STOP, IDLE, ["hang up"], {}),
    Row(IDLE, Event.LEAVE, IDLE, ["hang up"], {}),
    Row(IDLE, Event.RESTART, IDLE, ["hang up"], {"retry": 0.0}),
    Row(IDLE, Event.PATH_LOST, IDLE, ["hang up"], AWAY),
    Row(CONNECT, Event.START, CONNECT, [], {"dial": DIAL_TIME - 1}),
    Row(CONNECT, Event.START_PASSIVE, CONNECT, [], {"dial": DIAL_TIME - 1}),
    Row(CONNECT, Event.COLLISION, IDLE, ["hang up"], RETRY),
    Row(CONNECT, Event.CONNECTED, OPEN_SENT, ["open"], {"hold": OPEN_HOLD}),
    Row(CONNECT, Event.CLOSED, IDLE, ["hang up"], RETRY),
    Row(CONNECT, Event.DIAL_DUE, IDLE, ["hang up"], RETRY),
    Row(CONNECT, Event.STOP, IDLE, ["hang up"], {}),
    Row(CONNECT, Event.LEAVE, IDLE, ["hang up"], {}),
    Row(CONNECT, Event.RESTART, IDLE, ["hang up"], {"retry": 0.0}),
    Row(CONNECT, Event.PATH_LOST, IDLE, ["hang up"], AWAY),
    Row(ACTIVE, Event.START, CONNECT, ["dial"], {"dial": DIAL_TIME}),
    Row(ACTIVE, Event.START_PASSIVE, ACTIVE, [], {"retry": 0.875 - 1.0}),
    Row(ACTIVE, Event.RETRY_DUE, CONNECT, ["dial"], {"dial": DIAL_TIME}),
    Row(ACTIVE, Event.ACCEPTED, OPEN_SENT, ["open"], {"hold": ACCEPTED_HOLD}),
    Row(ACTIVE, Event.STOP, IDLE, ["hang up"], {}),
    Row(ACTIVE, Event.LEAVE, IDLE, ["hang up"], {}),
    Row(ACTIVE, Event.RESTART, ACTIVE, ["hang up"], {"retry": 0.0}),
    Row(ACTIVE, Event.PATH_LOST, IDLE, ["hang up"], {**AWAY, "rest": PATH_PATIENCE}),
    Row(OPEN_SENT, Event.START, OPEN_SENT, [], {"hold": OPEN_HOLD - 1}),
    Row(OPEN_SENT, Event.START_PASSIVE, OPEN_SENT, [], {"hold": OPEN_HOLD - 1}),
    Row(OPEN_SENT, Event.COLLISION, IDLE, ["notification 6/7", "hang up"], RETRY),
    Row(OPEN_SENT, Event.OPEN, OPEN_CONFIRM, ["keepalive"], ALIVE),
    Row(OPEN_SENT, Event.OPEN_BAD, IDLE, ["notification 2/6", "hang up"], RETRY),
    Row(OPEN_SENT, Event.HEADER_BAD, IDLE, ["notification 1/1", "hang up"], RETRY),
    Row(OPEN_SENT, Event.HOLD_DUE, IDLE, ["notification 4/0", "hang up"], RETRY),
    Row(OPEN_SENT, Event.SEND_HOLD_DUE, IDLE, ["notification 8/0", "hang up"], RETRY),
    Row(OPEN_SENT, Event.NOTIFICATION, IDLE, ["hang up"], RETRY),
    Row(OPEN_SENT, Event.OFFER_REFUSED, IDLE, ["hang up"], {"retry": 0.0}),
    Row(OPEN_SENT, Event.CLOSED, IDLE, ["hang up"], RETRY),
    Row(OPEN_SENT, Event.STOP, IDLE, ["notification 6/2", "hang up"], {}),
    Row(OPEN_SENT, Event.LEAVE, IDLE, ["hang up"], {}),
    Row(OPEN_SENT, Event.RESTART, IDLE, ["notification 6/6", "hang up"], {"retry": 0.0}),
    Row(OPEN_SENT, Event.PATH_LOST, IDLE, ["notification 6/10", "hang up"], AWAY),
    Row(OPEN_SENT, Event.KEEPALIVE, IDLE, ["notification 5/1", "hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.START, OPEN_CONFIRM, [], LATER),
    Row(OPEN_CONFIRM, Event.START_PASSIVE, OPEN_CONFIRM, [], LATER),
    Row(OPEN_CONFIRM, Event.COLLISION, IDLE, ["notification 6/7", "hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.KEEPALIVE, ESTABLISHED, ["note"], {"hold": 9.0, "keepalive": 1.625}),
    Row(OPEN_CONFIRM, Event.KEEPALIVE_DUE, OPEN_CONFIRM, ["keepalive"], {"hold": 8.0, "keepalive": 2.625}),
    Row(OPEN_CONFIRM, Event.HEADER_BAD, IDLE, ["notification 1/1", "hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.HOLD_DUE, IDLE, ["notification 4/0", "hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.SEND_HOLD_DUE, IDLE, ["notification 8/0", "hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.NOTIFICATION, IDLE, ["hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.OFFER_REFUSED, IDLE, ["hang up"], {"retry": 0.0}),
    Row(OPEN_CONFIRM, Event.CLOSED, IDLE, ["hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.STOP, IDLE, ["notification 6/2", "hang up"], {}),
    Row(OPEN_CONFIRM, Event.LEAVE, IDLE, ["hang up"], {}),
    Row(OPEN_CONFIRM, Event.RESTART, IDLE, ["notification 6/6", "hang up"], {"retry": 0.0}),
    Row(OPEN_CONFIRM, Event.PATH_LOST, IDLE, ["notification 6/10", "hang up"], AWAY),
    Row(OPEN_CONFIRM, Event.OPEN, IDLE, ["notification 5/2", "hang up"], RETRY),
    Row(OPEN_CONFIRM, Event.UPDATE, IDLE, ["notification 5/2", "hang up"], RETRY),
    Row(ESTABLISHED, Event.START, ESTABLISHED, [], LATER),
    Row(ESTABLISHED, Event.START_PASSIVE, ESTABLISHED, [], LATER),
    Row(ESTABLISHED, Event.COLLISION, IDLE, ["notification 6/7", *DOWN], RETRY),
    Row(ESTABLISHED, Event.KEEPALIVE, ESTABLISHED, [], {"hold": 9.0, "keepalive": 1.625}),
    Row(ESTABLISHED, Event.UPDATE, ESTABLISHED, [], {"hold": 9.0, "keepalive": 1.625}),
    Row(ESTABLISHED, Event.ROUTE_REFRESH, ESTABLISHED, [], {"hold": 9.0, "keepalive": 1.625}),
    Row(ESTABLISHED, Event.KEEPALIVE_DUE, ESTABLISHED, ["keepalive"], {"hold": 8.0, "keepalive": 2.625}),
    Row(ESTABLISHED, Event.REPLACED, IDLE, DOWN, RETRY),
    Row(ESTABLISHED, Event.HEADER_BAD, IDLE, ["notification 1/1", *DOWN], RETRY),
    Row(ESTABLISHED, Event.HOLD_DUE, IDLE, ["notification 4/0", *DOWN], RETRY),
    Row(ESTABLISHED, Event.SEND_HOLD_DUE, IDLE, ["notification 8/0", *DOWN], RETRY),
    Row(ESTABLISHED, Event.NOTIFICATION, IDLE, DOWN, RETRY),
    Row(ESTABLISHED, Event.OFFER_REFUSED, IDLE, DOWN, {"retry": 0.0}),
    Row(ESTABLISHED, Event.REFRESH_BAD, IDLE, ["notification 7/1", *DOWN], RETRY),
    Row(ESTABLISHED, Event.CLOSED, IDLE, DOWN, RETRY),
    Row(ESTABLISHED, Event.STOP, IDLE, ["notification 6/2", *DOWN], {}),
    Row(ESTABLISHED, Event.LEAVE, IDLE, DOWN, {}),
    Row(ESTABLISHED, Event.RESTART, IDLE, ["notification 6/6", *DOWN], {"retry": 0.0}),
    Row(ESTABLISHED, Event.PATH_LOST, IDLE, ["notification 6/10", *DOWN], AWAY),
    Row(ESTABLISHED, Event.OPEN, IDLE, ["notification 5/3", *DOWN], RETRY),
    Row(ESTABLISHED, Event.OPEN_BAD, IDLE, ["notification 5/3", *DOWN], RETRY),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.state.value}-{row.event.name}")
@pytest.mark.parametrize("transport", ["10.0.1.1", "2001:db8:dc:1::1"])
def test_row(row: Row, transport: str, make_peer: Callable[..., Peer]) -> None:
    """MetalLB 6.3 retries: 1 s doubling to 2 min."""
    peer = make_peer(address=parse(transport), source_address=None)
    session = bring(row.state, peer)
    later = NOW + 1.0
    outputs = happen(session, row.event, peer, later)
    assert session.state is row.after
    assert describe(outputs) == row.outputs
    deadlines = {name: at - later for name, at in session._main.deadlines._at.items()}
    assert deadlines == pytest.approx(row.deadlines)


def test_every_row_of_the_table_is_tested() -> None:
    tested = {(row.state, row.event) for row in ROWS}
    rows = {(state, event) for state, events in fsm.TABLE.items() for event in events}
    assert rows - tested == set()


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_every_pair_has_a_row_or_its_states_default(state: State, event: Event, make_peer: Callable[..., Peer]) -> None:
    """Any event in any state leaves a session that can go on: known state, no deadline lost, one hang-up at most."""
    action, after = fsm.step(state, event)
    assert (action, after) == (fsm.TABLE[state].get(event) or fsm.DEFAULT[state])
    peer = make_peer()
    session = bring(state, peer)
    session.name = "any"
    detail_error = SessionError(iana.OPEN_ERROR, 0, "bad")
    negotiated = messages.Negotiated(("ipv4",), 9, True)
    connection = session._main
    outputs = session._fire(connection, event, NOW + 1, Detail("text", frozenset(), "ipv4", detail_error, negotiated))
    assert connection.state is after
    assert describe(outputs).count("hang up") <= 1
    waiting = after in (IDLE, ACTIVE) and state in (IDLE, ACTIVE)
    assert session.next_deadline is not None or event in (Event.STOP, Event.LEAVE) or waiting


@pytest.mark.parametrize(("hold", "after"), [(9, 2.625), (3, 1.0), (0, None)])
def test_keepalives_are_a_second_apart_at_least_and_none_without_a_hold_time(
    hold: int, after: float | None, make_peer: Callable[..., Peer]
) -> None:
    """RFC 4271 section 4.4; with a hold time of 0, silence is no news either."""
    session = bring(ESTABLISHED, make_peer(hold_time=hold))
    assert session._main.deadlines.at("keepalive") == (None if after is None else NOW + after)
    assert session._main.deadlines.at("hold") == (None if after is None else NOW + hold)


def test_without_a_hold_time_open_is_answered_and_the_answer_awaited(make_peer: Callable[..., Peer]) -> None:
    """RFC 4271 section 8.2.2, event 19: the KEEPALIVE behind OPEN is no periodic one."""
    peer = make_peer(hold_time=0)
    session = bring(OPEN_SENT, peer)
    assert describe(session.received(session.number, their_open(peer), NOW + 1)) == ["keepalive"]
    assert session.next_deadline == NOW + OPEN_HOLD
    session.received(session.number, messages.KEEPALIVE, NOW + 2)
    assert (session.state, session.next_deadline) == (ESTABLISHED, None)


def test_send_hold_runs_only_while_blocked(make_peer: Callable[..., Peer]) -> None:
    session = bring(ESTABLISHED, make_peer())
    session.blocked(session.number, NOW)
    assert session._main.deadlines.at("send_hold") == NOW + SEND_HOLD
    session.blocked(session.number, NOW + 5)
    assert session._main.deadlines.at("send_hold") == NOW + SEND_HOLD
    session.writable(session.number, NOW + 6)
    assert session._main.deadlines.at("send_hold") is None


@pytest.mark.parametrize("notify", [True, False])
def test_a_removed_peer_is_told_so(notify: bool, make_peer: Callable[..., Peer]) -> None:
    """RFC 4486 section 4: Peer De-configured."""
    session = bring(ESTABLISHED if notify else CONNECT, make_peer())
    assert describe(session.remove(NOW)) == (["notification 6/3", *DOWN] if notify else ["hang up"])
    assert (session.state, session.next_deadline) == (IDLE, None)


def test_a_passive_peer_with_another_password_is_waited_for_in_words(make_peer: Callable[..., Peer]) -> None:
    session = bring(ESTABLISHED, make_peer())
    session.reconfigure(session.peer._replace(passive=True, password="another"), NOW)
    assert session.snapshot(NOW).last_error.startswith("passive: waits for 10.0.1.1 to connect")


def test_send_hold_is_twice_a_long_hold_time(make_peer: Callable[..., Peer]) -> None:
    session = bring(ESTABLISHED, make_peer(hold_time=300))
    session._main.agree(session._main.negotiated._replace(hold_time=300), NOW)
    session.blocked(session.number, NOW)
    assert session._main.deadlines.at("send_hold") == NOW + 600


def test_nothing_is_sent_while_blocked_but_the_end(make_peer: Callable[..., Peer]) -> None:
    session = bring(ESTABLISHED, make_peer(hold_time=9))
    session.blocked(session.number, NOW)
    assert not session.waiting
    assert describe(session.expire(NOW + 3)) == []
    assert describe(session.expire(NOW + 9)) == ["notification 4/0", *DOWN]


def test_silence_asks_what_must_be_alike_on_both_sides(make_peer: Callable[..., Peer]) -> None:
    session = bring(CONNECT, make_peer(password="s3cret", ttl_security=1))
    session.expire(NOW + DIAL_TIME)
    doubts = "is the TCP MD5 password the same on both sides?; is ttl_security the same on both sides?"
    assert session.snapshot(NOW).last_error == f"no answer from 10.0.1.1 port 179; {doubts}"
    session = bring(OPEN_SENT, make_peer(ttl_security=1))
    session.expire(NOW + OPEN_HOLD)
    heard = "hold timer expired: nothing heard from 10.0.1.1; is ttl_security the same on both sides?"
    assert session.snapshot(NOW).last_error == heard


@pytest.mark.parametrize(
    ("subcode", "data", "families", "wide"),
    [
        (7, b"\x46\0", ("ipv4", "ipv6"), True),
        (4, b"", ("ipv4",), False),
        (7, b"\1\4\0\2\0\1\x46\0", ("ipv4",), True),
        (7, b"\1\4\0\1\0\1\x46\0", ("ipv6",), True),
    ],
)
def test_a_refused_capability_is_left_out_of_the_next_open(
    subcode: int, data: bytes, families: tuple[str, ...], wide: bool, make_peer: Callable[..., Peer]
) -> None:
    peer = make_peer()
    session = bring(OPEN_SENT, peer)
    session.received(session.number, messages.encode_notification(2, subcode, data), NOW)
    assert session.snapshot(NOW).last_error.endswith("; trying without it")
    session.expire(NOW)
    (greeting,) = [output for output in session.connected(session.number, NOW) if isinstance(output, Send)]
    ours = messages.decode_open(greeting.data[19:]).capabilities
    assert (ours.families or ("ipv4",), ours.asn is not None, ours.enhanced_refresh) == (families, wide, False)
    session.received(session.number, their_open(peer) + messages.KEEPALIVE, NOW)
    assert session.snapshot(NOW).families == families
    session.closed(session.number, "reset", NOW + 1)
    session.expire(NOW + 10)
    (greeting,) = [output for output in session.connected(session.number, NOW + 10) if isinstance(output, Send)]
    assert messages.decode_open(greeting.data[19:]).capabilities.enhanced_refresh, "after a session, all is offered"


@pytest.mark.parametrize("asked", [120, None])
@pytest.mark.parametrize("theirs", [120, None])
def test_a_stop_is_a_hard_reset_where_a_notification_keeps_the_routes(
    asked: int | None, theirs: int | None, make_peer: Callable[..., Peer]
) -> None:
    """RFC 8538 section 3.1: else a peer would keep for minutes what was withdrawn on purpose."""
    peer = make_peer(restart_time=asked)
    session = bring(OPEN_SENT, peer)
    session.received(session.number, their_open(peer, restart_time=theirs) + messages.KEEPALIVE, NOW)
    assert session.state is ESTABLISHED
    told, _unused, _note = session.stop("maintenance", NOW)
    assert isinstance(told, Send)
    if asked and theirs:
        assert told.data[19:] == b"\x06\x09\x06\x02\x0bmaintenance"
    else:
        assert told.data[19:] == b"\x06\x02\x0bmaintenance"


def test_the_peer_keeps_routes_over_a_changed_configuration(make_peer: Callable[..., Peer]) -> None:
    peer = make_peer(restart_time=120)
    session = bring(ESTABLISHED, peer)
    assert describe(session.reconfigure(peer._replace(hold_time=30), NOW)) == ["notification 6/6", *DOWN]


def greeting(session: Session, now: float) -> int | None:
    """The restart flags of the next OPEN."""
    if session.state is IDLE:
        session.expire(now)
    (sent,) = [output for output in session.connected(session.number, now) if isinstance(output, Send)]
    return messages.decode_open(sent.data[19:]).capabilities.restart


def test_the_restart_bit_stands_until_everything_was_sent_again(make_peer: Callable[..., Peer]) -> None:
    peer = make_peer(restart_time=120)
    session = Session("tor1", peer, lambda: 0.5, restarted=True)
    session.put([b"\x04\x20\xc0\x00\x02\x01"], Attributes((), (), None))
    session.start(NOW)
    assert greeting(session, NOW) == 120 | iana.RESTARTED | iana.NOTIFICATION_KEEPS
    session.received(session.number, their_open(peer) + messages.KEEPALIVE, NOW)
    sent = [session.writable(session.number, NOW) for _unused in range(3)]
    assert describe(sent[0]) == ["update"] and not any(sent[1:]) and not session.waiting, "no End-of-RIB yet"
    session.closed(session.number, "reset", NOW)
    assert greeting(session, NOW + 10) == 120 | iana.RESTARTED | iana.NOTIFICATION_KEEPS
    session.received(session.number, their_open(peer) + messages.KEEPALIVE, NOW + 10)
    session.all_known()
    while session.waiting:
        session.writable(session.number, NOW + 10)
    session.closed(session.number, "reset", NOW + 20)
    assert greeting(session, NOW + 30) == 120 | iana.NOTIFICATION_KEEPS


@pytest.mark.parametrize("stale", ["connected", "closed", "received", "blocked", "writable"])
def test_inputs_of_an_old_connection_are_dropped(stale: str, make_peer: Callable[..., Peer]) -> None:
    session = bring(ESTABLISHED, make_peer())
    old = session.number
    session.closed(old, "reset", NOW)
    session.expire(NOW + 10)
    assert session.state is CONNECT
    arguments: dict[str, tuple[Any, ...]] = {"closed": ("late",), "received": (messages.KEEPALIVE,)}
    assert getattr(session, stale)(old, *arguments.get(stale, ()), NOW + 10) == []
    assert session.state is CONNECT


def test_back_off_grows_until_a_session_was_stable(make_peer: Callable[..., Peer]) -> None:
    session = Session("tor1", make_peer(connect_retry=5.0), lambda: 0.999999)
    now, delays = NOW, []
    session.start(now)
    for _unused in range(5):
        session.closed(session.number, "connection refused", now)
        at = session.next_deadline
        assert at is not None
        delays.append(round(at - now))
        now = at
        session.expire(now)
    assert delays == [1, 2, 4, 5, 5]
    session.connected(session.number, now)
    session.received(session.number, their_open(session.peer) + messages.KEEPALIVE, now)
    session.closed(session.number, "reset", now + 1)
    at = session.next_deadline
    assert at is not None and round(at - now - 1) == 5  # up for a second only: nothing is forgotten
    session.expire(at)
    session.connected(session.number, at)
    session.received(session.number, their_open(session.peer) + messages.KEEPALIVE, at)
    session.closed(session.number, "reset", at + 60)
    after = session.next_deadline
    assert after is not None and round(after - at - 60) == 1


CHANGES: list[tuple[str, Any, bool]] = [
    ("local_asn", 64999, True),
    ("peer_asn", 64600, True),
    ("address", parse("10.0.1.2"), True),
    ("port", 1179, True),
    ("source_address", None, True),
    ("router_id", parse("10.0.1.12"), True),
    ("hold_time", 30, True),
    ("keepalive_time", 1.0, False),
    ("connect_retry", 60.0, False),
    ("password", "new", True),
    ("families", ("ipv4",), True),
    ("next_hop_ipv4", b"\x0a\0\1\x63", False),
    ("next_hop_ipv4", bytes(15) + b"\1", True),
    ("next_hop_ipv6", bytes(15) + b"\1", False),
    ("multihop", True, True),
    ("bfd", Bfd(300, 300, 3, False, None), False),
    ("ttl", 3, True),
    ("ttl_security", 1, True),
    ("dynamic_asn", "external", True),
    ("restart_time", 120, True),
    ("passive", True, False),
    ("interface", "eth1", True),
]


def test_every_field_of_a_peer_is_judged() -> None:
    assert {field for field, _unused, _unused in CHANGES} == set(Peer._fields)


@pytest.mark.parametrize(("field", "value", "reset"), CHANGES)
def test_a_changed_peer_resets_only_if_it_must(
    field: str, value: Any, reset: bool, make_peer: Callable[..., Peer]
) -> None:
    peer = make_peer()
    session = bring(ESTABLISHED, peer)
    session.put([b"\x04\x20\xc0\x00\x02\x01"], Attributes((), (), None))
    while session.waiting:
        session.writable(session.number, NOW)
    outputs = session.reconfigure(peer._replace(**{field: value}), NOW + 1)
    assert describe(outputs) == (["notification 6/6", *DOWN] if reset else [])
    assert session.snapshot(NOW).flaps == int(reset)
    assert session.waiting == (field == "next_hop_ipv4" and not reset)
    assert session.reconfigure(session.peer, NOW + 2) == [], "once"


def test_an_unchanged_peer_changes_nothing(make_peer: Callable[..., Peer]) -> None:
    session = bring(ESTABLISHED, make_peer())
    assert session.reconfigure(make_peer(), NOW + 1) == []
    assert session.state is ESTABLISHED


@pytest.mark.parametrize("transport", ["10.0.1.1", "2001:db8:dc:1::1"])
@pytest.mark.parametrize(
    ("changes", "sent", "least"),
    [
        ({}, 1, None),
        ({"multihop": True}, 255, None),
        ({"multihop": True, "ttl": 3}, 3, None),
        ({"peer_asn": 64512}, None, None),
        ({"peer_asn": 64512, "ttl": 3}, 3, None),
        ({"ttl_security": 1}, 255, 255),
        ({"ttl_security": 3, "peer_asn": 64512}, 255, 253),
    ],
)
def test_how_far_packets_go_and_come(
    changes: dict[str, Any], sent: int | None, least: int | None, transport: str, make_peer: Callable[..., Peer]
) -> None:
    peer = make_peer(address=parse(transport), **changes)
    assert (peer.sent_ttl, peer.least_ttl) == (sent, least)
