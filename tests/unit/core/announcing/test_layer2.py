# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node answers for on layer 2: who wins, on which interfaces, with which Services."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deciding import BASE, FACTS, FULL, SHOP, VIP, Object, both, metallb, node, on, one, run, service

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decider, Decision
from dualstack.announcing.election import order
from dualstack.announcing.facts import NodeFacts
from dualstack.resources.collection import Collection


def layer2(name: str, *extra: Object, services: tuple[Object, ...] = (SHOP,), **spec: Any) -> Decision:
    facts = NodeFacts(name, FACTS.interfaces)
    return run(*BASE, *services, metallb("L2Advertisement", "a", **spec), *extra, facts=facts)


@pytest.mark.parametrize("addresses", [tuple(VIP.values()), tuple(reversed(VIP.values()))])
def test_the_first_address_gives_both_their_order(addresses: tuple[str, str]) -> None:
    """MetalLB 5.1.6: candidates by the SHA-256 of node and first address; both families sit on one node.

    MetalLB 12.10 order of addresses: the first address of the status decides, and the order of the status
    flips: the VIP moves with it.
    """
    names = order(["node1", "node2", "node3"], addresses[0])
    for name in names:
        decision = layer2(name, services=(service("shop", *addresses),))
        assert {entry.announcer for entry in decision.announcements} == {names[0]}
        assert {entry.candidates for entry in decision.announcements} == {tuple((each, ()) for each in names)}
        assert {entry.reason for entry in decision.announcements} == {""}
        told = {"interfaces": (), "candidates": tuple((each, ()) for each in names)}
        assert decision.desired["layer2"] == dict.fromkeys(addresses, told)
        assert not decision.desired["routes"]


@both
def test_only_selected_nodes_are_candidates(family: str) -> None:
    for name in ("node1", "node2", "node3"):
        entry = one(layer2(name, nodeSelectors=on("node3")), VIP[family])
        assert entry.announcer == "node3"
        assert (entry.reason == "") == (name == "node3")


@both
def test_preferred_nodes_win(family: str) -> None:
    preferred = [{"weight": 10, "preference": on("node2")[0]}, {"weight": 9, "preference": on("node3")[0]}]
    assert one(layer2("node2", preferredNodeSelectors=preferred), VIP[family]).announcer == "node2"


@both
def test_a_drained_node_stands_last_everywhere_as_soon_as_it_is_annotated(family: str) -> None:
    """So that its VIPs move also where nodes do not hear each other; alone, it goes on."""
    objects = [*BASE, SHOP, metallb("L2Advertisement", "a")]
    for name in ("node1", "node2", "node3"):
        collection, decider, facts = Collection(), Decider(), replace(FACTS, name=name)
        for given in objects:
            collection.put(given)
        before = one(decider.decide(collection.resources(), facts), VIP[family])
        winner = str(before.announcer)
        drained = node(winner)
        drained["metadata"]["annotations"] = {"baremetal.dualstack/drain": "60"}
        collection.put(drained)
        decision = decider.decide(collection.resources(), facts, collection.touched())
        after = one(decision, VIP[family])
        names = [each for each, _unused in before.candidates]
        assert [each for each, _unused in after.candidates] == [*names[1:], winner]
        assert VIP[family] in decision.changes["layer2"]
        collection.put(node(winner))
        assert one(decider.decide(collection.resources(), facts, collection.touched()), VIP[family]) == before


@both
def test_interfaces_unite_and_one_without_means_all(family: str) -> None:
    """MetalLB 5.3 union: interfaces over the advertisements that match; one without any means all."""
    only = {"nodeSelectors": on("node1")}
    more = metallb("L2Advertisement", "b", interfaces=["eth2", "eth1"], **only)
    united = layer2("node1", more, interfaces=["eth1"], **only).desired["layer2"][VIP[family]]
    assert united == {"interfaces": ("eth1", "eth2"), "candidates": (("node1", ("eth1", "eth2")),)}
    every = layer2("node1", more, **only).desired["layer2"][VIP[family]]
    assert every == {"interfaces": (), "candidates": (("node1", ()),)}


@both
def test_service_selectors(family: str) -> None:
    selector = [{"matchLabels": {"app": "shop"}}]
    labelled = service("shop", *VIP.values(), labels={"app": "shop"})
    names = on("node1")
    assert one(layer2("node1", serviceSelectors=selector, nodeSelectors=names), VIP[family]).reason == reasons.NO_MATCH
    decision = layer2("node1", services=(labelled,), serviceSelectors=selector, nodeSelectors=names)
    assert one(decision, VIP[family]).reason == ""
    shared = service("shop", *VIP.values(), labels={"app": "shop"}, annotations={"metallb.io/allow-shared-ip": ""})
    decision = layer2("node1", services=(shared,), serviceSelectors=selector, nodeSelectors=names)
    assert one(decision, VIP[family]).reason == reasons.SHARED


@both
def test_one_address_by_both_ways(family: str) -> None:
    """MetalLB 5.1, 6.2: a pool may be advertised by layer 2 and by BGP at once."""
    decision = layer2("node1", metallb("BGPAdvertisement", "a"), nodeSelectors=on("node1"))
    assert sorted(str(entry.mode) for entry in decision.announcements if entry.vip == VIP[family]) == ["bgp", "layer2"]
    assert FULL[family] in decision.desired["routes"]
    assert VIP[family] in decision.desired["layer2"]
