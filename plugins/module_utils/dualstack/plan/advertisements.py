# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advertisements: which nodes announce which pools, how and to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import BITS
from ..findings import WARNING, Finding, nearest
from ..intent.load import Intent
from ..intent.shapes import MISSING, Report, error
from ..intent.well_known import numbers
from .pools import pool_blocks
from .segments import RACK, Segment
from .selecting import HOSTNAME, matches, nodes_of, read, written

PREFERENCE_COMMUNITY = 100


def advertisements(
    intent: Intent,
    pools: list[dict[str, Any]],
    segments: dict[str, Segment],
    nodes: dict[str, Any],
    report: Report,
) -> list[dict[str, Any]]:
    """Every advertisement with its nodes; BGP ones with communities and preferences, layer-2 ones with segments.

    One whose pools select different nodes becomes one advertisement per pool, ``<name>-<pool>``.
    """
    racks = {name: segment for name, segment in segments.items() if segment["kind"] == RACK}
    result = []
    for index, advert in enumerate(intent.advertise):
        cluster = advert["cluster"] or intent.cluster["name"]
        named = [
            node
            for node in nodes_of(advert["node_selectors"], nodes, cluster)
            if advert["nodes"] is None or node in advert["nodes"]
        ]
        for name, chosen in _split(advert, pools):
            names = [node for node in named if _announces(chosen, node, nodes[node])]
            path = advert["at"]
            common = {"name": name, "kind": "bgp", "cluster": cluster, "pools": [pool for pool, _unused in chosen]}
            selecting = {
                "node_selectors": written(advert["node_selectors"]) if advert["nodes"] is None else [],
                "service_selectors": written(advert["service_selectors"]),
            }
            if any(planned and planned["node_selectors"] for _unused, planned in chosen):
                selecting["node_selectors"] = []
            if advert["bgp"] is not None:
                result.append({**common, "nodes": names, **selecting, **_bgp(intent, nodes, index, advert["bgp"])})
            else:
                known = [planned for _unused, planned in chosen if planned]
                layer2 = _layer2(known, racks, names, advert["layer2"], path, report)
                result.append({**common, "kind": "layer2", **selecting, **layer2})
    return result


Chosen = list[tuple[str, "dict[str, Any] | None"]]


def _split(advert: Mapping[str, Any], pools: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Chosen]]:
    """``(name, [(pool, the planned pool or None)])``: together when all pools select the same nodes."""
    by_name = {pool["name"]: pool for pool in pools}
    chosen = [(name, by_name.get(name)) for name in advert["pools"]]
    name = advert["name"] or advert["pools"][0]
    selectors = [planned["node_selectors"] for _unused, planned in chosen if planned]
    if all(each == selectors[0] for each in selectors):
        yield name, chosen
        return
    for entry in chosen:
        yield f"{name}-{entry[0]}", [entry]


def _announces(chosen: Chosen, node: str, facts: Mapping[str, Any]) -> bool:
    labels = {HOSTNAME: node, **facts["labels"]}
    return all(matches(read(planned["node_selectors"]), labels) for _unused, planned in chosen if planned)


def _bgp(intent: Intent, nodes: Mapping[str, Any], index: int, bgp: dict[str, Any]) -> dict[str, Any]:
    communities = [numbers(text, intent.communities) for text in bgp["communities"]]
    preferences = {}
    by_router = bgp["local_preference"] if isinstance(bgp["local_preference"], Mapping) else {}
    if by_router:
        community = preference_community(intent, nodes, index)
        communities.append(community)
        preferences = {
            router: {"community": community, "local_preference": value} for router, value in by_router.items()
        }
    lengths = bgp["aggregation"] or {}
    return {
        "aggregation": {family: lengths.get(family) or BITS[family] for family in intent.families},
        "communities": communities,
        "preferences": preferences,
        "local_preference": None if isinstance(bgp["local_preference"], Mapping) else bgp["local_preference"],
        "peers": bgp["peers"],
    }


def preference_community(intent: Intent, nodes: Mapping[str, Any], index: int) -> str:
    """The community by which routers know the prefixes of advertisement ``index`` (RFC 1997; RFC 8092: 4-octet ASN).

    Its first number is the ASN of all nodes, else that of the first node, so that further nodes change nothing.
    """
    asn = intent.fabric["node_asn"] or next((facts["asn"] for facts in nodes.values()), 0)
    number = PREFERENCE_COMMUNITY + index
    return f"{asn}:{number}" if asn <= 65535 else f"large:{asn}:0:{number}"


def _layer2(
    chosen: list[dict[str, Any]],
    racks: dict[str, Segment],
    names: list[str],
    layer2: dict[str, Any],
    path: str,
    report: Report,
) -> dict[str, Any]:
    on_link: list[str] = []
    for pool in chosen:
        for block in pool_blocks(pool):
            holders = [
                name
                for name, rack in racks.items()
                if any(blocks.parse_network(text).contains(block) for text in rack["networks"].values())
            ]
            if racks and not holders:
                reason = (
                    f"block {block} of pool {pool['name']} is on no rack's subnet, so nobody asks for it by ARP or NDP"
                )
                fix = "Take the block from a rack's network, or advertise the pool by bgp."
                error(report, "layer2-off-link", f"{path}.layer2", str(block), reason, fix)
            on_link += [name for name in holders if name not in on_link]
    members = [node for node in names if not racks or any(node in racks[name]["members"] for name in on_link)]
    if not racks:
        reason = "the intent has no racks, so whether anybody on the nodes' segment asks for the pools is not checked"
        report(Finding("layer2-no-racks", WARNING, f"{path}.layer2", "", reason, "Describe the rack of the nodes."))
    if on_link and not members:
        reason = f"no selected node stands on {' or '.join(on_link)}"
        error(report, "nobody-announces", path, MISSING, reason, "Select nodes of that rack.")
    for interface in layer2["interfaces"]:
        stated = {
            racks[name]["members"][node]["interface"]
            for name in on_link
            for node in members
            if node in racks[name]["members"]
        } - {None}
        if stated and interface not in stated:
            reason = "no selected node stands on the pool's segment by this interface"
            fix = f"Write {nearest(interface, stated)}"
            error(report, "unknown-interface", f"{path}.layer2.interfaces", interface, reason, fix)
    return {
        "nodes": members,
        "interfaces": list(layer2["interfaces"]),
        "preferred_nodes": [
            {"weight": each["weight"], "selector": written([each["selector"]])[0]} for each in layer2["preferred_nodes"]
        ],
        "segments": on_link,
    }
