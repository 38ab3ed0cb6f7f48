# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which session a packet belongs to, and how far it may have come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Bfd
from dualstack_speaker.bfd.fsm import State
from dualstack_speaker.bfd.packet import BadPacket, Control, encode
from dualstack_speaker.bfd.session import Session
from dualstack_speaker.bfd.sessions import Arrival, Path, Sessions

ENDS = {"ipv4": ("10.0.1.11", "10.0.1.1"), "ipv6": ("2001:db8:dc:1::11", "2001:db8:dc:1::1")}
FIRST = Control(State.DOWN, 0, 3, 77, 0, 1_000_000, 100_000)
NEAR, FAR = Bfd(100, 100, 3, False, None), Bfd(100, 100, 3, False, 250)


def table(*numbers: int) -> Sessions:
    """Sessions that will get these discriminators."""
    left = iter(numbers)
    return Sessions(lambda: next(left))


def add(sessions: Sessions, remote: str, local: str | None, settings: Bfd, interface: int = 0) -> Session:
    """A session between two addresses."""
    session = Session("tor1", parse(remote), settings, sessions.discriminator(), lambda: 0.5)
    path = Path(parse(remote), None if local is None else parse(local), settings.minimum_ttl is not None, interface)
    sessions.add(path, session)
    return session


def arrival(
    source: str, destination: str, multihop: bool = False, ttl: int | None = 255, interface: int = 1
) -> Arrival:
    return Arrival(parse(source), parse(destination), multihop, ttl, interface)


def test_discriminators_are_neither_zero_nor_taken() -> None:
    sessions = table(0, 5, 5, 0, 6)
    add(sessions, "10.0.1.1", None, NEAR)
    add(sessions, "10.0.1.2", None, NEAR)
    assert sorted(session.discriminator for session in sessions) == [5, 6]


@pytest.mark.parametrize("family", ENDS)
def test_the_first_packet_is_found_by_its_addresses(family: str) -> None:
    here, there = ENDS[family]
    sessions = table(5, 6, 7)
    near = add(sessions, there, here, NEAR)
    far = add(sessions, there, here, FAR)
    other = add(sessions, "10.0.1.2" if family == "ipv4" else "2001:db8:dc:1::2", None, NEAR)
    first = encode(FIRST)
    assert sessions.judge(first, arrival(there, here))[0] is near
    assert sessions.judge(first, arrival(there, here, multihop=True, ttl=250))[0] is far
    elsewhere = arrival("10.0.1.2" if family == "ipv4" else "2001:db8:dc:1::2", here)
    assert sessions.judge(first, elsewhere) == (other, FIRST)
    for bad in (arrival(here, there), arrival(there, there), arrival("192.0.2.1", here)):
        with pytest.raises(BadPacket, match="these addresses"):
            sessions.judge(first, bad)
    sessions.remove(near)
    sessions.remove(other)
    for gone in (arrival(there, here), elsewhere):
        with pytest.raises(BadPacket):
            sessions.judge(first, gone)
    assert list(sessions) == [far]


@pytest.mark.parametrize("family", ENDS)
def test_later_ones_by_our_discriminator_alone(family: str) -> None:
    here, there = ENDS[family]
    sessions = table(5, 6)
    near, far = add(sessions, there, here, NEAR), add(sessions, there, here, FAR)
    for session, other in ((near, far), (far, near)):
        multihop = session is far
        data = encode(FIRST._replace(state=State.UP, your_discriminator=session.discriminator))
        moved = arrival("192.0.2.1" if family == "ipv4" else "2001:db8::99", here, multihop)
        assert sessions.judge(data, moved)[0] is session
        wrong = encode(FIRST._replace(your_discriminator=other.discriminator))
        with pytest.raises(BadPacket, match="this discriminator"):
            sessions.judge(wrong, moved)
    with pytest.raises(BadPacket, match="this discriminator"):
        sessions.judge(encode(FIRST._replace(your_discriminator=99)), arrival(there, here))


@pytest.mark.parametrize("family", ENDS)
@pytest.mark.parametrize("ttl", [None, 1, 249, 250, 254, 255])
def test_how_far_a_packet_may_have_come(family: str, ttl: int | None) -> None:
    here, there = ENDS[family]
    sessions = table(5, 6)
    add(sessions, there, here, NEAR)
    add(sessions, there, here, FAR)
    for multihop, good in ((False, (255,)), (True, (250, 254, 255))):
        came = arrival(there, here, multihop, ttl)
        if ttl in good:
            assert sessions.judge(encode(FIRST), came)
        else:
            with pytest.raises(BadPacket, match="TTL"):
                sessions.judge(encode(FIRST), came)


def test_link_local_neighbours_are_told_apart_by_their_interface() -> None:
    sessions = table(5, 6)
    one = add(sessions, "fe80::1", None, NEAR, interface=2)
    two = add(sessions, "fe80::1", None, NEAR, interface=3)
    assert sessions.judge(encode(FIRST), arrival("fe80::1", "fe80::2", interface=3))[0] is two
    assert sessions.judge(encode(FIRST), arrival("fe80::1", "fe80::2", interface=2))[0] is one
    with pytest.raises(BadPacket):
        sessions.judge(encode(FIRST), arrival("fe80::1", "fe80::2", interface=4))


@given(st.binary(max_size=48), st.integers(0, 255), st.booleans(), st.integers(0, 8), st.integers(0, 0xFFFF))
def test_any_datagram_is_taken_or_refused(data: bytes, ttl: int, multihop: bool, yours: int, head: int) -> None:
    sessions = table(5, 6)
    add(sessions, "10.0.1.1", None, NEAR)
    add(sessions, "10.0.1.1", None, FAR)
    crafted = (head | 0x2000).to_bytes(2, "big") + b"\x03\x18" + data[4:8].ljust(4, b"\1") + yours.to_bytes(4, "big")
    for octets in (data, crafted + data[12:24].ljust(12, b"\0")):
        try:
            session, packet = sessions.judge(octets, arrival("10.0.1.1", "10.0.1.11", multihop, ttl))
        except BadPacket:
            continue
        session.start(0.0)
        session.receive(packet, 0.0)
        while (at := session.next_deadline) is not None and at < 10:
            session.expire(at)
