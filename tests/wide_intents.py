# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intents that state what the examples leave to defaults: every key of the schema that makes a value of a plan."""

from __future__ import annotations

from typing import Any

Intent = tuple[dict[str, Any], dict[str, dict[str, Any]]]
ORDERS = (("ipv4", "ipv6"), ("ipv6", "ipv4"), ("ipv4",), ("ipv6",))


def wide(families: tuple[str, ...]) -> Intent:
    """Two clusters, two racks, links of every kind, peers of every kind, pools of every kind."""

    def per(ipv4: str, ipv6: str) -> list[str]:
        return [{"ipv4": ipv4, "ipv6": ipv6}[family] for family in families]

    last = families[-1]
    lengths = {"ipv4": 28, "ipv6": 120}
    over = f"over-{last}"
    far = {family: "192.168.7.7" if family == "ipv4" else "fd00:7::7" for family in families}
    data: dict[str, Any] = {
        "lab": True,
        "cluster": {
            "name": "first",
            "families": list(families),
            "pods": per("10.128.0.0/14", "fd00:128::/48"),
            "services": per("10.96.0.0/16", "fd00:96::/112"),
            "node_cidr_lengths": {"ipv4": 25, "ipv6": 60},
            "load_balancer": "metallb-frr-k8s",
        },
        "clusters": [
            {
                "name": "second",
                "families": [last],
                "pods": [{"ipv4": "10.132.0.0/14", "ipv6": "fd00:132::/48"}[last]],
                "services": [{"ipv4": "10.97.0.0/16", "ipv6": "fd00:97::/112"}[last]],
                "node_cidr_lengths": {last: {"ipv4": 25, "ipv6": 60}[last]},
                "load_balancer": "metallb-frr",
            },
            {"name": "third", "load_balancer": "metallb-frr-k8s", "families": [last]},
            {"name": "fourth", "load_balancer": "metallb-frr-k8s"},
        ],
        "bfd_profiles": {"slow": {"receive_interval": 500}, "fast": {"transmit_interval": 60, "detect_multiplier": 5}},
        "communities": {"blue": "64512:1", "red": "64512:2"},
        "fabric": {
            "node_asn": 64512,
            "loopbacks": per("10.99.0.0/24", "fd00:99::/64"),
            "links_from": per("172.16.0.0/24", "fd00:172::/64"),
            "bfd": "slow",
            "graceful_restart": True,
            "maximum_paths": 32,
            "password": {"secret": "all"},
            "timers": {"keepalive": 4, "hold": 12, "connect": 6},
            "sessions": "per-family",
            "peer_groups": {
                "racks": {"timers": {"hold": 15}, "password": {"secret": "racks"}},
                "far": {"authenticated": False, "dynamic_asn": True},
                "once": {"sessions": over, "authenticated": True, "bfd": "fast", "graceful_restart": False},
                "open": {
                    "authenticated": False,
                    "ttl_security": 1,
                    "dynamic_asn": True,
                    "timers": {"keepalive": 2, "connect": 9},
                },
            },
            "racks": {
                "r1": {
                    "network": per("10.1.1.0/24", "fd00:1:1::/64"),
                    "routers": ["t1", "t2"],
                    "interface": "eth0",
                    "peer_group": "racks",
                    "node_selectors": [{"matchLabels": {"bgp": "yes"}}],
                },
                "r2": {
                    "network": per("10.1.2.0/24", "fd00:1:2::/64"),
                    "routers": ["t3"],
                    "node_asn": 64530,
                    "peer_group": "once",
                },
            },
            "links": [
                {"between": ["t1", "core"], "network": per("172.17.0.0/30", "fd00:173::/126"), "peer_group": "open"},
                ["t2", "core"],
                {"between": ["core", "t3"], "unnumbered": True, "interfaces": {"core": "swp1", "t3": "swp2"}},
                {"between": ["core", "edge"], "interfaces": {"core": "swp3"}, "peer_group": "once"},
            ],
            "peers": [
                {
                    "name": "gate",
                    "dynamic_asn": "external",
                    "addresses": list(far.values()),
                    "node_selectors": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["c"]}]}],
                    "port": 1179,
                    "multihop": 5,
                    "local_asn": 64777,
                    "router_id": "10.9.9.9",
                    "vrf": "out",
                    "both_families": True,
                    "peer_group": "far",
                },
                {
                    "name": "beside",
                    "asn": 64590,
                    "addresses": per("10.1.2.250", "fd00:1:2::250"),
                    "cluster": "second",
                    "port": 1790,
                    "peer_group": "far",
                },
                {
                    "name": "any",
                    "dynamic_asn": "external",
                    "addresses": per("10.1.1.252", "fd00:1:1::252"),
                    "node_selectors": [{"matchLabels": {"zone": "b"}}],
                    "source_address": {"ipv4": "10.1.2.12", "ipv6": "fd00:1:2::12"}[last],
                },
                {
                    "name": "same",
                    "dynamic_asn": "internal",
                    "addresses": per("10.1.1.251", "fd00:1:1::251"),
                    "node_selectors": [{"matchLabels": {"zone": "a"}}],
                },
                {
                    "name": "wire",
                    "asn": 64591,
                    "interface": "eth9",
                    "node_selectors": [{"matchLabels": {"zone": "b"}}],
                },
            ],
        },
        "pools": [
            {
                "name": "held",
                "from": per("10.200.0.0/24", "fd00:200::/112"),
                "take": "first-half",
                "reserve": per("10.200.0.0/28", "fd00:200::/124"),
                "labels": {"kind": "held"},
            },
            {
                "name": "carved",
                "from": per("10.200.0.0/24", "fd00:200::/112"),
                "size": 16,
                "reserve": per("10.200.0.130", "fd00:200::8002"),
                "avoid_buggy_ips": True,
            },
            {
                "name": "cut",
                "from": per("10.200.0.0/24", "fd00:200::/112"),
                "prefix_length": {family: lengths[family] for family in families},
                "node_selectors": [{"matchLabels": {"zone": "a"}}],
                "service_allocation": {
                    "priority": 7,
                    "namespaces": ["shop"],
                    "namespace_selectors": [{"matchLabels": {"team": "shop"}}],
                    "service_selectors": [{"matchLabels": {"public": "yes"}}],
                },
            },
            {
                "name": "desk",
                "blocks": per("10.1.1.200-10.1.1.219", "fd00:1:1::200-fd00:1:1::21f"),
                "reserve": per("10.1.1.205", "fd00:1:1::205"),
                "auto_assign": False,
            },
            {
                "name": "late",
                "cluster": "third",
                "blocks": [{"ipv4": "10.202.0.0/24", "ipv6": "fd00:202::/112"}[last]],
            },
            {
                "name": "other",
                "cluster": "second",
                "blocks": [{"ipv4": "10.201.0.0/24", "ipv6": "fd00:201::/112"}[last]],
            },
        ],
        "advertise": [
            {
                "name": "main",
                "pools": ["held", "carved"],
                "node_selectors": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}],
                "bgp": {
                    "communities": ["blue", "64512:9"],
                    "local_preference": {"core": 300, "t3": 150},
                },
            },
            {
                "pools": ["cut"],
                "nodes": ["n1", "n2"],
                "service_selectors": [{"matchLabels": {"public": "yes"}}],
                "bgp": {
                    "local_preference": 120,
                    "peers": ["t1", "t3", "gate"],
                },
            },
            {
                "name": "desk",
                "pools": ["desk"],
                "nodes": ["n1", "n2", "n3"],
                "node_selectors": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}],
                "layer2": {
                    "interfaces": ["eth0"],
                    "preferred_nodes": [{"weight": 10, "selector": {"matchLabels": {"zone": "b"}}}],
                },
            },
            {"name": "also", "pools": ["carved"], "bgp": {"communities": ["red"]}},
            {"pools": ["late"], "cluster": "third", "bgp": {}},
            {"pools": ["other"], "cluster": "second", "bgp": {"aggregation": {"ipv4": 28, "ipv6": 120}}},
        ],
        "services": [
            {"name": "a", "pool": "held", "port": 80},
            {
                "name": "b",
                "pool": "held",
                "ports": [{"name": "web", "port": 80, "target_port": 8080}, {"port": 53, "protocol": "UDP"}],
                "sharing_key": "one",
                "selector": {"app": "b"},
                "traffic_policy": "Local",
            },
            {
                "name": "c",
                "pool": "held",
                "port": 443,
                "sharing_key": "one",
                "selector": {"app": "b"},
                "traffic_policy": "Local",
            },
            {
                "name": "d",
                "pool": "held",
                "port": 80,
                "labels": {"public": "no"},
                "annotations": {"example.com/note": "what others read"},
            },
            {"name": "e", "namespace": "shop", "pool": "cut", "port": 80, "labels": {"public": "yes"}},
            {"name": "f", "pool": "desk", "port": 80, "addresses": per("10.1.1.210", "fd00:1:1::210")},
            {"name": "g", "pool": "desk", "port": 80},
            {"name": "h", "pool": "carved", "port": 80, "policy": "SingleStack", "families": [last]},
            {"name": "a", "cluster": "second", "pool": "other", "port": 80},
            {"name": "i", "cluster": "third", "pool": "late", "port": 80, "policy": "PreferDualStack"},
        ],
    }

    def node(rack: str, number: int, **facts: Any) -> dict[str, Any]:
        return {"racks": {rack: per(f"10.1.{rack[1]}.{number}", f"fd00:1:{rack[1]}::{number}")}, **facts}

    hosts: dict[str, dict[str, Any]] = {
        "routers": {
            "t1": {"asn": 64601, "maximum_paths": 8},
            "t2": {"asn": 64602, "router_id": "10.255.0.2"},
            "t3": {"asn": 64603, "platform": "bird"},
            "core": {"asn": 64604, "loopback": per("10.99.1.1", "fd00:99:1::1")},
            "edge": {
                "asn": 64604,
                "route_reflector": True,
                "managed": False,
                "network": per("198.51.100.0/24", "2001:db8:51::/64"),
            },
        },
        "nodes": {
            "n1": node("r1", 11, labels={"zone": "a", "bgp": "yes"}),
            "n2": {
                "racks": {name: per(f"10.1.{name[1]}.12", f"fd00:1:{name[1]}::12") for name in ("r1", "r2")},
                "labels": {"zone": "b", "bgp": "yes"},
                "asn": 64513,
                "router_id": "10.254.0.2",
            },
            "n3": node("r1", 13, labels={"zone": "a", "bgp": "no"}),
            "n4": {
                "racks": {"r2": [{"ipv4": "10.1.2.14", "ipv6": "fd00:1:2::14"}[last]]},
                "cluster": "second",
            },
            "n5": node("r2", 15),
            "n7": node("r2", 17, cluster="third"),
            "n6": {"addresses": per("192.0.2.6", "2001:db8:6::6"), "labels": {"zone": "c"}},
        },
        "clients": {
            "c1": {"behind": "edge", "addresses": per("198.51.100.10", "2001:db8:51::10")},
            "c2": {"rack": "r1", "addresses": [{"ipv4": "10.1.1.90", "ipv6": "fd00:1:1::90"}[last]]},
        },
    }
    return data, hosts


