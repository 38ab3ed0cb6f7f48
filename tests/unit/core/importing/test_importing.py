# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each part of a cluster, what is refused, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
from manifests import (
    NAMESPACE,
    Object,
    bfd,
    bgp,
    community,
    labelled,
    layer2,
    node,
    on,
    peer,
    pool,
    secret,
    service,
    thing,
)

from dualstack.findings import ERROR, HINT, WARNING, Finding
from dualstack.importing import Imported, intent_of
from dualstack.resources import modes

K8S = modes.FRR_K8S
NODES = [node("node1", "10.0.1.11", "fd10:1::11", rack="r1"), node("node2", "10.0.1.12", "fd10:1::12", rack="r2")]
POOL = pool("web", "172.16.0.0/24", "fd00::/112")
EVERYWHERE = layer2("everywhere")
FOUR = {"ipv4": "10.0.1.1", "ipv6": "fd10:1::1"}
DUAL = {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"], "ports": [{"port": 80}]}


def imported(*objects: Object, mode: str = K8S, nodes: list[Object] = NODES, **options: Any) -> Imported:
    return intent_of([*nodes, *objects], mode, **options)


def data(*objects: Object, **options: Any) -> dict[str, Any]:
    """The intent of objects in which nothing is wrong."""
    found = imported(*objects, **options)
    assert [str(finding) for finding in found.findings if finding.severity == ERROR] == []
    return found.data


def told(found: Imported, rule: str, severity: str | None = None) -> list[Finding]:
    return [finding for finding in found.findings if finding.id == rule and severity in (None, finding.severity)]


def refused(found: Imported) -> dict[str, str]:
    """Rule → place of each error."""
    return {finding.id: finding.path for finding in found.findings if finding.severity == ERROR}


# --- peers


def test_terms_that_all_peers_share_are_the_fabrics() -> None:
    spec = {"holdTime": "30s", "keepaliveTime": "10s", "connectTime": "5s", "passwordSecret": {"name": "bgp-auth"}}
    spec.update(bfdProfile="fast", enableGracefulRestart=True)
    fabric = data(bfd(), *(peer(name, f"10.0.1.{last}", **spec) for name, last in (("a", 1), ("b", 2))))["fabric"]
    assert fabric == {
        "node_asn": 64512,
        "timers": {"keepalive": 10, "hold": 30, "connect": 5},
        "password": {"secret": "bgp-auth"},
        "bfd": "fast",
        "graceful_restart": True,
        "peers": [{"name": name, "asn": 64500, "addresses": [f"10.0.1.{last}"]} for name, last in (("a", 1), ("b", 2))],
    }


def test_peers_with_terms_of_their_own_have_groups() -> None:
    objects = [peer("a", "10.0.1.1", holdTime="30s"), peer("b", "10.0.1.2", holdTime="30s"), peer("c", "10.0.1.3")]
    fabric = data(*objects)["fabric"]
    assert {each["name"]: each["peer_group"] for each in fabric["peers"]} == {"a": "a", "b": "a", "c": "c"}
    assert {name: group["timers"]["hold"] for name, group in fabric["peer_groups"].items()} == {"a": 30, "c": 180}
    assert "timers" not in fabric


@pytest.mark.parametrize(
    ("mode", "spec", "timers"),
    [
        (modes.NATIVE, {}, (90, 30)),
        (modes.NATIVE, {"holdTime": "30s"}, (30, 10)),
        (modes.FRR, {}, (180, 60, 120)),
        (modes.FRR, {"connectTime": "7s"}, (180, 60, 7)),
        (modes.FRR_K8S, {"keepaliveTime": "5s"}, (15, 5, 120)),
        (modes.SPEAKER, {}, (90, 30, 5)),
    ],
)
def test_timers_that_nobody_stated_are_what_the_mode_uses(mode: str, spec: Object, timers: tuple[int, ...]) -> None:
    found = data(peer("a", "10.0.1.1", **spec), mode=mode)["fabric"]["timers"]
    assert (found["hold"], found["keepalive"], found["connect"])[: len(timers)] == timers


def test_a_session_without_a_hold_timer_is_refused() -> None:
    found = imported(peer("a", "10.0.1.1", holdTime="0s", keepaliveTime="0s"))
    assert refused(found) == {"no-hold-timer": "BGPPeer a: spec.holdTime"}


def test_two_families_of_one_router_become_one_peer() -> None:
    objects = [peer(f"tor-{family}", FOUR[family], nodeSelectors=labelled(rack="r1")) for family in FOUR]
    assert data(*objects)["fabric"]["peers"] == [
        {
            "name": "tor",
            "asn": 64500,
            "node_selectors": labelled(rack="r1"),
            "addresses": ["10.0.1.1", "fd10:1::1"],
        }
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"peerASN": 64501},
        {"nodeSelectors": on("node1")},
        {"sourceAddress": "fd10:1::11"},
        {"holdTime": "30s"},
        {"peerPort": 1179},
    ],
    ids=lambda change: next(iter(change)),
)
def test_peers_that_differ_in_more_than_the_family_stay_apart(change: Object) -> None:
    found = imported(peer("tor-ipv4", FOUR["ipv4"]), peer("tor-ipv6", FOUR["ipv6"], **change)).data
    assert [each["name"] for each in found["fabric"]["peers"]] == ["tor-ipv4", "tor-ipv6"]


