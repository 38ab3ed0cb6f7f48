# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where rules stay silent: values just inside of what they allow, and what other settings make harmless."""

from __future__ import annotations

import pytest
from base import base
from cases import IPV4, IPV6, Edit, append, drop, host, put, steps
from cases_components import green, max_pods, node_parts, ours
from cases_control_planes import taints
from silent_sessions import SILENT as OF_SESSIONS

from dualstack.checks import RULES
from dualstack.components.versions import CONTROL_PLANE, MASTER
from dualstack.intent.load import load
from dualstack.plan.build import make

POOLS, SERVICES, PODS = "dualstack.pools", "dualstack.services", "dualstack.cluster.pods"
EDGE4, EDGE6 = "10.0.1.200-10.0.1.219", "fd4c:9e02:7ab1:1::200-fd4c:9e02:7ab1:1::21f"
METALLB = put("dualstack.cluster.load_balancer", "metallb-frr-k8s")
LAB = put("dualstack.lab", True)
STAGING = f"{POOLS}[1].service_allocation"


def edge(*blocks: str) -> Edit:
    return put(f"{POOLS}[2].blocks", list(blocks))


def filled(family: str, block: str, count: int) -> Edit:
    """A pool of its own with so many Services."""
    services = [{"name": f"s{n}", "pool": "own", "port": 80, "families": [family]} for n in range(count)]
    return steps(append(POOLS, {"name": "own", "blocks": [block]}), append(SERVICES, *services))


def shared(family: str, block: str, count: int) -> Edit:
    """The same, and all Services have one address."""

    def edit(data: dict, hosts: dict) -> None:
        filled(family, block, count)(data, hosts)
        for number, service in enumerate(each for each in data["services"] if each["pool"] == "own"):
            service.update(sharing_key="all", port=number + 1)

    return edit


def cidrs(key: str, ipv4: str, ipv6: str) -> Edit:
    return put(f"dualstack.cluster.{key}", [ipv4, ipv6])


def more(count: int) -> Edit:
    return append(SERVICES, *({"name": f"m{n}", "pool": "production", "port": 80} for n in range(count)))


def node4(**addresses: str) -> Edit:
    return host("nodes", "node4", {"addresses": list(addresses.values())})


