# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan needs of a host, in a form small enough to be handed to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import AddressError, parse, parse_address, parse_network
from ...plan.cluster_lookup import named
from .. import ranges
from ..flags import OURS
from ..pods.bridge import OVERHEAD, PORT
from ..pods.peers import Peers
from ..reading import pair

# Of kubelet, kube-proxy's health, etcd's clients and peers, kube-controller-manager, kube-scheduler:
# "Ports and Protocols" of the documentation of Kubernetes.
EVERYWHERE = {10250: "kubelet", 10256: "kube-proxy"}
CONTROL_PLANE = {2379: "etcd", 2380: "etcd", 10257: "kube-controller-manager", 10259: "kube-scheduler"}


def needs(plan: Mapping[str, Any], node: str) -> dict[str, Any]:
    """The needs of a node that runs Kubernetes.

    ``networks`` are the networks of its addresses by family (those of segments that the plan knows), ``overhead`` is
    what VXLAN takes of the MTU of its interface in bytes, ``segments`` on how many segments it stands, ``ranges`` the
    flags with CIDRs by component, of a control plane, ``endpoint`` its name, empty where it is an address.
    """
    mine = plan["nodes"][node]
    cluster = named(plan, mine["cluster"])
    kubernetes, own = cluster["kubernetes"], mine["kubernetes"]
    peers = Peers(plan, cluster["name"])
    addresses = peers.own(node)
    cni = kubernetes["cni"]
    tunnel = cni["plugin"] == "bridge" and cni["encapsulation"] == "vxlan" and peers.tunnelled()
    ports = dict(EVERYWHERE) if kubernetes["proxy"]["mode"] != "none" else {10250: "kubelet"}
    if own["control_plane"]:
        ports |= {kubernetes["endpoint"]["port"]: "kube-apiserver", **CONTROL_PLANE}
    return {
        "node": node,
        "cluster": cluster["name"],
        "version": kubernetes["version"],
        "run_by": kubernetes["run_by"],
        "families": list(mine["families"]),
        "addresses": addresses,
        "networks": {family: _network(plan, node, family, address) for family, address in addresses.items()},
        "segments": sum(node in segment["members"] for segment in plan["segments"].values()),
        "nodes": len(peers.nodes),
        "proxy": kubernetes["proxy"]["mode"],
        "plugin": cni["plugin"],
        "mtu": cni["mtu"],
        "overhead": OVERHEAD[next(iter(addresses))] if tunnel else 0,
        "tcp": {str(port): name for port, name in ports.items()},
        "udp": {str(PORT): "VXLAN"} if tunnel else {},
        "kubelet": dict(kubernetes["configuration"]["kubelet"]),
        "endpoint": _name(kubernetes["endpoint"]["host"]),
        "ranges": _ranges(cluster) if own["control_plane"] else {},
    }


def _name(host: str | None) -> str:
    """The host of an endpoint where it has to be looked up."""
    try:
        parse_address(host or "")
    except AddressError:
        return host or ""
    return ""


def _ranges(cluster: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {
        component: {name: pair(cluster, key) for name, key in ranges.FLAGS.items() if name in ours}
        for component, ours in OURS.items()
        if not set(ours).isdisjoint(ranges.FLAGS)
    }


def _network(plan: Mapping[str, Any], node: str, family: str, address: str) -> str:
    """The network of an address, empty where the plan knows none."""
    for segment in plan["segments"].values():
        network = segment["networks"].get(family)
        if network and node in segment["members"] and parse_network(network).contains(parse(address)):
            return str(network)
    return ""