def paired() -> Intent:
    """Pairs of pools, Services that do without a family, pools that select other nodes within one advertisement."""
    data: dict[str, Any] = {
        "lab": True,
        "cluster": {
            "name": "paired",
            "families": ["ipv4", "ipv6"],
            "pods": ["10.128.0.0/14", "fd00:128::/48"],
            "services": ["10.96.0.0/16", "fd00:96::/112"],
            "load_balancer": "speaker",
        },
        "fabric": {
            "loopbacks": ["10.99.0.0/24", "fd00:99::/64"],
            "racks": {"r1": {"network": ["10.1.1.0/24", "fd00:1:1::/64"], "routers": ["t1"], "node_asn": 64512}},
        },
        "pools": [
            {"name": "four", "blocks": ["10.200.0.0/28"], "node_selectors": [{"matchLabels": {"zone": "a"}}]},
            {"name": "six", "blocks": ["fd00:200::/120"], "node_selectors": [{"matchLabels": {"zone": "b"}}]},
            {"name": "small", "blocks": ["10.201.0.0/28"]},
            {"name": "more", "blocks": ["fd00:201::/120", "10.202.0.0/30", "10.203.0.0/30"]},
        ],
        "pairs": [{"name": "both", "ipv4": "four", "ipv6": "six"}],
        "advertise": [
            {"name": "split", "pools": ["four", "six"], "bgp": {"local_preference": {"t1": 200}}},
            {"pools": ["small"], "bgp": {}},
            {"pools": ["more"], "bgp": {}},
        ],
        "services": [
            {"name": "a", "pool": "both", "port": 80},
            {"name": "b", "pool": "small", "port": 80, "policy": "PreferDualStack"},
            {"name": "c", "pool": "both", "port": 80, "addresses": ["10.200.0.9"]},
            {"name": "d", "pool": "both", "port": 80, "families": ["ipv6"], "policy": "RequireDualStack"},
            {"name": "e", "pool": "more", "port": 80, "traffic_policy": "Local"},
            {"name": "f", "pool": "more", "port": 80},
        ],
    }
    hosts: dict[str, dict[str, Any]] = {
        "routers": {"t1": {"asn": 64601, "network": ["198.51.100.0/24", "2001:db8:51::/64"]}},
        "nodes": {
            f"n{number}": {
                "racks": {"r1": [f"10.1.1.{number}", f"fd00:1:1::{number}"]},
                "labels": {"zone": "a" if number < 13 else "b"},
            }
            for number in (11, 12, 13)
        },
        "clients": {"c1": {"behind": "t1", "addresses": ["198.51.100.10", "2001:db8:51::10"]}},
    }
    return data, hosts


