# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announcements: the frames, and when they go out."""

from __future__ import annotations

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.layer2.announcer import BATCH, PAUSE, Announcer, frames

MAC = bytes.fromhex("02000000000a")
ADDRESSES = ["10.0.1.200", "2001:db8:dc:1::200"]


def test_gratuitous_arp_goes_as_request_and_as_reply() -> None:
    assert [frame.hex() for frame in frames(MAC, parse("10.0.1.200"))] == [
        "ffffffffffff02000000000a0806000108000604000102000000000a0a0001c80000000000000a0001c8",
        "ffffffffffff02000000000a0806000108000604000202000000000a0a0001c8ffffffffffff0a0001c8",
    ]


def test_unsolicited_advertisement_overrides() -> None:
    (frame,) = frames(MAC, parse("2001:db8:dc:1::200"))
    vip = "20010db800dc00010000000000000200"
    assert frame[:14].hex() == "33330000000102000000000a86dd"
    assert frame[14:54].hex() == "6000000000203aff" + vip + "ff020000000000000000000000000001"
    assert frame[54:56].hex() + frame[58:].hex() == "880020000000" + vip + "020102000000000a"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_burst_is_at_once_and_then_every_1100_ms_for_5_s(address: str) -> None:
    announcer, sent = Announcer(), []
    announcer.begin("eth1", parse(address), 100.0)
    while (at := announcer.next) is not None:
        sent += [(round(at, 6), item) for item in announcer.take(at)]
    assert [at for at, _unused in sent] == [100.0, 101.1, 102.2, 103.3, 104.4]
    assert {item for _unused, item in sent} == {("eth1", parse(address))}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_lost_address_is_announced_no_more(address: str) -> None:
    announcer = Announcer()
    announcer.begin("eth1", parse(address), 100.0)
    announcer.begin("eth2", parse(address), 100.0)
    assert len(announcer.take(100.0)) == 2
    announcer.cease("eth1", parse(address))
    assert announcer.take(101.1) == [("eth2", parse(address))]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_new_burst_begins_anew(address: str) -> None:
    announcer, sent = Announcer(), []
    announcer.begin("eth1", parse(address), 100.0)
    announcer.take(100.0)
    announcer.begin("eth1", parse(address), 100.5)
    while (at := announcer.next) is not None:
        sent += [round(at, 6) for _unused in announcer.take(at)]
    assert sent == [100.5, 101.6, 102.7, 103.8, 104.9]


def test_a_thousand_addresses_are_paced() -> None:
    announcer = Announcer()
    for number in range(1000):
        announcer.begin("eth1", number.to_bytes(4, "big"), 100.0)
    now, seen, times = 100.0, set(), []
    while len(seen) < 1000:
        batch = announcer.take(now)
        assert 0 < len(batch) <= BATCH
        assert announcer.take(now) == []  # the pause
        seen |= {address for _unused, address in batch}
        times.append(now)
        assert announcer.next is not None
        now = announcer.next
    assert times == pytest.approx([100.0 + number * PAUSE for number in range(1000 // BATCH)])