def test_peers_stay_apart_where_an_advertisement_names_one_of_them() -> None:
    objects = [peer(f"tor-{family}", FOUR[family]) for family in FOUR]
    four = pool("four", "172.16.0.0/24")
    found = data(*objects, four, bgp("four", peers=["tor-ipv4"]))
    assert [each["name"] for each in found["fabric"]["peers"]] == ["tor-ipv4", "tor-ipv6"]
    assert found["advertise"][0]["bgp"] == {"peers": ["tor-ipv4"]}
    together = data(*objects, four, bgp("both", peers=["tor-ipv4", "tor-ipv6"]))
    assert together["advertise"][0]["bgp"] == {"peers": ["tor"]}


def test_a_password_in_clear_gets_a_name_and_is_repeated_nowhere() -> None:
    found = imported(*(peer(name, f"10.0.1.{last}", password="hunter2") for name, last in (("a", 1), ("b", 2))))
    assert found.data["fabric"]["password"] == {"secret": "a-password"}
    assert [finding.fix for finding in told(found, "password-named", WARNING)] == [
        "Put the password into dualstack_secrets.a-password, in a vault."
    ] * 2
    assert "hunter2" not in repr(found)


def test_passwords_of_secrets_stay_there() -> None:
    found = imported(secret("bgp-auth"), secret("spare"), peer("a", "10.0.1.1", passwordSecret={"name": "bgp-auth"}))
    assert found.data["fabric"]["password"] == {"secret": "bgp-auth"}
    fixes = {finding.path: finding.fix for finding in told(found, "left-out", HINT)}
    assert fixes[f"Secret {NAMESPACE}/bgp-auth"] == "Put its password into dualstack_secrets.bgp-auth, in a vault."
    assert fixes[f"Secret {NAMESPACE}/spare"] == "Keep it where it is kept today."
    assert "hunter2" not in repr(found)


def test_what_our_speaker_alone_is_told_of_a_peer() -> None:
    far = peer("far", "10.9.9.9", ebgpMultiHop=True)
    far["metadata"]["annotations"] = {"baremetal.dualstack/ttl": "4"}
    near = peer("near", "10.0.1.1")
    near["metadata"]["annotations"] = {"baremetal.dualstack/ttl-security": "1"}
    fabric = data(far, near, mode=modes.SPEAKER)["fabric"]
    assert [each.get("multihop") for each in fabric["peers"]] == [4, None]
    assert fabric["peer_groups"]["near"]["ttl_security"] == 1
    assert data(near, mode=modes.SPEAKER)["fabric"]["peer_groups"]["near"]["ttl_security"] == 1


# --- hosts


def test_nodes_keep_addresses_and_labels_and_stand_in_kubesprays_groups() -> None:
    control = node("cp", "10.0.1.1", "fd10:1::1", **{"node-role.kubernetes.io/control-plane": ""})
    control["spec"] = {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}
    both = node("all", "10.0.1.2", "fd10:1::2", **{"node-role.kubernetes.io/control-plane": ""})
    found = intent_of([*NODES, control, both], K8S)
    inventory = found.inventory()["all"]
    assert {group: list(value["hosts"]) for group, value in inventory["children"].items()} == {
        "kube_control_plane": ["all", "cp"],
        "kube_node": ["all", "node1", "node2"],
    }
    assert inventory["children"]["kube_node"]["hosts"]["node1"] == {
        "dualstack_host": {"addresses": ["10.0.1.11", "fd10:1::11"], "labels": {"rack": "r1"}}
    }
    assert inventory["children"]["kube_control_plane"]["hosts"]["all"] == {}
    assert inventory["children"]["kube_control_plane"]["hosts"]["cp"]["dualstack_host"]["addresses"]


