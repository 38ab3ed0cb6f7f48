# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What components are told: flags, gates, fields and kubeadm's documents, by families and version."""

from __future__ import annotations

import copy

import pytest
from own_clusters import in_order, plan_of
from wide_intents import ORDERS, run

from dualstack.components import kubeadm, kubelet, proxy
from dualstack.components.flags import OURS, of_plan, owned
from dualstack.plan.build import make

MINORS = (20, 21, 22, 23, 24, 25, 30, 31, 33, 36, 37)
MASKS = {"ipv4": "24", "ipv6": "64"}
BOTH = pytest.mark.parametrize("families", ORDERS, ids="-".join)


@BOTH
def test_the_api_server_has_one_address_of_the_first_family(families: tuple[str, ...]) -> None:
    found = owned(plan_of(families), "n11", "kube-apiserver")
    assert found.flags == {
        "service-cluster-ip-range": in_order(families, "10.96.0.0/16", "fd00:96::/112"),
        "advertise-address": in_order(families[:1], "10.1.1.11", "fd00:1:1::11"),
    }
    assert found.absent == []


@BOTH
@pytest.mark.parametrize("minor", MINORS)
def test_the_masks_are_those_of_the_families(families: tuple[str, ...], minor: int) -> None:
    found = owned(plan_of(families, minor), "n11", "kube-controller-manager")
    wanted = {f"node-cidr-mask-size-{family}": MASKS[family] for family in families}
    if len(families) == 1 and minor < 23:
        wanted = {"node-cidr-mask-size": MASKS[families[0]]}
    assert {name: value for name, value in found.flags.items() if "mask" in name} == wanted
    every = {"node-cidr-mask-size", "node-cidr-mask-size-ipv4", "node-cidr-mask-size-ipv6"}
    assert set(found.absent) == every - set(wanted)
    assert found.flags["cluster-cidr"] == in_order(families, "10.128.0.0/16", "fd00:128::/48")
    assert found.flags["service-cluster-ip-range"] == in_order(families, "10.96.0.0/16", "fd00:96::/112")
    assert found.flags["allocate-node-cidrs"] == "true"


@BOTH
def test_who_divides_pod_cidrs_itself_gets_no_masks(families: tuple[str, ...]) -> None:
    found = owned(plan_of(families, cni={"plugin": "calico"}), "n11", "kube-controller-manager")
    assert found.flags["allocate-node-cidrs"] == "false"
    assert not any("mask" in name for name in found.flags)
    assert len(found.absent) == 3


@BOTH
def test_the_kubelet_has_an_address_of_each_family(families: tuple[str, ...]) -> None:
    plan = plan_of(families)
    for number in (11, 12):
        found = owned(plan, f"n{number}", "kubelet")
        assert found.flags == {"node-ip": in_order(families, f"10.1.1.{number}", f"fd00:1:1::{number}")}


@BOTH
@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("component", ["kube-apiserver", "kube-controller-manager", "kubelet", "kube-proxy"])
def test_the_gate_is_said_only_where_it_is_needed(families: tuple[str, ...], minor: int, component: str) -> None:
    plan = plan_of(families, minor)
    needed = minor == 20 and len(families) == 2
    assert owned(plan, "n11", component).gates == {"IPv6DualStack": True if needed else None}
    wanted = {"IPv6DualStack": True} if needed else None
    assert proxy.fields(plan, "n11").get("featureGates") == wanted
    assert kubelet.fields(plan, "n11").get("featureGates") == wanted
    assert kubeadm.cluster_configuration(plan).get("featureGates") == wanted


def test_what_is_owned_is_what_the_rules_know() -> None:
    plan = plan_of(("ipv4", "ipv6"))
    for component in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet", "kube-proxy"):
        assert set(of_plan(plan, "n11", component)) == set(OURS.get(component, ()))