def run(families: tuple[str, ...]) -> Intent:
    """Kubernetes is run by us in two clusters: everything is stated in one, nothing in the other; which, by order."""
    turned = families[0] == "ipv6"

    def per(ipv4: str, ipv6: str) -> list[str]:
        return [{"ipv4": ipv4, "ipv6": ipv6}[family] for family in families]

    addresses = per("10.1.1.9", "fd00:1:1::9")
    number = 97 if turned else 96
    whole: dict[str, Any] = {
        "version": "1.30.4",
        "run_by": "systemd",
        "endpoint": {"host": addresses[0], "port": 7443},
        "certificate_names": ["api.example.net"],
        "image_repository": "images.example.net/k8s",
        "proxy": {"mode": "ipvs", "node_port_addresses": per("10.1.0.0/16", "fd00:1::/32")},
        "cni": {
            "plugin": "calico",
            "allocate_node_cidrs": True,
            "masquerade": list(families[:1]),
            "non_masquerade": per("10.9.0.0/16", "fd00:9::/32"),
            "encapsulation": "none",
            "vni": 77,
            "mtu": 1400,
        },
        "dns": {"addresses": per(f"10.{number}.0.10", f"fd00:{number}::a"), "domain": "run.example.net"},
        "arguments": {
            "kube-apiserver": {"v": "2"},
            "kube-controller-manager": {"v": "2"},
            "kube-scheduler": {"v": "2"},
            "etcd": {"snapshot-count": "5000"},
            "kubelet": {"v": "2"},
        },
        "configuration": {"kubelet": {"maxPods": 60}, "kube-proxy": {"conntrack": {"min": 0}}},
    }
    bare = {"version": "1.36.3"}
    data: dict[str, Any] = {
        "lab": True,
        "cluster": {
            "name": "first",
            "families": list(families),
            "pods": per("10.128.0.0/16", "fd00:128::/48"),
            "services": per("10.96.0.0/16", "fd00:96::/112"),
            "kubernetes": bare if turned else whole,
        },
        "clusters": [
            {
                "name": "second",
                "pods": per("10.129.0.0/16", "fd00:129::/48"),
                "services": per("10.97.0.0/16", "fd00:97::/112"),
                "kubernetes": whole if turned else bare,
            }
        ],
        "fabric": {
            "node_asn": 64512,
            "loopbacks": per("10.99.0.0/24", "fd00:99::/64"),
            "racks": {
                f"r{number}": {"network": per(f"10.1.{number}.0/24", f"fd00:1:{number}::/64"), "routers": ["t1"]}
                for number in (1, 2)
            },
        },
        "pools": [{"name": "pool", "blocks": per("10.200.0.0/28", "fd00:200::/120")}],
        "advertise": [{"pools": ["pool"], "bgp": {}}],
        "services": [{"name": "a", "pool": "pool", "port": 80}],
    }
    nodes: dict[str, dict[str, Any]] = {
        f"n{number}": {"racks": {"r1": per(f"10.1.1.{number}", f"fd00:1:1::{number}")}} for number in (11, 12)
    }
    nodes["n12"]["taints"] = [{"key": "dedicated", "value": "edge", "effect": "NoExecute"}]
    nodes["n13"] = {"racks": {"r2": per("10.1.2.13", "fd00:1:2::13")}, "cluster": "second"}
    nodes["n14"] = {"addresses": per("10.1.3.14", "fd00:1:3::14"), "cluster": "second"}
    hosts: dict[str, dict[str, Any]] = {
        "routers": {"t1": {"asn": 64601, "network": per("198.51.100.0/24", "2001:db8:51::/64")}},
        "nodes": nodes,
        "clients": {"c1": {"behind": "t1", "addresses": per("198.51.100.10", "2001:db8:51::10")}},
        "kube_control_plane": dict.fromkeys(("n11", "n13")),
        "kube_node": dict.fromkeys(("n11", "n12", "n14")),
    }
    return data, hosts


INTENTS = {
    **{f"wide-{'-'.join(order)}": wide(order) for order in ORDERS},
    "paired": paired(),
    **{f"run-{'-'.join(order)}": run(order) for order in ORDERS[:2]},
}
