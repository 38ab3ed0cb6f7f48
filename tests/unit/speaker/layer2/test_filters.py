# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's filters, run by a small interpreter of classic BPF: what they keep and what they drop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.layer2 import bpf

Program = Callable[[Sequence[bpf.Range]], "list[bpf.Row]"]

HOST, BROADCAST, MULTICAST, OTHER_HOST, OUTGOING = range(5)  # PACKET_… of linux/if_packet.h


def run(program: list[bpf.Row], frame: bytes, kind: int = BROADCAST, tag: int = 0) -> bool:
    """Whether the program keeps the frame; a load beyond the end drops it, as in the kernel."""
    at = accumulator = 0
    while True:
        code, true, false, k = program[at]
        at += 1
        if code == 0x06:
            return k > 0
        if code == 0x54:
            accumulator &= k
            continue
        jumps = {0x15: accumulator == k, 0x25: accumulator > k, 0x35: accumulator >= k}
        if code in jumps:
            at += true if jumps[code] else false
            continue
        if k >= 0xFFFFF000:
            accumulator = {4: kind, 44: tag}[k - 0xFFFFF000]
            continue
        size = {0x30: 1, 0x28: 2, 0x20: 4}[code]
        if k + size > len(frame):
            return False
        accumulator = int.from_bytes(frame[k : k + size], "big")


OURS4, OURS6 = parse("10.0.1.200"), parse("2001:db8:dc:1::200")
THEIRS4, THEIRS6 = parse("10.0.1.7"), parse("2001:db8:dc:1::7")
RANGES = bpf.covering([OURS4, OURS6])


def arp(operation: int, sender: bytes, target: bytes) -> bytes:
    head = bytes(12) + b"\x08\x06" + bytes.fromhex("000108000604") + operation.to_bytes(2, "big")
    return head + bytes(6) + sender + bytes(6) + target


def ndp(kind: int, source: bytes, target: bytes) -> bytes:
    head = bytes(12) + b"\x86\xdd" + bytes(6) + bytes((58, 255)) + source + bytes(16)
    return head + bytes((kind,)) + bytes(7) + target


REQUEST, SOLICITATION = arp(1, THEIRS4, OURS4), ndp(135, THEIRS6, OURS6)


@pytest.mark.parametrize(
    ("program", "frame", "kept"),
    [
        (bpf.arp, REQUEST, True),
        (bpf.arp, arp(1, OURS4, THEIRS4), True),
        (bpf.arp, arp(2, OURS4, THEIRS4), True),
        (bpf.arp, arp(2, OURS4, OURS4), True),
        (bpf.arp, arp(1, THEIRS4, THEIRS4), False),
        (bpf.arp, SOLICITATION, False),
        (bpf.arp, REQUEST[:41], False),
        (bpf.ndp, SOLICITATION, True),
        (bpf.ndp, ndp(136, THEIRS6, OURS6), True),
        (bpf.ndp, ndp(135, OURS6, THEIRS6), True),
        (bpf.ndp, ndp(135, THEIRS6, THEIRS6), False),
        (bpf.ndp, ndp(134, THEIRS6, OURS6), False),
        (bpf.ndp, ndp(137, THEIRS6, OURS6), False),
        (bpf.ndp, SOLICITATION[:20] + b"\x06" + SOLICITATION[21:], False),
        (bpf.ndp, REQUEST, False),
        (bpf.ndp, SOLICITATION[:54], False),
    ],
)
def test_filter(program: Program, frame: bytes, kept: bool) -> None:
    assert run(program(RANGES), frame) is kept


@pytest.mark.parametrize(("program", "frame"), [(bpf.arp, REQUEST), (bpf.ndp, SOLICITATION)], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("kind", "tag", "kept"),
    [
        (HOST, 0, True),
        (MULTICAST, 0, True),
        (BROADCAST, 0xE000, True),  # a priority alone (IEEE 802.1Q)
        (BROADCAST, 0x0005, False),  # VLAN 5, which has no interface here
        (BROADCAST, 0xE005, False),
        (OTHER_HOST, 0, False),
        (OUTGOING, 0, False),
    ],
)
def test_arrived_for_us_and_untagged(program: Program, frame: bytes, kind: int, tag: int, kept: bool) -> None:
    assert run(program(RANGES), frame, kind, tag) is kept


@pytest.mark.parametrize(("program", "frame"), [(bpf.arp, REQUEST), (bpf.ndp, SOLICITATION)], ids=["ipv4", "ipv6"])
def test_without_addresses_nothing_is_kept(program: Program, frame: bytes) -> None:
    assert not run(program([]), frame)


@pytest.mark.parametrize("octets", [4, 16])
def test_few_ranges_cover_many_addresses(octets: int) -> None:
    """Neighbours share a range; where there are too many gaps the smallest are filled."""
    pool = [(1000 + number).to_bytes(octets, "big") for number in range(500)]
    assert bpf.covering(pool) == [(1000, 1499)]
    spread = [(number * number * 1000).to_bytes(octets, "big") for number in range(100)]
    ranges = bpf.covering([*pool, *spread])
    assert len(ranges) == bpf.MOST and ranges == sorted(ranges)
    assert all(bpf.covers(ranges, address) for address in [*pool, *spread])
    assert not bpf.covers(ranges, (99 * 99 * 1000 - 1).to_bytes(octets, "big"))
    assert not bpf.covers(ranges, (99 * 99 * 1000 + 1).to_bytes(octets, "big"))


@pytest.mark.parametrize("octets", [4, 16])
def test_ranges_grow_with_what_is_added(octets: int) -> None:
    ranges: list[bpf.Range] = []
    every = [(number * 37 % 5000).to_bytes(octets, "big") for number in range(1000)]
    for at in range(0, len(every), 10):
        ranges = bpf.covering(every[at : at + 10], ranges)
        assert len(ranges) <= bpf.MOST and ranges == sorted(ranges)
        assert all(bpf.covers(ranges, address) for address in every[: at + 10])
    assert bpf.covering([], [(1, 5), (3, 9), (10, 12), (20, 21)]) == [(1, 12), (20, 21)]
    assert bpf.covering([], []) == []


def test_the_largest_filter_is_one_that_the_kernel_takes() -> None:
    """A jump reaches 255 rows at most."""
    ranges = bpf.covering((number * 1000).to_bytes(4, "big") for number in range(1000))
    for program in (bpf.arp(ranges), bpf.ndp(ranges)):
        assert len(program) < 256
        assert all(0 <= jump < 256 for _code, true, false, _k in program for jump in (true, false))
