# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single demands of the RFCs that no other test shows (docs/rfc.md)."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from dualstack_speaker.base.model import Peer
from dualstack_speaker.bgp import capabilities, messages
from dualstack_speaker.link import peers
from dualstack_speaker.link.errors import LinkError

MakePeer = Callable[..., Peer]
HEAD = "04 fbf4 0009 0a000101"  # version 4, AS 64500, hold time 9, 10.0.1.1


def opening(*items: str) -> messages.Open:
    """An OPEN with these capabilities, each in a parameter of its own."""
    block = b"".join(bytes((2, len(item))) + item for item in map(bytes.fromhex, items))
    return messages.decode_open(bytes.fromhex(HEAD) + bytes((len(block),)) + block)


@pytest.mark.parametrize("family", ["0001", "0002"])
def test_reserved_bits_are_ignored_and_the_last_capability_counts(family: str, make_peer: MakePeer) -> None:
    """RFC 4760 section 8, RFC 4724 section 3, RFC 5492 section 4."""
    peer = make_peer(restart_time=120)
    theirs = opening(
        f"01 04 {family} ff 01", f"01 04 {family} 00 01", "40 02 0078", f"40 06 7fff {family} 01 7f", "41 04 0000fbf4"
    )
    found = messages.negotiate(peer, capabilities.offer(peer), theirs)
    assert found.families == ({"0001": "ipv4", "0002": "ipv6"}[family],)
    assert found.restart and found.notification_keeps, "the second capability has the N bit, the first has not"
    plain = opening("40 06 4078 0001 01 80", "40 02 0078", "01 04 0001 00 01")
    assert not messages.negotiate(peer, capabilities.offer(peer), plain).notification_keeps


@pytest.mark.parametrize("afi", ["0001", "0002"])
@pytest.mark.parametrize("subtype", [3, 128, 255])
@pytest.mark.parametrize("enhanced", [False, True])
def test_an_unknown_kind_of_refresh_is_ignored(enhanced: bool, subtype: int, afi: str) -> None:
    """RFC 7313 section 3.2 and 5."""
    body = bytes.fromhex(afi) + bytes((subtype, 1))
    assert messages.decode_route_refresh(body, enhanced) is None
    assert messages.decode_route_refresh(body + b"more", enhanced) is None


@pytest.mark.parametrize(("family", "address"), [("ipv4", "10.0.1.1"), ("ipv6", "2001:db8:dc:1::1")])
def test_a_peers_own_address_is_no_next_hop_for_it(family: str, address: str) -> None:
    """RFC 4271 section 5.1.3."""
    plain: dict[str, Any] = {
        "local_asn": 64512, "peer_asn": 64500, "address": address, "router_id": "10.0.1.11", "hold_time": 9,
        "keepalive_time": 3, "connect_retry": 5, "families": [family], "next_hop": {family: address},
    }  # fmt: skip
    with pytest.raises(LinkError, match=f"next_hop.{family}: {address} is the peer's own address"):
        peers.decode("peers.tor1", plain)
