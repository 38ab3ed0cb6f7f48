# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VIPs: for every Service and family, who announces the address and what each router should hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import BITS
from ..announcing.election import elect
from ..announcing.propagation import neighbours, propagate


def build(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry per Service, family and kind of advertisement. ``plan`` holds everything but the VIPs."""
    routes = _Routes(plan)
    result = []
    for service in plan["services"]:
        for advert in (entry for entry in plan["advertisements"] if service["pool"] in entry["pools"]):
            for address in service["addresses"]:
                result.append(_vip(plan, service, advert, address, routes))
    return result


def _vip(
    plan: Mapping[str, Any], service: Mapping[str, Any], advert: Mapping[str, Any], address: str, routes: _Routes
) -> dict[str, Any]:
    family = blocks.family_of(address)
    layer2 = advert["kind"] == "layer2"
    if layer2:
        winner = elect(advert["nodes"], service["addresses"][0])
        announcers = [winner] if winner else []
    else:
        announcers = [node for node in advert["nodes"] if (node, family) in routes.speaking]
    return {
        "vip": address,
        "family": family,
        "service": f"{service['namespace']}/{service['name']}",
        "pool": service["pool"],
        "mode": advert["kind"],
        "port": service["ports"][0]["port"],
        "prefix": None if layer2 else f"{address}/{BITS[family]}",
        "announcers": announcers,
        "segments": [
            name
            for name in advert.get("segments", [])
            if announcers and announcers[0] in plan["segments"][name]["members"]
        ],
        "routers": {} if layer2 else routes.of(advert, family, announcers),
        "clients": [name for name, client in plan["clients"].items() if family in client["families"]],
    }


class _Routes:
    """Propagation, computed once per advertisement and family."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._links = {
            family: neighbours(plan["sessions"], plan["segments"], family) for family in plan["cluster"]["families"]
        }
        self.speaking = {
            (session["ends"][0]["host"], family)
            for session in plan["sessions"]
            if session["kind"] == "node"
            for family in session["families"]
        }
        self._routers = plan["routers"]
        self._known: dict[tuple[str, str], dict[str, Any]] = {}

    def of(self, advert: Mapping[str, Any], family: str, announcers: list[str]) -> dict[str, Any]:
        key = (advert["name"], family)
        if key not in self._known:
            preferences = {router: entry["local_preference"] for router, entry in advert["preferences"].items()}
            held = propagate(self._links[family], announcers, preferences)
            self._known[key] = {
                router: {
                    "next_hops": [path.next_hop for path in held[router]],
                    "communities": list(advert["communities"]),
                    "local_preference": held[router][0].preference if held[router][0].set_preference else None,
                }
                for router in self._routers
                if router in held
            }
        return {
            router: {**entry, "next_hops": list(entry["next_hops"]), "communities": list(entry["communities"])}
            for router, entry in self._known[key].items()
        }
