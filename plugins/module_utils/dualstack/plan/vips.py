# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VIPs: one entry per Service, family and kind of advertisement, which is what the evidence looks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import BITS
from ..announcing.election import elect


def build(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All VIPs in the order of the Services. ``plan`` holds everything but routes and VIPs."""
    adverts: dict[str, list[Mapping[str, Any]]] = {}
    for advert in plan["advertisements"]:
        for pool in advert["pools"]:
            adverts.setdefault(pool, []).append(advert)
    clients = {
        family: [name for name, client in plan["clients"].items() if family in client["families"]]
        for family in plan["cluster"]["families"]
    }
    return [
        _vip(plan, service, advert, address, clients)
        for service in plan["services"]
        for advert in adverts.get(service["pool"], [])
        for address in service["addresses"]
    ]


def _vip(
    plan: Mapping[str, Any],
    service: Mapping[str, Any],
    advert: Mapping[str, Any],
    address: str,
    clients: Mapping[str, list[str]],
) -> dict[str, Any]:
    family = blocks.family_of(address)
    layer2 = advert["kind"] == "layer2"
    announcer = elect(advert["nodes"], service["addresses"][0]) if layer2 else None
    return {
        "vip": address,
        "family": family,
        "service": f"{service['namespace']}/{service['name']}",
        "pool": service["pool"],
        "mode": advert["kind"],
        "port": service["ports"][0]["port"],
        "prefix": None if layer2 else f"{address}/{BITS[family]}",
        "advertisement": advert["name"],
        "announcer": announcer,
        "segments": [name for name in advert.get("segments", []) if announcer in plan["segments"][name]["members"]],
        "clients": list(clients[family]),
    }
