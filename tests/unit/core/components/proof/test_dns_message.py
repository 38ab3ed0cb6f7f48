# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and answers of DNS: records of both families, and messages that are none."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.components.proof.dns_message import TYPES, DnsError, answers, question

ADDRESS = {"A": "10.96.0.77", "AAAA": "fd00:10:96::4d"}
NAME = "web.default.svc.cluster.local."


def answer(record: str, *addresses: str, number: int = 7, flags: int = 0x8180) -> bytes:
    """What a server sends: the question again, and records whose names point at it."""
    asked = question(number, NAME, record)
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", TYPES[record], 1, 5, len(packed)) + packed
        for packed in (ipaddress.ip_address(one).packed for one in addresses)
    )
    return struct.pack("!HHHHHH", number, flags, 1, len(addresses), 0, 0) + asked[12:] + records


@pytest.mark.parametrize("record", TYPES)
def test_answers(record: str) -> None:
    assert answers(7, record, answer(record, ADDRESS[record])) == [ADDRESS[record]]
    assert answers(7, record, answer(record)) == []


@pytest.mark.parametrize("record", TYPES)
def test_what_is_no_answer_says_why(record: str) -> None:
    for message, words in (
        (answer(record, number=8), "no answer"),
        (question(7, NAME, record), "no answer"),
        (answer(record, flags=0x8183), "NXDOMAIN"),
        (answer(record, flags=0x8380), "truncated"),
        (answer(record, ADDRESS[record])[:-1], "can't be read"),
    ):
        with pytest.raises(DnsError, match=words):
            answers(7, record, message)


@given(st.binary(max_size=80), st.sampled_from(sorted(TYPES)))
def test_any_octets(octets: bytes, record: str) -> None:
    message = struct.pack("!HH", 7, 0x8180) + octets
    try:
        found = answers(7, record, message)
    except DnsError:
        return
    assert all(str(ipaddress.ip_address(one)) == one for one in found)
