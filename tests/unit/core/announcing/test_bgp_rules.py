# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which reason is told where several keep a node from announcing, and what follows when a node or a peer changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deciding import (
    FACTS,
    FULL,
    NODES,
    PEER4,
    PEER6,
    POOLS,
    SHOP,
    VIP,
    Object,
    both,
    metallb,
    node,
    on,
    one,
    run,
    service,
)

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decider
from dualstack.announcing.facts import OF_ALL
from dualstack.resources.collection import Collection

EXCLUDED = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
LOST = {"conditions": [{"type": "NetworkUnavailable", "status": "True"}]}
LOCAL = service("shop", *VIP.values(), externalTrafficPolicy="Local")
MAIL = [{"matchLabels": {"app": "mail"}}]


def reason_of(family: str, *objects: Object, **kinds: Any) -> str:
    """All that can be wrong is wrong, but for what is given."""
    given: dict[str, list[Object]] = {
        "node": [node("node1", EXCLUDED, **LOST)],
        "peers": [],
        "service": [LOCAL],
        "adverts": [metallb("BGPAdvertisement", "a", nodeSelectors=on("node2"), serviceSelectors=MAIL)],
        **kinds,
    }
    everything = [POOLS, *objects, *(entry for entries in given.values() for entry in entries)]
    return one(run(*everything, facts=replace(FACTS, endpoints=OF_ALL)), VIP[family]).reason


@both
def test_the_order_of_reasons(family: str) -> None:
    """MetalLB 6.2: owner, match, conflict, network, label, endpoints here, then anywhere; ours last: a session."""
    assert reason_of(family) == reasons.NOT_OWNER
    unmatched = [metallb("BGPAdvertisement", "a", serviceSelectors=MAIL)]
    assert reason_of(family, adverts=unmatched) == reasons.NO_MATCH
    shop = [{"matchLabels": {"app": "shop"}}]
    labelled = [service("shop", *VIP.values(), labels={"app": "shop"}, externalTrafficPolicy="Local")]
    conflict = [
        metallb("BGPAdvertisement", "a", localPref=1),
        metallb("BGPAdvertisement", "b", localPref=2, serviceSelectors=shop),
    ]
    assert reason_of(family, adverts=conflict, service=labelled, peers=[PEER4, PEER6]) == reasons.CONFLICT
    fine = {"adverts": [metallb("BGPAdvertisement", "a")]}
    assert reason_of(family, **fine) == reasons.NETWORK_UNAVAILABLE
    assert reason_of(family, **fine, node=[node("node1", EXCLUDED)]) == reasons.EXCLUDED
    assert reason_of(family, **fine, node=NODES) == reasons.NO_LOCAL_ENDPOINTS
    assert reason_of(family, **fine, node=NODES, service=[SHOP]) == reasons.NO_ENDPOINTS
    decision = run(POOLS, *NODES, SHOP, *fine["adverts"])
    assert one(decision, VIP[family]).reason == reasons.NO_PEER


@both
def test_labels_of_the_node_are_looked_at_again(family: str) -> None:
    """MetalLB 6.2: a change of labels makes and takes away sessions and announcements."""
    collection, decider = Collection(), Decider()
    zone = [{"matchLabels": {"zone": "a"}}]
    chosen = [{**peer, "spec": {**peer["spec"], "nodeSelectors": zone}} for peer in (PEER4, PEER6)]
    for given in [POOLS, *NODES, *chosen, SHOP, metallb("BGPAdvertisement", "a", nodeSelectors=zone)]:
        collection.put(given)
    assert not decider.decide(collection.resources(), FACTS).desired["peers"]
    collection.put(node("node1", {"zone": "a"}))
    decision = decider.decide(collection.resources(), FACTS)
    assert set(decision.changes["peers"]) == {"tor1-ipv4", "tor1-ipv6"}
    assert FULL[family] in decision.changes["routes"]
    collection.put(node("node1"))
    decision = decider.decide(collection.resources(), FACTS)
    assert decision.changes["peers"] == {"tor1-ipv4": None, "tor1-ipv6": None}
    assert decision.changes["routes"][FULL[family]] is None


@both
def test_a_peer_that_goes_takes_its_paths_along(family: str) -> None:
    """In one change, so that no route ever names a peer that is not there."""
    collection, decider = Collection(), Decider()
    second = metallb("BGPPeer", "tor2", myASN=64512, peerASN=64500, peerAddress="10.0.1.2", dualStackAddressFamily=True)
    for given in [POOLS, *NODES, PEER4, PEER6, second, SHOP, metallb("BGPAdvertisement", "a")]:
        collection.put(given)
    decider.decide(collection.resources(), FACTS)
    collection.put({**second, "spec": {**second["spec"], "nodeSelectors": on("node2")}})
    changes = decider.decide(collection.resources(), FACTS).changes
    assert changes["peers"] == {"tor2": None}
    assert [path["peers"] for path in changes["routes"][FULL[family]]] == [[f"tor1-{family}"]]


@both
@pytest.mark.parametrize(("peers", "expected"), [([], ["tor1", "tor2"]), (["tor2"], ["tor2"]), (["tor1"], ["tor1"])])
def test_peers_of_an_advertisement(family: str, peers: list[str], expected: list[str]) -> None:
    """MetalLB 6.2: to the peers that it names, to all when it names none."""
    spec = {"myASN": 64512, "peerASN": 64500, "dualStackAddressFamily": True}
    both_peers = [metallb("BGPPeer", f"tor{each}", peerAddress=f"10.0.1.{each}", **spec) for each in (1, 2)]
    advert = metallb("BGPAdvertisement", "a", peers=peers)
    routes = run(POOLS, *NODES, *both_peers, SHOP, advert).desired["routes"]
    assert [path["peers"] for path in routes[FULL[family]]] == [expected]
