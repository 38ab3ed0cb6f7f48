# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about Kubernetes itself: versions, flags, fields, kube-proxy, the pod network."""

from __future__ import annotations

from typing import Any

from cases import BOTH, IPV4, IPV6, Case, Data, Edit, Hosts, drop, host, put, steps, two

CLUSTER = "dualstack.cluster"
OWN = f"{CLUSTER}.kubernetes"


def ours(
    *edits: Edit,
    control_planes: tuple[str, ...] = ("node1",),
    workers: tuple[str, ...] = ("node2", "node3"),
    **given: Any,
) -> Edit:
    """The cluster is run by us; ``given`` changes what is stated of it."""

    def groups(data: Data, hosts: Hosts) -> None:
        hosts["kube_control_plane"] = dict.fromkeys(control_planes)
        hosts["kube_node"] = dict.fromkeys(workers)

    return steps(put(OWN, {"version": "1.36.3", **given}), groups, *edits)


def arguments(component: str, **flags: str) -> Edit:
    return ours(arguments={component: {name.replace("_", "-"): value for name, value in flags.items()}})


def fields(component: str, **given: Any) -> Edit:
    return ours(configuration={component: given})


def max_pods(field: int | None = None, flag: str | None = None) -> dict[str, Any]:
    """What a cluster states of its kubelets."""
    return {
        "configuration": {"kubelet": {"maxPods": field}},
        "arguments": {"kubelet": {} if flag is None else {"max-pods": flag}},
    }


def node_parts(ipv4: int, ipv6: int) -> Edit:
    return put(f"{CLUSTER}.node_cidr_lengths", {IPV4: ipv4, IPV6: ipv6})


def green(**given: Any) -> Edit:
    """A further cluster that is run by us, of one family; its node stands in no rack."""
    family = given.pop("family")
    address = {IPV4: "10.0.3.4", IPV6: "fd4c:9e02:7ab1:3::4"}[family]
    cidrs = {
        IPV4: {"pods": ["10.245.0.0/16"], "services": ["10.97.0.0/16"]},
        IPV6: {"pods": ["fd4c:9e02:7ab1:4100::/56"], "services": ["fd4c:9e02:7ab1:5100::/112"]},
    }[family]
    cluster = {"name": "green", "families": [family], **cidrs, "kubernetes": {"version": "1.36.3", **given}}

    def groups(data: Data, hosts: Hosts) -> None:
        hosts["kube_control_plane"] = {"green1": None}

    return steps(
        put("dualstack.clusters", [cluster]),
        host("nodes", "green1", {"addresses": [address], "cluster": "green"}),
        groups,
    )


def turned() -> Edit:
    """IPv6 first, with a control plane that has no IPv6 address."""
    return steps(
        put(f"{CLUSTER}.families", ["ipv6", "ipv4"]), put("node1: dualstack_host.racks", {"rack1": ["10.0.1.11"]})
    )


