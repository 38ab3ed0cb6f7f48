# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is served: pools and Services, each entry of the intent beside what the plan made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import Block, network
from ..addresses.counting import capacity
from ..addresses.space import of_count
from ..allocation.first_free import usable
from ..intent.load import Intent
from ..plan.clusters import every
from .rule import Plan

Entry = Mapping[str, Any]
SPEAKER = "speaker"


def pools(intent: Intent, plan: Plan) -> Iterator[tuple[Entry, Entry]]:
    """(entry, planned pool), in the order of the intent."""
    yield from zip(intent.pools, plan["pools"])


def services(intent: Intent, plan: Plan) -> Iterator[tuple[Entry, Entry]]:
    """(entry, planned Service); a Service of an unknown pool is not planned."""
    planned = {(each["cluster"], each["namespace"], each["name"]): each for each in plan["services"]}
    for entry in intent.services:
        key = (entry["cluster"] or intent.cluster["name"], entry["namespace"], entry["name"])
        if key in planned:
            yield entry, planned[key]


def clusters(plan: Plan) -> dict[str, Entry]:
    """Every cluster by name."""
    return {cluster["name"]: cluster for cluster in every(plan)}


def metallb(plan: Plan) -> frozenset[str]:
    """The clusters in which MetalLB gives out the addresses."""
    return frozenset(name for name, cluster in clusters(plan).items() if cluster["load_balancer"] != SPEAKER)


def used(plan: Plan) -> Counter[tuple[str, str]]:
    """How many addresses of each (pool, family) the Services of the intent have; a shared one counts once."""
    given = {
        (service["pools"].get(blocks.family_of(address)), address)
        for service in plan["services"]
        for address in service["addresses"]
    }
    return Counter((str(pool), blocks.family_of(address)) for pool, address in given)


def room(planned: Entry, family: str) -> int:
    """How many addresses a pool can give out."""
    return capacity(map(usable, planned["blocks"].get(family, ())), planned["avoid_buggy_ips"])


def whole(entry: Entry, planned: Entry) -> list[Block]:
    """The blocks of a pool as they were before its holes, but for a family of which the holes leave nothing."""
    found = [blocks.parse(text) for text in entry["blocks"] or ()]
    for family, text in (entry["from"] or {}).items():
        parts = planned["blocks"].get(family)
        if not parts:
            continue
        length = blocks.BITS[family] - (_size(entry, family, blocks.parse_network(text)) - 1).bit_length()
        host_bits = blocks.BITS[family] - length
        found.append(network(family, blocks.parse(parts[0]).first >> host_bits << host_bits, length))
    return found


def _size(entry: Entry, family: str, supernet: Block) -> int:
    if entry["size"] is not None:
        return of_count(family, entry["size"]).size
    if entry["prefix_length"] is not None:
        return 1 << (blocks.BITS[family] - int(entry["prefix_length"][family]))
    return supernet.size if entry["take"] == "all" else supernet.size // 2
