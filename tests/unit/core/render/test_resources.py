# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metallb.io resources of a plan: every kind and field that an intent can say, and no more."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import fabrics
import pytest

from dualstack.plan.build import make
from dualstack.render import resources, speaker
from dualstack.render.tree import tree
from dualstack.resources import modes
from dualstack.resources.collection import parse
from dualstack.resources.selectors import Selector
from dualstack.resources.wishes import service_wish

EDGE = [{"matchLabels": {"edge": "yes"}}]
ADDRESSES = {"ipv4": ["10.0.1.1", "10.0.1.11"], "ipv6": ["2001:db8:d1::1", "2001:db8:d1::11"]}


def intent(families: list[str], **parts: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A cluster of two nodes and whatever else ``parts`` has; ``fabric`` is merged."""
    number = {"node1": 11, "node2": 12}
    hosts = {
        node: {
            "addresses": [{"ipv4": f"10.0.1.{last}", "ipv6": f"2001:db8:d1::{last}"}[family] for family in families],
            "labels": {"edge": "yes"} if node == "node1" else {},
        }
        for node, last in number.items()
    }
    data = {
        "lab": True,
        "cluster": {"name": "one", "families": families, "load_balancer": parts.pop("mode", modes.SPEAKER)},
        "fabric": {"node_asn": 64500, **parts.pop("fabric", {"peers": [up(families)]})},
        "pools": [
            {
                "name": "web",
                "blocks": [
                    text
                    for family, text in (("ipv4", "192.168.100.0/24"), ("ipv6", "2001:db8:1::/64"))
                    if family in families
                ],
            }
        ],
        "advertise": [{"pools": ["web"], "bgp": {}}],
        **parts,
    }
    return data, {"routers": {}, "nodes": hosts, "clients": {}}


def up(families: list[str]) -> dict[str, Any]:
    """A router of others with an address of each family."""
    return {"name": "up", "asn": 64510, "addresses": [ADDRESSES[family][0] for family in families]}


def planned(families: list[str], **parts: Any) -> dict[str, Any]:
    return unjudged(*intent(families, **parts))


def unjudged(data: dict[str, Any], hosts: dict[str, Any]) -> dict[str, Any]:
    """The plan as it would be rendered, whatever rules say about an intent that is no more than one field."""
    with mock.patch("dualstack.plan.build.run", return_value=[]):
        plan, findings = make(data, hosts)
    assert plan is not None, [str(finding) for finding in findings]
    return plan


def specs(plan: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item["spec"] for item in resources.render(plan) if item["kind"] == kind}


def peer(families: list[str], mode: str = modes.SPEAKER, **facts: Any) -> dict[str, dict[str, Any]]:
    """The BGPPeers of one peer with an address of each family, unless it says otherwise."""
    group = facts.pop("group", {})
    given: dict[str, Any] = {"name": "up", "asn": 64510, "peer_group": "up", **facts}
    if "interface" not in given:
        given.setdefault("addresses", [ADDRESSES[family][0] for family in families])
    fabric = {"peers": [given], "peer_groups": {"up": group}}
    parts = {"bfd_profiles": {"fast": {"receive_interval": 100}}}
    return specs(planned(families, mode=mode, fabric=fabric, **parts), "BGPPeer")


@pytest.mark.parametrize("example", fabrics.names())
def test_what_is_rendered_is_read_back_without_a_finding(example: str) -> None:
    plan, _unused = make(*fabrics.read(example))
    assert plan is not None
    for cluster in [plan["cluster"], *plan["clusters"].values()]:
        objects = resources.render(plan, cluster["name"])
        read, findings = parse(objects)
        assert findings == []
        assert resources.configuration(plan, cluster["name"]) == type(read)(
            **{**vars(read), "nodes": {}, "services": {}}
        )
        wishes = [service_wish(item, findings.append) for item in objects if item["kind"] == "Service"]
        assert findings == []
        assert [wish.addresses for wish in wishes if wish] == [
            tuple(service["addresses"]) for service in plan["services"] if service["cluster"] == cluster["name"]
        ]


@pytest.mark.parametrize("example", fabrics.names())
def test_objects_can_be_applied_in_their_order(example: str) -> None:
    plan, _unused = make(*fabrics.read(example))
    assert plan is not None
    for cluster in [plan["cluster"], *plan["clusters"].values()]:
        seen: set[tuple[str, str]] = set()
        for item in resources.render(plan, cluster["name"]):
            spec = item.get("spec", {})
            named = [("IPAddressPool", name) for name in spec.get("ipAddressPools", [])]
            named += [("BGPPeer", name) for name in spec.get("peers", [])]
            named += [("BFDProfile", spec["bfdProfile"])] if "bfdProfile" in spec else []
            named += [
                ("alias", text) for text in spec.get("communities", []) if isinstance(text, str) and ":" not in text
            ]
            assert set(named) <= seen
            seen.add((item["kind"], item["metadata"]["name"]))
            if item["kind"] == "Community":
                seen |= {("alias", entry["name"]) for entry in spec["communities"]}


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_every_field_of_a_peer(family: str) -> None:
    near, source = ADDRESSES[family][0], ADDRESSES[family][1]
    group = {"password": {"secret": "bgp-auth"}, "bfd": "fast", "graceful_restart": True}
    group["timers"] = {"hold": 30, "keepalive": 10, "connect": 7}
    facts = {"multihop": 3, "source_address": source, "port": 1179, "local_asn": 64999, "router_id": "10.0.1.11"}
    spec = peer([family], modes.FRR, node_selectors=EDGE, vrf="blue", group=group, **facts)
    assert spec == {
        "up": {
            "myASN": 64500,
            "peerASN": 64510,
            "localASN": 64999,
            "peerAddress": near,
            "sourceAddress": source,
            "peerPort": 1179,
            "holdTime": "30s",
            "keepaliveTime": "10s",
            "connectTime": "7s",
            "routerID": "10.0.1.11",
            "nodeSelectors": EDGE,
            "passwordSecret": {"name": "bgp-auth"},
            "bfdProfile": "fast",
            "vrf": "blue",
            "enableGracefulRestart": True,
            "ebgpMultiHop": True,
        }
    }


def test_the_fields_of_a_bfd_profile() -> None:
    profile = {"receive_interval": 100, "transmit_interval": 200, "detect_multiplier": 5, "echo": True}
    profile.update(echo_interval=60, minimum_ttl=250, passive=True)
    fabric = {"peers": [{"name": "up", "asn": 64510, "addresses": ["10.0.1.1"]}], "bfd": "fast"}
    plan = planned(["ipv4"], fabric=fabric, bfd_profiles={"fast": profile, "unused": {}}, mode=modes.FRR)
    assert specs(plan, "BFDProfile") == {
        "fast": {
            "receiveInterval": 100,
            "transmitInterval": 200,
            "echoInterval": 60,
            "detectMultiplier": 5,
            "minimumTtl": 250,
            "echoMode": True,
            "passiveMode": True,
        }
    }


def test_a_peer_with_two_addresses_has_a_peer_for_each() -> None:
    found = peer(["ipv4", "ipv6"], source_address="2001:db8:d1::11", node_selectors=EDGE)
    assert {name: spec["peerAddress"] for name, spec in found.items()} == {
        "up-ipv4": "10.0.1.1",
        "up-ipv6": "2001:db8:d1::1",
    }
    assert "sourceAddress" not in found["up-ipv4"]
    assert found["up-ipv6"]["sourceAddress"] == "2001:db8:d1::11"
    both = peer(["ipv4", "ipv6"], both_families=True)
    assert {name: spec["dualStackAddressFamily"] for name, spec in both.items()} == {"up-ipv4": True, "up-ipv6": True}


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_peer_with_one_address_keeps_its_name(family: str) -> None:
    found = peer(["ipv4", "ipv6"], addresses=[ADDRESSES[family][0]])
    assert {name: spec.get("dualStackAddressFamily") for name, spec in found.items()} == {"up": None}
    found = peer(["ipv4", "ipv6"], addresses=[ADDRESSES[family][0]], both_families=True)
    assert {name: spec.get("dualStackAddressFamily") for name, spec in found.items()} == {"up": True}


def test_an_unnumbered_peer_has_its_interface_and_carries_both_families() -> None:
    found = peer(["ipv4", "ipv6"], modes.FRR, interface="eth1")
    assert {name: spec["interface"] for name, spec in found.items()} == {"up": "eth1"}
    assert set(found["up"]) & {"peerAddress", "dualStackAddressFamily"} == set()


@pytest.mark.parametrize("word", ["internal", "external"])
def test_a_peer_of_any_asn(word: str) -> None:
    found = peer(["ipv4"], modes.FRR, asn=None, dynamic_asn=word)["up"]
    assert (found.get("dynamicASN"), found.get("peerASN")) == (word, None)


def test_a_group_of_any_asn_leaves_the_known_one_out() -> None:
    found = peer(["ipv4"], modes.SPEAKER, group={"dynamic_asn": True})["up"]
    assert (found.get("dynamicASN"), found.get("peerASN")) == ("external", None)


@pytest.mark.parametrize(("hold", "keepalive"), [(9, None), (12, "3s")])
def test_native_mode_is_spared_the_timers_that_it_refuses(hold: int, keepalive: str | None) -> None:
    found = peer(["ipv4"], modes.NATIVE, group={"timers": {"hold": hold, "keepalive": 3}})["up"]
    assert (found["holdTime"], found.get("keepaliveTime"), found.get("connectTime")) == (f"{hold}s", keepalive, None)


def test_node_selectors_are_those_stated_else_names_else_none() -> None:
    stated = {"name": "stated", "pools": ["web"], "node_selectors": EDGE, "bgp": {}}
    named = {"name": "named", "pools": ["web"], "nodes": ["node2"], "bgp": {}}
    every = {"name": "every", "pools": ["web"], "nodes": ["node1", "node2"], "bgp": {}}
    found = specs(planned(["ipv4"], advertise=[stated, named, every]), "BGPAdvertisement")
    assert found["stated"]["nodeSelectors"] == EDGE
    assert found["named"]["nodeSelectors"] == [{"matchLabels": {"kubernetes.io/hostname": "node2"}}]
    assert "nodeSelectors" not in found["every"]


def test_what_a_pool_says_about_nodes_stands_with_its_advertisement() -> None:
    pools = [{"name": "web", "blocks": ["192.168.100.0/24"], "node_selectors": EDGE}]
    found = specs(planned(["ipv4"], pools=pools), "BGPAdvertisement")
    assert found["web"]["nodeSelectors"] == EDGE


def test_selectors_that_select_nodes_beyond_the_rack_are_not_taken_over() -> None:
    data, hosts = fabrics.read("demo")
    for node in hosts["nodes"].values():
        node["labels"] = {"edge": "yes"}
    data["fabric"]["racks"]["rack1"]["node_selectors"] = EDGE
    data["advertise"][2]["node_selectors"] = EDGE
    plan = unjudged(data, hosts)
    names = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1", "node2"]}
    assert specs(plan, "BGPPeer")["tor1-ipv4"]["nodeSelectors"] == [{"matchExpressions": [names]}]
    assert specs(plan, "L2Advertisement")["edge"]["nodeSelectors"] == [{"matchExpressions": [names]}]


@pytest.mark.parametrize(("family", "field"), [("ipv4", "aggregationLength"), ("ipv6", "aggregationLengthV6")])
def test_the_fields_of_a_bgp_advertisement(family: str, field: str) -> None:
    length = {"ipv4": 24, "ipv6": 64}[family]
    bgp = {"local_preference": 200, "communities": ["backbone", "64500:9"], "peers": ["up"]}
    fabric = {"peers": [{"name": "up", "asn": 64510, "addresses": [ADDRESSES[each][0] for each in ADDRESSES]}]}
    advertise = [{"pools": ["web"], "bgp": {**bgp, "aggregation": {family: length}}}]
    names = {"unused": "64500:8", "backbone": "64500:7"}
    plan = planned(["ipv4", "ipv6"], fabric=fabric, advertise=advertise, communities=names)
    assert specs(plan, "BGPAdvertisement") == {
        "web": {
            "ipAddressPools": ["web"],
            field: length,
            "localPref": 200,
            "communities": ["backbone", "64500:9"],
            "peers": ["up-ipv4", "up-ipv6"],
        }
    }
    assert specs(plan, "Community") == {"dualstack": {"communities": [{"name": "backbone", "value": "64500:7"}]}}


def test_the_fields_of_a_layer2_advertisement() -> None:
    layer2 = {"interfaces": ["eth1"], "preferred_nodes": [{"weight": 10, "selector": EDGE[0]}]}
    wanted = [{"matchLabels": {"app": "shop"}}]
    advertise = [{"pools": ["web"], "service_selectors": wanted, "layer2": layer2}]
    assert specs(planned(["ipv4", "ipv6"], advertise=advertise), "L2Advertisement") == {
        "web": {
            "ipAddressPools": ["web"],
            "serviceSelectors": wanted,
            "interfaces": ["eth1"],
            "preferredNodeSelectors": [{"weight": 10, "preference": EDGE[0]}],
        }
    }


def test_the_fields_of_a_pool() -> None:
    allocation = {
        "priority": 3,
        "namespaces": ["team-a"],
        "namespace_selectors": [{"matchLabels": {"team": "b"}}],
        "service_selectors": [{"matchExpressions": [{"key": "x", "operator": "Exists"}]}],
    }
    pool = {"name": "web", "blocks": ["192.168.100.0/24", "2001:db8:1::-2001:db8:1::5"], "auto_assign": False}
    pool.update(avoid_buggy_ips=True, labels={"tier": "one"}, service_allocation=allocation)
    plan = planned(["ipv6", "ipv4"], pools=[pool])
    found = next(item for item in resources.render(plan) if item["kind"] == "IPAddressPool")
    assert found["metadata"]["labels"] == {"tier": "one"}
    assert found["spec"] == {
        "addresses": ["2001:db8:1::-2001:db8:1::5", "192.168.100.0/24"],
        "autoAssign": False,
        "avoidBuggyIPs": True,
        "serviceAllocation": {
            "priority": 3,
            "namespaces": ["team-a"],
            "namespaceSelectors": [{"matchLabels": {"team": "b"}}],
            "serviceSelectors": [{"matchExpressions": [{"key": "x", "operator": "Exists"}]}],
        },
    }


SHOP = {
    "name": "shop",
    "namespace": "store",
    "pool": "both",
    "ports": [{"name": "https", "port": 443, "target_port": 8443}, {"port": 53, "protocol": "UDP"}],
    "sharing_key": "front",
    "traffic_policy": "Local",
    "policy": "PreferDualStack",
    "labels": {"tier": "one"},
    "annotations": {"external-dns.alpha.kubernetes.io/hostname": "shop.example.com"},
    "selector": {"app": "shop"},
}


def shop(mode: str, **facts: Any) -> dict[str, Any]:
    parts = {
        "pools": [{"name": "v4", "blocks": ["192.168.100.0/24"]}, {"name": "v6", "blocks": ["2001:db8:1::/64"]}],
        "pairs": [{"name": "both", "ipv4": "v4", "ipv6": "v6"}],
        "advertise": [{"pools": ["v4", "v6"], "bgp": {}}],
        "services": [{**SHOP, **facts}],
    }
    return resources.render(planned(["ipv4", "ipv6"], mode=mode, **parts))[-1]


def test_the_fields_of_a_service_that_our_speaker_serves() -> None:
    found = shop(modes.SPEAKER)
    assert found["metadata"] == {
        "name": "shop",
        "namespace": "store",
        "labels": {"tier": "one"},
        "annotations": {
            "metallb.io/address-pool": "v4,v6",
            "metallb.io/loadBalancerIPs": "192.168.100.1,2001:db8:1::1",
            "metallb.io/allow-shared-ip": "front",
            "external-dns.alpha.kubernetes.io/hostname": "shop.example.com",
        },
    }
    assert found["spec"] == {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "ipFamilyPolicy": "PreferDualStack",
        "ipFamilies": ["IPv4", "IPv6"],
        "selector": {"app": "shop"},
        "ports": [
            {"name": "https", "port": 443, "targetPort": 8443},
            {"name": "udp-53", "protocol": "UDP", "port": 53},
        ],
    }
    assert found["status"] == {"loadBalancer": {"ingress": [{"ip": "192.168.100.1"}, {"ip": "2001:db8:1::1"}]}}


@pytest.mark.parametrize("mode", modes.METALLB)
def test_metallb_is_asked_for_one_pool_and_writes_the_status_itself(mode: str) -> None:
    found = shop(mode)
    assert "metallb.io/address-pool" not in found["metadata"]["annotations"]
    assert "status" not in found
    found = shop(mode, families=["ipv6"], policy="SingleStack")
    assert found["metadata"]["annotations"]["metallb.io/address-pool"] == "v6"


@pytest.mark.parametrize("mode", modes.MODES)
def test_a_dual_stack_service_has_both_families_whatever_its_pool_holds(mode: str) -> None:
    services = [{"name": "shop", "pool": "web", "port": 80, "policy": "PreferDualStack", "families": ["ipv4", "ipv6"]}]
    pools = [{"name": "web", "blocks": ["192.168.100.0/24"]}]
    found = resources.render(planned(["ipv4", "ipv6"], mode=mode, pools=pools, services=services))[-1]
    assert found["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    pinned = found["metadata"]["annotations"].get("metallb.io/loadBalancerIPs")
    assert pinned == ("192.168.100.1" if mode == modes.SPEAKER else None)  # MetalLB wants both or none


@pytest.mark.parametrize("mode", modes.MODES)
def test_nodes_and_daemons_are_only_where_our_speaker_announces(mode: str) -> None:
    plan = planned(["ipv4", "ipv6"], mode=mode)
    kinds = {item["kind"] for item in resources.render(plan)}
    files = [path for path in tree(plan) if path.startswith("nodes/")]
    ours = mode == modes.SPEAKER
    assert ("Node" in kinds, bool(files), bool(speaker.render(plan, "node1"))) == (ours, ours, ours)


def test_what_the_role_sets_stands_in_the_configuration_of_wire() -> None:
    plan = planned(["ipv4", "ipv6"], mode=modes.SPEAKER)
    bare = json.loads(speaker.render(plan, "node1")["wire.json"])
    told = json.loads(speaker.render(plan, "node1", speaker.Options(listen_port=179, layer2_refresh=0))["wire.json"])
    assert told == {**bare, "listen_port": 179, "layer2_refresh": 0}
    assert set(bare) & {"listen_port", "layer2_refresh"} == set()


def test_nodes_have_their_labels_and_addresses() -> None:
    found = {item["metadata"]["name"]: item for item in resources.render(planned(["ipv4", "ipv6"]))[:2]}
    assert found["node1"]["metadata"]["labels"] == {"kubernetes.io/hostname": "node1", "edge": "yes"}
    assert found["node2"]["status"]["addresses"] == [
        {"type": "InternalIP", "address": "10.0.1.12"},
        {"type": "InternalIP", "address": "2001:db8:d1::12"},
    ]


def test_every_cluster_has_its_own_resources() -> None:
    plan, _unused = make(*fabrics.read("two-clusters"))
    assert plan is not None
    files = tree(plan)
    for path, cluster, asn in (("resources.yml", "blue", 64512), ("clusters/green/resources.yml", "green", 64522)):
        objects = files[path]
        assert {item["metadata"]["name"][:-1] for item in objects if item["kind"] == "Node"} == {cluster}
        assert [item["metadata"]["name"] for item in objects if item["kind"] == "IPAddressPool"] == [cluster]
        assert {item["spec"]["myASN"] for item in objects if item["kind"] == "BGPPeer"} == {asn}
        assert {name for name in (item["metadata"]["name"] for item in objects) if "as64" in name} == set()
    assert '"green' not in files["nodes/blue1/resources/bgppeer.json"]
    with pytest.raises(KeyError):
        resources.render(plan, "red")


def test_the_name_of_a_peer_that_looks_like_a_routers() -> None:
    data, hosts = fabrics.read("demo")
    data["fabric"]["peers"] = [{"name": "tor1-ipv4", "asn": 64999, "addresses": ["10.0.1.9"]}]
    plan = unjudged(data, hosts)
    found = specs(plan, "BGPPeer")
    assert found["tor1-ipv4"]["peerAddress"] == "10.0.1.1"
    assert found["tor1-ipv4-tor1-ipv4-peer"]["peerAddress"] == "10.0.1.9"


def test_what_is_appended_gives_no_peer_another_name() -> None:
    """Another name is another session: the one that stands would be reset."""

    def peers(example: str, change: Any = None) -> dict[str, str]:
        plan = fabrics.plan_of(example, change)
        objects = resources.render(plan, plan["cluster"]["name"])
        return {each["metadata"]["name"]: json.dumps(each["spec"]) for each in objects if each["kind"] == "BGPPeer"}

    def link(data: Any, hosts: Any) -> None:
        ends = {"between": ["leaf2", "node1"], "interfaces": {"leaf2": "swp99", "node1": "uplink"}}
        data["fabric"]["links"].append({**ends, "unnumbered": True})

    def rack(data: Any, hosts: Any) -> None:
        data["fabric"]["racks"]["rack9"] = {"network": ["10.0.9.0/24", "2001:db8:dc:9::/64"], "routers": ["tor1"]}
        hosts["nodes"]["node9"] = {"racks": {"rack9": ["10.0.9.19", "2001:db8:dc:9::19"]}}

    for example, change in (("unnumbered", link), ("demo", rack)):
        before, after = peers(example), peers(example, change)
        assert before.keys() < after.keys()


def test_an_advertisement_to_nobody_is_left_out() -> None:
    data, hosts = fabrics.read("two-clusters")
    data["fabric"]["peers"] = [{"name": "up", "asn": 64999, "addresses": ["10.0.1.9"]}]
    data["advertise"][1]["bgp"] = {"peers": ["up"]}
    plan = unjudged(data, hosts)
    assert resources.configuration(plan, "green").bgp_advertisements == {}
    assert all(Selector() not in each.node_selectors for each in resources.configuration(plan, "blue").peers.values())