SILENT = [
    ("pool-holds-edge", edge("10.0.1.200-10.0.1.254", EDGE6)),
    ("pool-holds-edge", steps(edge("10.0.1.200-10.0.1.255", EDGE6), put(f"{POOLS}[2].avoid_buggy_ips", True))),
    ("pool-holds-edge", steps(edge("10.0.1.200-10.0.1.255", EDGE6), append(f"{POOLS}[2].reserve", "10.0.1.255"))),
    ("pool-holds-edge", edge(EDGE4, "fd4c:9e02:7ab1:1:ffff:ffff:ffff:ff00/120")),
    ("pool-emptied", put(f"{POOLS}[2].reserve", ["10.0.1.201-10.0.1.255", "fd4c:9e02:7ab1:1::201/128"])),
    (
        "hole-outside",
        put(f"{POOLS}[2].reserve", ["10.0.1.0-10.0.1.200", "fd4c:9e02:7ab1:1::21f-fd4c:9e02:7ab1:1::fff"]),
    ),
    ("hole-outside", put(f"{POOLS}[0].reserve", ["10.1.0.0", "10.1.0.127", "fd4c:9e02:7ab1:a000::"])),
    (
        "hole-outside",
        append(
            POOLS,
            {
                "name": "own",
                "from": ["10.2.0.0/24", "fd4c:9e02:7ab1:b000::/64"],
                "size": 30,
                "reserve": ["10.2.0.1-10.2.0.30", "fd4c:9e02:7ab1:b000::1f"],
            },
        ),
    ),
    ("pool-nearly-full", filled(IPV4, "10.2.0.1-10.2.0.10", 8)),
    ("pool-nearly-full", filled(IPV6, "fd4c:9e02:7ab1:b000::1-fd4c:9e02:7ab1:b000::a", 8)),
    ("pool-nearly-full", filled(IPV4, "10.2.0.1-10.2.0.9", 9)),
    ("pool-nearly-full", filled(IPV6, "fd4c:9e02:7ab1:b000::1-fd4c:9e02:7ab1:b000::9", 9)),
    ("pool-nearly-full", shared(IPV4, "10.2.0.1-10.2.0.10", 10)),
    ("pool-nearly-full", shared(IPV6, "fd4c:9e02:7ab1:b000::1-fd4c:9e02:7ab1:b000::a", 10)),
    ("pool-lopsided", edge("10.0.1.200-10.0.1.207", EDGE6)),
    ("pool-lopsided", edge(EDGE4, "fd4c:9e02:7ab1:1::200-fd4c:9e02:7ab1:1::204")),
    ("pool-lopsided", put(f"{POOLS}[3].blocks", ["10.1.4.0/30"])),
    ("pool-idle", append(POOLS, {"name": "own", "blocks": ["10.2.0.0/24"]})),
    ("prefix-length-unused", put(f"{POOLS}[0].prefix_length", {"ipv4": 26, "ipv6": 80})),
    ("avoid-buggy-ips", put(f"{POOLS}[3].avoid_buggy_ips", True)),
    ("pair-joined", steps()),
    ("pair-half-open", steps()),
    ("allocation-refuses", put(STAGING, {"namespaces": ["team-a", "default"]})),
    (
        "allocation-refuses",
        put(STAGING, {"namespaces": ["team-a"], "namespace_selectors": [{"matchLabels": {"x": "y"}}]}),
    ),
    ("allocation-nobody", put(STAGING, {"priority": 4})),
    ("allocation-open", put(STAGING, {"namespace_selectors": [{"matchLabels": {"x": "y"}}]})),
    ("auto-assign-chance", put(f"{POOLS}[1].auto_assign", True)),
    (
        "auto-assign-chance",
        steps(
            METALLB,
            put(f"{POOLS}[1].auto_assign", True),
            put(STAGING, {"namespaces": ["default"], "priority": 5}),
            put(f"{POOLS}[0].service_allocation", {"namespaces": ["default"], "priority": 6}),
        ),
    ),
    ("auto-assign-chance", steps(METALLB, put(f"{POOLS}[3].auto_assign", True), put(f"{POOLS}[0].auto_assign", False))),
    ("auto-assign-single", METALLB),
    ("auto-assign-single", put(f"{POOLS}[0].auto_assign", False)),
    ("auto-assign-none", put(f"{POOLS}[0].auto_assign", False)),
    ("service-cidr-large", cidrs("services", "10.96.0.0/12", "fd4c:9e02:7ab1:5000::/108")),
    ("service-cidr-small", cidrs("services", "10.96.0.0/28", "fd4c:9e02:7ab1:5000::/124")),
    ("service-cidr-full", steps(cidrs("services", "10.96.0.0/28", "fd4c:9e02:7ab1:5000::/124"), more(7))),
    ("node-mask-short", cidrs("pods", "10.244.0.0/24", "fd4c:9e02:7ab1:4000::/64")),
    ("node-mask-long", cidrs("pods", "10.128.0.0/10", "fd4c:9e02:7ab2::/48")),
    ("pod-cidr-small", cidrs("pods", "10.244.0.0/22", "fd4c:9e02:7ab1:4000::/62")),
    ("pod-cidr-nearly-full", cidrs("pods", "10.244.0.0/22", "fd4c:9e02:7ab1:4000::/62")),
    ("node-cidr-small", node_parts(25, 121)),
    *[
        ("node-cidr-small", ours(node_parts(*lengths), **stated))
        for lengths, stated in (
            ((24, 64), max_pods(field=253)),
            ((20, 120), max_pods(field=254)),
            ((27, 123), max_pods(field=29)),
            ((27, 123), max_pods(flag="29")),
            ((27, 123), max_pods(field=250, flag="29")),
            ((25, 121), max_pods(field=0)),
        )
    ],
    ("cluster-cidr-missing", steps(drop(PODS), put(SERVICES, []))),
    ("cluster-cidr-public", steps(LAB, cidrs("pods", "198.18.0.0/16", "2001:db8:4::/56"))),
    ("cluster-cidr-public", cidrs("pods", "100.64.0.0/16", "fd4c:9e02:7ab1:4000::/56")),
    ("node-name", host("nodes", "node-4.rack1.example", {"addresses": ["10.0.3.4"]})),
    ("node-hostname", put("node1: dualstack_host.labels", {"kubernetes.io/hostname": "node1"})),
    (
        "node-excluded",
        steps(
            put("node1: dualstack_host.labels", {"node.kubernetes.io/exclude-from-external-load-balancers": ""}),
            *(put(f"dualstack.advertise[{index}].nodes", ["node2"]) for index in range(4)),
        ),
    ),
    *[
        (
            "bind-family",
            green(
                family=family,
                arguments={"kube-scheduler": {"bind-address": text}, "kube-apiserver": {"bind-address": text}},
            ),
        )
        for family in (IPV4, IPV6)
        for text in ("0.0.0.0", "::", "127.0.0.1", "::1")
    ],
    *[
        (rule, green(family=family, configuration={"kubelet": kubelet, "kube-proxy": proxy}))
        for rule in ("bind-family", "bind-hosts", "field-type")
        for family, own in ((IPV4, "10.0.3.4"), (IPV6, "fd4c:9e02:7ab1:3::4"))
        for kubelet, proxy in (
            ({"address": "0.0.0.0", "healthzBindAddress": "127.0.0.1"}, {"metricsBindAddress": "127.0.0.1:10249"}),
            ({"address": "::", "healthzBindAddress": "::1"}, {"bindAddress": "::", "healthzBindAddress": "[::]:10256"}),
            ({"address": own, "healthzBindAddress": own}, {"bindAddress": own, "metricsBindAddress": own}),
            ({"address": "", "healthzBindAddress": None}, {"bindAddress": "", "healthzBindAddress": ""}),
        )
    ],
    *[
        (rule, ours(dns={"addresses": addresses}, **given))
        for rule in ("dns-address", "dns-elsewhere")
        for addresses, given in (
            (["10.96.0.10"], {}),
            (["169.254.20.10"], {}),
            (["fd00::10"], {}),
            (["10.96.0.10", "fd4c:9e02:7ab1:5000::a"], {}),
            (["10.96.0.53", "fd4c:9e02:7ab1:5000::ffff"], {"run_by": "systemd"}),
        )
    ],
    *[
        ("dns-unserved", ours(dns={"addresses": [address]}, **given))
        for address, given in (
            ("10.96.0.10", {}),
            ("10.96.0.53", {"run_by": "systemd"}),
            ("fd4c:9e02:7ab1:5000::a", {"run_by": "systemd"}),
        )
    ],
    *[
        ("detect-local", ours(cni={"plugin": plugin}, configuration={"kube-proxy": given}))
        for plugin, given in (
            ("bridge", {"detectLocalMode": "NodeCIDR"}),
            ("flannel", {"detectLocalMode": "NodeCIDR"}),
            ("calico", {"detectLocalMode": "ClusterCIDR"}),
            ("calico", {"detectLocalMode": ""}),
            ("calico", {"detectLocalMode": "InterfaceNamePrefix", "detectLocal": {"interfaceNamePrefix": "cali"}}),
            ("bridge", {"detectLocalMode": "BridgeInterface", "detectLocal": {"bridgeInterface": "x" * 15}}),
        )
    ],
    (
        "detect-local",
        ours(
            cni={"plugin": "cilium", "allocate_node_cidrs": True},
            configuration={"kube-proxy": {"detectLocalMode": "NodeCIDR"}},
        ),
    ),
    (
        "detect-local",
        ours(
            cni={"plugin": "cilium"},
            proxy={"mode": "none"},
            configuration={"kube-proxy": {"detectLocalMode": "NodeCIDR"}},
        ),
    ),
    *[
        (rule, ours(endpoint={"host": host}))
        for rule in ("endpoint-nowhere", "endpoint-worker", "endpoint-single")
        for host in ("10.0.1.11", "fd4c:9e02:7ab1:1::11", "10.0.1.9", "fd4c:9e02:7ab1:1::9", "api.localdomain")
    ],
    *[
        ("endpoint-single", ours(control_planes=("node1", "node2", "node3"), endpoint={"host": host}))
        for host in ("10.0.1.9", "fd4c:9e02:7ab1:1::9", "api")
    ],
    *[
        ("taint-twice", ours(taints(node, *given), **kwargs))
        for node, given, kwargs in (
            ("node2", (("dedicated", "db", "NoSchedule"), ("dedicated", "db", "NoExecute")), {}),
            ("node2", (("dedicated", "db", "NoSchedule"), ("other", "db", "NoSchedule")), {}),
            ("node2", ((CONTROL_PLANE, "", "NoSchedule"),), {}),
            ("node1", ((CONTROL_PLANE, "", "NoExecute"),), {}),
            ("node1", ((MASTER, "", "NoSchedule"),), {}),
            ("node1", ((CONTROL_PLANE, "", "NoSchedule"),), {"workers": ("node1", "node2", "node3")}),
        )
    ],
    (
        "calico-pool-small",
        ours(cidrs("pods", "10.244.0.0/26", "fd4c:9e02:7ab1:4000::/122"), cni={"plugin": "calico"}),
    ),
    (
        "calico-blocks-few",
        ours(cidrs("pods", "10.244.0.0/24", "fd4c:9e02:7ab1:4000::/120"), cni={"plugin": "calico"}),
    ),
    ("calico-pool-small", ours(cidrs("pods", "10.244.0.0/28", "fd4c:9e02:7ab1:4000::/124"), cni={"plugin": "other"})),
    *[
        ("masquerade-flannel", ours(cni={"plugin": "flannel", "masquerade": families}))
        for families in ([], [IPV6, IPV4])
    ],
    ("host-in-cluster-cidr", node4(ipv4="10.0.3.4", ipv6="fd4c:9e02:7ab1:3::4")),
    ("annotation-key", put("dualstack.services[0].annotations", {"Example.com/A_b": "any text, also: this"})),
    ("annotation-owned", put("dualstack.services[0].annotations", {"baremetal.dualstack/ip-mode": "Proxy"})),
    ("label-syntax", put("node1: dualstack_host.labels", {"example.com/zone": "", "A_b-c.d": "x_y.z"})),
    ("service-name", put(f"{SERVICES}[0].name", "a1")),
    (
        "pin-one-family",
        put(
            f"{SERVICES}[0]",
            {"name": "s", "pool": "six", "port": 1, "families": ["ipv6"], "addresses": ["fd4c:9e02:7ab1:a006::9"]},
        ),
    ),
    ("pin-unused", put(f"{SERVICES}[0].families", [IPV6, IPV4])),
    ("port-twice", append(f"{SERVICES}[4].ports", {"name": "smtp-udp", "port": 25, "protocol": "UDP"})),
    ("local-traffic", steps(METALLB, put(f"{SERVICES}[0].traffic_policy", "Local"))),
    ("single-by-default", steps(put(f"{SERVICES}[0].families", [IPV6]), put(f"{SERVICES}[0].policy", "SingleStack"))),
    ("status-order", put(f"{SERVICES}[0].families", [IPV6, IPV4])),
    ("sharing-alone", shared(IPV4, "10.2.0.0/28", 2)),
    ("sharing-apart", shared(IPV6, "fd4c:9e02:7ab1:b000::/120", 2)),
]


@pytest.mark.parametrize(
    ("rule", "edit"), [*SILENT, *OF_SESSIONS], ids=[rule for rule, _unused in (*SILENT, *OF_SESSIONS)]
)
def test_a_rule_is_silent(rule: str, edit: Edit) -> None:
    data, hosts = base()
    edit(data, hosts)
    assert load(data, hosts)[1] == [], "the edit itself can't be read"
    assert rule in {each.id for each in RULES}
    assert [finding for finding in make(data, hosts)[1] if finding.id == rule] == []
