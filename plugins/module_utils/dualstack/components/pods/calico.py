# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico is given: objects for its operator, and variables for those who install it from its manifest.

Calico divides the pod CIDRs itself. It announces nothing over BGP unless pods are reached without encapsulation, so
that the routers' sessions are our speaker's or MetalLB's alone: a router takes one session from an address. Its own
handing out of load-balancer addresses is off as long as no pool of it is made for them, which is not done here.

A pool that is disabled hands out nothing, and is one of those "inside" all the same: that is how destinations are kept
from being masqueraded. VXLAN for IPv6 needs Calico 3.23; kube-proxy's mode nftables goes with Calico's own (3.29).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import IPV4, IPV6

BLOCK_SIZES = {IPV4: 26, IPV6: 122}  # Calico's defaults, said because a pool's can't be changed
DATAPLANES = {"nftables": "Nftables", "none": "BPF"}
OPERATOR = "tigera-operator"

Object = dict[str, Any]


def objects(cluster: Mapping[str, Any]) -> list[Object]:
    """Objects of a cluster of the plan, in the order to apply them. The operator and its definitions must be there."""
    kubernetes = cluster["kubernetes"]
    cni = kubernetes["cni"]
    network: dict[str, Any] = {
        "bgp": "Disabled" if cni["encapsulation"] == "vxlan" else "Enabled",
        "linuxDataplane": DATAPLANES.get(kubernetes["proxy"]["mode"], "Iptables"),
        "ipPools": [_pool(cluster, family) for family in cluster["pods"]],
        "nodeAddressAutodetectionV4": _found(cluster, IPV4),
        "nodeAddressAutodetectionV6": _found(cluster, IPV6),
    }
    if cni["mtu"]:
        network["mtu"] = cni["mtu"]
    installation = {
        "apiVersion": "operator.tigera.io/v1",
        "kind": "Installation",
        "metadata": {"name": "default"},
        "spec": {
            "cni": {"type": "Calico", "ipam": {"type": "Calico"}},
            "calicoNetwork": {key: value for key, value in network.items() if value is not None},
        },
    }
    return [*_endpoint(kubernetes), installation]


def outside_pools(cluster: Mapping[str, Any]) -> list[Object]:
    """Pools that hand out nothing, one for each destination that sees the pods' own addresses.

    They are of Calico's API server, so they can be applied once Calico is up.
    """
    return [
        {
            "apiVersion": "projectcalico.org/v3",
            "kind": "IPPool",
            "metadata": {"name": f"dualstack-unmasqueraded-{family}-{number}"},
            "spec": {"cidr": cidr, "disabled": True},
        }
        for family, cidrs in cluster["kubernetes"]["cni"]["non_masquerade"].items()
        for number, cidr in enumerate(cidrs, start=1)
    ]


def environment(cluster: Mapping[str, Any]) -> dict[str, str]:
    """Variables of the container calico-node, for an installation from Calico's manifest."""
    cni = cluster["kubernetes"]["cni"]
    tunnel = "Always" if cni["encapsulation"] == "vxlan" else "Never"
    variables = {"CALICO_NETWORKING_BACKEND": "vxlan" if cni["encapsulation"] == "vxlan" else "bird"}
    for family, suffix, digit in ((IPV4, "", "4"), (IPV6, "6", "6")):
        if family not in cluster["pods"]:
            variables[f"IP{suffix}"] = "none"
            continue
        variables |= {
            f"IP{suffix}": "autodetect",
            f"IP{suffix}_AUTODETECTION_METHOD": "kubernetes-internal-ip",
            f"CALICO_IPV{digit}POOL_CIDR": cluster["pods"][family],
            f"CALICO_IPV{digit}POOL_BLOCK_SIZE": str(BLOCK_SIZES[family]),
            f"CALICO_IPV{digit}POOL_VXLAN": tunnel,
            f"CALICO_IPV{digit}POOL_NAT_OUTGOING": "true" if family in cni["masquerade"] else "false",
        }
    if IPV4 in cluster["pods"]:
        variables["CALICO_IPV4POOL_IPIP"] = "Never"
    variables["FELIX_IPV6SUPPORT"] = "true" if IPV6 in cluster["pods"] else "false"
    if cluster["kubernetes"]["proxy"]["mode"] == "nftables":
        variables["FELIX_NFTABLESMODE"] = "Enabled"
    return variables


def _pool(cluster: Mapping[str, Any], family: str) -> Object:
    cni = cluster["kubernetes"]["cni"]
    return {
        "name": f"pods-{family}",
        "cidr": cluster["pods"][family],
        "blockSize": BLOCK_SIZES[family],
        "encapsulation": "VXLAN" if cni["encapsulation"] == "vxlan" else "None",
        "natOutgoing": "Enabled" if family in cni["masquerade"] else "Disabled",
        "nodeSelector": "all()",
    }


def _found(cluster: Mapping[str, Any], family: str) -> dict[str, str] | None:
    """How Calico finds the address of a node: it is what its kubelet says."""
    return {"kubernetes": "NodeInternalIP"} if family in cluster["pods"] else None


def _endpoint(kubernetes: Mapping[str, Any]) -> list[Object]:
    """Without kube-proxy, Calico must be told where the API server is before Services work."""
    if kubernetes["proxy"]["mode"] != "none":
        return []
    where = kubernetes["endpoint"]
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kubernetes-services-endpoint", "namespace": OPERATOR},
            "data": {"KUBERNETES_SERVICE_HOST": where["host"], "KUBERNETES_SERVICE_PORT": str(where["port"])},
        }
    ]
