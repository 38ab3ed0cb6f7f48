# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How BFD watches the sessions of a node: over one hop or over several, as FRR at the other end does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dualstack.announcing.decide import Decider, Decision, decide
from dualstack.announcing.facts import NodeFacts
from dualstack.resources.model import BFDProfile, Node, Peer, Resources

FACTS = NodeFacts("node1", {"eth1": ("10.0.1.11/24", "2001:db8:dc:1::11/64")}, "10.0.1.11")
NEAR = {"ipv4": "10.0.1.1", "ipv6": "2001:db8:dc:1::1"}
FAR = {"ipv4": "203.0.113.1", "ipv6": "2001:db8:ffff::1"}
FAST = BFDProfile("fast", receive_interval=100, detect_multiplier=5)
PLAIN = {"receive_ms": 100, "transmit_ms": 300, "multiplier": 5, "passive": False, "minimum_ttl": None}


def resources(*peers: Peer, profile: BFDProfile = FAST) -> Resources:
    return Resources(
        peers={peer.name: peer for peer in peers},
        bfd_profiles={profile.name: profile},
        nodes={"node1": Node("node1", {}, False)},
    )


def peer(address: str, **changes: Any) -> Peer:
    return replace(Peer("t", 64512, peer_asn=64500, address=address, bfd_profile="fast"), **changes)


def watched(entry: Peer, profile: BFDProfile = FAST) -> dict[str, Any]:
    decision = decide(resources(entry, profile=profile), FACTS)
    assert not decision.findings
    found: dict[str, Any] = decision.desired["peers"]["t"]["bfd"]
    return found


@pytest.mark.parametrize("family", NEAR)
def test_on_the_link(family: str) -> None:
    for entry in (peer(NEAR[family]), peer(NEAR[family], peer_asn=64512)):
        assert watched(entry) == PLAIN
        assert watched(entry, replace(FAST, minimum_ttl=254)) == PLAIN
    shown = peer(NEAR[family], local_asn=64500, multihop=True)  # iBGP by the ASN that the peer is shown
    assert watched(shown) == PLAIN
    stated = peer(NEAR[family], source_address={"ipv4": "10.0.1.11", "ipv6": "2001:db8:dc:1::11"}[family])
    assert watched(stated) == PLAIN
    assert watched(peer(NEAR[family], bfd_profile=None)) is None


@pytest.mark.parametrize("family", NEAR)
@pytest.mark.parametrize(
    ("changes", "lowest"),
    [
        ({"multihop": True}, 1),
        ({"multihop": True, "peer_asn": 64512, "local_asn": 64999}, 1),
        ({"multihop": True, "ttl": 3}, 253),
        ({"ttl_security": 1}, 255),
        ({"ttl_security": 2}, 254),
    ],
)
def test_over_several_hops(family: str, changes: dict[str, Any], lowest: int) -> None:
    assert watched(peer(NEAR[family], **changes)) == {**PLAIN, "minimum_ttl": lowest}
    assert watched(peer(FAR[family], **changes)) == {**PLAIN, "minimum_ttl": lowest}
    assert watched(peer(NEAR[family], **changes), replace(FAST, minimum_ttl=200)) == {**PLAIN, "minimum_ttl": 200}


@pytest.mark.parametrize("family", NEAR)
def test_an_ibgp_peer_that_is_on_no_link(family: str) -> None:
    assert watched(peer(FAR[family], peer_asn=64512)) == {**PLAIN, "minimum_ttl": 1}


@pytest.mark.parametrize("family", NEAR)
@pytest.mark.parametrize(("stated", "taken"), [(10, 50), (49, 50), (50, 50), (51, 51)])
def test_short_intervals_are_lengthened(family: str, stated: int, taken: int) -> None:
    """MetalLB 1.6: the session of a profile from its time stays; the slower end decides (RFC 5880 section 6.8.7)."""
    profile = replace(FAST, receive_interval=stated, transmit_interval=stated)
    assert watched(peer(NEAR[family]), profile) == {**PLAIN, "receive_ms": taken, "transmit_ms": taken}


def test_what_a_profile_does_not_say_is_as_in_frr() -> None:
    assert watched(peer(NEAR["ipv4"]), BFDProfile("fast", passive_mode=True)) == {
        **PLAIN,
        "receive_ms": 300,
        "multiplier": 3,
        "passive": True,
    }


@pytest.mark.parametrize("family", NEAR)
def test_a_missing_profile_stops_one_peer_only(family: str) -> None:
    bad = peer(NEAR[family], name="u", bfd_profile="fats")
    decision = decide(resources(peer(NEAR[family]), bad), FACTS)
    assert set(decision.desired["peers"]) == {"t"}
    assert [(finding.id, finding.severity) for finding in decision.findings] == [("no-bfd-profile", "error")]
    assert "'fast'" in decision.findings[0].fix


def test_a_changed_profile_is_seen() -> None:
    decider, entry = Decider(), peer(NEAR["ipv4"])

    def interval(decision: Decision) -> Any:
        return decision.desired["peers"]["t"]["bfd"]["transmit_ms"]

    for number in (100, 200):
        given = resources(entry, profile=replace(FAST, transmit_interval=number))
        assert interval(decider.decide(given, FACTS)) == number
