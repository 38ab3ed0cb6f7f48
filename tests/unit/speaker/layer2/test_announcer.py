# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announcements: the frames, and when they go out."""

from __future__ import annotations

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.layer2.announcer import (
    ANNOUNCEMENT,
    DEPTH,
    INTERVAL,
    PROBE,
    RATE,
    REPLY,
    ROUND,
    Announcer,
    Saying,
    frame,
)

MAC = bytes.fromhex("02000000000a")
ADDRESSES = ["10.0.1.200", "2001:db8:dc:1::200"]
SOURCE = parse("fe80::a")


def test_gratuitous_arp_goes_as_request_and_as_reply() -> None:
    """RFC 5227 sections 2.3 and 3."""
    said = {kind: frame(kind, MAC, parse("10.0.1.200"), None).hex() for kind in (ROUND, REPLY)}
    assert said == {
        ROUND: "ffffffffffff02000000000a0806000108000604000102000000000a0a0001c80000000000000a0001c8",
        REPLY: "ffffffffffff02000000000a0806000108000604000202000000000a0a0001c8ffffffffffff0a0001c8",
    }
    announcer = Announcer()
    announcer.begin(2, parse("10.0.1.200"), 100.0)
    assert [saying.kind for saying in announcer.take(100.0)] == [ROUND, REPLY]


def test_a_defence_is_a_single_announcement() -> None:
    """RFC 5227 section 2.4 (b)."""
    address = parse("10.0.1.200")
    assert frame(ANNOUNCEMENT, MAC, address, None) == frame(ROUND, MAC, address, None)
    announcer = Announcer()
    announcer.once(ANNOUNCEMENT, 2, address, 100.0)
    assert announcer.take(100.0) == [Saying(ANNOUNCEMENT, 2, address)]


def test_a_probe_tells_nobody_an_address() -> None:
    """RFC 5227 section 2.1.1: sender 0.0.0.0, target hardware address zero."""
    said = frame(PROBE, MAC, parse("10.0.1.200"), None)
    assert said.hex() == "ffffffffffff02000000000a0806000108000604000102000000000a000000000000000000000a0001c8"


@pytest.mark.parametrize("kind", [ROUND, ANNOUNCEMENT])
def test_unsolicited_advertisement_overrides(kind: str) -> None:
    """RFC 4861 section 7.2.6: to all nodes, override set, solicited clear, with the target's MAC."""
    said = frame(kind, MAC, parse("2001:db8:dc:1::200"), None)
    vip = "20010db800dc00010000000000000200"
    assert said[:14].hex() == "33330000000102000000000a86dd"
    assert said[14:54].hex() == "6000000000203aff" + vip + "ff020000000000000000000000000001"
    assert said[54:56].hex() + said[58:].hex() == "880020000000" + vip + "020102000000000a"


def test_an_ipv6_probe_is_a_solicitation_from_the_interface() -> None:
    """The answer comes to us alone; one to the unspecified address would change everybody's entry."""
    said = frame(PROBE, MAC, parse("2001:db8:dc:1::200"), SOURCE)
    vip, group = "20010db800dc00010000000000000200", "ff0200000000000000000001ff000200"
    assert said[:14].hex() == "3333ff00020002000000000a86dd"
    assert said[14:54].hex() == "6000000000203aff" + SOURCE.hex() + group
    assert said[54:56].hex() + said[58:].hex() == "870000000000" + vip + "010102000000000a"
    assert frame(PROBE, MAC, parse("2001:db8:dc:1::200"), None) == b""


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_burst_is_at_once_and_then_every_1100_ms_for_5_s(address: str) -> None:
    """MetalLB 5.4 gratuitous: at once, then every 1.1 s until 5 s; ARP as request and reply, unsolicited NA
    with override.
    """
    announcer, sent = Announcer(), []
    announcer.begin(2, parse(address), 100.0)
    while (at := announcer.next) is not None:
        sent += [(round(at, 6), item) for item in announcer.take(max(at, 100.0)) if item.kind == ROUND]
    assert [max(at, 100.0) for at, _unused in sent] == [100.0, 101.1, 102.2, 103.3, 104.4]
    assert {item for _unused, item in sent} == {Saying(ROUND, 2, parse(address))}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_lost_address_is_announced_no_more(address: str) -> None:
    announcer = Announcer()
    announcer.begin(2, parse(address), 100.0)
    announcer.begin(3, parse(address), 100.0)
    assert {saying.interface for saying in announcer.take(100.0)} == {2, 3}
    announcer.cease(2, parse(address))
    assert announcer.take(101.2)[0] == Saying(ROUND, 3, parse(address))
    assert announcer.next is not None
    assert {saying.interface for saying in announcer.take(102.4)} == {3}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_new_burst_begins_anew(address: str) -> None:
    announcer, sent = Announcer(), []
    announcer.begin(2, parse(address), 100.0)
    announcer.take(100.0)
    announcer.begin(2, parse(address), 100.5)
    now = 100.5
    while announcer.next is not None:
        now = max(now, announcer.next)
        sent += [round(now, 6) for saying in announcer.take(now) if saying.kind == ROUND]
    assert sent == [100.5, 101.6, 102.7, 103.8, 104.9]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_goes_once_goes_once(address: str) -> None:
    announcer = Announcer()
    announcer.once(PROBE, 2, parse(address), 100.0)
    assert announcer.take(100.0) == [Saying(PROBE, 2, parse(address))]
    assert announcer.next is None


def test_a_thousand_addresses_per_family_are_paced() -> None:
    """At most DEPTH frames at once and RATE in a second; the first round of all of them within 10 ms."""
    announcer = Announcer()
    for number in range(1000):
        announcer.begin(2, number.to_bytes(4, "big"), 100.0)
        announcer.begin(2, number.to_bytes(16, "big"), 100.0)
    now, sent, replies = 100.0, 0, 0
    while replies < 1000:
        batch = announcer.take(now)
        assert batch and announcer.take(now) == []  # the pause
        assert len(batch) <= DEPTH
        sent += len(batch)
        assert sent <= DEPTH + (now - 100.0) * RATE
        replies += sum(saying.kind == REPLY for saying in batch)
        if not replies:
            assert now - 100.0 < 0.010
        assert announcer.next is not None and announcer.next >= now
        now = announcer.next
    assert sent == 3000


def test_later_rounds_leave_room_and_let_a_first_one_pass() -> None:
    announcer = Announcer()
    for number in range(1000):
        announcer.begin(2, number.to_bytes(16, "big"), 100.0)
    now = 100.0
    for _unused in range(20):
        announcer.take(now)
        now = announcer.next or now
    later = 100.0 + 1.5 * INTERVAL
    assert 0 < len(announcer.take(later)) <= DEPTH // 5
    announcer.begin(3, b"new!", later)
    assert announcer.next is not None
    assert announcer.take(announcer.next)[0] == Saying(ROUND, 3, b"new!")


@pytest.mark.parametrize("address", ADDRESSES)
def test_another_process_goes_on(address: str) -> None:
    first, second = Announcer(), Announcer()
    first.begin(2, parse(address), 100.0)
    first.take(100.0)
    first.take(101.2)
    second.resume(first.bursts())
    sent = []
    while (at := second.next) is not None:
        sent += [round(at, 6) for saying in second.take(at) if saying.kind == ROUND]
    assert sent == [102.3, 103.4, 104.5]
