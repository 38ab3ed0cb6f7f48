# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in pod network of a node as plain data: addresses for pods, routes, VXLAN, what is masqueraded.

Pods get their addresses from the pod CIDRs of their Node by the CNI plugins bridge and host-local, one of each family.
To the pods of other nodes lead routes (see ``peers``); those without a segment in common go over one VXLAN device
(RFC 7348) whose forwarding entries and neighbours are static: its hardware address follows from the node's name, so
nobody has to tell it to anybody. The device carries both families, between addresses of the cluster's first one. With
the encapsulation ``none``, routers know the pod CIDRs, and the default routes lead there.

What leaves for neither pods, nodes nor Services is masqueraded, per family, where the plan says so: routers know
nothing of pods. The set of those is what ip-masq-agent calls ``nonMasqueradeCIDRs``; its own exception for link-local
destinations is kept as well, and multicast is no business of NAT.

Left out on purpose: several paths to one node, and encryption.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ...addresses.blocks import BITS, IPV4, IPV6, address_text, parse_network
from ...addresses.sets import merge
from ...plan.cluster_lookup import named
from .peers import Peers

BRIDGE = "cni0"
DEVICE = "dspods"
VNI = 244  # where the plan has none
PORT = 4789  # of UDP (RFC 7348 section 4.1)
OVERHEAD = {IPV4: 50, IPV6: 70}  # of VXLAN by the family that carries it: Ethernet, VXLAN, UDP and IP headers
LEAST_MTU = 1280  # of a link that carries IPv6 (RFC 8200 section 5)
NEVER = {IPV4: ("169.254.0.0/16", "224.0.0.0/4"), IPV6: ("fe80::/10", "ff00::/8")}  # link-local, multicast
MAC_HEAD = "02:64"  # locally administered (IEEE 802)
ANYWHERE = {IPV4: "0.0.0.0/0", IPV6: "::/0"}

PodCidrs = Mapping[str, Sequence[str]]


def network(plan: Mapping[str, Any], node: str, pod_cidrs: PodCidrs) -> dict[str, Any]:
    """What a node needs, as plain data; ``files`` and ``state`` make text and commands of it.

    ``pod_cidrs`` are ``spec.podCIDRs`` of the Nodes by name. A node that is not among them is not routed to. Raises
    ValueError when the node itself lacks one for a family of its cluster.
    """
    cluster = named(plan, plan["nodes"][node]["cluster"])
    cni = cluster["kubernetes"]["cni"]
    peers = Peers(plan, cluster["name"])
    found = _by_family(pod_cidrs.get(node, ()))
    lacking = [family for family in cluster["pods"] if family not in found]
    if lacking:
        raise ValueError(f"the Node {node} has no pod CIDR of {' and '.join(lacking)}")
    own = {family: found[family] for family in cluster["pods"]}
    carrier = next(iter(peers.own(node)))
    near, far = _ways(peers, node, own, pod_cidrs)
    vxlan = cni["encapsulation"] == "vxlan" and peers.tunnelled()
    return {
        "node": node,
        "cidrs": own,
        "underlay": peers.own(node)[carrier],
        "mtu": cni["mtu"],
        "overhead": OVERHEAD[carrier] if vxlan else 0,
        "conflist": _conflist(own),
        "routes": [*near, *(_tunnel(cidr) for cidrs in far.values() for cidr in cidrs if vxlan)],
        "vxlan": _vxlan(peers, node, own, carrier, far, cni["vni"] or VNI) if vxlan else None,
        "masquerade": {family: _kept(cluster, peers, family) for family in cni["masquerade"] if family in own},
    }


def hardware_address(node: str) -> str:
    """The hardware address of a node's VXLAN device: of its name, the same wherever it is worked out."""
    digest = hashlib.sha256(node.encode()).hexdigest()[:8]
    return ":".join([MAC_HEAD, *(digest[place : place + 2] for place in range(0, 8, 2))])


def end_of_tunnel(cidr: str) -> str:
    """The address of a node's VXLAN device: the first of its pod CIDR, which host-local hands to no pod."""
    block = parse_network(cidr)
    return address_text(block.family, block.first)


def _conflist(own: Mapping[str, str]) -> dict[str, Any]:
    """A configuration list by the CNI specification 1.0.0; the MTU is put in on the host.

    Each inner list of ``ranges`` is a choice, the outer one gives an address of each.
    """
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": cidr}] for cidr in own.values()],
            "routes": [{"dst": ANYWHERE[family]} for family in own],
        },
    }
    return {
        "cniVersion": "1.0.0",
        "name": "dualstack",
        "plugins": [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}],
    }


def _ways(
    peers: Peers, node: str, own: Mapping[str, str], pod_cidrs: PodCidrs
) -> tuple[list[dict[str, str]], dict[str, list[str]]]:
    """The routes of a node by addresses on its segments, and of each other peer the pod CIDRs."""
    near: list[dict[str, str]] = []
    far: dict[str, list[str]] = {}
    for peer in peers.nodes:
        if peer == node:
            continue
        for family, cidr in _by_family(pod_cidrs.get(peer, ())).items():
            if family in own:
                via = peers.on_link(node, peer, family)
                if via is None:
                    far.setdefault(peer, []).append(cidr)
                else:
                    near.append({"to": cidr, "via": via, "device": ""})
    return near, far


def _tunnel(cidr: str) -> dict[str, str]:
    return {"to": cidr, "via": end_of_tunnel(cidr), "device": DEVICE}


def _vxlan(
    peers: Peers, node: str, own: Mapping[str, str], carrier: str, far: Mapping[str, Sequence[str]], number: int
) -> dict[str, Any]:
    return {
        "device": DEVICE,
        "id": number,
        "port": PORT,
        "hardware_address": hardware_address(node),
        "addresses": [f"{end_of_tunnel(cidr)}/{BITS[family]}" for family, cidr in own.items()],
        "peers": [
            {
                "hardware_address": hardware_address(peer),
                "remote": peers.own(peer)[carrier],
                "gateways": [end_of_tunnel(cidr) for cidr in cidrs],
            }
            for peer, cidrs in far.items()
        ],
    }


def _kept(cluster: Mapping[str, Any], peers: Peers, family: str) -> list[str]:
    """The destinations that see the pods' own addresses, as CIDRs and ranges that do not touch."""
    given = [
        cluster["pods"][family],
        *([cluster["services"][family]] if family in cluster["services"] else []),
        *NEVER[family],
        *cluster["kubernetes"]["cni"]["non_masquerade"].get(family, []),
        *(f"{address}/{BITS[family]}" for name in peers.nodes for address in peers.addresses(name, family)),
    ]
    return [str(block) for block in merge(parse_network(cidr) for cidr in given)]


def _by_family(cidrs: Sequence[str]) -> dict[str, str]:
    blocks = map(parse_network, cidrs)
    return {block.family: str(block) for block in blocks}
