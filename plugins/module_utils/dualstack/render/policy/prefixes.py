# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix lists of a router in no language: which prefixes each side may announce, per family.

``pools``   the blocks of the pools that are advertised by BGP, at exactly the planned length;
``below``   what the routers below originate (rack networks, loopbacks), exactly;
``inside``  the same for the router's whole cone: what it may announce as its own;
``own``     all space of ours, and every part of it: pools, pods, Services, and what lies in the router's cone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...addresses import blocks
from ...addresses.blocks import BITS, Block
from ...addresses.sets import cidrs
from ...plan.clusters import every
from .fabric import Fabric, Plan

POOLS = "pools"
BELOW = "below"
INSIDE = "inside"
OWN = "own"

LEAST_LIMIT = 100
MOST_LIMIT = 4096


class Entry(NamedTuple):
    """``permit`` prefixes inside ``cidr`` whose length is from ``least`` to ``most``."""

    cidr: Block
    least: int
    most: int


def entries(fabric: Fabric, router: str, family: str) -> dict[str, list[Entry]]:
    """The entries of every list; a list may be empty."""
    plan = fabric.plan
    inside = fabric.cone(router)
    return {
        POOLS: fabric.once(f"pools {family}", lambda: pool_entries(plan, family)),
        BELOW: [_exactly(block) for block in _originated(fabric, fabric.below(router), family)],
        INSIDE: [_exactly(block) for block in _originated(fabric, inside, family)],
        OWN: [Entry(block, length(block), BITS[family]) for block in _own(fabric, inside, family)],
    }


class Announced(NamedTuple):
    """What one BGP advertisement announces of one pool, in one family."""

    advertisement: Mapping[str, Any]
    pool: str
    entries: list[Entry]


def announced(plan: Plan, family: str) -> list[Announced]:
    """What nodes may announce, in the order of the plan; pools without blocks of the family are absent.

    An aggregate wider than its block is permitted at its own length alone.
    """
    pools = {pool["name"]: pool for pool in plan["pools"]}
    found = []
    for advert in plan["advertisements"]:
        if advert["kind"] != "bgp" or family not in advert["aggregation"]:
            continue
        wanted = advert["aggregation"][family]
        for pool in advert["pools"]:
            parts = (cidr for text in pools[pool]["blocks"].get(family, []) for cidr in cidrs(blocks.parse(text)))
            listed = list(dict.fromkeys(Entry(_widened(cidr, wanted), wanted, wanted) for cidr in parts))
            if listed:
                found.append(Announced(advert, pool, listed))
    return found


def pool_entries(plan: Plan, family: str) -> list[Entry]:
    """What nodes may announce, each prefix once."""
    return list(dict.fromkeys(entry for each in announced(plan, family) for entry in each.entries))


def planned(plan: Plan, family: str) -> int:
    """How many prefixes the planned VIPs are announced by."""
    return len({vip["prefix"] for vip in plan["vips"] if vip["family"] == family and vip["prefix"]})


def limit(expected: int, listed: Iterable[Entry], extra: int) -> int:
    """How many prefixes a neighbour may announce before its session is cut.

    As many as the pools hold at the planned length, so that Services can come and go without the routers being told,
    but never more than 4096 (an IPv6 pool holds more than a router can) and never fewer than 100 or twice what is
    planned. ``extra`` prefixes that are no VIPs come on top.
    """
    capacity = sum(1 << min(entry.least - length(entry.cidr), 64) for entry in listed)
    return max(LEAST_LIMIT, 2 * expected, min(capacity, MOST_LIMIT)) + extra


def length(cidr: Block) -> int:
    """The prefix length of a CIDR."""
    found = cidr.prefix_length
    if found is None:
        raise ValueError(f"{cidr} is not a CIDR")
    return found


def _own(fabric: Fabric, inside: set[str], family: str) -> list[Block]:
    """Pools stand last: one more of them then changes no other entry's number."""
    plan = fabric.plan
    texts = [
        cluster[kind][family] for cluster in every(plan) for kind in ("pods", "services") if family in cluster[kind]
    ]
    texts += [
        segment["networks"][family]
        for segment in plan["segments"].values()
        if family in segment["networks"] and _lies_inside(segment, plan, inside)
    ]
    found = _widest([*map(fabric.block, texts), *_originated(fabric, inside, family)])
    for text in (text for pool in plan["pools"] for text in pool["blocks"].get(family, [])):
        found += [cidr for cidr in cidrs(fabric.block(text)) if not any(block.contains(cidr) for block in found)]
    return found


def _lies_inside(segment: Mapping[str, Any], plan: Plan, inside: set[str]) -> bool:
    """A rack without a router in the plan (layer 2 only) is nobody else's either."""
    routers = [member for member in segment["members"] if member in plan["routers"]]
    return not routers or any(router in inside for router in routers)


def _originated(fabric: Fabric, routers: set[str], family: str) -> list[Block]:
    known = fabric.plan["routers"].items()
    found = (facts["originates"].get(family, []) for name, facts in known if name in routers)
    return list(dict.fromkeys(fabric.block(text) for texts in found for text in texts))


def _widest(found: Iterable[Block]) -> list[Block]:
    """Without blocks that lie in another one; in ascending order."""
    kept: list[Block] = []
    for block in sorted(set(found), key=lambda block: (block.first, -block.last)):
        if not kept or not kept[-1].contains(block):
            kept.append(block)
    return kept


def _exactly(block: Block) -> Entry:
    return Entry(block, length(block), length(block))


def _widened(cidr: Block, wanted: int) -> Block:
    return cidr if length(cidr) <= wanted else _at(cidr, wanted)


def _at(cidr: Block, wanted: int) -> Block:
    host_bits = BITS[cidr.family] - wanted
    return blocks.network(cidr.family, cidr.first >> host_bits << host_bits, wanted)
