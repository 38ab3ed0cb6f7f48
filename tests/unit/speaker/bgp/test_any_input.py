# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a peer sends: a session never breaks, keeps less than a message, never ends for what an UPDATE says.

Messages are made of the real ones, changed anywhere, and of nothing but chance; they come in pieces, in every state.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Attributes, Peer
from dualstack_speaker.base.outputs import Dial, Hangup, Send
from dualstack_speaker.bgp import capabilities, iana, messages
from dualstack_speaker.bgp.framing import message
from dualstack_speaker.bgp.fsm import State
from dualstack_speaker.bgp.session import Session

pytestmark = pytest.mark.soak

HOPS = {"ipv4": parse("10.0.1.11"), "ipv6": parse("2001:db8:dc:1::11")}
PREFIXES = [b"\x04\x20\xc0\x00\x02\x01", b"\x06\x30\x20\x01\x0d\xb8\x00\x01"]


def a_peer(transport: str, extended: bool, restart: int | None, dynamic: str | None) -> Peer:
    address = {"ipv4": "10.0.1.1", "ipv6": "2001:db8:dc:1::1"}[transport]
    plain = (64512, None if dynamic else 64500, parse(address), 179, None, HOPS["ipv4"], 9, 3.0, 5.0, None)
    peer = Peer(*plain, ("ipv4", "ipv6"), HOPS["ipv6" if extended else "ipv4"], HOPS["ipv6"], False)
    return peer._replace(restart_time=restart, dynamic_asn=dynamic)


PEERS = st.builds(
    a_peer,
    st.sampled_from(["ipv4", "ipv6"]),
    st.booleans(),
    st.sampled_from([None, 120]),
    st.sampled_from([None, "external"]),
)


def greeting(peer: Peer) -> bytes:
    """The OPEN of the other side."""
    other = peer._replace(local_asn=64500, router_id=parse("10.0.1.1"), restart_time=120)
    return messages.encode_open(other, capabilities.offer(other))


def real(peer: Peer) -> list[bytes]:
    """Messages as a router sends them."""
    update = bytes.fromhex("0000 0014 40010100 400206020100 00fbf4 4003040a000101 18c63364".replace(" ", ""))
    return [
        greeting(peer),
        messages.KEEPALIVE,
        message(iana.UPDATE, update),
        message(iana.UPDATE, bytes(4)),
        message(iana.ROUTE_REFRESH, b"\0\1\0\1"),
        message(iana.ROUTE_REFRESH, b"\0\2\1\1"),
        messages.encode_notification(2, 7, b"\x46\0"),
        messages.encode_notification(2, 4),
        messages.encode_notification(6, 9, b"\6\2\5later"),
        messages.encode_notification(6, 2, b"\5later"),
    ]


@st.composite
def stream(draw: st.DrawFn, peer: Peer) -> bytes:
    """Octets: real messages with octets changed, cut, doubled, with lengths that lie, or chance alone."""
    out = b""
    for _unused in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["real", "changed", "cut", "framed", "chance"]))
        data = bytearray(draw(st.sampled_from(real(peer))))
        if kind == "changed":
            for _again in range(draw(st.integers(1, 4))):
                data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        elif kind == "cut":
            body = bytes(data[19 : draw(st.integers(19, len(data)))])
            data = bytearray(message(data[18], body))  # shorter, and its length says so
        elif kind == "framed":
            data = bytearray(message(draw(st.integers(0, 6)), draw(st.binary(max_size=80))))
        elif kind == "chance":
            data = bytearray(draw(st.binary(max_size=60)))
        out += bytes(data)
    return out


def established(session: Session, now: float, steps: int) -> None:
    """Takes a session some steps towards Established."""
    for step in (
        lambda: session.start(now),
        lambda: session.connected(session.number, now),
        lambda: session.received(session.number, greeting(session.peer), now),
        lambda: session.received(session.number, messages.KEEPALIVE, now),
    )[:steps]:
        step()


def sound(session: Session, outputs: list[Any]) -> None:
    """What must hold after anything that happened."""
    assert sum(isinstance(output, Hangup) for output in outputs) <= 1
    assert len(session._main.framer._buffer) < iana.MAX_LENGTH
    assert session.state is not State.ESTABLISHED or session._main.negotiated is not None
    assert session.next_deadline is not None, "it would wait for ever"
    for output in outputs:
        if isinstance(output, Send):
            assert output.data.startswith(iana.MARKER) and output.data[18] in range(1, 6)
            assert len(output.data) <= iana.MAX_LENGTH


@given(st.data())
def test_any_octets_in_any_state(data: st.DataObject) -> None:
    peer = data.draw(PEERS)
    session = Session("tor1", peer, lambda: 0.5, restarted=data.draw(st.booleans()))
    session.put(PREFIXES, Attributes((), (), None))
    now, dials = 0.0, 0
    established(session, now, data.draw(st.integers(1, 4)))
    for _unused in range(data.draw(st.integers(1, 4))):
        octets = data.draw(stream(peer))
        at = data.draw(st.integers(0, len(octets)))
        for piece in (octets[:at], octets[at:]):
            sound(session, session.received(session.number, piece, now))
        while session.waiting:
            sound(session, session.writable(session.number, now))
        due = session.next_deadline
        assert due is not None
        if session.state in (State.IDLE, State.CONNECT) or data.draw(st.booleans()):
            now = max(now, due)
            outputs = session.expire(now)
            dials += sum(isinstance(output, Dial) for output in outputs)
            sound(session, outputs)
        if session.state is State.CONNECT:
            sound(session, session.connected(session.number, now))
    assert dials <= 4


@given(PEERS, st.binary(min_size=4, max_size=4077))
def test_no_content_of_an_update_ends_a_session(peer: Peer, body: bytes) -> None:
    """RFC 7606: we keep no routes, so that there is nothing to withdraw; the peer is alive, and that counts.

    MetalLB 6.1 received routes: dropped, or denied.
    """
    session = Session("tor1", peer, lambda: 0.5)
    established(session, 0.0, 4)
    assert session.state is State.ESTABLISHED
    assert session.received(session.number, message(iana.UPDATE, body), 1.0) == []
    assert session.snapshot(1.0).messages["received"]["update"] == 1
    assert session.state is State.ESTABLISHED


@given(PEERS, st.data())
def test_refusals_end(peer: Peer, data: st.DataObject) -> None:
    """A peer that refuses again and again is asked with less each time, then with pauses."""
    session = Session("tor1", peer, lambda: 0.5)
    session.start(0.0)
    at_once = 0
    for _unused in range(20):
        session.connected(session.number, 0.0)
        refusal = messages.encode_notification(2, data.draw(st.sampled_from([4, 7])), data.draw(st.binary(max_size=12)))
        session.received(session.number, refusal, 0.0)
        at_once += session.next_deadline == 0.0
        assert session.next_deadline is not None
        session.expire(session.next_deadline)
    assert at_once <= 8  # no more than there are capabilities
