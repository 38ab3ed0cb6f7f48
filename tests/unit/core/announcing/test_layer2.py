# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node answers for on layer 2: who wins, on which interfaces, with which Services."""

from __future__ import annotations

from typing import Any

import pytest
from deciding import BASE, FACTS, FULL, SHOP, VIP, Object, both, metallb, on, one, run, service

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decision
from dualstack.announcing.election import elect
from dualstack.announcing.facts import NodeFacts


def layer2(name: str, *extra: Object, services: tuple[Object, ...] = (SHOP,), **spec: Any) -> Decision:
    facts = NodeFacts(name, FACTS.interfaces)
    return run(*BASE, *services, metallb("L2Advertisement", "a", **spec), *extra, facts=facts)


@pytest.mark.parametrize("addresses", [tuple(VIP.values()), tuple(reversed(VIP.values()))])
def test_the_winner_for_the_first_address_announces_both(addresses: tuple[str, str]) -> None:
    names = ["node1", "node2", "node3"]
    winner = str(elect(names, addresses[0]))
    for name in names:
        decision = layer2(name, services=(service("shop", *addresses),))
        assert {entry.announcer for entry in decision.announcements} == {winner}
        assert {entry.reason for entry in decision.announcements} == {"" if name == winner else reasons.NOT_OWNER}
        assert set(decision.desired["layer2"]) == (set(addresses) if name == winner else set())
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
def test_interfaces_unite_and_one_without_means_all(family: str) -> None:
    only = {"nodeSelectors": on("node1")}
    more = metallb("L2Advertisement", "b", interfaces=["eth2", "eth1"], **only)
    assert layer2("node1", more, interfaces=["eth1"], **only).desired["layer2"][VIP[family]] == {
        "interfaces": ["eth1", "eth2"]
    }
    assert layer2("node1", more, **only).desired["layer2"][VIP[family]] == {"interfaces": []}


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
    decision = layer2("node1", metallb("BGPAdvertisement", "a"), nodeSelectors=on("node1"))
    assert sorted(str(entry.mode) for entry in decision.announcements if entry.vip == VIP[family]) == ["bgp", "layer2"]
    assert FULL[family] in decision.desired["routes"]
    assert VIP[family] in decision.desired["layer2"]