@pytest.mark.parametrize(("second", "family"), [("10.0.9.9", "IPv4"), ("fd10:9::9", "IPv6")])
def test_a_second_address_of_a_family_is_told(second: str, family: str) -> None:
    found = imported(nodes=[node("node1", "10.0.1.11", "fd10:1::11", second)])
    assert found.hosts["nodes"]["node1"]["addresses"] == ["10.0.1.11", "fd10:1::11"]
    assert [family in finding.reason for finding in told(found, "address-left-out", WARNING)] == [True]


def test_other_addresses_of_a_node_are_not_its_own() -> None:
    odd = node("node1", "10.0.1.11")
    odd["status"]["addresses"] += [
        {"type": "ExternalIP", "address": "192.0.2.1"},
        {"type": "Hostname", "address": "node1"},
        {"type": "InternalIP", "address": "node1"},
    ]
    assert imported(nodes=[odd]).hosts["nodes"]["node1"]["addresses"] == ["10.0.1.11"]


def test_a_node_whose_peers_say_so_has_an_asn_of_its_own() -> None:
    objects = [
        peer("one", "10.0.1.1", nodeSelectors=on("node1")),
        peer("two", "10.0.1.2", nodeSelectors=on("node2"), myASN=64999),
        peer("three", "10.0.1.3", nodeSelectors=on("node1")),
    ]
    found = imported(*objects)
    assert found.data["fabric"]["node_asn"] == 64512
    assert {name: facts.get("asn") for name, facts in found.hosts["nodes"].items()} == {"node1": None, "node2": 64999}


def test_a_node_has_one_asn() -> None:
    objects = [peer("one", "10.0.1.1"), peer("two", "10.0.1.2", myASN=64999, nodeSelectors=on("node1"))]
    assert refused(imported(*objects, mode=modes.NATIVE)) == {"asns-of-node": "Node node1"}


def test_sessions_need_nodes() -> None:
    found = imported(peer("one", "10.0.1.1"), nodes=[])
    assert refused(found) == {"no-nodes": "hosts"}
    assert "kubectl get nodes -o yaml" in told(found, "no-nodes")[0].fix


# --- the cluster

FLAGS = ["--service-cluster-ip-range=fd00:10:96::/112,10.96.0.0/16", "--cluster-cidr=fd00:10:244::/56,10.244.0.0/16"]


def test_flags_say_families_and_cidrs() -> None:
    masks = ["--node-cidr-mask-size-ipv4=25", "node-cidr-mask-size-ipv6='72'"]
    found = data(component_flags=[*FLAGS, *masks], name="prod")["cluster"]
    assert found == {
        "name": "prod",
        "families": ["ipv6", "ipv4"],
        "pods": ["fd00:10:244::/56", "10.244.0.0/16"],
        "services": ["fd00:10:96::/112", "10.96.0.0/16"],
        "node_cidr_lengths": {"ipv4": 25, "ipv6": 72},
        "load_balancer": K8S,
    }


def settings(kind: str) -> Object:
    cidrs = ["10.244.0.0/16", "fd00:10:244::/56"]
    return {
        "KubeProxyConfiguration": {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": kind,
            "clusterCIDR": ",".join(cidrs),
        },
        "ClusterConfiguration": {
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": kind,
            "networking": {"podSubnet": ",".join(cidrs), "serviceSubnet": "10.96.0.0/16,fd00:10:96::/112"},
        },
        "ServiceCIDR": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": ["10.96.0.0/16", "fd00:10:96::/112"]},
        },
    }[kind]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("KubeProxyConfiguration", {"pods"}),
        ("ClusterConfiguration", {"pods", "services"}),
        ("ServiceCIDR", {"services"}),
    ],
)
def test_component_configuration_says_what_flags_say(kind: str, keys: set[str]) -> None:
    found = data(settings(kind))["cluster"]
    assert found["families"] == ["ipv4", "ipv6"]
    assert set(found) & {"pods", "services"} == keys


def test_a_further_service_cidr_is_not_the_clusters() -> None:
    further = settings("ServiceCIDR")
    further["metadata"]["name"] = "more"
    assert "services" not in data(further)["cluster"]


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (["--cluster-cidr=10.0.0.0/8", "--cluster-cidr=10.244.0.0/16"], "flag-twice"),
        (["--cluster-cidr=10.244.0.0/16, fd00:10:244::/56"], "address-syntax"),
        (["--cluster-cidr=10.244.0.1/16"], "address-syntax"),
        (["--cluster-cidr=10.244.0.0/16,10.245.0.0/16"], "address-syntax"),
        (["--node-cidr-mask-size-ipv6=sixty"], "type"),
        (["--service-cluster-ip-range=10.96.0.0/16", "--cluster-cidr=fd00:10:244::/56,10.244.0.0/16"], "family-order"),
        (["--feature-gates=Some=true,IPv6DualStack=true"], "feature-gate"),
    ],
)
def test_flags_that_are_wrong(flags: list[str], rule: str) -> None:
    assert rule in refused(imported(component_flags=flags))


