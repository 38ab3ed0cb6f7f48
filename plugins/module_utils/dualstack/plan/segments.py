# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments: every layer-2 segment of the fabric with its members and their addresses."""

from __future__ import annotations

from typing import Any

from ..addresses import blocks, carve
from ..addresses.blocks import BITS, FAMILY_NAME, AddressError, Block
from ..findings import ERROR, Finding
from ..intent.load import Intent, host_path
from ..intent.shapes import Report
from .selecting import nodes_of, written

Segment = dict[str, Any]
RACK, LINK, NETWORK, REMOTE = "rack", "link", "network", "remote"


def build(intent: Intent, report: Report) -> dict[str, Segment]:
    """Racks first, then links, networks behind routers and peers that are known by address; each as in the intent.

    Reports addresses that do not fit their segment. Unknown hosts are left out (another rule names them).
    """
    segments: dict[str, Segment] = {}
    for name, rack in intent.fabric["racks"].items():
        segments[name] = _rack(intent, name, rack, report)
    for index, link in enumerate(intent.fabric["links"]):
        if linked(intent, link):
            segments[link_name(link)] = _link(intent, index, link, report)
    for router, facts in intent.routers.items():
        if facts["network"]:
            segments[f"{router}-lan"] = _network(intent, router, facts["network"], report)
    for peer in intent.fabric["peers"]:
        segments[remote_name(peer["name"])] = _remote(intent, peer)
    return segments


def linked(intent: Intent, link: dict[str, Any]) -> bool:
    """Whether a link is between two routers, or unnumbered between a router and a node."""
    ends = set(link["between"])
    routers, nodes = ends & set(intent.routers), ends & set(intent.nodes)
    return len(routers) == 2 or (link["unnumbered"] and len(routers) == len(nodes) == 1)


def link_name(link: dict[str, Any]) -> str:
    """The segment of a link."""
    return "--".join(link["between"])


def remote_name(peer: str) -> str:
    """The segment between the nodes and a peer that is known by its addresses alone."""
    return f"{peer}-peer"


def _rack(intent: Intent, name: str, rack: dict[str, Any], report: Report) -> Segment:
    networks = _ordered(intent, rack["network"])
    members: dict[str, Any] = {}
    path = f"dualstack.fabric.racks.{name}"
    for number, router in enumerate(rack["routers"], start=1):
        if router in intent.routers:
            members[router] = _member(None, _hosts(networks, number, f"{path}.network", report))
    for node, facts in intent.nodes.items():
        if name in facts["racks"]:
            node_path = f"{host_path(node)}.racks.{name}"
            addresses = _ordered(intent, facts["racks"][name])
            _inside(addresses, networks, node_path, f"rack {name}", report)
            members[node] = _member(rack["interface"], addresses)
    for client, facts in intent.clients.items():
        if facts["rack"] == name:
            addresses = _ordered(intent, facts["addresses"])
            _inside(addresses, networks, f"{host_path(client)}.addresses", f"rack {name}", report)
            members[client] = _member(None, addresses)
    selectors = written(rack["node_selectors"])
    return {"kind": RACK, "networks": networks, "members": members, "node_selectors": selectors}


def _link(intent: Intent, index: int, link: dict[str, Any], report: Report) -> Segment:
    path = link["at"]
    if link["unnumbered"]:
        return {"kind": LINK, "networks": {}, "members": {end: _end(link, end, {}) for end in link["between"]}}
    supernets = intent.fabric["links_from"] or {}
    networks = dict(link["network"] or {})
    for family in intent.families:
        if family in networks or family not in supernets:
            continue
        try:
            networks[family] = str(carve.subnet(blocks.parse_network(supernets[family]), BITS[family] - 1, index))
        except AddressError as problem:
            report(
                Finding(
                    "link-network",
                    ERROR,
                    path,
                    "",
                    str(problem),
                    f"Give the link its own network, or links_from a larger {FAMILY_NAME[family]} block.",
                )
            )
    networks = _ordered(intent, networks)
    for family in intent.families:
        if family not in networks and family not in supernets:
            report(
                Finding(
                    "link-network",
                    ERROR,
                    path,
                    "",
                    f"has no {FAMILY_NAME[family]} subnet",
                    "Add it to fabric.links_from, or give the link a network.",
                )
            )
    point_to_point = all(blocks.parse_network(text).size <= 2 for text in networks.values())
    first = 0 if point_to_point else 1
    members = {
        end: _end(link, end, _hosts(networks, first + number, path, report))
        for number, end in enumerate(link["between"])
    }
    return {"kind": LINK, "networks": networks, "members": members}


