# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations of a cluster that is as its plan says, for tests that then break one thing."""

from __future__ import annotations

import copy
import functools
import ipaddress
from collections.abc import Mapping
from typing import Any

import fabrics

from dualstack.components import flags, telling
from dualstack.components.proof import probes
from dualstack.components.proof.asking import NAME
from dualstack.plan.build import make

NAMES = {"ipv4": "IPv4", "ipv6": "IPv6"}
# Every set of families, by the example that has it.
EXAMPLES = {"ipv4": "ipv4-only", "ipv6": "ipv6-only", "ipv4, ipv6": "demo", "ipv6, ipv4": "ipv6-first"}
NAMESPACE = "dualstack-proof-0001"
NODE_PORT = 31000
LEADING = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")


def plan_of(example: str, *, ours: bool = True) -> dict[str, Any]:
    """The plan of an example; ``ours``: the collection runs Kubernetes itself. A fresh copy."""
    return copy.deepcopy(_plan(example, ours))


@functools.cache
def _plan(example: str, ours: bool) -> dict[str, Any]:
    data, hosts = fabrics.read(example)
    if ours:
        data["cluster"]["kubernetes"] = {"version": "1.36.3"}
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    return plan


def healthy(plan: Mapping[str, Any]) -> dict[str, Any]:
    """All as it should be, in the shape of docs/architecture.md."""
    families, nodes = plan["cluster"]["families"], list(plan["nodes"])
    cluster = _cluster(plan, families, nodes)
    hosts = {node: _host(plan, node, families) for node in nodes}
    seen = {
        "cluster": cluster,
        "hosts": hosts,
        "paths": {node: {"error": "", "probes": probed(plan, cluster, node, hosts[node])} for node in nodes},
    }
    return {"kubernetes": seen}


def answer(cluster: Mapping[str, Any], node: str, probe: Mapping[str, Any]) -> dict[str, Any]:
    """What becomes of a probe in a cluster where all is well."""
    if probe["id"] == "dns":
        addresses = [one for one in cluster["probe"]["cluster_ips"] if (":" in one) == (probe["family"] == "ipv6")]
        return {**probe, "ok": True, "detail": "answered", "answers": addresses}
    if probe.get("denied"):
        return {**probe, "ok": False, "detail": "nothing within 2 s", "node": "", "sources": []}
    own = cluster["probe"]["pods"][node]["ips"] if probe["id"] == "pod to pod" else cluster["nodes"][node]["addresses"]
    source = next(one for one in own if (":" in one) == (probe["family"] == "ipv6"))
    who = probe.get("to") or next(iter(cluster["probe"]["pods"]))
    return {**probe, "ok": True, "detail": "answered", "node": who, "sources": [source]}