def test_the_operators_flags_stand_beside_ours() -> None:
    arguments = {
        "kube-apiserver": {"v": "2", "feature-gates": "A=true, B=False"},
        "etcd": {"unsafe-no-fsync": "true"},
        "kubelet": {"feature-gates": "C=true"},
    }
    plan = plan_of(("ipv4", "ipv6"), arguments=arguments)
    found = owned(plan, "n11", "kube-apiserver")
    assert found.flags["v"] == "2"
    assert "feature-gates" not in found.flags
    assert found.gates == {"A": True, "B": False, "IPv6DualStack": None}
    assert owned(plan, "n11", "etcd").flags == {"unsafe-no-fsync": "true"}
    configuration = kubeadm.cluster_configuration(plan)
    assert configuration["apiServer"]["extraArgs"] == [
        {"name": "v", "value": "2"},
        {"name": "feature-gates", "value": "A=true,B=false"},
    ]
    assert configuration["etcd"] == {"local": {"extraArgs": [{"name": "unsafe-no-fsync", "value": "true"}]}}
    registration = kubeadm.join(plan, "n12")[0]["nodeRegistration"]
    assert {"name": "feature-gates", "value": "C=true"} in registration["kubeletExtraArgs"]


def test_ours_holds_where_a_plan_has_both() -> None:
    plan = plan_of(("ipv4", "ipv6"))
    changed = copy.deepcopy(plan)
    changed["cluster"]["kubernetes"]["arguments"]["kube-controller-manager"] = {
        "cluster-cidr": "10.0.0.0/8",
        "node-cidr-mask-size": "20",
    }
    changed["cluster"]["kubernetes"]["configuration"]["kube-proxy"] = {"clusterCIDR": "10.0.0.0/8"}
    assert owned(changed, "n11", "kube-controller-manager") == owned(plan, "n11", "kube-controller-manager")
    assert proxy.fields(changed, "n11") == proxy.fields(plan, "n11")


@BOTH
def test_fields_of_kube_proxy(families: tuple[str, ...]) -> None:
    cidr = in_order(families, "10.128.0.0/16", "fd00:128::/48")
    assert proxy.fields(plan_of(families), "n11") == {"clusterCIDR": cidr, "mode": "nftables"}
    addresses = in_order(families, "10.1.0.0/16", "fd00:1::/32").split(",")
    given = {"configuration": {"kube-proxy": {"ipvs": {"scheduler": "sh"}, "conntrack": {"min": 0}}}}
    wide = plan_of(families, 30, proxy={"mode": "ipvs", "node_port_addresses": addresses}, **given)
    assert proxy.fields(wide, "n11") == {
        "clusterCIDR": cidr,
        "mode": "ipvs",
        "nodePortAddresses": addresses,
        "ipvs": {"scheduler": "sh", "strictARP": True},
        "conntrack": {"min": 0},
    }


@BOTH
def test_fields_of_the_kubelet(families: tuple[str, ...]) -> None:
    assert kubelet.fields(plan_of(families), "n11") == {
        "clusterDNS": [in_order(families[:1], "10.96.0.10", "fd00:96::a")],
        "clusterDomain": "cluster.local",
    }
    addresses = in_order(families, "10.96.0.10", "fd00:96::a").split(",")
    dns = {"addresses": list(reversed(addresses)), "domain": "example.net"}
    wide = plan_of(families, dns=dns, configuration={"kubelet": {"maxPods": 60}})
    found = {"clusterDNS": addresses, "clusterDomain": "example.net", "maxPods": 60}
    assert kubelet.fields(wide, "n11") == found
    assert kubelet.document(wide["cluster"])["kind"] == "KubeletConfiguration"


@BOTH
@pytest.mark.parametrize(("minor", "api"), [(20, "v1beta2"), (22, "v1beta3"), (30, "v1beta3"), (31, "v1beta4")])
def test_documents_have_the_shape_of_their_version(families: tuple[str, ...], minor: int, api: str) -> None:
    plan = plan_of(families, minor, control_planes=2)
    cluster, init = kubeadm.init(plan, "n11")[:2]
    [join] = kubeadm.join(plan, "n12")
    assert {each["apiVersion"] for each in (cluster, init, join)} == {f"kubeadm.k8s.io/{api}"}
    arguments = init["nodeRegistration"]["kubeletExtraArgs"]
    node_ip = in_order(families, "10.1.1.11", "fd00:1:1::11")
    assert arguments == ([{"name": "node-ip", "value": node_ip}] if api == "v1beta4" else {"node-ip": node_ip})
    assert cluster["networking"] == {
        "serviceSubnet": in_order(families, "10.96.0.0/16", "fd00:96::/112"),
        "podSubnet": in_order(families, "10.128.0.0/16", "fd00:128::/48"),
        "dnsDomain": "cluster.local",
    }
    assert cluster["controlPlaneEndpoint"] == "api.example.net:8443"
    assert join["controlPlane"]["localAPIEndpoint"]["advertiseAddress"] == in_order(
        families[:1], "10.1.1.12", "fd00:1:1::12"
    )
    assert init["localAPIEndpoint"]["bindPort"] == 6443
    socket = init["nodeRegistration"]["criSocket"]
    assert socket == ("unix:///" if minor >= 24 else "/") + "run/containerd/containerd.sock"


