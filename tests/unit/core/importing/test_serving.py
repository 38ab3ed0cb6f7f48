# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of advertisements and Services, and what is told of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from imports import DUAL, EVERYWHERE, FLAGS, POOL, data, imported, refused, told
from manifests import Object, bfd, bgp, community, labelled, layer2, node, peer, pool, service, thing

from dualstack.findings import ERROR, HINT, WARNING
from dualstack.importing import Imported
from dualstack.resources import modes


def test_pools_are_named() -> None:
    pools = [pool(name, f"172.16.{number}.0/24", labels={"tier": name}) for number, name in enumerate("abc")]
    selecting = layer2("selected", ipAddressPools=["c"], ipAddressPoolSelectors=labelled(tier="a"))
    found = imported(*pools, selecting, layer2("all"), layer2("named", ipAddressPools=["b"]))
    assert {each["name"]: each["pools"] for each in found.data["advertise"]} == {
        "all": ["a", "b", "c"],
        "named": ["b"],
        "selected": ["c", "a"],
    }
    assert [finding.path for finding in told(found, "pools-named", HINT)] == [
        "L2Advertisement all: spec.ipAddressPools",
        "L2Advertisement selected: spec.ipAddressPoolSelectors",
    ]


def test_an_advertisement_of_no_pool_is_left_out() -> None:
    found = imported(POOL, EVERYWHERE, layer2("none", ipAddressPoolSelectors=labelled(tier="z")))
    assert [each["name"] for each in found.data["advertise"]] == ["everywhere"]
    assert [finding.path for finding in told(found, "left-out")] == [
        "L2Advertisement none: spec.ipAddressPoolSelectors"
    ]


def test_one_name_for_both_kinds_of_advertisement_is_refused() -> None:
    found = imported(POOL, peer("a", "10.0.1.1", dualStackAddressFamily=True), layer2("web"), bgp("web"))
    assert refused(found) == {"name-twice": "L2Advertisement web"}


def test_communities_are_kept_and_those_in_use_rendered() -> None:
    objects = [POOL, peer("a", "10.0.1.1", dualStackAddressFamily=True)]
    objects += [community("one", backbone="64512:1", spare="64512:2"), community("two", other="64512:3")]
    found = imported(*objects, bgp("web", communities=["backbone", "64512:3"]))
    assert found.data["communities"] == {"backbone": "64512:1", "spare": "64512:2", "other": "64512:3"}
    assert found.data["advertise"][0]["bgp"]["communities"] == ["backbone", "64512:3"]
    assert [finding.path for finding in told(found, "community-renamed", HINT)] == ["Community one", "Community two"]
    assert [finding.value for finding in told(found, "community-unused", HINT)] == ["spare"]


