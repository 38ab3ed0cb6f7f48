# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlaps: no two networks, pools or addresses of the fabric may claim the same address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..addresses import blocks
from ..addresses.blocks import Block
from ..addresses.sets import overlaps
from ..findings import ERROR, Finding
from ..intent.load import Intent, host_path

RACK, POOL, LINK, OTHER = "rack", "pool", "link", "other"


class Owner(NamedTuple):
    """Who claims a block: ``kind``, a name for people and the path in the intent. Blocks of one ``group`` may nest."""

    kind: str
    name: str
    path: str
    group: str = ""
    layer2: bool = False


def blocks_overlap(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """Any two of node networks, loopbacks, links, router networks, pod and service CIDRs and pools.

    Allowed: a layer-2 pool inside a rack's subnet, and a router's own loopback inside fabric.loopbacks.
    """
    for first, second, shared in overlaps(_owned(intent, plan)):
        if first.group == second.group != "":
            continue
        kinds = {first.kind: first, second.kind: second}
        if set(kinds) == {RACK, POOL} and kinds[POOL].layer2:
            continue
        reason = f"{second.name} and {first.name} ({first.path}) share {shared}"
        fix = "Give one of them other addresses."
        if set(kinds) == {RACK, POOL}:
            fix = "Advertise the pool by layer2 only, or take it from addresses outside the rack's subnet."
        yield Finding("overlap", ERROR, second.path, str(shared), reason, fix)


def addresses_twice(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """No two hosts may have the same address; loopbacks included."""
    del intent
    seen: dict[str, str] = {}
    for host, where, address in _addresses(plan):
        if address in seen and seen[address] != f"{host} ({where})":
            yield Finding(
                "address-twice",
                ERROR,
                host_path(host),
                address,
                f"is given to {seen[address]} and to {host} ({where})",
                "Give one of them another address.",
            )
        seen.setdefault(address, f"{host} ({where})")


def identifiers_twice(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """BGP identifiers must be unique within an AS (RFC 6286 section 2.1); here within the fabric."""
    del intent
    seen: dict[str, str] = {}
    for group in ("routers", "nodes"):
        for host, facts in plan[group].items():
            identifier = facts["router_id"]
            if blocks.family_of(identifier) != blocks.IPV4:
                yield Finding(
                    "router-id",
                    ERROR,
                    f"{host_path(host)}.router_id",
                    identifier,
                    "a BGP identifier is 32 bits, written as an IPv4 address",
                    "Write four decimal numbers.",
                )
            elif blocks.parse_address(identifier).first >> 24 in (0, *range(224, 256)):
                yield Finding(
                    "router-id",
                    ERROR,
                    f"{host_path(host)}.router_id",
                    identifier,
                    "peers refuse an identifier that looks like a multicast, class E or 0.x address",
                    "Choose one between 1.0.0.0 and 223.255.255.255.",
                )
            if identifier in seen:
                yield Finding(
                    "router-id",
                    ERROR,
                    f"{host_path(host)}.router_id",
                    identifier,
                    f"is the BGP identifier of {seen[identifier]} too",
                    "State another router_id.",
                )
            seen.setdefault(identifier, host)


def pool_holds_host(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """A pool must not hold the address of a host: two would answer for it."""
    planned = [(index, pool["name"], block) for index, pool in enumerate(plan["pools"]) for block in _pool_blocks(pool)]
    del intent
    for host, where, address in _addresses(plan):
        parsed = blocks.parse_address(address)
        for index, name, block in planned:
            if block.contains(parsed):
                reason = f"pool {name} ({block}) holds the address of {host} ({where})"
                yield Finding(
                    "pool-holds-host",
                    ERROR,
                    f"dualstack.pools[{index}]",
                    address,
                    reason,
                    "Leave the address out of the pool.",
                )


def _pool_blocks(pool: Mapping[str, Any]) -> list[Block]:
    return [blocks.parse(text) for texts in pool["blocks"].values() for text in texts]


def _addresses(plan: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, segment in plan["segments"].items():
        for host, member in segment["members"].items():
            for address in member["addresses"].values():
                yield host, name, address
    for host, router in plan["routers"].items():
        for address in router["loopback"].values():
            yield host, "loopback", address


def _owned(intent: Intent, plan: Mapping[str, Any]) -> Iterator[tuple[Owner, Block]]:
    for key, name in (("pods", "the pod CIDR"), ("services", "the service CIDR")):
        for text in (intent.cluster[key] or {}).values():
            yield Owner(OTHER, name, f"dualstack.cluster.{key}"), blocks.parse_network(text)
    for key, name in (("loopbacks", "the loopbacks"), ("links_from", "the links")):
        for text in (intent.fabric[key] or {}).values():
            yield (
                Owner(LINK if key == "links_from" else OTHER, name, f"dualstack.fabric.{key}", key),
                blocks.parse_network(text),
            )
    for name, rack in intent.fabric["racks"].items():
        for text in rack["network"].values():
            yield Owner(RACK, f"rack {name}", f"dualstack.fabric.racks.{name}.network"), blocks.parse_network(text)
    for index, link in enumerate(intent.fabric["links"]):
        for text in (link["network"] or {}).values():
            yield (
                Owner(LINK, f"link {' - '.join(link['between'])}", f"dualstack.fabric.links[{index}].network"),
                blocks.parse_network(text),
            )
    for router, facts in intent.routers.items():
        for text in (facts["network"] or {}).values():
            yield (
                Owner(OTHER, f"the network behind {router}", f"{host_path(router)}.network"),
                blocks.parse_network(text),
            )
        for text in (facts["loopback"] or {}).values():
            yield (
                Owner(OTHER, f"the loopback of {router}", f"{host_path(router)}.loopback", "loopbacks"),
                blocks.parse_address(text),
            )
    layer2 = {name for advert in plan["advertisements"] if advert["kind"] == "layer2" for name in advert["pools"]}
    for index, pool in enumerate(plan["pools"]):
        for block in _pool_blocks(pool):
            yield Owner(POOL, f"pool {pool['name']}", f"dualstack.pools[{index}]", layer2=pool["name"] in layer2), block