def test_other_flags_are_told() -> None:
    found = imported(component_flags=["--feature-gates=Some=true", "--v=2"])
    assert [finding.path for finding in told(found, "flag-unknown", HINT)] == ["--v"]


def test_the_addresses_of_a_node_by_flag() -> None:
    flags = ["--node-ip=192.168.1.10,fd00::10"]
    assert imported(nodes=NODES[:1], component_flags=flags).hosts["nodes"]["node1"]["addresses"] == [
        "192.168.1.10",
        "fd00::10",
    ]
    assert told(imported(component_flags=flags), "node-ip", WARNING)


@pytest.mark.parametrize(
    ("objects", "families"),
    [
        ([], ["ipv4", "ipv6"]),
        ([pool("six", "fd00::/112")], ["ipv6"]),
        ([node("n", "fd10::1", "10.0.0.1")], ["ipv6", "ipv4"]),
        ([node("n", "10.0.0.1"), pool("six", "fd00::/112")], ["ipv4", "ipv6"]),
        ([node("n", "10.0.0.1"), service("s", clusterIPs=["fd00::5", "10.96.0.5"])], ["ipv6", "ipv4"]),
        (
            [
                service("s", clusterIPs=["10.96.0.5", "fd00::5"]),
                thing("Service", "kubernetes", {"clusterIPs": ["fd00::1"]}, namespace="default"),
            ],
            ["ipv6", "ipv4"],
        ),
        ([{**node("n", "10.0.0.1"), "spec": {"podCIDRs": ["fd00::/64", "10.244.0.0/24"]}}], ["ipv6", "ipv4"]),
        ([service("s", clusterIPs=["None"])], ["ipv4", "ipv6"]),
    ],
)
def test_families_are_what_the_objects_show(objects: list[Object], families: list[str]) -> None:
    found = imported(*objects, nodes=[])
    assert found.data["cluster"]["families"] == families
    assert told(found, "families-derived", HINT)


# --- advertisements


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


# --- Services


def served(found: Imported) -> list[dict[str, Any]]:
    return found.data["services"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("mode", modes.MODES)
def test_addresses_that_a_service_has_stay_its_own(mode: str) -> None:
    live = service("shop", **DUAL)
    live["status"] = {"loadBalancer": {"ingress": [{"ip": "172.16.0.77"}, {"ip": "fd00::77"}]}}
    assert data(POOL, EVERYWHERE, live, mode=mode)["services"][0]["addresses"] == ["172.16.0.77", "fd00::77"]


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


def test_a_family_that_no_open_pool_has_is_told() -> None:
    single = service("shop", ipFamilyPolicy="SingleStack", ipFamilies=["IPv6"], ports=[{"port": 80}])
    found = imported(pool("four", "172.16.1.0/24"), EVERYWHERE, single)
    assert refused(found) == {"no-pool-of-family": "Service default/shop"}


def test_what_of_a_service_is_not_taken_over_is_told() -> None:
    rich = service(
        "shop",
        {"example.com/owner": "me"},
        **{**DUAL, "ports": [{"port": 80, "targetPort": "http"}]},
        sessionAffinity="ClientIP",
        internalTrafficPolicy="Cluster",
        clusterIP="10.96.0.5",
        loadBalancerSourceRanges=["10.0.0.0/8"],
    )
    found = imported(POOL, EVERYWHERE, rich)
    assert {(finding.path, finding.value) for finding in told(found, "left-out", HINT)} == {
        ("Service default/shop: spec", "loadBalancerSourceRanges, sessionAffinity"),
        ("Service default/shop: metadata.annotations", "example.com/owner"),
    }
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


# --- what is told


def test_objects_of_other_owners_are_left_out_and_told() -> None:
    objects = [thing("Namespace", "team-a"), thing("Deployment", "shop", {}, "apps/v1"), {**POOL}, EVERYWHERE]
    labelled_peer = peer("a", "10.0.1.1")
    labelled_peer["metadata"].update(labels={"app": "x"}, annotations={"note": "y"})
    found = imported(*objects, labelled_peer)
    assert {finding.path for finding in told(found, "left-out", HINT)} == {
        f"Namespace {NAMESPACE}/team-a",
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
