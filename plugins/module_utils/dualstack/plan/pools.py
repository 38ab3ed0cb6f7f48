# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools and how they are advertised."""

from __future__ import annotations

from typing import Any

from ..addresses import blocks, carve
from ..addresses.blocks import BITS, AddressError, Block
from ..findings import ERROR, Finding, nearest
from ..intent.load import Intent
from ..intent.shapes import Report
from .segments import Segment

PREFERENCE_COMMUNITY = 100


def pools(intent: Intent, report: Report) -> list[dict[str, Any]]:
    """Every pool with its blocks per family, as CIDR or range text."""
    result = []
    for index, pool in enumerate(intent.pools):
        path = f"dualstack.pools[{index}]"
        found: dict[str, list[str]] = {}
        for text in pool["blocks"] or []:
            found.setdefault(blocks.family_of(text), []).append(text)
        for family, text in (pool["from"] or {}).items():
            try:
                found[family] = [str(_take(blocks.parse_network(text), pool["take"]))]
            except AddressError as problem:
                report(
                    Finding(
                        "pool-take",
                        ERROR,
                        f"{path}.take",
                        pool["take"],
                        str(problem),
                        "Use take: all, or a larger supernet.",
                    )
                )
        for family in found:
            if family not in intent.families:
                report(
                    Finding(
                        "family-extra",
                        ERROR,
                        path,
                        found[family][0],
                        f"the cluster has no {blocks.FAMILY_NAME[family]}",
                        "Remove it, or add the family to cluster.families.",
                    )
                )
        result.append(
            {
                "name": pool["name"],
                "auto_assign": pool["auto_assign"],
                "avoid_buggy_ips": pool["avoid_buggy_ips"],
                "labels": dict(pool["labels"]),
                "blocks": {family: found[family] for family in intent.families if family in found},
            }
        )
    return result


def advertisements(
    intent: Intent,
    plan_pools: list[dict[str, Any]],
    segments: dict[str, Segment],
    nodes: dict[str, Any],
    report: Report,
) -> list[dict[str, Any]]:
    """Every advertisement with its nodes; BGP ones with communities and preferences, layer-2 ones with segments."""
    by_name = {pool["name"]: pool for pool in plan_pools}
    result = []
    for index, advert in enumerate(intent.advertise):
        path = f"dualstack.advertise[{index}]"
        chosen = [by_name[name] for name in advert["pools"] if name in by_name]
        names = [node for node in nodes if advert["nodes"] is None or node in advert["nodes"]]
        common = {"name": advert["name"] or advert["pools"][0], "pools": list(advert["pools"])}
        if advert["bgp"] is not None:
            result.append({**common, "kind": "bgp", "nodes": names, **_bgp(intent, index, advert["bgp"])})
        else:
            result.append(
                {**common, "kind": "layer2", **_layer2(chosen, segments, names, advert["layer2"], path, report)}
            )
    return result


def pool_blocks(pool: dict[str, Any]) -> list[Block]:
    """All blocks of a planned pool."""
    return [blocks.parse(text) for texts in pool["blocks"].values() for text in texts]


def _take(supernet: Block, part: str) -> Block:
    if part == "all":
        return supernet
    return carve.halves(supernet)[0 if part == "first-half" else 1]


def _bgp(intent: Intent, index: int, bgp: dict[str, Any]) -> dict[str, Any]:
    communities = list(bgp["communities"])
    preferences = {}
    if bgp["local_preference"]:
        community = preference_community(intent, index)
        communities.append(community)
        preferences = {
            router: {"community": community, "local_preference": value}
            for router, value in bgp["local_preference"].items()
        }
    return {
        "aggregation": {family: BITS[family] for family in intent.families},
        "communities": communities,
        "preferences": preferences,
    }


def preference_community(intent: Intent, index: int) -> str:
    """The community by which routers know the prefixes of advertisement ``index`` (RFC 1997; RFC 8092: 4-octet ASN)."""
    asn = intent.fabric["node_asn"] or next((facts["asn"] for facts in intent.nodes.values() if facts["asn"]), 0)
    number = PREFERENCE_COMMUNITY + index
    return f"{asn}:{number}" if asn <= 65535 else f"large:{asn}:0:{number}"


def _layer2(
    chosen: list[dict[str, Any]],
    segments: dict[str, Segment],
    names: list[str],
    layer2: dict[str, Any],
    path: str,
    report: Report,
) -> dict[str, Any]:
    racks = {name: segment for name, segment in segments.items() if segment["kind"] == "rack"}
    on_link: list[str] = []
    for pool in chosen:
        for block in pool_blocks(pool):
            holders = [
                name
                for name, rack in racks.items()
                if any(blocks.parse_network(text).contains(block) for text in rack["networks"].values())
            ]
            if not holders:
                reason = (
                    f"block {block} of pool {pool['name']} is on no rack's subnet, so nobody asks for it by ARP or NDP"
                )
                report(
                    Finding(
                        "layer2-off-link",
                        ERROR,
                        f"{path}.layer2",
                        str(block),
                        reason,
                        "Take the block from a rack's network, or advertise the pool by bgp.",
                    )
                )
            on_link += [name for name in holders if name not in on_link]
    members = [node for node in names if any(node in racks[name]["members"] for name in on_link)]
    if on_link and not members:
        report(
            Finding(
                "nobody-announces",
                ERROR,
                path,
                "",
                f"no selected node stands on {' or '.join(on_link)}",
                "Select nodes of that rack.",
            )
        )
    for interface in layer2["interfaces"]:
        stated = {
            racks[name]["members"][node]["interface"]
            for name in on_link
            for node in members
            if node in racks[name]["members"]
        } - {None}
        if stated and interface not in stated:
            report(
                Finding(
                    "unknown-interface",
                    ERROR,
                    f"{path}.layer2.interfaces",
                    interface,
                    "no selected node stands on the pool's segment by this interface",
                    f"Write {nearest(interface, stated)}",
                )
            )
    return {"nodes": members, "interfaces": list(layer2["interfaces"]), "segments": on_link}
