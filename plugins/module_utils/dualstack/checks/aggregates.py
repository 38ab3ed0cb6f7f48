# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aggregation: announcing a wider prefix than the VIP's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..addresses import blocks
from ..addresses.blocks import BITS, Block
from ..addresses.sets import cidrs, difference, overlaps
from ..findings import ERROR, WARNING
from ..intent.load import Intent
from ..plan.pools import pool_blocks
from ..plan.vips import selects
from ..render.policy import prefixes
from .owners import Owner, owned
from .places import advertised, among
from .rule import Plan, Problem, rule


class Aggregate(NamedTuple):
    """An aggregate of an advertisement in one family: its place in the intent, its length and the pool."""

    path: str
    family: str
    length: int
    advert: Mapping[str, Any]
    pool: Mapping[str, Any]

    @property
    def shortest(self) -> tuple[int, str]:
        """The prefix length of the largest CIDR in the narrowest of the pool's blocks, and that block."""
        texts = self.pool["blocks"][self.family]
        return max((min(prefixes.length(cidr) for cidr in cidrs(blocks.parse(text))), text) for text in texts)

    @property
    def spilled(self) -> list[Block]:
        """What is announced beside the blocks of the pool."""
        alone = {"pools": [self.pool], "advertisements": [{**self.advert, "pools": [self.pool["name"]]}]}
        announced = prefixes.announced(alone, self.family)
        return difference([entry.cidr for each in announced for entry in each.entries], pool_blocks(self.pool))


@rule("aggregation-wide", ERROR)
def wide(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An aggregate is not wider than the blocks of its pools.

    Source: MetalLB (`config.go`): aggregationLength must not be shorter than the prefixes of any entry of the pool.
    """
    for aggregate in _aggregates(intent, plan):
        shortest, block = aggregate.shortest
        if aggregate.length < shortest:
            reason = f"a /{aggregate.length} is wider than {block} of pool {aggregate.pool['name']}"
            fix = f"Use at least {shortest}, or advertise the pool on its own."
            yield Problem(aggregate.path, str(aggregate.length), reason, fix)


@rule("aggregation-swallows", ERROR)
def swallows(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An aggregate covers no address of another pool, a rack, a link, a loopback, pods or Services.

    Source: RFC 4632 section 5.1: whoever announces an aggregate gets the traffic for all of it.
    """
    spills: list[tuple[Aggregate | Owner, Block]] = [
        (aggregate, block) for aggregate in _aggregates(intent, plan) for block in aggregate.spilled
    ]
    told = set()
    for one, other, shared in overlaps([*spills, *owned(intent, plan)]) if spills else ():
        if isinstance(one, Aggregate) and isinstance(other, Owner) and (one.path, other.path) not in told:
            told.add((one.path, other.path))
            reason = f"the aggregates of pool {one.pool['name']} cover {shared}, which belongs to {other.name}"
            fix = f"Use at least {one.shortest[0]}, or give the pool a block of its own that the aggregate fits."
            yield Problem(one.path, str(one.length), f"{reason} ({other.path})", fix)


@rule("aggregation-spills", WARNING)
def spills(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Aggregates announce addresses of pools, and nothing but them; not their reserved holes either.

    Source: RFC 4632 section 5.1: traffic to addresses that are not given out reaches the nodes all the same.
    """
    taken = [block for _unused, block in owned(intent, plan)] if intent.pools else []
    for aggregate in _aggregates(intent, plan):
        if aggregate.length < aggregate.shortest[0]:
            continue
        nobodys = difference(aggregate.spilled, taken)
        if nobodys:
            reason = f"of pool {aggregate.pool['name']} these are announced without being in the pool: "
            fix = f"Cut the pool's blocks at /{aggregate.length} boundaries, or use longer prefixes."
            yield Problem(aggregate.path, str(aggregate.length), reason + among(map(str, nobodys)), fix)


@rule("aggregation-selectors", ERROR)
def selectors(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An advertisement for chosen Services announces each VIP by its own prefix.

    Source: MetalLB refuses serviceSelectors together with another aggregation length than 32 and 128.
    """
    told = set()
    for aggregate in _aggregates(intent, plan):
        if aggregate.advert["service_selectors"] and aggregate.path not in told:
            told.add(aggregate.path)
            reason = "the aggregate would draw the traffic of Services that service_selectors leave out"
            yield Problem(aggregate.path, str(aggregate.length), reason, "Remove aggregation or service_selectors.")


@rule("aggregation-local", WARNING)
def local(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Services with traffic policy Local are announced by their own prefixes.

    Source: kube-proxy drops what arrives at a node without an endpoint, and every node that has an endpoint of any
    Service in the aggregate announces it.
    """
    lengths: dict[tuple[str, str], int] = {}
    for aggregate in _aggregates(intent, plan):
        for service in plan["services"]:
            pool = service["pools"].get(aggregate.family)
            if service["traffic_policy"] != "Local" or pool != aggregate.pool["name"]:
                continue
            key = (aggregate.path, f"{service['namespace']}/{service['name']}")
            if selects(aggregate.advert, service):
                lengths.setdefault(key, aggregate.length)
    for path in dict.fromkeys(path for path, _unused in lengths):
        names = [name for where, name in lengths if where == path]
        reason = f"nodes without an endpoint of {among(names)} announce the aggregate too, and drop what arrives"
        (length, *_others) = [value for (where, _unused), value in lengths.items() if where == path]
        yield Problem(path, str(length), reason, "Remove aggregation, or use traffic_policy: Cluster.")


RULES = (wide, swallows, spills, selectors, local)


def _aggregates(intent: Intent, plan: Plan) -> Iterator[Aggregate]:
    entries = advertised(intent, plan)
    pools = {pool["name"]: pool for pool in plan["pools"]}
    for advert in plan["advertisements"]:
        for family, length in advert["aggregation"].items() if advert["kind"] == "bgp" else ():
            path = f"{entries[advert['name']]['at']}.bgp.aggregation.{family}"
            for pool in (pools[name] for name in advert["pools"] if name in pools):
                if length < BITS[family] and pool["blocks"].get(family):
                    yield Aggregate(path, family, length, advert, pool)