@BOTH
def test_the_certificate_has_what_kubeadm_does_not_know(families: tuple[str, ...]) -> None:
    plan = plan_of(families, control_planes=2, certificate_names=["api.example.net"])
    names = kubeadm.cluster_configuration(plan)["apiServer"]["certSANs"]
    assert names[0] == "api.example.net"
    for number in (11, 12):
        assert set(in_order(families, f"10.1.1.{number}", f"fd00:1:1::{number}").split(",")) <= set(names)
    second = in_order(families[1:], "10.96.0.1", "fd00:96::1")
    assert not second or second in names
    assert len(names) == len(set(names))


@BOTH
def test_one_control_plane_is_the_endpoint_itself(families: tuple[str, ...]) -> None:
    plan = plan_of(families)
    host = in_order(families[:1], "10.1.1.11", "[fd00:1:1::11]")
    assert kubeadm.cluster_configuration(plan)["controlPlaneEndpoint"] == f"{host}:6443"
    assert kubeadm.join(plan, "n12")[0]["discovery"]["bootstrapToken"]["apiServerEndpoint"] == f"{host}:6443"
    other = plan_of(families, endpoint={"host": host.strip("[]"), "port": 7443})
    assert kubeadm.init(other, "n11")[1]["localAPIEndpoint"]["bindPort"] == 7443


@pytest.mark.parametrize(
    ("minor", "keys"),
    [
        (23, ["node-role.kubernetes.io/master"]),
        (24, ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"]),
        (25, ["node-role.kubernetes.io/control-plane"]),
    ],
)
def test_a_control_plane_that_is_no_worker_is_tainted(minor: int, keys: list[str]) -> None:
    plan = plan_of(("ipv4", "ipv6"), minor, control_planes=2)
    assert [taint["key"] for taint in kubeadm.init(plan, "n11")[1]["nodeRegistration"]["taints"]] == keys
    own = [{"key": "dedicated", "effect": "NoExecute", "value": "edge"}]  # what is stated of n12, which is a worker too
    assert kubeadm.join(plan, "n12")[0]["nodeRegistration"]["taints"] == own


@pytest.mark.parametrize(("minor", "phases", "disabled"), [(30, True, False), (31, True, True)])
def test_kube_proxy_is_left_out_where_the_plugin_replaces_it(minor: int, phases: bool, disabled: bool) -> None:
    plan = plan_of(("ipv4", "ipv6"), minor, proxy={"mode": "none"}, cni={"plugin": "cilium"})
    cluster, init, *others = kubeadm.init(plan, "n11")
    assert ("skipPhases" in init) == phases
    assert cluster.get("proxy") == ({"disabled": True} if disabled else None)
    assert [each["kind"] for each in others] == ["KubeletConfiguration"]


def test_a_cluster_of_others_has_no_components_of_ours() -> None:
    data, hosts = run(("ipv4", "ipv6"))
    del data["clusters"][0]["kubernetes"]
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    with pytest.raises(ValueError, match="cluster second has no `kubernetes`"):
        owned(plan, "n13", "kubelet")
    with pytest.raises(ValueError, match="cluster second has no `kubernetes`"):
        kubeadm.cluster_configuration(plan, "second")


def test_an_unknown_version_is_refused() -> None:
    plan = plan_of(("ipv4", "ipv6"))
    plan["cluster"]["kubernetes"]["version"] = "1.99.0"
    with pytest.raises(ValueError, match=r"Kubernetes 1\.99\.0 is not known"):
        kubeadm.init(plan, "n11")
