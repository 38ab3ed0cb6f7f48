# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NOTIFICATIONs say, in words: every code and subcode, and the texts that come with some of them."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.base.model import Peer
from dualstack_speaker.bgp import iana, messages, words

MakePeer = Callable[..., Peer]
SUBCODES = {
    1: range(4),  # RFC 4271 section 4.5
    2: (0, 1, 2, 3, 4, 5, 6, 7, 11),  # RFC 4271, 5492; 11: RFC 9234
    3: range(12),  # RFC 4271
    4: (0,),
    5: range(4),  # RFC 6608
    6: range(1, 11),  # RFC 4486; 9: RFC 8538; 10: RFC 9384
    7: (1,),  # RFC 7313
    8: (0,),  # RFC 9687
}


@pytest.mark.parametrize("code", SUBCODES)
def test_every_code_and_subcode_has_words(code: int) -> None:
    for subcode in SUBCODES[code]:
        text = iana.describe(code, subcode)
        assert text.endswith(f" ({code}/{subcode})") and "unknown" not in text
        assert ": " in text or code in (4, 8), "a subcode has words of its own"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("06 02 05 6c61746572", 'closed the session; cease: administrative shutdown (6/2): "later"'),
        ("06 02 00", "closed the session; cease: administrative shutdown (6/2)"),
        ("06 02 05 6c61", "closed the session; cease: administrative shutdown (6/2), with a text of a wrong length"),
        ("06 04 02 0a41", 'closed the session; cease: administrative reset (6/4): "?A"'),
        ("06 04 06 e280aec3a4ff", 'closed the session; cease: administrative reset (6/4): "?ä\ufffd"'),
        ("06 09 06 02 05 6c61746572", 'closed the session; cease: administrative shutdown (6/2): "later", hard reset'),
        ("06 09", "closed the session; cease: hard reset (6/9)"),
        ("06 01", "closed the session; cease: maximum number of prefixes reached (6/1)"),
        (
            "06 01 0002 01 0000000a",
            "closed the session; cease: maximum number of prefixes reached (6/1): it takes 10 of ipv6",
        ),
        ("06 03", "closed the session; cease: peer de-configured (6/3)"),
        ("06 0a", "closed the session; cease: BFD down (6/10)"),
        ("02 02 fc00", "refused us: our ASN is 64512, it expects another one; OPEN message error: bad peer AS (2/2)"),
        (
            "02 07 01 04 0019 00 41",
            "refused a capability of ours, or demands one that we do not have; "
            "OPEN message error: unsupported capability (2/7)",
        ),
        (
            "02 03",
            "refused our router ID 10.0.1.11: is it its own as well?; OPEN message error: bad BGP identifier (2/3)",
        ),
        ("02 06", "refused our hold time of 9 s; OPEN message error: unacceptable hold time (2/6)"),
        ("04 00", "has not heard from us for its hold time; hold timer expired (4/0)"),
        ("08 00", "could not send to us; send hold timer expired (8/0)"),
        ("63 07", "closed the session; unknown error (99/7)"),
    ],
)
def test_what_the_peer_says(text: str, shown: str, make_peer: MakePeer) -> None:
    assert words.said(bytes.fromhex(text.replace(" ", "")), make_peer()) == f"peer AS 64500 {shown}"
    unknown = make_peer(peer_asn=None, dynamic_asn="external")
    assert words.said(bytes.fromhex(text.replace(" ", "")), unknown) == f"peer {shown}"


def test_a_router_that_knows_no_large_as_numbers(make_peer: MakePeer) -> None:
    peer = make_peer(local_asn=4200000512)
    told = words.said(b"\2\2" + iana.AS_TRANS.to_bytes(2, "big"), peer)
    assert "our ASN is 4200000512, it expects another one (it saw 23456: it knows no 4-octet ASNs)" in told


@pytest.mark.parametrize("reason", ["maintenance", "Wartung bis 14 Uhr — öffentlich", "x" * 300, "ä" * 200, "😀" * 100])
def test_a_reason_travels_whole_characters(reason: str, make_peer: MakePeer) -> None:
    """RFC 9003: at most 255 octets of UTF-8."""
    data = messages.shutdown_text(reason)
    assert data[0] == len(data) - 1 <= 255
    told = words.said(b"\6\2" + data, make_peer())
    heard = told.split(': "', 1)[1].rstrip('"')
    assert heard and reason.startswith(heard)


@given(st.binary(min_size=2, max_size=300))
def test_whatever_comes_is_one_printable_line(body: bytes) -> None:
    plain: Any = (64512, 64500, parse("10.0.1.1"), 179, None, parse("10.0.1.11"), 9, 3.0, 5.0, None)
    peer = Peer(*plain, ("ipv4",), parse("10.0.1.11"), None, False)
    assert words.said(body, peer).isprintable()
