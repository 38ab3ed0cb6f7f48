# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes itself, of clusters that the collection runs: what components share, and what each node is there.

Which families are masqueraded follows from the pod CIDR: nobody outside has a route back to private addresses
(RFC 1918, RFC 6598, RFC 4193), so that pods leave with the address of their node; global ones are routed as they are,
which keeps their source visible and needs no state on the node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..addresses import blocks, carve
from ..addresses.blocks import AddressError
from ..components.versions import Version, nearest
from ..intent.kubernetes import API_PORT
from ..intent.load import Intent

PRIVATE = tuple(
    map(blocks.parse_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
DIVIDE_THEMSELVES = ("calico", "cilium")  # Calico IPAM and Cilium's cluster-pool do not look at Node.spec.podCIDRs
DNS_HOST = 10  # kubeadm: the tenth address of the first service CIDR


def cluster(
    intent: Intent, given: Mapping[str, Any], families: list[str], cidrs: Mapping[str, Mapping[str, str]]
) -> dict[str, Any] | None:
    """What stands under ``kubernetes`` of a cluster of the plan; ``cidrs``: its ``pods`` and ``services`` by family."""
    wanted = given["kubernetes"]
    if wanted is None:
        return None
    cni, proxy, dns = wanted["cni"], wanted["proxy"], wanted["dns"]
    masquerade = cni["masquerade"]
    if masquerade is None:
        masquerade = [family for family in families if is_private(cidrs["pods"].get(family))]
    addresses = dns["addresses"] or kube_dns(families, cidrs["services"])
    return {
        "version": wanted["version"],
        "run_by": wanted["run_by"],
        "endpoint": _endpoint(intent, given, families),
        "certificate_names": list(wanted["certificate_names"]),
        "image_repository": wanted["image_repository"],
        "proxy": {
            "mode": proxy["mode"] or nearest(Version.parse(wanted["version"])).proxy_default,
            "node_port_addresses": list(proxy["node_port_addresses"]),
        },
        "cni": {
            "plugin": cni["plugin"],
            "allocate_node_cidrs": allocates(cni),
            "masquerade": [family for family in families if family in masquerade],
            "non_masquerade": {
                family: [text for text in cni["non_masquerade"] if blocks.family_of(text) == family]
                for family in families
            },
            "encapsulation": cni["encapsulation"],
            "vni": cni["vni"],
            "mtu": cni["mtu"],
        },
        "dns": {
            "addresses": {family: addresses[family] for family in families if family in addresses},
            "domain": dns["domain"],
        },
        "arguments": {name: dict(flags) for name, flags in wanted["arguments"].items()},
        "configuration": dict(wanted["configuration"]),
    }


def node(intent: Intent, name: str, families: list[str]) -> dict[str, Any] | None:
    """What stands under ``kubernetes`` of a node of the plan; None where somebody else runs its cluster."""
    owner = intent.nodes[name]["cluster"] or intent.cluster["name"]
    if not any(each["name"] == owner and each["kubernetes"] for each in (intent.cluster, *intent.clusters)):
        return None
    control_planes = _control_planes(intent, owner)
    node_ip = _addresses(intent.nodes[name], families)
    return {
        "control_plane": name in control_planes,
        "first": control_planes[:1] == [name],
        "worker": name in intent.workers,
        "node_ip": node_ip,
        "advertise": next(iter(node_ip), None) if name in control_planes else None,
        "taints": [dict(taint) for taint in intent.nodes[name]["taints"]],
    }


def _control_planes(intent: Intent, owner: str) -> list[str]:
    """The control planes of a cluster in the order of their group."""
    own = {name for name, facts in intent.nodes.items() if (facts["cluster"] or intent.cluster["name"]) == owner}
    return [name for name in intent.control_planes if name in own]


def _addresses(facts: Mapping[str, Any], families: list[str]) -> list[str]:
    """One address of each family: that of the first rack that has one, else the node's own."""
    places = [*facts["racks"].values(), facts["addresses"] or {}]
    return [address for family in families for address in [place[family] for place in places if family in place][:1]]


def _first_address(intent: Intent, given: Mapping[str, Any], families: list[str]) -> str | None:
    for name in _control_planes(intent, given["name"])[:1]:
        return next(iter(_addresses(intent.nodes[name], families)), None)
    return None


def _endpoint(intent: Intent, given: Mapping[str, Any], families: list[str]) -> dict[str, Any]:
    stated = given["kubernetes"]["endpoint"]
    if stated:
        return dict(stated)
    return {"host": _first_address(intent, given, families), "port": API_PORT}


def allocates(cni: Mapping[str, Any]) -> bool:
    """Whether kube-controller-manager gives Nodes their pod CIDRs: as stated, else unless the plugin does it itself."""
    stated = cni["allocate_node_cidrs"]
    return cni["plugin"] not in DIVIDE_THEMSELVES if stated is None else bool(stated)


def is_private(cidr: str | None) -> bool:
    """Whether all of a CIDR is private, so that nobody outside has a route back to it."""
    return cidr is not None and any(private.contains(blocks.parse_network(cidr)) for private in PRIVATE)


def kube_dns(families: Sequence[str], services: Mapping[str, str]) -> dict[str, str]:
    """Where kubeadm puts the Service kube-dns, by family; empty where there is no room for it."""
    for family in families[:1]:
        if family in services:
            try:
                address = carve.host(blocks.parse_network(services[family]), DNS_HOST)
            except AddressError:
                return {}  # too small, which a rule tells
            return {family: blocks.address_text(family, address.first)}
    return {}
