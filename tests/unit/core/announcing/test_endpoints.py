# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who announces by where the endpoints are: the traffic policy Local, and Services without any endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deciding import BASE, FACTS, FULL, VIP, Object, both, endpoints, metallb, one, run, service

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decision
from dualstack.announcing.facts import OF_ALL, OF_LOCAL, UNKNOWN

OTHER = {"ipv4": "ipv6", "ipv6": "ipv4"}
LOCAL = service("shop", *VIP.values(), externalTrafficPolicy="Local")
SHOP = service("shop", *VIP.values())


def decided(kind: str, given: Object, *slices: Object, known: str = OF_LOCAL, name: str = "node1") -> Decision:
    facts = replace(FACTS, name=name, endpoints=known)
    return run(*BASE, given, metallb(kind, "a"), *slices, facts=facts)


def names(decision: Decision, vip: str) -> list[str]:
    return [node for node, _unused in one(decision, vip).candidates]


# --- BGP


@both
@pytest.mark.parametrize(
    ("state", "announced"),
    [
        (True, True),
        (None, True),
        (False, False),
        ({}, True),
        ({"ready": False, "serving": True, "terminating": True}, True),
        ({"ready": False, "serving": False}, False),
    ],
)
def test_bgp_local_needs_a_serving_endpoint_on_the_node(family: str, state: Any, announced: bool) -> None:
    """MetalLB 6.2, 5.1.1: with Local a node announces when it has a serving endpoint; terminating ones may serve."""
    decision = decided("BGPAdvertisement", LOCAL, endpoints("shop", family, {"node1": state, "node2": True}))
    assert one(decision, VIP[family]).reason == ("" if announced else reasons.NO_LOCAL_ENDPOINTS)
    assert (FULL[family] in decision.desired["routes"]) == announced


@both
def test_bgp_local_is_decided_by_the_family_of_the_vip(family: str) -> None:
    """Better than MetalLB 6.2, which takes the endpoints of both families together: the other family would be lost."""
    decision = decided("BGPAdvertisement", LOCAL, endpoints("shop", family, {"node1": True}))
    assert list(decision.desired["routes"]) == [FULL[family]]
    assert one(decision, VIP[OTHER[family]]).reason == reasons.NO_LOCAL_ENDPOINTS


@both
def test_endpoints_of_several_slices_add_up(family: str) -> None:
    slices = [endpoints("shop", family, {f"node{each}": each == 1}, suffix=f"{each}") for each in range(1, 4)]
    assert not one(decided("BGPAdvertisement", LOCAL, *slices), VIP[family]).reason
    foreign = endpoints("mail", family, {"node1": True})
    assert one(decided("BGPAdvertisement", LOCAL, foreign), VIP[family]).reason == reasons.NO_LOCAL_ENDPOINTS


@both
def test_an_endpoint_without_a_node_is_nobodys(family: str) -> None:
    decision = decided("BGPAdvertisement", LOCAL, endpoints("shop", family, {None: True}))
    assert one(decision, VIP[family]).reason == reasons.NO_LOCAL_ENDPOINTS


@both
@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_cluster_needs_no_endpoint_on_the_node(family: str, kind: str) -> None:
    """MetalLB 5.1.5, 6.2: with Cluster it does not matter where endpoints are."""
    for known in (UNKNOWN, OF_LOCAL, OF_ALL):
        decision = decided(kind, SHOP, endpoints("shop", family, {"node3": True}), known=known)
        assert not one(decision, VIP[family]).reason


@both
@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_cluster_without_any_endpoint(family: str, kind: str) -> None:
    """MetalLB 5.1.1, 6.2: nobody announces a Service without serving endpoints; here where all slices are known.

    Different: by default only those of Local Services are read, so that thousands of others cost no node anything.
    """
    slices = [endpoints("shop", OTHER[family], {"node1": True}), endpoints("shop", family, {"node1": False})]
    decision = decided(kind, SHOP, *slices, known=OF_ALL)
    assert one(decision, VIP[family]).reason == reasons.NO_ENDPOINTS
    assert not one(decision, VIP[OTHER[family]]).reason
    assert not one(decided(kind, SHOP, *slices, known=OF_LOCAL), VIP[family]).reason


@both
@pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])
def test_where_slices_are_not_known_every_node_announces_and_it_is_said(family: str, kind: str) -> None:
    decision = decided(kind, LOCAL, known=UNKNOWN)
    assert not one(decision, VIP[family]).reason
    assert [(finding.id, finding.path) for finding in decision.findings] == [
        ("local-policy", "Service default/shop: spec.externalTrafficPolicy")
    ]
    assert not decided(kind, LOCAL, known=OF_LOCAL).findings
    other = service("shop", *VIP.values(), externalTrafficPolicy="Local", loadBalancerClass="x/y")
    assert not decided(kind, other, known=UNKNOWN).findings


# --- layer 2


@both
def test_layer2_local_lets_only_nodes_with_endpoints_answer(family: str) -> None:
    """MetalLB 5.1.5."""
    slices = endpoints("shop", family, {"node2": True, "node3": True, "node1": False})
    decision = decided("L2Advertisement", LOCAL, slices)
    assert sorted(names(decision, VIP[family])) == ["node2", "node3"]
    assert one(decision, VIP[family]).reason == reasons.NO_LOCAL_ENDPOINTS
    assert VIP[family] not in decision.desired["layer2"]
    assert VIP[family] in decided("L2Advertisement", LOCAL, slices, name="node2").desired["layer2"]


def test_layer2_local_lets_each_vip_go_where_its_family_is_served() -> None:
    """Better than MetalLB 5.1.5, 5.1.6, where one node has both addresses though only one of them is served there."""
    slices = [endpoints("shop", "ipv4", {"node1": True}), endpoints("shop", "ipv6", {"node3": True})]
    for node in ("node1", "node2", "node3"):
        decision = decided("L2Advertisement", LOCAL, *slices, name=node)
        assert names(decision, VIP["ipv4"]) == ["node1"]
        assert names(decision, VIP["ipv6"]) == ["node3"]
        assert (
            set(decision.desired["layer2"])
            == {
                "node1": {VIP["ipv4"]},
                "node2": set(),
                "node3": {VIP["ipv6"]},
            }[node]
        )


@both
def test_layer2_local_without_endpoints_is_answered_by_nobody(family: str) -> None:
    """MetalLB 5.1.1: and the reason says so, where MetalLB says notOwner. MetalLB 5.1 reasons: notOwner for most."""
    decision = decided("L2Advertisement", LOCAL, endpoints("shop", OTHER[family], {"node1": True}))
    entry = one(decision, VIP[family])
    assert (entry.reason, entry.announcer, entry.candidates) == (reasons.NO_ENDPOINTS, None, ())
    assert list(decision.desired["layer2"]) == [VIP[OTHER[family]]]


@both
def test_layer2_local_on_nodes_that_may_not_answer(family: str) -> None:
    decision = decided("L2Advertisement", LOCAL, endpoints("shop", family, {"elsewhere": True}))
    entry = one(decision, VIP[family])
    assert (entry.reason, entry.announcer) == (reasons.NO_LOCAL_ENDPOINTS, None)
    assert VIP[family] not in decision.desired["layer2"]
