# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every BGP session of the fabric, both ends at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..addresses.blocks import IPV6
from ..intent.load import Intent
from .segments import LINK, RACK, Segment, link_name, remote_name
from .selecting import nodes_of
from .terms import Terms, terms

NODE_TIER = -1
UNNUMBERED = "unnumbered"


class End(NamedTuple):
    """One end of a session to be."""

    host: str
    tier: int
    facts: dict[str, Any]


def build(
    intent: Intent, segments: dict[str, Segment], routers: dict[str, Any], nodes: dict[str, Any]
) -> list[dict[str, Any]]:
    """Sessions of nodes (by node), then of links between routers.

    Per family or one for both, as the peer group or the fabric says.
    """
    result: list[dict[str, Any]] = []
    racks = {name: segment for name, segment in segments.items() if segment["kind"] == RACK}
    peering = _peering(intent, nodes)
    agreed = {name: terms(intent, intent.fabric["racks"][name]["peer_group"]) for name in racks}
    remote = {peer["name"]: _terms_of_peer(intent, peer) for peer in intent.fabric["peers"]}
    links = [link for link in intent.fabric["links"] if link_name(link) in segments]
    for node, facts in nodes.items():
        low = End(node, NODE_TIER, facts)
        for name, segment in racks.items():
            if node in segment["members"] and node in peering[name]:
                for router in (member for member in segment["members"] if member in routers):
                    high = End(router, routers[router]["tier"], routers[router])
                    result += _pair(intent, name, segment, low, high, agreed[name])
        for link in links:
            if node in link["between"]:
                (router,) = (end for end in link["between"] if end != node)
                high = End(router, routers[router]["tier"], routers[router])
                name = link_name(link)
                result += _pair(intent, name, segments[name], low, high, terms(intent, link["peer_group"]))
        for peer in intent.fabric["peers"]:
            segment = segments[remote_name(peer["name"])]
            if node in segment["members"]:
                high = End(peer["name"], routers[peer["name"]]["tier"], routers[peer["name"]])
                result += _to_peer(intent, peer, segment, low, high, remote[peer["name"]])
    for link in links:
        if not set(link["between"]) <= set(routers):
            continue
        name = link_name(link)
        first, second = sorted(link["between"], key=lambda host: (routers[host]["tier"], host))
        ends = [End(host, routers[host]["tier"], routers[host]) for host in (first, second)]
        result += _pair(intent, name, segments[name], ends[0], ends[1], terms(intent, link["peer_group"]))
    return result


def _peering(intent: Intent, nodes: dict[str, Any]) -> dict[str, set[str]]:
    """The nodes of each rack that have sessions with its routers."""
    clusters = list(dict.fromkeys(facts["cluster"] for facts in nodes.values()))
    return {
        name: {node for cluster in clusters for node in nodes_of(rack["node_selectors"], nodes, cluster)}
        for name, rack in intent.fabric["racks"].items()
    }


def _pair(intent: Intent, name: str, segment: Segment, low: End, high: End, agreed: Terms) -> Iterator[dict[str, Any]]:
    members = segment["members"]
    if segment["kind"] == LINK and not segment["networks"]:
        families = [family for family in intent.families if family in low.facts.get("families", intent.families)]
        yield _session(name, segment, low, high, (IPV6, families), agreed, UNNUMBERED)
        return
    common = [
        family
        for family in intent.families
        if all(family in members[end.host]["addresses"] for end in (low, high))
        and family in low.facts.get("families", intent.families)
    ]
    for transport, carried in _layout(agreed.layout, common):
        yield _session(name, segment, low, high, (transport, carried), agreed, transport)


def _terms_of_peer(intent: Intent, peer: dict[str, Any]) -> Terms:
    agreed = terms(intent, peer["peer_group"])
    dynamic = agreed.values["dynamic_asn"] or peer["dynamic_asn"] is not None
    return agreed._replace(values={**agreed.values, "dynamic_asn": dynamic})


def _to_peer(
    intent: Intent, peer: dict[str, Any], segment: Segment, low: End, high: End, agreed: Terms
) -> Iterator[dict[str, Any]]:
    """Sessions with a router of others: one per address that the intent gives."""
    options = {key: peer[key] for key in ("multihop", "local_asn", "router_id", "vrf") if peer[key] is not None}
    if peer["port"] != 179:
        options["port"] = peer["port"]
    if peer["source_address"] is not None:
        options["source_address"] = peer["source_address"]
    name = remote_name(peer["name"])
    families = [family for family in intent.families if family in low.facts["families"]]
    if peer["interface"] is not None:
        yield _session(name, segment, low, high, (IPV6, families), agreed, UNNUMBERED, options)
    for transport in families:
        if all(transport in segment["members"][end.host]["addresses"] for end in (low, high)):
            carried = families if peer["both_families"] else [transport]
            yield _session(name, segment, low, high, (transport, carried), agreed, transport, options)


def _session(
    name: str,
    segment: Segment,
    low: End,
    high: End,
    carried: tuple[str, list[str]],
    agreed: Terms,
    label: str,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    transport, families = carried
    internal = low.facts["asn"] == high.facts["asn"]
    return {
        "name": f"{low.host}--{high.host}--{label}",
        "kind": "node" if low.tier == NODE_TIER else "fabric",
        "type": "ibgp" if internal else "ebgp",
        "segment": name,
        "transport": transport,
        "families": families,
        "ends": [
            {
                "host": end.host,
                "tier": end.tier,
                "asn": end.facts["asn"],
                "address": None if label == UNNUMBERED else segment["members"][end.host]["addresses"][transport],
                "interface": segment["members"][end.host]["interface"],
            }
            for end in (low, high)
        ],
        "unnumbered": label == UNNUMBERED,
        "reflector": _reflector(low, high) if internal else None,
        **agreed.values,
        "options": options or {},
    }


def _reflector(low: End, high: End) -> str | None:
    """The end that reflects what the other sends (RFC 4456): the other is its client.

    Between two reflectors of different tiers the higher one reflects; two of one tier are a mesh.
    """
    if high.facts.get("route_reflector") and (not low.facts.get("route_reflector") or low.tier < high.tier):
        return high.host
    if low.facts.get("route_reflector") and not high.facts.get("route_reflector"):
        return low.host
    return None


def _layout(sessions: str, common: list[str]) -> list[tuple[str, list[str]]]:
    if sessions == "per-family":
        return [(family, [family]) for family in common]
    transport = sessions[len("over-") :]
    return [(transport, list(common))] if transport in common else []