CASES = [
    *[
        Case("kubernetes-version", BOTH, ours(version=version), f"{OWN}.version")
        for version in ("1.19.16", "1.38.0", "1.5.2")
    ],
    Case("kubernetes-cidrs", BOTH, ours(drop(f"{CLUSTER}.pods")), f"{CLUSTER}.pods"),
    Case("kubernetes-cidrs", BOTH, ours(drop(f"{CLUSTER}.services")), f"{CLUSTER}.services"),
    Case("proxy-mode", BOTH, ours(proxy={"mode": "ipvs"}), f"{OWN}.proxy.mode"),
    Case("proxy-mode", BOTH, ours(version="1.30.1", proxy={"mode": "nftables"}), f"{OWN}.proxy.mode"),
    Case("proxy-ipvs", IPV6, ours(version="1.34.2", proxy={"mode": "ipvs"}), f"{OWN}.proxy.mode"),
    Case("proxy-none", BOTH, ours(proxy={"mode": "none"}), f"{OWN}.proxy.mode"),
    Case("proxy-none", BOTH, ours(proxy={"mode": "none"}, cni={"plugin": "flannel"}), f"{OWN}.proxy.mode"),
    Case(
        "proxy-none",
        BOTH,
        ours(version="1.21.4", proxy={"mode": "none"}, cni={"plugin": "cilium"}),
        f"{OWN}.proxy.mode",
    ),
    *two(
        "node-port-family",
        f"{OWN}.proxy.node_port_addresses",
        ours(proxy={"node_port_addresses": ["fd4c:9e02:7ab1::/48"]}),
        ours(proxy={"node_port_addresses": ["10.0.0.0/8"]}),
    ),
    *two(
        "node-port-family",
        f"{OWN}.proxy.node_port_addresses",
        ours(proxy={"node_port_addresses": ["10.0.1.0/24", "fd4c:9e02:7ab1::/48"]}),
        ours(proxy={"node_port_addresses": ["10.0.0.0/8", "fd4c:9e02:7ab1:1::/64"]}),
    ),
    *two(
        "dns-address",
        f"{OWN}.dns.addresses",
        ours(dns={"addresses": ["10.97.0.10"]}),
        ours(dns={"addresses": ["2001:db8:5001::a"]}),
    ),
    Case("dns-address", IPV4, ours(dns={"addresses": ["10.96.255.255"]}), f"{OWN}.dns.addresses"),
    *two(
        "dns-elsewhere",
        f"{OWN}.dns.addresses",
        ours(dns={"addresses": ["10.96.0.53"]}),
        ours(dns={"addresses": ["fd4c:9e02:7ab1:5000::a"]}),
    ),
    *two(
        "dns-elsewhere",
        "dualstack.clusters[0].kubernetes.dns.addresses",
        green(family=IPV4, dns={"addresses": ["10.97.0.53"]}),
        green(family=IPV6, dns={"addresses": ["fd4c:9e02:7ab1:5100::53"]}),
    ),
    *two(
        "dns-unserved",
        f"{OWN}.dns.addresses",
        ours(dns={"addresses": ["169.254.20.10"]}),
        ours(dns={"addresses": ["fd00::10"]}),
    ),
    *two(
        "dns-unserved",
        f"{OWN}.dns.addresses",
        ours(put(f"{CLUSTER}.families", ["ipv6", "ipv4"]), dns={"addresses": ["10.96.0.10", "fd4c:9e02:7ab1:5000::a"]}),
        ours(dns={"addresses": ["10.96.0.10", "fd4c:9e02:7ab1:5000::a"]}),
    ),
    *two(
        "dns-address",
        f"{OWN}.dns.addresses",
        ours(dns={"addresses": ["10.96.0.1"]}),
        ours(dns={"addresses": ["fd4c:9e02:7ab1:5000::1"]}),
    ),
    *two(
        "dns-address",
        "dualstack.clusters[0].kubernetes.dns.addresses",
        green(family=IPV6, dns={"addresses": ["10.96.0.10"]}),
        green(family=IPV4, dns={"addresses": ["fd4c:9e02:7ab1:5000::a"]}),
    ),
    *[
        Case("argument-owned", BOTH, arguments(component, **{name: "1"}), f"{OWN}.arguments.{component}.{flag}")
        for component, name, flag in (
            ("kube-apiserver", "service_cluster_ip_range", "service-cluster-ip-range"),
            ("kube-apiserver", "advertise_address", "advertise-address"),
            ("kube-controller-manager", "cluster_cidr", "cluster-cidr"),
            ("kube-controller-manager", "node_cidr_mask_size", "node-cidr-mask-size"),
            ("kube-controller-manager", "node_cidr_mask_size_ipv4", "node-cidr-mask-size-ipv4"),
            ("kubelet", "node_ip", "node-ip"),
            ("kubelet", "cluster_dns", "cluster-dns"),
            ("kubelet", "cluster_domain", "cluster-domain"),
        )
    ],
    Case(
        "argument-owned",
        BOTH,
        arguments("kube-apiserver", feature_gates="AllAlpha=false,IPv6DualStack=true"),
        f"{OWN}.arguments.kube-apiserver.feature-gates",
    ),
    Case(
        "argument-name",
        BOTH,
        ours(arguments={"kube-apiserver": {"--v": "2"}}),
        f"{OWN}.arguments.kube-apiserver.--v",
    ),
    *[
        Case(
            "argument-name",
            BOTH,
            ours(arguments={"kube-apiserver": {name: "2"}}),
            f"{OWN}.arguments.kube-apiserver.{name}",
        )
        for name in ("", "v=2", "v 2")
    ],
    Case("argument-name", BOTH, arguments("kube-proxy", v="2"), f"{OWN}.arguments.kube-proxy.v"),
    *[
        case
        for component in ("kube-controller-manager", "kube-scheduler")
        for case in two(
            "bind-family",
            f"dualstack.clusters[0].kubernetes.arguments.{component}.bind-address",
            green(family=IPV6, arguments={component: {"bind-address": "10.0.3.4"}}),
            green(family=IPV4, arguments={component: {"bind-address": "fd4c:9e02:7ab1:3::4"}}),
        )
    ],
    *two(
        "bind-family",
        f"{OWN}.arguments.kube-apiserver.bind-address",
        ours(turned(), arguments={"kube-apiserver": {"bind-address": "10.0.1.11"}}),
        arguments("kube-apiserver", bind_address="fd4c:9e02:7ab1:1::11"),
    ),
    *two(
        "bind-family",
        f"{OWN}.arguments.kube-scheduler.bind-address",
        arguments("kube-scheduler", bind_address="10.0.1.300"),
        arguments("kube-scheduler", bind_address="fd4c:9e02:7ab1:1::zz"),
    ),
    *[
        case
        for component, name, port in (
            ("kubelet", "address", ""),
            ("kubelet", "healthzBindAddress", ""),
            ("kube-proxy", "bindAddress", ""),
            ("kube-proxy", "healthzBindAddress", ":10256"),
            ("kube-proxy", "metricsBindAddress", ":10249"),
            ("kube-proxy", "metricsBindAddress", ""),
        )
        for ipv4, ipv6 in (("10.0.3.4", "fd4c:9e02:7ab1:3::4"), ("10.0.3.300", "fd4c:9e02:7ab1:3::zz"))
        for case in two(
            "bind-family",
            f"dualstack.clusters[0].kubernetes.configuration.{component}.{name}",
            green(family=IPV6, configuration={component: {name: f"{ipv4}{port}"}}),
            green(family=IPV4, configuration={component: {name: f"[{ipv6}]{port}" if port else ipv6}}),
        )
    ],
    *[
        Case("bind-family", family, fields(component, **{name: text}), f"{OWN}.configuration.{component}.{name}")
        for family, component, name, text in (
            (IPV4, "kubelet", "address", "eth0"),
            (IPV6, "kubelet", "healthzBindAddress", "[::]:10248"),
            (IPV4, "kube-proxy", "bindAddress", "localhost"),
            (IPV4, "kube-proxy", "healthzBindAddress", "0.0.0.0:70000"),
            (IPV4, "kube-proxy", "healthzBindAddress", ":10256"),
            (IPV6, "kube-proxy", "metricsBindAddress", "[::1]10249"),
        )
    ],
    *two(
        "bind-family",
        f"{OWN}.configuration.kube-proxy.bindAddress",
        ours(turned(), configuration={"kube-proxy": {"bindAddress": "10.0.1.11"}}),
        fields("kube-proxy", bindAddress="fd4c:9e02:7ab1:1::11"),
    ),
    *[
        case
        for component, name, port in (
            ("kubelet", "healthzBindAddress", ""),
            ("kube-proxy", "healthzBindAddress", ":10256"),
        )
        for case in two(
            "bind-hosts",
            f"{OWN}.configuration.{component}.{name}",
            fields(component, **{name: f"10.0.1.11{port}"}),
            fields(component, **{name: f"[fd4c:9e02:7ab1:1::11]{port}" if port else "fd4c:9e02:7ab1:1::11"}),
        )
    ],
    *[
        case
        for key, component, name in (
            ("configuration", "kubelet", "address"),
            ("configuration", "kube-proxy", "bindAddress"),
            ("arguments", "kube-apiserver", "bind-address"),
        )
        for case in two(
            "bind-hosts",
            f"dualstack.clusters[0].kubernetes.{key}.{component}.{name}",
            green(family=IPV4, **{key: {component: {name: "127.0.0.1"}}}),
            green(family=IPV6, **{key: {component: {name: "::1"}}}),
        )
    ],
    *two(
        "bind-hosts",
        f"{OWN}.arguments.kube-scheduler.bind-address",
        ours(
            control_planes=("node1", "node2", "node3"),
            endpoint={"host": "api"},
            arguments={"kube-scheduler": {"bind-address": "10.0.1.11"}},
        ),
        ours(
            control_planes=("node1", "node2", "node3"),
            endpoint={"host": "api"},
            arguments={"kube-scheduler": {"bind-address": "fd4c:9e02:7ab1:1::11"}},
        ),
    ),
    *[
        Case(
            "detect-local",
            BOTH,
            ours(cni=cni, configuration={"kube-proxy": given}),
            f"{OWN}.configuration.kube-proxy.detectLocalMode",
        )
        for cni, given in (
            ({"plugin": "calico"}, {"detectLocalMode": "NodeCIDR"}),
            ({"plugin": "calico", "allocate_node_cidrs": True}, {"detectLocalMode": "NodeCIDR"}),
            ({"plugin": "cilium"}, {"detectLocalMode": "NodeCIDR"}),
            ({"plugin": "other", "allocate_node_cidrs": False}, {"detectLocalMode": "NodeCIDR"}),
            ({}, {"detectLocalMode": "Foo"}),
            ({}, {"detectLocalMode": "BridgeInterface"}),
            ({}, {"detectLocalMode": "BridgeInterface", "detectLocal": {"interfaceNamePrefix": "cni"}}),
            ({}, {"detectLocalMode": "InterfaceNamePrefix", "detectLocal": {"interfaceNamePrefix": "x" * 16}}),
        )
    ],
    *[
        Case("field-type", BOTH, fields(component, **{name: value}), f"{OWN}.configuration.{component}.{path}")
        for component, name, value, path in (
            ("kubelet", "maxPods", "many", "maxPods"),
            ("kubelet", "evictionHard", {"memory.available": 5}, "evictionHard.memory.available"),
            ("kube-proxy", "bindAddress", 5, "bindAddress"),
            ("kube-proxy", "configSyncPeriod", "5", "configSyncPeriod"),
        )
    ],
    *[
        Case(
            "cloud-provider",
            BOTH,
            arguments("kubelet", cloud_provider=word),
            f"{OWN}.arguments.kubelet.cloud-provider",
        )
        for word in ("external", "aws")
    ],
    *[
        Case("field-owned", BOTH, fields(component, **{name: value}), f"{OWN}.configuration.{component}.{path}")
        for component, name, value, path in (
            ("kubelet", "clusterDNS", ["10.96.0.10"], "clusterDNS"),
            ("kubelet", "featureGates", {"IPv6DualStack": True}, "featureGates.IPv6DualStack"),
            ("kube-proxy", "clusterCIDR", "10.244.0.0/16", "clusterCIDR"),
            ("kube-proxy", "mode", "iptables", "mode"),
            ("kube-proxy", "nodePortAddresses", [], "nodePortAddresses"),
            ("kube-proxy", "apiVersion", "v1", "apiVersion"),
        )
    ],
    *[
        Case(
            "field-unknown",
            BOTH,
            ours(version=version, configuration={component: {name: None}}),
            f"{OWN}.configuration.{component}.{name}",
        )
        for component, version, name in (
            ("kubelet", "1.36.3", "maxpods"),
            ("kubelet", "1.36.3", "node-ip"),
            ("kubelet", "1.35.4", "memoryReservationPolicy"),
            ("kube-proxy", "1.36.3", "udpIdleTimeout"),
            ("kube-proxy", "1.28.15", "nftables"),
        )
    ],
    *[
        Case(
            "cni-node-cidrs",
            BOTH,
            ours(cni={"plugin": plugin, "allocate_node_cidrs": False}),
            f"{OWN}.cni.allocate_node_cidrs",
        )
        for plugin in ("bridge", "flannel")
    ],
    Case(
        "cni-no-segment",
        BOTH,
        ours(cni={"plugin": "flannel", "encapsulation": "none"}),
        f"{OWN}.cni.encapsulation",
    ),
    Case("cni-routed-pods", BOTH, ours(cni={"encapsulation": "none"}), f"{OWN}.cni.encapsulation"),
    *two(
        "masquerade-missing",
        f"{OWN}.cni.masquerade",
        ours(cni={"masquerade": ["ipv6"]}),
        ours(cni={"masquerade": ["ipv4"]}),
    ),
    *two(
        "masquerade-family",
        "dualstack.clusters[0].kubernetes.cni.masquerade",
        green(family=IPV6, cni={"masquerade": ["ipv4"]}),
        green(family=IPV4, cni={"masquerade": ["ipv6"]}),
    ),
    *two(
        "masquerade-family",
        "dualstack.clusters[0].kubernetes.cni.non_masquerade",
        green(family=IPV6, cni={"non_masquerade": ["10.0.0.0/8"]}),
        green(family=IPV4, cni={"non_masquerade": ["fd4c:9e02:7ab1::/48"]}),
    ),
    *two(
        "masquerade-flannel",
        f"{OWN}.cni.masquerade",
        ours(put(f"{CLUSTER}.pods", ["44.128.0.0/16", "fd4c:9e02:7ab1:4000::/56"]), cni={"plugin": "flannel"}),
        ours(put(f"{CLUSTER}.pods", ["10.244.0.0/16", "2001:db8:44::/56"]), cni={"plugin": "flannel"}),
    ),
    *two(
        "masquerade-flannel",
        f"{OWN}.cni.masquerade",
        ours(cni={"plugin": "flannel", "masquerade": ["ipv4"]}),
        ours(cni={"plugin": "flannel", "masquerade": ["ipv6"]}),
    ),
    *[
        case
        for rule, ipv4, ipv6 in (
            ("calico-pool-small", "10.244.0.0/28", "fd4c:9e02:7ab1:4000::/124"),
            ("calico-blocks-few", "10.244.0.0/25", "fd4c:9e02:7ab1:4000::/121"),
            ("calico-blocks-few", "10.244.0.0/26", "fd4c:9e02:7ab1:4000::/122"),
        )
        for case in two(
            rule,
            f"{CLUSTER}.pods",
            ours(put(f"{CLUSTER}.pods", [ipv4, "fd4c:9e02:7ab1:4000::/56"]), cni={"plugin": "calico"}),
            ours(put(f"{CLUSTER}.pods", ["10.244.0.0/16", ipv6]), cni={"plugin": "calico"}),
        )
    ],
    Case("pod-mtu", BOTH, ours(cni={"mtu": 9216}), f"{OWN}.cni.mtu"),
    *[
        case
        for most4, most6 in (
            (max_pods(field=254), max_pods(field=255)),
            (max_pods(flag="254"), max_pods(flag="255")),
            (max_pods(field=60, flag="254"), max_pods(field=60, flag="255")),
        )
        for case in two(
            "node-cidr-small",
            f"{CLUSTER}.pods",
            ours(node_parts(24, 64), **most4),
            ours(node_parts(20, 120), **most6),
        )
    ],
    # Limits of versions and of kubeadm in rules about all clusters.
    *two(
        "pod-cidr-tiny",
        f"{CLUSTER}.pods",
        ours(put(f"{CLUSTER}.pods", ["10.244.0.0/29", "fd4c:9e02:7ab1:4000::/56"])),
        ours(put(f"{CLUSTER}.pods", ["10.244.0.0/16", "fd4c:9e02:7ab1:4000::/125"])),
    ),
    *two(
        "service-cidr-large",
        f"{CLUSTER}.services",
        ours(put(f"{CLUSTER}.services", ["10.96.0.0/11", "fd4c:9e02:7ab1:5000::/112"]), version="1.33.1"),
        ours(put(f"{CLUSTER}.services", ["10.96.0.0/16", "fd4c:9e02:7ab1:4ffe::/63"]), run_by="systemd"),
    ),
]

ONE_FAMILY = {"proxy-ipvs": (IPV6, "strictARP is what IPVS has for IPv4")}
