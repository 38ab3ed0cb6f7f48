# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VIPs: one entry per Service, family and kind of advertisement, which is what the evidence looks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import BITS
from ..announcing.election import elect
from .selecting import HOSTNAME, matches, read


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
    preferences = {advert["name"]: _preference(plan, advert) for advert in plan["advertisements"]}
    return [
        _vip(plan, service, advert, address, clients, preferences)
        for service in plan["services"]
        for address, pool in _held(service)
        for advert in adverts.get(pool, [])
        if selects(advert, service)
    ]


def selects(advert: Mapping[str, Any], service: Mapping[str, Any]) -> bool:
    """Whether an advertisement announces the VIPs of a Service of its pools."""
    return bool(
        advert["cluster"] == service["cluster"] and matches(read(advert["service_selectors"]), service["labels"])
    )


def _held(service: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each address with its pool."""
    for address in service["addresses"]:
        yield address, service["pools"][blocks.family_of(address)]


def _preference(plan: Mapping[str, Any], advert: Mapping[str, Any]) -> dict[str, int]:
    """The weight of each node: the sum of what it matches (MetalLB's preferredNodeSelectors)."""
    return {
        node: sum(
            each["weight"]
            for each in advert.get("preferred_nodes", [])
            if matches(read([each["selector"]]), {HOSTNAME: node, **plan["nodes"][node]["labels"]})
        )
        for node in advert["nodes"]
    }


def _vip(
    plan: Mapping[str, Any],
    service: Mapping[str, Any],
    advert: Mapping[str, Any],
    address: str,
    clients: Mapping[str, list[str]],
    preferences: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    family = blocks.family_of(address)
    layer2 = advert["kind"] == "layer2"
    preference = preferences[advert["name"]]
    announcer = elect(advert["nodes"], service["addresses"][0], preference) if layer2 else None
    return {
        "vip": address,
        "family": family,
        "service": f"{service['namespace']}/{service['name']}",
        "pool": service["pools"][family],
        "mode": advert["kind"],
        "port": next((port["port"] for port in service["ports"] if port["protocol"] == "TCP"), None),
        "prefix": None if layer2 else _prefix(address, advert["aggregation"][family]),
        "advertisement": advert["name"],
        "announcer": announcer,
        "segments": [name for name in advert.get("segments", []) if announcer in plan["segments"][name]["members"]],
        "clients": list(clients[family]),
    }


def _prefix(address: str, length: int) -> str:
    block = blocks.parse_address(address)
    host_bits = BITS[block.family] - length
    return str(blocks.network(block.family, block.first >> host_bits << host_bits, length))
