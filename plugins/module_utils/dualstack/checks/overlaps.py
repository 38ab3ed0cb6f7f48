# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlaps: no two networks, pools or addresses of the fabric may claim the same address."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses import blocks
from ..addresses.sets import overlaps
from ..findings import ERROR
from ..intent.load import Intent, host_path
from ..plan.pools import pool_blocks
from .owners import POOL, RACK, host_addresses, owned
from .places import host as place_of
from .rule import Plan, Problem, rule


@rule("overlap", ERROR)
def blocks_overlap(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No two of node networks, loopbacks, links, router networks, pod and service CIDRs and pools share an address.

    Allowed: a layer-2 pool inside a rack's subnet, and a router's own loopback inside fabric.loopbacks.

    Source: MetalLB refuses overlapping pools and does not look at anything else; a longest match decides in routers.
    """
    for first, second, shared in overlaps(owned(intent, plan)):
        if first.group == second.group != "":
            continue
        kinds = {first.kind: first, second.kind: second}
        if set(kinds) == {RACK, POOL} and (kinds[POOL].layer2 or intent.partial):
            continue
        fix = "Give one of them other addresses."
        if set(kinds) == {RACK, POOL}:
            fix = "Advertise the pool by layer2 only, or take it from addresses outside the rack's subnet."
        yield Problem(second.path, str(shared), f"{second.name} and {first.name} ({first.path}) share {shared}", fix)


@rule("address-twice", ERROR)
def addresses_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No two hosts have the same address; loopbacks included.

    Source: RFC 5227 section 1, RFC 4862 section 5.4.
    """
    seen: dict[str, str] = {}
    for host, where, address in host_addresses(plan):
        holder = f"{host} ({where})"
        if seen.setdefault(address, holder) != holder:
            reason = f"is given to {seen[address]} and to {holder}"
            yield Problem(place_of(intent, host), address, reason, "Give one of them another address.")


@rule("router-id-form", ERROR, silenceable=False)
def identifier_form(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A BGP identifier is written as an IPv4 address that peers accept.

    Source: RFC 4271 section 4.2, RFC 6286 section 2.1; FRR refuses multicast, class E and 0.x.
    """
    del intent
    for host, identifier in _identifiers(plan):
        path = f"{host_path(host)}.router_id"
        if blocks.family_of(identifier) != blocks.IPV4:
            reason = "a BGP identifier is 32 bits, written as an IPv4 address"
            yield Problem(path, identifier, reason, "Write four decimal numbers.")
        elif blocks.parse_address(identifier).first >> 24 in (0, *range(224, 256)):
            reason = "peers refuse an identifier that looks like a multicast, class E or 0.x address"
            yield Problem(path, identifier, reason, "Choose one between 1.0.0.0 and 223.255.255.255.")


@rule("router-id-twice", ERROR)
def identifiers_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """BGP identifiers are unique in the fabric.

    Source: RFC 6286 section 2.1 wants them unique within an AS.
    """
    del intent
    seen: dict[str, str] = {}
    for host, identifier in _identifiers(plan):
        if seen.setdefault(identifier, host) != host:
            reason = f"is the BGP identifier of {seen[identifier]} too"
            yield Problem(f"{host_path(host)}.router_id", identifier, reason, "State another router_id.")


@rule("pool-holds-host", ERROR)
def pool_holds_host(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pool does not hold the address of a host: two would answer for it.

    Source: RFC 5227 section 1, RFC 4862 section 5.4; MetalLB does not look.
    """
    planned = [
        (entry["at"], pool["name"], block)
        for entry, pool in zip(intent.pools, plan["pools"])
        for block in pool_blocks(pool)
    ]
    for host, where, address in host_addresses(plan):
        parsed = blocks.parse_address(address)
        for path, name, block in planned:
            if block.contains(parsed):
                reason = f"pool {name} ({block}) holds the address of {host} ({where})"
                yield Problem(path, address, reason, "Add the address to the pool's reserve.")


RULES = (blocks_overlap, addresses_twice, identifier_form, identifiers_twice, pool_holds_host)


def _identifiers(plan: Plan) -> Iterator[tuple[str, str]]:
    for group in ("routers", "nodes"):
        for host, facts in plan[group].items():
            yield host, facts["router_id"]
