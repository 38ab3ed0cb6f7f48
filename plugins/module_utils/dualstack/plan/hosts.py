# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers and nodes: ASN, BGP identifier, loopback, tier and what a router originates."""

from __future__ import annotations

import zlib
from typing import Any

from ..addresses import blocks, carve
from ..addresses.blocks import BITS, IPV4, AddressError
from ..intent.load import Intent, host_path
from ..intent.shapes import MISSING, Report, error
from . import kubernetes
from .segments import NETWORK, RACK, Segment, remote_name

LAST_UNICAST = (224 << 24) - 1


def routers(intent: Intent, segments: dict[str, Segment], report: Report) -> dict[str, dict[str, Any]]:
    """Every router in inventory order."""
    tiers = _tiers(intent)
    result = {}
    for number, (name, facts) in enumerate(intent.routers.items(), start=1):
        loopback = _loopback(intent, name, number, facts, report)
        if name not in tiers:
            error(
                report,
                "router-alone",
                host_path(name),
                "",
                "no rack and no link leads to this router",
                "Add it to a rack's routers or to fabric.links.",
            )
        result[name] = {
            "asn": facts["asn"],
            "router_id": facts["router_id"] or loopback.get(IPV4) or identifier(name),
            "managed": facts["managed"] and facts["platform"] == "frr",
            "platform": facts["platform"],
            "route_reflector": facts["route_reflector"],
            "tier": tiers.get(name, 0),
            "loopback": loopback,
            "originates": _originates(intent, name, loopback, segments),
            "maximum_paths": facts["maximum_paths"] or intent.fabric["maximum_paths"],
        }
    for peer in intent.fabric["peers"]:
        result.setdefault(peer["name"], _peer(intent, peer, segments))
    return result


def _peer(intent: Intent, peer: dict[str, Any], segments: dict[str, Segment]) -> dict[str, Any]:
    """A router of others: known by its addresses and its ASN, which is null when any is accepted."""
    addresses = segments[remote_name(peer["name"])]["members"][peer["name"]]["addresses"]
    return {
        "asn": intent.fabric["node_asn"] if peer["dynamic_asn"] == "internal" else peer["asn"],
        "router_id": addresses.get(IPV4) or identifier(peer["name"]),
        "managed": False,
        "platform": "other",
        "route_reflector": False,
        "tier": 0,
        "loopback": {},
        "originates": {family: [] for family in intent.families},
        "maximum_paths": intent.fabric["maximum_paths"],
    }


def nodes(intent: Intent, report: Report) -> dict[str, dict[str, Any]]:
    """Every node in inventory order."""
    result = {}
    for name, facts in intent.nodes.items():
        cluster = facts["cluster"] or intent.cluster["name"]
        asn = facts["asn"] or _asn(intent, name, facts, cluster, report)
        first: dict[str, str] = next(iter(facts["racks"].values()), facts["addresses"] or {})
        families = next(
            (list(each["families"]) for each in intent.clusters if each["name"] == cluster and each["families"]),
            list(intent.families),
        )
        result[name] = {
            "asn": asn,
            "router_id": facts["router_id"] or first.get(IPV4) or identifier(name),
            "labels": dict(facts["labels"]),
            "cluster": cluster,
            "families": families,
            "addresses": {
                family: facts["addresses"][family] for family in intent.families if family in facts["addresses"]
            }
            if facts["addresses"]
            else {},
            "kubernetes": kubernetes.node(intent, name, families),
        }
    return result


def identifier(name: str) -> str:
    """BGP identifier of a host without an IPv4 address: from the CRC-32 of its name, never 0 (RFC 6286 section 2.1).

    Between 1.0.0.0 and 223.255.255.255: FRR and others refuse an identifier that looks like a multicast or class E
    address.
    """
    return blocks.address_text(IPV4, (1 << 24) + zlib.crc32(name.encode()) % (LAST_UNICAST - (1 << 24) + 1))


def _asn(intent: Intent, node: str, facts: dict[str, Any], cluster: str, report: Report) -> int:
    """The ASN of the node's racks, else of its cluster, else of all nodes; 0 when nothing states one."""
    racks = [intent.fabric["racks"][rack] for rack in facts["racks"] if rack in intent.fabric["racks"]]
    of_cluster = next((each["node_asn"] for each in intent.clusters if each["name"] == cluster), None)
    default = of_cluster or intent.fabric["node_asn"] or 0
    asns = sorted({rack["node_asn"] or default for rack in racks}) or [default]
    path = f"{host_path(node)}.asn"
    if of_cluster and asns != [of_cluster]:
        reason = f"its rack says {', '.join(map(str, asns))}, its cluster {of_cluster}"
        error(report, "node-asn", path, MISSING, reason, "State the node's asn, or leave one of the two out.")
    elif len(asns) > 1:
        reason = f"its racks give it different ASNs ({', '.join(map(str, asns))})"
        error(report, "node-asn", path, MISSING, reason, "State the node's asn.")
    elif asns == [0] and (_linked(intent, node) or any(rack["routers"] for rack in racks) or intent.fabric["peers"]):
        fix = "Set dualstack.fabric.node_asn, the rack's node_asn or the node's asn."
        error(report, "node-asn", path, MISSING, "the node has no ASN", fix)
    return asns[0]


def _linked(intent: Intent, node: str) -> bool:
    return any(node in link["between"] for link in intent.fabric["links"])


def _tiers(intent: Intent) -> dict[str, int]:
    tiers = {
        router: 0 for rack in intent.fabric["racks"].values() for router in rack["routers"] if router in intent.routers
    }
    for link in intent.fabric["links"]:
        if set(link["between"]) & set(intent.nodes):
            tiers.update({end: 0 for end in link["between"] if end in intent.routers})
    wave = list(tiers)
    while wave:
        following = []
        for router in wave:
            for link in intent.fabric["links"]:
                if router in link["between"]:
                    other = next((end for end in link["between"] if end != router), router)
                    if other in intent.routers and other not in tiers:
                        tiers[other] = tiers[router] + 1
                        following.append(other)
        wave = following
    return tiers


def _loopback(intent: Intent, name: str, number: int, facts: dict[str, Any], report: Report) -> dict[str, str]:
    given = facts["loopback"] or {}
    found = {}
    for family in intent.families:
        if family in given:
            found[family] = given[family]
            continue
        supernet = (intent.fabric["loopbacks"] or {}).get(family)
        if supernet is None or given:
            continue
        try:
            found[family] = blocks.address_text(family, carve.host(blocks.parse_network(supernet), number).first)
        except AddressError as problem:
            error(
                report,
                "subnet-full",
                "dualstack.fabric.loopbacks",
                supernet,
                str(problem),
                f"Use a larger block, or give {name} its loopback.",
            )
    return found


def _originates(
    intent: Intent, name: str, loopback: dict[str, str], segments: dict[str, Segment]
) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for family in intent.families:
        own = [f"{loopback[family]}/{BITS[family]}"] if family in loopback else []
        own += [
            segment["networks"][family]
            for segment in segments.values()
            if segment["kind"] in (RACK, NETWORK) and name in segment["members"] and family in segment["networks"]
        ]
        result[family] = own
    return result
