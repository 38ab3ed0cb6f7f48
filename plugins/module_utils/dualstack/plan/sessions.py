# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every BGP session of the fabric, both ends at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..intent.load import Intent
from .segments import Segment

NODE_TIER = -1


def build(
    intent: Intent, segments: dict[str, Segment], routers: dict[str, Any], nodes: dict[str, Any]
) -> list[dict[str, Any]]:
    """Sessions of nodes (by node), then of links; per family or one for both as ``fabric.sessions`` says."""
    result: list[dict[str, Any]] = []
    for node in nodes:
        for name, segment in segments.items():
            if segment["kind"] == "rack" and node in segment["members"]:
                for router in (member for member in segment["members"] if member in routers):
                    result += _pair(
                        intent,
                        name,
                        segment,
                        (node, NODE_TIER, nodes[node]),
                        (router, routers[router]["tier"], routers[router]),
                    )
    for name, segment in segments.items():
        if segment["kind"] == "link":
            first, second = sorted(segment["members"], key=lambda host: (routers[host]["tier"], host))
            result += _pair(
                intent,
                name,
                segment,
                (first, routers[first]["tier"], routers[first]),
                (second, routers[second]["tier"], routers[second]),
            )
    return result


def _pair(
    intent: Intent,
    name: str,
    segment: Segment,
    low: tuple[str, int, dict[str, Any]],
    high: tuple[str, int, dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    common = [
        family
        for family in intent.families
        if all(family in segment["members"][end[0]]["addresses"] for end in (low, high))
    ]
    for transport, carried in _layout(intent.fabric["sessions"], common):
        yield {
            "name": f"{low[0]}--{high[0]}--{transport}",
            "kind": "node" if low[1] == NODE_TIER else "fabric",
            "type": "ibgp" if low[2]["asn"] == high[2]["asn"] else "ebgp",
            "segment": name,
            "transport": transport,
            "families": carried,
            "ends": [
                {
                    "host": host,
                    "tier": tier,
                    "asn": facts["asn"],
                    "address": segment["members"][host]["addresses"][transport],
                }
                for host, tier, facts in (low, high)
            ],
            "timers": dict(intent.fabric["timers"]),
            "password": dict(intent.fabric["password"]) if intent.fabric["password"] else None,
        }


def _layout(sessions: str, common: list[str]) -> list[tuple[str, list[str]]]:
    if sessions == "per-family":
        return [(family, [family]) for family in common]
    transport = sessions[len("over-") :]
    return [(transport, list(common))] if transport in common else []