def _network(intent: Intent, router: str, network: dict[str, str], report: Report) -> Segment:
    networks = _ordered(intent, network)
    members = {router: _member(None, _hosts(networks, 1, f"{host_path(router)}.network", report))}
    for client, facts in intent.clients.items():
        if facts["behind"] == router:
            addresses = _ordered(intent, facts["addresses"])
            _inside(addresses, networks, f"{host_path(client)}.addresses", f"the network behind {router}", report)
            members[client] = _member(None, addresses)
    return {"kind": NETWORK, "networks": networks, "members": members}


def _remote(intent: Intent, peer: dict[str, Any]) -> Segment:
    """A peer and the nodes that have sessions with it, each with the address from which it reaches the peer."""
    cluster = peer["cluster"] or intent.cluster["name"]
    nodes = {
        name: {"labels": facts["labels"], "cluster": facts["cluster"] or intent.cluster["name"]}
        for name, facts in intent.nodes.items()
    }
    members = {peer["name"]: _member(None, _ordered(intent, peer["addresses"] or {}))}
    for node in nodes_of(peer["node_selectors"], nodes, cluster):
        addresses = _towards(intent, node, peer["addresses"] or {})
        if peer["source_address"] is not None:
            addresses[blocks.family_of(peer["source_address"])] = peer["source_address"]
        members[node] = _member(peer["interface"], addresses)
    selectors = written(peer["node_selectors"])
    return {"kind": REMOTE, "networks": {}, "members": members, "node_selectors": selectors}


def _towards(intent: Intent, node: str, addresses: dict[str, str]) -> dict[str, str]:
    """The node's address of each family on the rack that holds the peer's, else on its first rack, else its own."""
    facts = intent.nodes[node]
    found: dict[str, str] = {}
    for family in intent.families:
        candidates = [(rack, own[family]) for rack, own in facts["racks"].items() if family in own]
        near = [
            own
            for rack, own in candidates
            if family in addresses
            and family in intent.fabric["racks"].get(rack, {"network": {}})["network"]
            and blocks.parse_network(intent.fabric["racks"][rack]["network"][family]).contains(
                blocks.parse_address(addresses[family])
            )
        ]
        options = [*near, *(own for _unused, own in candidates)]
        if family in (facts["addresses"] or {}):
            options.append(facts["addresses"][family])
        if options:
            found[family] = options[0]
    return found


def _end(link: dict[str, Any], host: str, addresses: dict[str, str]) -> dict[str, Any]:
    return _member(link["interfaces"].get(host), addresses)


def _member(interface: str | None, addresses: dict[str, str]) -> dict[str, Any]:
    return {"interface": interface, "addresses": addresses}


def _ordered(intent: Intent, per_family: dict[str, str]) -> dict[str, str]:
    return {family: per_family[family] for family in intent.families if family in per_family}


def _hosts(networks: dict[str, str], number: int, path: str, report: Report) -> dict[str, str]:
    found = {}
    for family, text in networks.items():
        try:
            address = carve.host(blocks.parse_network(text), number)
            found[family] = blocks.address_text(family, address.first)
        except AddressError as problem:
            report(Finding("subnet-full", ERROR, path, text, str(problem), "Use a larger subnet."))
    return found


def _inside(addresses: dict[str, str], networks: dict[str, str], path: str, where: str, report: Report) -> None:
    for family, text in addresses.items():
        if family not in networks:
            reason = f"{where} has no {FAMILY_NAME[family]} subnet"
            report(Finding("address-outside", ERROR, path, text, reason, "Remove the address, or add the subnet."))
            continue
        subnet = blocks.parse_network(networks[family])
        address = blocks.parse_address(text)
        if not subnet.contains(address):
            report(
                Finding(
                    "address-outside",
                    ERROR,
                    path,
                    text,
                    f"is not inside {subnet}, the subnet of {where}",
                    f"Choose an address of {subnet}.",
                )
            )
        elif _reserved(subnet, address):
            report(
                Finding(
                    "address-reserved",
                    ERROR,
                    path,
                    text,
                    f"is the network, subnet-router anycast or broadcast address of {subnet}",
                    "Choose a host address.",
                )
            )


def _reserved(subnet: Block, address: Block) -> bool:
    """Network, broadcast (RFC 1122 3.2.1.3) and subnet-router anycast (RFC 4291 2.6.1); none in /31 and /127."""
    if subnet.size <= 2:
        return False
    return address.first == subnet.first or (subnet.family == blocks.IPV4 and address.first == subnet.last)