def probed(
    plan: Mapping[str, Any], cluster: Mapping[str, Any], node: str, host: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What becomes of all probes of a node in a cluster where all is well."""
    return [answer(cluster, node, probe) for probe in probes(plan, cluster, node, host)]


def _nth(cidr: str, number: int, length: int | None = None) -> str:
    """The address ``number`` of a CIDR, or its network ``number`` of a length."""
    network = ipaddress.ip_network(cidr)
    if length is None:
        return str(network[number])
    size = 1 << (network.max_prefixlen - length)
    return f"{network[number * size]}/{length}"


def _cluster(plan: Mapping[str, Any], families: list[str], nodes: list[str]) -> dict[str, Any]:
    own = plan["cluster"]
    pods, services, lengths = own["pods"], own["services"], own["node_cidr_lengths"]
    addresses = {
        node: [
            next(
                segment["members"][node]["addresses"][family]
                for segment in plan["segments"].values()
                if family in segment["members"].get(node, {"addresses": {}})["addresses"]
            )
            for family in families
        ]
        for node in nodes
    }
    blocks = {node: [_nth(pods[one], number, lengths[one]) for one in families] for number, node in enumerate(nodes)}
    ips = [_nth(services[family], 77) for family in families]
    made = {
        node: {
            "uid": f"uid-{node}",
            "ips": [_nth(block, 9) for block in blocks[node]],
            "host_ips": addresses[node],
            "running": True,
            "why": "Running",
        }
        for node in nodes
    }
    slices = {family: [made[node]["ips"][number] for node in nodes] for number, family in enumerate(families)}
    words = [NAMES[family] for family in families]
    server = {"readyz": "", "families": words, "error": ""}
    first = nodes[0]
    return {
        "error": "",
        "version": "v1.36.3",
        "nodes": {
            node: {"addresses": addresses[node], "pod_cidrs": blocks[node], "ready": True, "version": "v1.36.3"}
            for node in nodes
        },
        "service_cidrs": [
            {"name": "kubernetes", "cidrs": [services[family] for family in families], "ready": True, "why": ""}
        ],
        "without_ip_address": [],
        "ip_addresses": dict.fromkeys(families, 3),
        "services": _ports(services),
        "default_service": {"families": words[:1], "cluster_ips": [_nth(services[families[0]], 1)]},
        "balancers": [
            {
                "name": "default/shop",
                "families": words,
                "ingress": [{"ipv4": "192.168.100.1", "ipv6": "2001:db8:1::1"}[family] for family in families],
                "source_ranges": [{"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:c1::/64"}[one] for one in families],
            }
        ],
        "dns": {
            "service": "kube-system/kube-dns",
            "addresses": [_nth(services[families[0]], 10)],
            "domain": "cluster.local",
        },
        "events": [],
        "api_servers": {addresses[first][0]: server},
        "controllers": [
            {"component": part, "node": first, "ready": True, "restarts": 1, "lately": False, "why": ""}
            for part in LEADING
        ],
        "kubeadm": {
            "serviceSubnet": ",".join(services[family] for family in families),
            "podSubnet": ",".join(pods[family] for family in families),
        },
        "kube_proxy": {"mode": "nftables", "clusterCIDR": ",".join(pods[family] for family in families)},
        "probe": {
            "namespace": NAMESPACE,
            "service": NAME,
            "cluster_ips": ips,
            "node_port": NODE_PORT,
            "slices": slices,
            "pods": made,
            "guarded": {
                opened: {**made[first], "ips": [_nth(block, 20 + number) for block in blocks[first]]}
                for number, opened in enumerate(["none", *families])
            },
            "policy_engine": "calico-node",
        },
    }


def _ports(services: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Ports of Services that have an address of each family."""
    return {
        family: {
            f"{_nth(services[family], 10)} udp 53": "kube-system/kube-dns",
            f"{_nth(services[family], 10)} tcp 53": "kube-system/kube-dns",
            f"{_nth(services[family], 20)} tcp 80": "default/shop",
        }
        for family in NAMES
        if services.get(family)
    }


def _host(plan: Mapping[str, Any], node: str, families: list[str]) -> dict[str, Any]:
    own = plan["cluster"]
    services = ",".join(own["services"][family] for family in families)
    pods = ",".join(own["pods"][family] for family in families)
    processes: dict[str, dict[str, str]] = {"kubelet": {}, "kube-proxy": {}}
    leader = node == next(iter(plan["nodes"]))
    if plan["nodes"][node]["kubernetes"]:
        leader = plan["nodes"][node]["kubernetes"]["control_plane"]
        for part in ("kubelet", "kube-proxy", *(LEADING if leader else ())):
            said = flags.owned(plan, node, part)
            gates = ",".join(f"{gate}={str(on).lower()}" for gate, on in said.gates.items() if on is not None)
            words = [f"--{flag}={value}" for flag, value in said.flags.items()]
            processes[part] = telling.told([*words, *([f"--feature-gates={gates}"] if gates else [])])
    elif leader:
        processes["kube-apiserver"] = {"service-cluster-ip-range": services}
        processes["kube-controller-manager"] = {"cluster-cidr": pods, "service-cluster-ip-range": services}
    gateways = {"ipv4": "10.0.1.1", "ipv6": "2001:db8:dc:1::1"}
    return {
        "error": "",
        "sysctls": {
            "net.ipv4.ip_forward": "1",
            "net.ipv6.conf.all.forwarding": "1",
            "net.ipv6.conf.default.forwarding": "1",
            "net.ipv6.conf.all.disable_ipv6": "0",
            "net.bridge.bridge-nf-call-iptables": "1",
            "net.bridge.bridge-nf-call-ip6tables": "1",
        },
        "disabled": {"eth1": "0"},
        "routes": {one: [{"dev": "eth1", "gateway": gateways[one], "protocol": "static"}] for one in families},
        "accept_ra": {"eth1": "1"},
        "processes": processes,
        "resolvers": [_nth(own["services"][families[0]], 10)],
        "proxy": {
            "mode": "nftables",
            "error": "",
            "runs": True,
            "tables": {"ipv4": "table ip kube-proxy", "ipv6": "table ip6 kube-proxy"},
            "tables_error": "",
            "ports": {one: {"one_of": 1, "ports": sorted(ports)} for one, ports in _ports(own["services"]).items()},
            "protocols": True,
        },
    }
