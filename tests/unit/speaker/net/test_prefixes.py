# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes read by the C library are the same as those that the core of the daemons reads, and so are the refusals."""

from __future__ import annotations

import ipaddress
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base import addresses
from dualstack_speaker.net import prefixes

ODD = [
    "1.2.3.4/128", "::/32", "::1/0128", "::/128", "0.0.0.0/32", "01.2.3.4/32", "1.2.3/32", "1.2.3.256/32",
    "1.2.3.4 /32", " 1.2.3.4/32", "1.2.3.4/32 ", "1.2.3.4\0/32", "::ffff:1.2.3.4/128",
    "1:2:3:4:5:6:7::/128", "1:2:3:4:5:6:7::8/128",
    "::1%lo/128", "1::2::3/128", ":::/128", ":1/128", "1:/128", "00001::/128", "G::/128", "2001:DB8::A/128",
    "1:2:3:4:5:6:1.2.3.4/128", "::1.2.3/128", "::01.2.3.4/128", "\u0661.2.3.4/32", "/32", "/128", "", "1.2.3.4", "::1",
    "10.0.0.0/8", "10.0.0.1/8", "2001:db8::/32", "2001:db8::1/32", "1.2.3.4/33", "::1/129", "1.2.3.4/x", "\ud800::/128",
]  # fmt: skip


def outcome(parse: Callable[[str], bytes], text: str) -> bytes | str:
    """What a reader makes of a text: the key or the refusal."""
    try:
        return parse(text)
    except ValueError as error:
        return f"refused: {error}"


@pytest.mark.parametrize("text", ODD)
def test_both_readers_agree_on_odd_texts(text: str) -> None:
    assert outcome(prefixes.parse_prefix, text) == outcome(addresses.parse_prefix, text)


@given(st.one_of(st.ip_addresses(), st.ip_addresses(network="::/96")), st.integers(0, 130))
def test_both_readers_agree_on_addresses(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> None:
    for text in (f"{address}/{bits}", f"{address}/{address.max_prefixlen}", f"{address.exploded.upper()}/128"):
        assert outcome(prefixes.parse_prefix, text) == outcome(addresses.parse_prefix, text)


@given(st.text(alphabet="0123456789abcdefABCDEFgx.:%/ ", max_size=45))
def test_both_readers_agree_on_what_looks_like_one(text: str) -> None:
    for length in ("", "/32", "/128"):
        assert outcome(prefixes.parse_prefix, text + length) == outcome(addresses.parse_prefix, text + length)


@given(st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)), st.integers(0, 16))
def test_both_writers_agree(packed: bytes, zeros: int) -> None:
    size = len(packed)
    for address in (packed, bytes(zeros)[:size] + packed[zeros:], packed[:zeros] + bytes(max(0, size - zeros))):
        key = bytes((4 if size == 4 else 6, size * 8)) + address
        assert prefixes.show_prefix(key) == addresses.show_prefix(key)
