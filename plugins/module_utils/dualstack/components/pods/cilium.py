# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cilium is given: values for its Helm chart.

Its own pools have defaults that must never be left: the one of IPv6, fd00::/104, holds every address fd00::N that
people give to their hosts. With kube-controller-manager dividing the pod CIDRs, agents wait until their Node has one of
each family. Cilium's own BGP, announcements by ARP and load-balancer addresses stay off: they are our speaker's or
MetalLB's. Masquerading in eBPF, which exceptions need, is beta for IPv6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILIES, IPV4, IPV6

_WORD = {IPV4: "IPv4", IPV6: "IPv6"}
_KEY = {IPV4: "ipv4", IPV6: "ipv6"}


def values(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Values for a cluster of the plan, to be given to ``helm install cilium --values``."""
    kubernetes, pods = cluster["kubernetes"], cluster["pods"]
    cni = kubernetes["cni"]
    result: dict[str, Any] = {
        **{_KEY[family]: {"enabled": family in pods} for family in FAMILIES},
        "ipam": {"mode": "kubernetes"} if cni["allocate_node_cidrs"] else _own_pools(cluster),
        **{f"enable{_WORD[family]}Masquerade": family in cni["masquerade"] for family in FAMILIES},
        "bgpControlPlane": {"enabled": False},
        "l2announcements": {"enabled": False},
        "kubeProxyReplacement": kubernetes["proxy"]["mode"] == "none",
    }
    if cni["allocate_node_cidrs"]:
        result["k8s"] = {f"require{_WORD[family]}PodCIDR": family in pods for family in FAMILIES}
    if cni["encapsulation"] == "vxlan":
        result |= {"routingMode": "tunnel", "tunnelProtocol": "vxlan", "underlayProtocol": _KEY[cluster["families"][0]]}
    else:
        result |= {"routingMode": "native"}
        result |= {f"{_KEY[family]}NativeRoutingCIDR": cidr for family, cidr in pods.items()}
    if kubernetes["proxy"]["mode"] == "none":
        result |= {"k8sServiceHost": kubernetes["endpoint"]["host"], "k8sServicePort": kubernetes["endpoint"]["port"]}
    if cni["mtu"]:
        result["MTU"] = cni["mtu"]
    kept = [cidr for cidrs in cni["non_masquerade"].values() for cidr in cidrs]
    if kept:
        result["bpf"] = {"masquerade": True}
        inside = [*pods.values(), *cluster["services"].values()]
        result["ipMasqAgent"] = {"enabled": True, "config": {"nonMasqueradeCIDRs": [*inside, *kept]}}
    return result


def _own_pools(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Cilium's cluster-pool, with the pod CIDRs and node lengths of the plan."""
    operator: dict[str, Any] = {}
    for family, cidr in cluster["pods"].items():
        operator[f"clusterPool{_WORD[family]}PodCIDRList"] = [cidr]
        operator[f"clusterPool{_WORD[family]}MaskSize"] = cluster["node_cidr_lengths"][family]
    return {"mode": "cluster-pool", "operator": operator}
