# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about the cluster's CIDRs, its nodes, labels and selectors."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, Edit, append, drop, host, put, steps, two

PODS, SERVICES = "dualstack.cluster.pods", "dualstack.cluster.services"
PODS4, PODS6 = "10.244.0.0/16", "fd4c:9e02:7ab1:4000::/56"
ANNOTATIONS = "dualstack.services[0].annotations"
SERVICES4, SERVICES6 = "10.96.0.0/16", "fd4c:9e02:7ab1:5000::/112"


def pods(ipv4: str = PODS4, ipv6: str = PODS6) -> Edit:
    return put(PODS, [ipv4, ipv6])


def mask(family: str, length: int) -> Edit:
    return put(f"dualstack.cluster.node_cidr_lengths.{family}", length)


def services(ipv4: str = SERVICES4, ipv6: str = SERVICES6) -> Edit:
    return put(SERVICES, [ipv4, ipv6])


def many(count: int) -> Edit:
    each = [{"name": f"s{n}", "pool": "production", "port": 80} for n in range(count)]
    return append("dualstack.services", *each)


def idle(cidr: str) -> Edit:
    return steps(put(PODS, [cidr]), put("dualstack.cluster.node_cidr_lengths", {IPV4: 24, IPV6: 64}))


def node4(**facts: object) -> Edit:
    return host("nodes", "node4", {"addresses": ["10.0.3.4", "fd4c:9e02:7ab1:3::4"], **facts})


def peer(address: str) -> Edit:
    return append("dualstack.fabric.peers", {"name": "theirs", "asn": 64999, "addresses": [address]})


def ports(count: int) -> Edit:
    return append(
        "dualstack.services",
        {"name": "range", "pool": "production", "ports": [{"port": number} for number in range(1, count + 1)]},
    )


SELECTORS = "dualstack.advertise[0].node_selectors"

CASES = [
    *two("cidr-order", PODS, put(PODS, [PODS6, PODS4]), put("dualstack.cluster.families", [IPV6, IPV4])),
    Case("cidr-order", IPV4, put(SERVICES, [SERVICES6, SERVICES4]), SERVICES),
    *two(
        "service-cidr-large",
        SERVICES,
        services(ipv4="10.96.0.0/11"),
        services(ipv6="fd4c:9e02:7ab1:5000::/107"),
    ),
    *two("service-cidr-small", SERVICES, services(ipv4="10.96.0.0/29"), services(ipv6="fd4c:9e02:7ab1:5000::/125")),
    *two(
        "service-cidr-full",
        SERVICES,
        steps(services(ipv4="10.96.0.0/28"), many(8)),
        steps(services(ipv6="fd4c:9e02:7ab1:5000::/124"), many(11)),
    ),
    *two("node-mask-short", PODS, pods(ipv4="10.244.0.0/25"), pods(ipv6="fd4c:9e02:7ab1:4000::/65")),
    *two(
        "node-mask-long",
        PODS,
        steps(pods("10.0.0.0/9"), mask(IPV4, 26)),
        pods(ipv6="fd4c:9e02::/47"),
    ),
    *two("pod-cidr-small", PODS, pods(ipv4="10.244.0.0/23"), pods(ipv6="fd4c:9e02:7ab1:4000::/63")),
    *two(
        "pod-cidr-nearly-full",
        PODS,
        steps(pods(ipv4="10.244.0.0/22"), node4()),
        steps(pods(ipv6="fd4c:9e02:7ab1:4000::/62"), node4()),
    ),
    *two("node-cidr-small", PODS, mask(IPV4, 26), mask(IPV6, 122)),
    *[
        Case("node-mask-idle", family, idle(cidr), f"dualstack.cluster.node_cidr_lengths.{family}")
        for family, cidr in ((IPV4, PODS6), (IPV6, PODS4))
    ],
    Case("cluster-cidr-missing", BOTH, drop(PODS), PODS),
    Case("cluster-cidr-missing", BOTH, drop(SERVICES), SERVICES),
    Case("node-name", BOTH, host("nodes", "Node_4", {"addresses": ["10.0.3.4"]}), "Node_4: dualstack_host"),
    Case(
        "node-hostname",
        BOTH,
        put("node1: dualstack_host.labels", {"kubernetes.io/hostname": "n1"}),
        "node1: dualstack_host.labels",
    ),
    Case(
        "node-excluded",
        BOTH,
        put("node1: dualstack_host.labels", {"node.kubernetes.io/exclude-from-external-load-balancers": ""}),
        "node1: dualstack_host.labels",
    ),
    *two(
        "node-address-order",
        "node1: dualstack_host.racks.rack1",
        put("node1: dualstack_host.racks.rack1", ["fd4c:9e02:7ab1:1::11", "10.0.1.11"]),
        put("dualstack.cluster.families", [IPV6, IPV4]),
    ),
    *two(
        "host-in-cluster-cidr",
        "dualstack.fabric.peers[0].addresses",
        peer("10.96.0.10"),
        peer("fd4c:9e02:7ab1:40ff::1"),
    ),
    *two(
        "host-in-cluster-cidr",
        "node4: dualstack_host.addresses",
        node4(addresses=["10.244.9.9", "fd4c:9e02:7ab1:3::4"]),
        node4(addresses=["10.0.3.4", "fd4c:9e02:7ab1:5000::9"]),
    ),
    Case("node-ports-used-up", BOTH, ports(2763), "dualstack.services"),
    Case("label-syntax", BOTH, put("dualstack.pools[0].labels", {"env": "test bed"}), "dualstack.pools[0].labels"),
    Case("label-syntax", BOTH, put("dualstack.services[0].labels", {"a/b/c": ""}), "dualstack.services[0].labels"),
    Case("annotation-key", BOTH, put(ANNOTATIONS, {"a b": "c"}), ANNOTATIONS),
    *(
        Case("annotation-owned", BOTH, put(ANNOTATIONS, {key: "x"}), ANNOTATIONS)
        for key in (
            "metallb.io/loadBalancerIPs",
            "metallb.universe.tf/address-pool",
            "baremetal.dualstack/drain",
            "kubectl.kubernetes.io/last-applied-configuration",
        )
    ),
    Case(
        "label-syntax",
        BOTH,
        put(SELECTORS, [{"matchExpressions": [{"key": "-zone", "operator": "DoesNotExist"}]}]),
        f"{SELECTORS}[0].matchExpressions[0]",
    ),
    Case(
        "selector-values",
        BOTH,
        put(SELECTORS, [{"matchExpressions": [{"key": "zone", "operator": "In"}]}]),
        f"{SELECTORS}[0].matchExpressions[0].values",
    ),
    Case(
        "selector-values",
        BOTH,
        put(SELECTORS, [{"matchExpressions": [{"key": "zone", "operator": "Exists", "values": ["a"]}]}]),
        f"{SELECTORS}[0].matchExpressions[0].values",
    ),
    Case(
        "selector-contradicts",
        BOTH,
        put(
            SELECTORS,
            [
                {
                    "matchLabels": {"zone": "a"},
                    "matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}],
                }
            ],
        ),
        f"{SELECTORS}[0]",
    ),
]
