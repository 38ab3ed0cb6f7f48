# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes: for every BGP advertisement and family, who announces its prefixes and what each router should hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..announcing.propagation import neighbours, propagate

Route = dict[str, Any]


def build(plan: Mapping[str, Any]) -> dict[str, dict[str, Route]]:
    """``{advertisement: {family: {announcers, routers}}}``; ``plan`` holds sessions, segments and advertisements."""
    families = plan["cluster"]["families"]
    links = {family: neighbours(plan["sessions"], plan["segments"], family) for family in families}
    speaking = {
        (session["ends"][0]["host"], family)
        for session in plan["sessions"]
        if session["kind"] == "node"
        for family in session["families"]
    }
    result: dict[str, dict[str, Route]] = {}
    for advert in plan["advertisements"]:
        if advert["kind"] == "bgp":
            result[advert["name"]] = {}
            for family in families:
                announcers = [node for node in advert["nodes"] if (node, family) in speaking]
                held = propagate(
                    links[family], announcers, _preferences(advert), advert["local_preference"], advert["peers"]
                )
                routers = _held(advert, held, plan["routers"])
                result[advert["name"]][family] = {"announcers": announcers, "routers": routers}
    return result


def _preferences(advert: Mapping[str, Any]) -> dict[str, int]:
    return {router: entry["local_preference"] for router, entry in advert["preferences"].items()}


def _held(advert: Mapping[str, Any], held: Mapping[str, Any], routers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        router: {
            "next_hops": list(dict.fromkeys(path.next_hop for path in held[router])),
            "communities": list(advert["communities"]),
            "local_preference": held[router][0].preference if held[router][0].set_preference else None,
        }
        for router in routers
        if router in held
    }
