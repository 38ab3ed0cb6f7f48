# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Router solicitations and advertisements, octet by octet: what is sent, what is taken, what is dropped and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.discovery import messages
from dualstack_speaker.discovery.messages import Advertisement, BadMessage, Solicitation

MAC = bytes.fromhex("02005e100001")
ROUTER, NOBODY = parse("fe80::1"), bytes(16)

SENT = {
    "solicitation": (messages.solicitation(MAC), "85000000 00000000 0101 02005e100001"),
    "advertisement": (messages.advertisement(MAC), "86000000 00000000 00000000 00000000 0101 02005e100001"),
    "solicitation without Ethernet": (messages.solicitation(b""), "85000000 00000000"),
    "advertisement without Ethernet": (messages.advertisement(b""), "86000000 00000000 00000000 00000000"),
}

# as FRR 10.3 sends it on an unnumbered interface, as BIRD 2.17 does with a prefix, and the least there can be
TAKEN = {
    "frr": ("86000000 40000000 00000000 00000000 0101 02005e100001", Advertisement(ROUTER, 0, MAC, None)),
    "lifetime": ("86000000 40080708 00000000 00000000", Advertisement(ROUTER, 1800, None, None)),
    "interval": ("86000000 40000000 00000000 00000000 07010000 00002710", Advertisement(ROUTER, 0, None, 10.0)),
    "prefix": (
        "86000000 40000000 00000000 00000000 030440c0 00015180 00003840 00000000 20010db8000000000000000000000000"
        "0501 0000 000005dc 0101 02005e100001",
        Advertisement(ROUTER, 0, MAC, None),
    ),
    "two link-layer addresses": (
        "86000000 40000000 00000000 00000000 0101 02005e100001 0101 02005e100002",
        Advertisement(ROUTER, 0, MAC, None),
    ),
    "a longer link-layer address": (
        "86000000 40000000 00000000 00000000 0102 00112233445566778899aabbccdd",
        Advertisement(ROUTER, 0, None, None),
    ),
    "solicitation": ("85000000 00000000 0101 02005e100001", Solicitation(ROUTER, MAC)),
    "plain solicitation": ("85000000 00000000", Solicitation(ROUTER, None)),
}

BAD = {
    "routed": ("86000000 40000000 00000000 00000000", ROUTER, 254, "hop limit 254"),
    "hop limit not told": ("86000000 40000000 00000000 00000000", ROUTER, None, "hop limit None"),
    "routed solicitation": ("85000000 00000000", ROUTER, 64, "hop limit 64"),
    "global source": ("86000000 40000000 00000000 00000000", parse("2001:db8::1"), 255, "not link-local"),
    "no source": ("86000000 40000000 00000000 00000000", NOBODY, 255, "not link-local"),
    "code": ("86010000 40000000 00000000 00000000", ROUTER, 255, "code 1"),
    "solicitation's code": ("85010000 00000000", ROUTER, 255, "code 1"),
    "another type": ("88000000 00000000 00000000 00000000", ROUTER, 255, "type 136"),
    "short": ("86000000 40000000 00000000 000000", ROUTER, 255, "octets expected"),
    "short solicitation": ("85000000 000000", ROUTER, 255, "octets expected"),
    "option without length": ("86000000 40000000 00000000 00000000 0100 02005e100001", ROUTER, 255, "length 0"),
    "solicitation's option without length": ("85000000 00000000 0100 02005e100001", ROUTER, 255, "length 0"),
    "option beyond the end": ("86000000 40000000 00000000 00000000 0102 02005e100001", ROUTER, 255, "octets expected"),
    "address without a source": ("85000000 00000000 0101 02005e100001", NOBODY, 255, "without a source"),
    "empty": ("", ROUTER, 255, "octets expected"),
}


@pytest.mark.parametrize("name", SENT)
def test_what_is_sent(name: str) -> None:
    made, golden = SENT[name]
    assert made == bytes.fromhex(golden)


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(name: str) -> None:
    golden, message = TAKEN[name]
    assert messages.decode(bytes.fromhex(golden), ROUTER, 255) == message


def test_a_host_without_an_address_may_ask() -> None:
    """RFC 4861 section 4.1: the source may be ``::``, then without the option."""
    assert messages.decode(bytes.fromhex("8500000000000000"), NOBODY, 255) == Solicitation(NOBODY, None)


@pytest.mark.parametrize("name", BAD)
def test_what_is_dropped(name: str) -> None:
    golden, source, hops, reason = BAD[name]
    with pytest.raises(BadMessage, match=reason):
        messages.decode(bytes.fromhex(golden), source, hops)


@pytest.mark.soak
@given(st.binary(max_size=120), st.sampled_from([ROUTER, NOBODY, parse("2001:db8::1")]))
def test_anything_is_taken_or_dropped(data: bytes, source: bytes) -> None:
    for head in (b"", b"\x85\0", b"\x86\0"):
        try:
            message = messages.decode(head + data, source, 255)
        except BadMessage:
            continue
        assert message.source == source
        assert message.mac is None or len(message.mac) == 6
        assert isinstance(message, Solicitation) or message.interval is None or message.interval > 0
