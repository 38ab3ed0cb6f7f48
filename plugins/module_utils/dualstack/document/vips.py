# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about VIPs: every address of a Service, and how it is announced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .parts import Code, Inline, Link, Paragraph, Section, Table, lines, span
from .words import NONE

Plan = Mapping[str, Any]


def section(plan: Plan) -> Section:
    """A row per address of a Service."""
    if not plan["services"]:
        text = "The plan names none: the pools are announced for Services that will come."
        return Section("VIPs", "vips", [Paragraph(text)])
    text = "A VIP is an address at which clients reach a Service of the cluster."
    heads = ("VIP", "Service", "ports", "pool", "announced", "traffic")
    return Section("VIPs", "vips", [Paragraph(text), Table("VIPs", heads, list(_rows(plan)))])


def _rows(plan: Plan) -> Iterator[tuple[Inline, ...]]:
    ways: dict[tuple[str, str], list[Inline]] = {}
    for vip in plan["vips"]:
        ways.setdefault((vip["service"], vip["vip"]), []).append(_way(vip))
    for service in plan["services"]:
        name = f"{service['namespace']}/{service['name']}"
        shown = span(Code(name), f" of {service['cluster']}") if plan["clusters"] else Code(name)
        pools = dict(zip(service["addresses"], service["pools"].values()))
        for address in service["addresses"]:
            yield (
                Code(address),
                shown,
                lines([f"{port['port']}/{port['protocol']}" for port in service["ports"]]),
                Code(pools[address]),
                lines(ways.get((name, address)) or ["not announced"]),
                _traffic(service),
            )


def _way(vip: Mapping[str, Any]) -> Inline:
    link = Link(vip["advertisement"], advertisement_anchor(vip["advertisement"]))
    if vip["mode"] == "bgp":
        return span("BGP ", Code(vip["prefix"]), " (", link, ")")
    answering = Code(vip["announcer"]) if vip["announcer"] else NONE
    return span("ARP" if vip["family"] == "ipv4" else "NDP", " by ", answering, " (", link, ")")


def _traffic(service: Mapping[str, Any]) -> str:
    local = service["traffic_policy"] == "Local"
    return "only nodes with a pod of it" if local else "any announcing node"


def advertisement_anchor(name: str) -> str:
    """The place of an advertisement's own section."""
    return f"advertisement-{name}"
