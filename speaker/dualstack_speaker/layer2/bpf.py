# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of classic BPF as data, so that the kernel hands over only what may matter.

A row: (code, jump when true, jump when false, k). Kept is what asks for one of our addresses or claims one (its sender
is one of them), untagged or tagged with the VLAN 0, which is only a priority (IEEE 802.1Q). Addresses are told apart
by their last four octets, in few ranges that may hold others too: the process looks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Row = tuple[int, int, int, int]
Range = tuple[int, int]

MOST = 24  # ranges in a filter
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _AND = 0x20, 0x28, 0x30, 0x54
_JUMP_EQUAL, _JUMP_GREATER, _JUMP_LEAST, _RETURN = 0x15, 0x25, 0x35, 0x06
_KIND, _TAG = 0xFFFFF000 + 4, 0xFFFFF000 + 44  # SKF_AD_PKTTYPE, SKF_AD_VLAN_TAG of linux/filter.h
_MULTICAST = 2  # PACKET_MULTICAST: what is above was sent by us, or is for another host
_KEEP, _DROP = "keep", "drop"  # targets of jumps; None: the next row

Step = tuple[int, "str | None", "str | None", int]


def covering(addresses: Iterable[bytes], ranges: Iterable[Range] = ()) -> list[Range]:
    """At most ``MOST`` ranges over the last four octets that hold these addresses and all of ``ranges``, with the
    smallest gaps filled."""
    numbers = (int.from_bytes(address[-4:], "big") for address in addresses)
    merged: list[Range] = []
    for low, high in sorted([*ranges, *((number, number) for number in numbers)]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    widest = sorted(range(1, len(merged)), key=lambda at: merged[at - 1][1] - merged[at][0])[: MOST - 1]
    cuts = [0, *sorted(widest), len(merged)]
    return [(merged[low][0], merged[high - 1][1]) for low, high in zip(cuts, cuts[1:]) if low < high]


def covers(ranges: Sequence[Range], address: bytes) -> bool:
    """Whether an address lies in one of the ranges."""
    number = int.from_bytes(address[-4:], "big")
    return any(low <= number <= high for low, high in ranges)


def arp(ranges: Sequence[Range]) -> list[Row]:
    """Requests and replies whose sender or target lies in the ranges."""
    head: list[Step] = [(_LOAD_HALF, None, None, 12), (_JUMP_EQUAL, None, _DROP, 0x0806)]
    return _assemble([*_ARRIVED, *head, *_among(28, ranges), *_among(38, ranges), (_RETURN, None, None, 0)])


def ndp(ranges: Sequence[Range]) -> list[Row]:
    """Solicitations and advertisements whose target lies in the ranges, and those that one of the addresses sent."""
    head: list[Step] = [
        (_LOAD_HALF, None, None, 12),
        (_JUMP_EQUAL, None, _DROP, 0x86DD),
        (_LOAD_BYTE, None, None, 20),
        (_JUMP_EQUAL, None, _DROP, 58),
        (_LOAD_BYTE, None, None, 54),
        (_JUMP_LEAST, None, _DROP, 135),
        (_JUMP_GREATER, _DROP, None, 136),
    ]
    return _assemble([*_ARRIVED, *head, *_among(34, ranges), *_among(74, ranges), (_RETURN, None, None, 0)])


_ARRIVED: list[Step] = [
    (_LOAD_WORD, None, None, _TAG),
    (_AND, None, None, 0xFFF),
    (_JUMP_EQUAL, None, _DROP, 0),
    (_LOAD_WORD, None, None, _KIND),
    (_JUMP_GREATER, _DROP, None, _MULTICAST),
]


def _among(offset: int, ranges: Sequence[Range]) -> list[Step]:
    """Keeps a frame whose word at ``offset`` lies in the ranges; else goes on behind."""
    steps: list[Step] = [(_LOAD_WORD, None, None, offset)]
    for low, high in ranges:
        steps += [(_JUMP_LEAST, None, "skip", low), (_JUMP_GREATER, None, _KEEP, high)]
    return steps


def _assemble(steps: Sequence[Step]) -> list[Row]:
    """Distances for names: ``skip`` passes over the next row. The last row drops; one that keeps follows it."""
    rows = []
    for at, (code, true, false, k) in enumerate(steps):
        distance = {None: 0, "skip": 1, _DROP: len(steps) - at - 2, _KEEP: len(steps) - at - 1}
        rows.append((code, distance[true], distance[false], k))
    return [*rows, (_RETURN, 0, 0, 0xFFFF)]
