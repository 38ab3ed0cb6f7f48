# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations that say more than MetalLB's fields: the source of a peer, the families of an advertisement."""

from __future__ import annotations

import pytest
from deciding import BASE, FAMILIES, FULL, NODES, SHOP, VIP, both, metallb, one, run

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decider
from dualstack.announcing.facts import NodeFacts
from dualstack.announcing.why import why
from dualstack.resources.collection import parse

SPREAD = {
    "eth0": ("198.51.100.9/24", "2001:db8:50::9/64"),
    "eth1": ("fe80::11/64", "10.0.1.11/24", "2001:db8:dc:1::11/64"),
    "lo": ("127.0.0.1/8", "::1/128", "192.0.2.200/32", "2001:db8:200::1/128"),
}
FAR = {"ipv4": "203.0.113.1", "ipv6": "2001:db8:ffff::1"}


@both
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"ipv4": "eth1", "ipv6": "eth1"}, {"ipv4": "10.0.1.11", "ipv6": "2001:db8:dc:1::11"}),
        ({"ipv4": "lo", "ipv6": "lo"}, {"ipv4": "192.0.2.200", "ipv6": "2001:db8:200::1"}),
        ({"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:50::/48"}, {"ipv4": "198.51.100.9", "ipv6": "2001:db8:50::9"}),
    ],
)
def test_the_source_comes_out_of_an_interface_or_a_network(
    source: dict[str, str], expected: dict[str, str], family: str
) -> None:
    """MetalLB 12.7: there sourceAddress is one address, which is no use for more than one node."""
    peer = metallb("BGPPeer", "far", myASN=64512, peerASN=65000, peerAddress=FAR[family], ebgpMultiHop=True)
    peer["metadata"]["annotations"] = {"baremetal.dualstack/source": source[family]}
    decision = run(*NODES, peer, facts=NodeFacts("node1", SPREAD))
    session = decision.desired["peers"]["far"]
    assert session["source_address"] == expected[family]
    assert session["next_hop"] == {family: expected[family]}
    assert not decision.findings


@both
@pytest.mark.parametrize(
    "source", [{"ipv4": "eth2", "ipv6": "eth2"}, {"ipv4": "10.9.0.0/16", "ipv6": "2001:db8:9::/48"}]
)
def test_without_such_a_source_that_peer_alone_has_no_session_and_says_so(source: dict[str, str], family: str) -> None:
    """MetalLB 12.7, 6.3; with the address it comes up, and the other peers are not concerned."""
    peer = metallb("BGPPeer", "far", myASN=64512, peerASN=65000, peerAddress=FAR[family], ebgpMultiHop=True)
    peer["metadata"]["annotations"] = {"baremetal.dualstack/source": source[family]}
    resources, unread = parse([*BASE, peer])
    assert not unread
    decider = Decider()
    before = decider.decide(resources, NodeFacts("node1", SPREAD))
    assert sorted(before.desired["peers"]) == ["tor1-ipv4", "tor1-ipv6"]
    (found,) = before.findings
    assert (found.id, found.severity, found.value) == ("no-source", "error", source[family])
    assert found.path == "BGPPeer far: metadata.annotations.baremetal.dualstack/source"
    late = {**SPREAD, "eth2": ("10.9.0.7/24", "2001:db8:9::7/64")}
    after = decider.decide(resources, NodeFacts("node1", late))
    assert after.desired["peers"]["far"]["source_address"] == {"ipv4": "10.9.0.7", "ipv6": "2001:db8:9::7"}[family]
    assert not after.findings


@both
@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_an_advertisement_for_one_family_says_nothing_of_the_other(kind: str, family: str) -> None:
    """MetalLB 12.7: there an advertisement is for both (issue 1757)."""
    [other] = [each for each in FAMILIES if each != family]
    advert = metallb(kind, "a")
    advert["metadata"]["annotations"] = {"baremetal.dualstack/families": family}
    decision = run(*BASE, SHOP, advert)
    assert one(decision, VIP[family]).reason == ""
    assert (one(decision, VIP[other]).mode, one(decision, VIP[other]).reason) == (None, reasons.NO_ADVERTISEMENT)
    assert set(decision.desired["routes"]) == ({FULL[family]} if kind == "BGPAdvertisement" else set())
    assert set(decision.desired["layer2"]) == ({VIP[family]} if kind == "L2Advertisement" else set())
    assert not decision.findings


@both
def test_one_family_by_bgp_and_the_other_by_layer_2(family: str) -> None:
    """MetalLB 12.7: what takes two pools there."""
    [other] = [each for each in FAMILIES if each != family]
    routed, answered = metallb("BGPAdvertisement", "a"), metallb("L2Advertisement", "b")
    routed["metadata"]["annotations"] = {"baremetal.dualstack/families": family}
    answered["metadata"]["annotations"] = {"baremetal.dualstack/families": other}
    decision = run(*BASE, SHOP, routed, answered)
    assert set(decision.desired["routes"]) == {FULL[family]} and set(decision.desired["layer2"]) == {VIP[other]}


@both
def test_a_mistake_of_a_family_that_an_advertisement_is_not_for_is_none(family: str) -> None:
    """Aggregates wider than the pool, local preferences that contradict each other: only where both are for it."""
    field = {"ipv4": "aggregationLengthV6", "ipv6": "aggregationLength"}[family]
    wide = metallb("BGPAdvertisement", "a", localPref=100, **{field: 8})
    plain = metallb("BGPAdvertisement", "b", localPref=200)
    assert {found.id for found in run(*BASE, SHOP, wide, plain).findings} >= {"aggregation"}
    [rest] = [each for each in FAMILIES if each != family]
    wide["metadata"]["annotations"] = {"baremetal.dualstack/families": family}
    plain["metadata"]["annotations"] = {"baremetal.dualstack/families": rest}
    decision = run(*BASE, SHOP, wide, plain)
    assert not decision.findings
    assert {prefix: paths[0]["local_preference"] for prefix, paths in decision.desired["routes"].items()} == {
        FULL[family]: 100,
        FULL[rest]: 200,
    }


@both
def test_explain_names_the_annotation(family: str) -> None:
    [other] = [each for each in FAMILIES if each != family]
    advert = metallb("L2Advertisement", "a")
    advert["metadata"]["annotations"] = {"baremetal.dualstack/families": family}
    resources, _unused = parse([*BASE, SHOP, advert])
    decider, facts = Decider(), NodeFacts("node1", SPREAD)
    story = why(resources, decider.decide(resources, facts), facts, "default/shop", None)
    (told,) = [each for each in story.vips if each.vip == VIP[other]]
    assert "baremetal.dualstack/families" in " ".join(step.text for step in told.steps)
