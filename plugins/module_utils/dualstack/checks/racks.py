# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Racks: who stands in them, and what happens when a router of them fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import IPV6, Block
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent, host_path
from ..plan.pools import pool_blocks
from ..plan.segments import RACK
from .owners import host_addresses
from .places import FABRIC, among, standing
from .rule import Plan, Problem, rule


@rule("rack-empty", HINT)
def empty(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Somebody stands in every rack.

    Source: a rack without nodes announces nothing; mostly a node was moved, or its rack's name is another's.
    """
    for name in intent.fabric["racks"]:
        if not any(member in plan["nodes"] for member in plan["segments"][name]["members"]):
            yield Problem(f"{FABRIC}.racks.{name}", name, "no node stands in it", "Add nodes, or remove the rack.")


@rule("rack-one-router", HINT)
def one_router(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Nodes have sessions with two routers, so that one may fail.

    Source: RFC 4271 section 9.1 (a route goes with its session): each upgrade of the router is an outage.
    """
    places = standing(plan)
    around = {
        name: {member for member in segment["members"] if member in plan["routers"]}
        for name, segment in plan["segments"].items()
    }
    for name in intent.fabric["racks"]:
        routers = list(around[name])
        alone = [
            node
            for node in plan["segments"][name]["members"]
            if node in plan["nodes"] and len(set().union(*(around[place] for place in places[node]))) == 1
        ]
        if len(routers) == 1 and alone:
            reason = f"when {routers[0]} fails, nothing is announced by those who have no other router: {among(alone)}"
            yield Problem(f"{FABRIC}.racks.{name}.routers", routers[0], reason, "Add a second router to the rack.")


@rule("node-two-racks", HINT)
def two_racks(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node of several racks answers for a layer-2 VIP through the rack where it was asked.

    Source: RFC 3704 section 2.2: routers with strict filters drop what leaves by the default route of another rack.
    """
    answering = {
        (node, segment)
        for advert in plan["advertisements"]
        for segment in advert.get("segments", ())
        for node in advert["nodes"]
    }
    for node, places in standing(plan).items():
        own = [name for name in places if node in plan["nodes"] and plan["segments"][name]["kind"] == RACK]
        asked = [name for name in own if (node, name) in answering]
        if len(own) > 1 and asked:
            reason = f"stands in {among(own)} with one default route, and answers for layer-2 VIPs on {among(asked)}"
            fix = "Give the node a routing table per rack (ip rule from the VIP), or keep it off the advertisement."
            yield Problem(f"{host_path(node)}.racks", "", reason, fix)


@rule("network-length", WARNING)
def length(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """IPv6 networks with hosts in them are /64.

    Source: RFC 4291 section 2.5.1, RFC 7421: stateless autoconfiguration and much else count on 64 bits.
    """
    del plan
    places = [(f"{FABRIC}.racks.{name}.network", rack["network"]) for name, rack in intent.fabric["racks"].items()]
    places += [(f"{host_path(name)}.network", facts["network"] or {}) for name, facts in intent.routers.items()]
    for path, networks in places:
        if IPV6 in networks and blocks.parse_network(networks[IPV6]).prefix_length != 64:
            yield Problem(path, networks[IPV6], "is not a /64", "Use a /64, or silence the rule with the reason.")


@rule("gateway-outside", ERROR)
def gateway_outside(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The gateways of a rack lie in its networks.

    Source: RFC 1122 section 3.3.1.1, RFC 4861 section 8: hosts reach a gateway on their own link alone.
    """
    del plan
    for path, rack, address in _gateways(intent):
        networks = intent.fabric["racks"][rack]["network"]
        subnet = networks.get(address.family)
        if subnet is None or not blocks.parse_network(subnet).contains(address):
            reason = f"is not in rack {rack} ({', '.join(networks.values())})"
            yield Problem(path, _text(address), reason, "Write the address that it has on the segment.")


@rule("gateway-taken", ERROR)
def gateway_taken(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No pool and no host has the address of a rack's gateway: two would answer for it.

    Source: RFC 5227 section 1, RFC 4862 section 5.4.
    """
    hosts = {address: f"{host} has it" for host, _where, address in host_addresses(plan)}
    for path, _unused, address in _gateways(intent):
        text = _text(address)
        holders = [f"pool {pool['name']} holds it" for pool in plan["pools"] if _holds(pool, address)]
        holders += [hosts[text]] if text in hosts else []
        if holders:
            fix = "Add it to the pool's reserve." if text not in hosts else "Give the host another address."
            yield Problem(path, text, " and ".join(holders), fix)


@rule("gateway-unknown", HINT)
def gateway_unknown(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A rack with layer-2 VIPs and without a router of the intent states the gateways of others.

    Source: the rules that keep pools off gateways can only compare what they know.
    """
    answering = {segment for advert in plan["advertisements"] for segment in advert.get("segments", ())}
    for name, rack in intent.fabric["racks"].items():
        if name in answering and not rack["routers"] and not rack["gateways"]:
            reason = "no router of the intent stands here and no gateway is stated, so a pool may hold the gateway"
            yield Problem(f"{FABRIC}.racks.{name}.gateways", "", reason, "State the addresses of the gateways.")


RULES = (empty, one_router, two_racks, length, gateway_outside, gateway_taken, gateway_unknown)


def _gateways(intent: Intent) -> Iterator[tuple[str, str, Block]]:
    for name, rack in intent.fabric["racks"].items():
        for index, text in enumerate(rack["gateways"]):
            yield f"{FABRIC}.racks.{name}.gateways[{index}]", name, blocks.parse_address(text)


def _holds(pool: Mapping[str, Any], address: Block) -> bool:
    return any(block.contains(address) for block in pool_blocks(pool))


def _text(address: Block) -> str:
    return blocks.address_text(address.family, address.first)
