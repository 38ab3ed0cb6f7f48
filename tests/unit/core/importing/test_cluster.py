# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What component flags, component configuration and the objects themselves say about the cluster."""

from __future__ import annotations

import pytest
from imports import FLAGS, K8S, NODES, data, imported, refused, told
from manifests import Object, node, pool, service, thing

from dualstack.findings import HINT, WARNING


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


@pytest.mark.parametrize("as_list", [True, False])
def test_masks_among_extra_arguments_are_the_clusters(as_list: bool) -> None:
    masks = {"node-cidr-mask-size-ipv4": "25", "node-cidr-mask-size-ipv6": "72"}
    given = settings("ClusterConfiguration")
    listed = [{"name": name, "value": value} for name, value in masks.items()]
    given["controllerManager"] = {"extraArgs": listed if as_list else masks}
    found = imported(given)
    assert found.data["cluster"]["node_cidr_lengths"] == {"ipv4": 25, "ipv6": 72}
    assert told(found, "left-out") == []


def test_what_is_of_kubernetes_itself_is_told_with_the_key_that_says_it() -> None:
    cluster = {
        **settings("ClusterConfiguration"),
        "kubernetesVersion": "v1.36.3",
        "controlPlaneEndpoint": "api.example:6443",
        "apiServer": {"certSANs": ["a", "b"], "extraArgs": [{"name": "audit-log-path", "value": "/var/log/audit"}]},
        "dns": {},
    }
    cluster["networking"]["dnsDomain"] = "k8s.example"
    proxy = {**settings("KubeProxyConfiguration"), "mode": "ipvs", "iptables": {"masqueradeBit": 14}}
    found = [(each.severity, each.path, each.value) for each in told(imported(cluster, proxy), "left-out")]
    assert sorted(found) == sorted(
        (HINT, place, value)
        for place, value in (
            ("ClusterConfiguration: kubernetesVersion", "v1.36.3"),
            ("ClusterConfiguration: controlPlaneEndpoint", "api.example:6443"),
            ("ClusterConfiguration: apiServer.certSANs", "a,b"),
            ("ClusterConfiguration: networking.dnsDomain", "k8s.example"),
            ("ClusterConfiguration", "apiServer.extraArgs.audit-log-path"),
            ("KubeProxyConfiguration: mode", "ipvs"),
            ("KubeProxyConfiguration", "iptables.masqueradeBit"),
        )
    )
    [mode] = [each for each in told(imported(proxy), "left-out") if each.value == "ipvs"]
    assert "dualstack.cluster.kubernetes.proxy.mode" in mode.fix


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
