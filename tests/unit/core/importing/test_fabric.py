# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of peers and nodes."""

from __future__ import annotations

import pytest
from imports import K8S, NODES, data, imported, refused, told
from manifests import NAMESPACE, Object, bfd, bgp, labelled, layer2, node, on, peer, pool, secret

from dualstack.findings import HINT, WARNING
from dualstack.importing import intent_of
from dualstack.resources import modes

FOUR = {"ipv4": "10.0.1.1", "ipv6": "fd10:1::1"}


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


@pytest.mark.parametrize("thing", [peer("one", "10.0.1.1"), layer2("two"), bgp("three")], ids=lambda each: each["kind"])
def test_announcing_needs_nodes(thing: Object) -> None:
    found = imported(thing, nodes=[])
    assert refused(found) == {"no-nodes": "hosts"}
    assert "kubectl get nodes -o yaml" in told(found, "no-nodes")[0].fix
