# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about address pools: their blocks, holes, capacity and fill level, and pairs of pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME
from ..addresses.counting import capacity
from .parts import Code, Inline, Items, Paragraph, Part, Section, Table, commas, lines, span
from .words import NONE, listed, quantity, share

Plan = Mapping[str, Any]
Pool = Mapping[str, Any]


def section(plan: Plan) -> Section:
    """A row per pool and family."""
    if not plan["pools"]:
        return Section("Address pools", "pools", [Paragraph("There are none.")])
    used = _used(plan)
    text = (
        "A VIP is taken out of a pool. The network must route these blocks to the nodes, or, where a pool is announced "
        "by ARP and NDP, have them on a rack's network. Nothing else may use their addresses."
    )
    heads = ("pool", "family", "blocks", "holes: never given out", "addresses", "planned VIPs", "filled", "given out")
    rows = [row for pool in plan["pools"] for row in _rows(plan, pool, used)]
    parts: list[Part] = [Paragraph(text), Table("pools", heads, rows)]
    if plan["pairs"]:
        pairs = [
            span(Code(pair["name"]), ": ", commas([_half(family, pool) for family, pool in pair["pools"].items()]))
            for pair in plan["pairs"]
        ]
        parts += [Paragraph("Pairs of pools, out of which a Service gets one address of each:"), Items(pairs)]
    return Section("Address pools", "pools", parts)


def _half(family: str, pool: str) -> Inline:
    return span(f"{FAMILY_NAME[family]} from ", Code(pool))


def _used(plan: Plan) -> dict[tuple[str, str], set[str]]:
    """The planned addresses of each pool and family; one that Services share counts once."""
    used: dict[tuple[str, str], set[str]] = {}
    for service in plan["services"]:
        for address in service["addresses"]:
            family = blocks.family_of(address)
            used.setdefault((service["pools"][family], family), set()).add(address)
    return used


def _rows(plan: Plan, pool: Pool, used: Mapping[tuple[str, str], set[str]]) -> Iterator[tuple[Inline, ...]]:
    for family, texts in pool["blocks"].items():
        held = capacity(map(blocks.parse, texts), pool["avoid_buggy_ips"])
        taken = len(used.get((pool["name"], family), ()))
        holes = [text for text in pool["reserved"] if blocks.family_of(text) == family]
        yield (
            Code(pool["name"]),
            FAMILY_NAME[family],
            lines([Code(text) for text in texts]),
            lines([Code(text) for text in holes] or [NONE]),
            quantity(held),
            f"{taken:,}",
            share(taken, held),
            lines(_conditions(plan, pool, family)),
        )


def _conditions(plan: Plan, pool: Pool, family: str) -> list[Inline]:
    """To whom, and by which rules."""
    asked: Inline = "to any Service" if pool["auto_assign"] else "to Services that ask for the pool"
    found = [asked]
    if plan["clusters"]:
        found.append(span("cluster ", Code(pool["cluster"])))
    if pool["avoid_buggy_ips"] and family == blocks.IPV4:
        found.append("not those ending in .0 or .255")
    if pool["node_selectors"]:
        found.append("announced by selected nodes only")
    allocation = pool["service_allocation"]
    if allocation:
        if allocation["namespaces"]:
            found.append(span("namespaces ", listed(allocation["namespaces"])))
        if allocation["namespace_selectors"] or allocation["service_selectors"]:
            found.append("Services chosen by labels")
        if allocation["priority"]:
            found.append(f"priority {allocation['priority']}")
    return found
