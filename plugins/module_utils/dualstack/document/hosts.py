# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections about hosts and about the segments on which they meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .parts import Code, Inline, Paragraph, Section, Table, lines, span
from .words import NONE, addresses, asn, families, listed, router_link

_MOST = 6
_KINDS = {
    "rack": "rack",
    "link": "link between two hosts",
    "network": "network behind a router",
    "remote": "way to a router of others",
}
_PLATFORMS = {"frr": "FRR", "bird": "BIRD", "eos": "Arista EOS", "other": "other"}

Plan = Mapping[str, Any]


def section(plan: Plan) -> Section:
    """Routers, nodes and clients."""
    standing = _standing(plan)
    tables = [
        Table(
            "routers",
            ("router", "role", "AS", "router ID", "loopback", "addresses", "platform", "configured by"),
            [_router(plan, name, standing[name]) for name in plan["routers"]],
        ),
        Table(
            "nodes",
            ("node", "AS", "router ID", "addresses", "families", "cluster", "labels"),
            [_node(plan, name, standing[name]) for name in plan["nodes"]],
        ),
        Table(
            "clients",
            ("client", "families", "addresses"),
            [
                (Code(name), families(facts["families"]), lines(standing[name] or [NONE]))
                for name, facts in plan["clients"].items()
            ],
        ),
    ]
    text = (
        "Nodes are the servers of the cluster; each runs a BGP speaker or answers ARP and NDP for the VIPs. Clients "
        "are hosts from which the result is tested."
    )
    return Section("Hosts", "hosts", [Paragraph(text), *(table for table in tables if table.rows)])


def _standing(plan: Plan) -> dict[str, list[Inline]]:
    """Where every host stands: its addresses and interface on each segment."""
    found: dict[str, list[Inline]] = {name: [] for group in ("routers", "nodes", "clients") for name in plan[group]}
    for name, segment in plan["segments"].items():
        if segment["kind"] != "remote":
            for host in segment["members"]:
                found[host].append(span(_member(segment, host), f" on {name}"))
    for name, node in plan["nodes"].items():
        if node["addresses"]:
            found[name].append(listed(list(node["addresses"].values())))
    for segment in plan["segments"].values():
        if segment["kind"] == "remote":
            found.update({host: [_member(segment, host)] for host in segment["members"] if not found[host]})
    return found


def _member(segment: Mapping[str, Any], host: str) -> Inline:
    member = segment["members"][host]
    where = listed(list(member["addresses"].values())) if member["addresses"] else "link-local"
    return span(where, " (", Code(member["interface"]), ")") if member["interface"] else where


def _router(plan: Plan, name: str, standing: list[Inline]) -> tuple[Inline, ...]:
    facts = plan["routers"][name]
    more = [f"and {len(standing) - _MOST} more: see the segments"] if len(standing) > _MOST else []
    return (
        router_link(name),
        role(plan, name),
        asn(facts["asn"]),
        Code(facts["router_id"]),
        addresses(facts["loopback"]),
        lines([*standing[:_MOST], *more] or [NONE]),
        _PLATFORMS[facts["platform"]],
        "this tool" if facts["managed"] else "its own team",
    )


def role(plan: Plan, name: str) -> str:
    """What a router is for, by where it stands."""
    facts = plan["routers"][name]
    remote = all(segment["kind"] == "remote" for segment in plan["segments"].values() if name in segment["members"])
    if remote and not facts["managed"]:
        return "router of others"
    steps = facts["tier"]
    text = "router of a rack" if steps == 0 else f"{steps} hop{'s' if steps > 1 else ''} above the racks"
    return text + (", route reflector" if facts["route_reflector"] else "")


def _node(plan: Plan, name: str, standing: list[Inline]) -> tuple[Inline, ...]:
    facts = plan["nodes"][name]
    return (
        Code(name),
        asn(facts["asn"]),
        Code(facts["router_id"]),
        lines(standing or [NONE]),
        families(facts["families"]),
        facts["cluster"],
        lines([Code(f"{key}={value}") for key, value in facts["labels"].items()]) if facts["labels"] else NONE,
    )


def segments(plan: Plan) -> Section:
    """Every layer-2 segment with its members."""
    text = (
        "Each segment is one layer-2 network, whose members reach each other without a router; only the way to a "
        "router of others may lead over several."
    )
    heads = ("segment", "kind", "networks", "members")
    return Section("Segments", "segments", [Paragraph(text), Table("segments", heads, list(_segments(plan)))])


def _segments(plan: Plan) -> Iterator[tuple[Inline, ...]]:
    for name, segment in plan["segments"].items():
        members = [span(Code(host), " ", _member(segment, host)) for host in segment["members"]]
        networks = addresses(segment["networks"])
        if segment["kind"] == "link" and not segment["networks"]:
            networks = "none: link-local addresses only"
        yield Code(name), _KINDS[segment["kind"]], networks, lines(members or [NONE])