def served(found: Imported) -> list[dict[str, Any]]:
    return found.data["services"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("mode", modes.MODES)
def test_addresses_that_a_service_has_stay_its_own(mode: str) -> None:
    live = service("shop", **DUAL)
    live["status"] = {"loadBalancer": {"ingress": [{"ip": "172.16.0.77"}, {"ip": "fd00::77"}]}}
    assert data(POOL, EVERYWHERE, live, mode=mode)["services"][0]["addresses"] == ["172.16.0.77", "fd00::77"]


def test_an_address_that_a_service_has_is_given_to_no_other() -> None:
    live = service("z-live", **DUAL)
    live["status"] = {"loadBalancer": {"ingress": [{"ip": "172.16.0.1"}, {"ip": "fd00::1"}]}}
    assert [each["name"] for each in data(POOL, EVERYWHERE, service("a-new", **DUAL), live)["services"]] == [
        "z-live",
        "a-new",
    ]


def test_a_service_without_a_policy_has_the_primary_family() -> None:
    found = data(POOL, EVERYWHERE, service("shop", ports=[{"port": 80}]))["services"][0]
    assert (found["policy"], found["families"]) == ("SingleStack", ["ipv4"])
    preferring = service("shop", ipFamilyPolicy="PreferDualStack", ports=[{"port": 80}])
    found = data(POOL, EVERYWHERE, preferring, component_flags=FLAGS)["services"][0]
    assert (found["policy"], found["families"]) == ("PreferDualStack", ["ipv6", "ipv4"])


@pytest.mark.parametrize(
    ("annotations", "pool_name"),
    [
        ({"address-pool": "late"}, "late"),
        ({"loadBalancerIPs": "172.16.9.5,fd00:9::5"}, "late"),
        ({"ip-allocated-from-pool": "late"}, "late"),
        ({}, "for-shop"),
    ],
    ids=["by name", "by address", "by what MetalLB noted", "by priority"],
)
def test_the_pool_of_a_service(annotations: Object, pool_name: str) -> None:
    chosen = {"serviceSelectors": labelled(app="shop")}
    pools = [
        pool("early", "172.16.1.0/24", "fd00:1::/112"),
        pool("for-all", "172.16.2.0/24", "fd00:2::/112", serviceAllocation=chosen),
        pool("for-shop", "172.16.3.0/24", "fd00:3::/112", serviceAllocation={**chosen, "priority": 5}),
        pool("late", "172.16.9.0/24", "fd00:9::/112", autoAssign=False),
    ]
    found = data(*pools, EVERYWHERE, service("shop", annotations, {"app": "shop"}, **DUAL))
    assert found["services"][0]["pool"] == pool_name


def test_our_speaker_serves_from_two_pools() -> None:
    pools = [pool("p-ipv4", "172.16.1.0/24"), pool("p-ipv6", "fd00:1::/112"), pool("other", "fd00:2::/112")]
    found = data(*pools, EVERYWHERE, service("shop", **DUAL), mode=modes.SPEAKER)
    assert found["pairs"] == [{"name": "p-ipv4--other", "ipv4": "p-ipv4", "ipv6": "other"}]
    named = service("shop", {"address-pool": "p-ipv4,p-ipv6"}, **DUAL)
    found = data(*pools, EVERYWHERE, named, mode=modes.SPEAKER)
    assert found["pairs"] == [{"name": "p", "ipv4": "p-ipv4", "ipv6": "p-ipv6"}]
    assert found["services"][0]["pool"] == "p"


def test_pairs_that_pools_state_keep_their_name() -> None:
    pools = [pool("a4", "192.0.2.0/25"), pool("b6", "2001:db8:1::/64"), pool("c6", "2001:db8:2::/64")]
    for each in pools[::2]:
        each["metadata"]["annotations"] = {"baremetal.dualstack/pair": "east"}
    found = data(*pools, EVERYWHERE, mode=modes.SPEAKER)
    assert found["pairs"] == [{"name": "east", "ipv4": "a4", "ipv6": "c6"}]
    assert "pairs" not in data(*pools, EVERYWHERE)


def test_a_family_that_no_open_pool_has_is_told() -> None:
    single = service("shop", ipFamilyPolicy="SingleStack", ipFamilies=["IPv6"], ports=[{"port": 80}])
    found = imported(pool("four", "172.16.1.0/24"), EVERYWHERE, single)
    assert refused(found) == {"no-pool-of-family": "Service default/shop"}


def test_what_of_a_service_is_not_taken_over_is_told() -> None:
    rich = service(
        "shop",
        {"example.com/owner": "me", "metallb.io/unheard-of": "x"},
        **{**DUAL, "ports": [{"port": 80, "targetPort": "http"}]},
        sessionAffinity="ClientIP",
        internalTrafficPolicy="Cluster",
        clusterIP="10.96.0.5",
        loadBalancerSourceRanges=["10.0.0.0/8"],
    )
    found = imported(POOL, EVERYWHERE, rich)
    assert {(finding.path, finding.value) for finding in told(found, "left-out", HINT)} == {
        ("Service default/shop: spec", "loadBalancerSourceRanges, sessionAffinity"),
        ("Service default/shop: metadata.annotations", "metallb.io/unheard-of"),
    }
    assert found.data["services"][0]["annotations"] == {"example.com/owner": "me"}
    lost = told(found, "rendered-differently", WARNING)
    assert [(finding.path, finding.value) for finding in lost] == [
        ("Service default/shop: spec.ports[0].targetPort", "http")
    ]


def test_services_of_others_are_left_out() -> None:
    other = service("theirs", loadBalancerClass="example.com/lb", **DUAL)
    inside = thing("Service", "inside", {"type": "ClusterIP"}, namespace="default")
    found = imported(POOL, EVERYWHERE, other, inside)
    assert "services" not in found.data
    assert "default/inside" in told(found, "no-load-balancer", HINT)[0].value
    assert [finding.path for finding in told(found, "left-out")] == ["Service default/theirs: spec.loadBalancerClass"]


def test_objects_of_other_owners_are_left_out_and_told() -> None:
    objects = [thing("Namespace", "team-a"), thing("Deployment", "shop", {}, "apps/v1"), {**POOL}, EVERYWHERE]
    labelled_peer = peer("a", "10.0.1.1")
    labelled_peer["metadata"].update(labels={"app": "x"}, annotations={"note": "y"})
    found = imported(*objects, labelled_peer)
    assert {finding.path for finding in told(found, "left-out", HINT)} == {
        "Namespace team-a",
        "BGPPeer a: metadata.labels",
        "BGPPeer a: metadata.annotations",
    }
    assert told(found, "unused-kind", WARNING)


def test_what_selects_nothing_today_is_not_rendered_and_told() -> None:
    found = imported(POOL, EVERYWHERE, peer("a", "10.0.1.1", nodeSelectors=labelled(rack="r9")), bfd())
    assert {(finding.path, finding.severity) for finding in told(found, "not-rendered")} == {
        ("BGPPeer a", WARNING),
        ("BFDProfile fast", HINT),
    }


def test_a_field_that_no_intent_says_is_told_with_its_place() -> None:
    found = imported(
        pool("four", "172.16.0.0/24"),
        peer("a", "10.0.1.1"),
        bgp("web", aggregationLengthV6=64),
        nodes=[node("node1", "10.0.1.11")],
    )
    assert [finding.path for finding in told(found, "rendered-differently", WARNING)] == [
        "BGPAdvertisement web: spec.aggregationLengthV6"
    ]


def test_what_the_rules_refuse_is_refused() -> None:
    found = imported(pool("a", "172.16.0.0/24"), pool("b", "172.16.0.128/25"), EVERYWHERE)
    assert set(refused(found)) == {"pools-overlap"}


def test_names_that_an_intent_can_not_have_are_refused() -> None:
    found = imported(pool("web.front", "172.16.0.0/24"), EVERYWHERE)
    assert "dualstack.pools[0].name" in [finding.path for finding in told(found, "syntax", ERROR)]


def test_lists_and_empty_documents() -> None:
    whole = {"apiVersion": "v1", "kind": "List", "items": [POOL, None, {"kind": "ServiceList", "items": []}]}
    assert data(None, whole, EVERYWHERE)["pools"][0]["name"] == "web"


def test_nothing_at_all_is_a_cluster_without_anything() -> None:
    assert set(data(nodes=[])) == {"cluster", "fabric"}
