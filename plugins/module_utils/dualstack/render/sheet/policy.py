# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix lists, what is accepted and sent, communities, and what the router's table holds when all is well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...addresses.blocks import BITS, FAMILY_NAME
from ..policy import Clause, View, clauses, prefixes
from ..policy.fabric import BELOW, NODE, Plan
from ..policy.prefixes import Entry, length
from . import text
from .sessions import WHO

LISTS = {
    prefixes.POOLS: ("VIPS", "addresses of services (VIPs), which the servers announce"),
    prefixes.BELOW: ("BELOW", "what the routers below announce as their own"),
    prefixes.INSIDE: ("INSIDE", "what this router, those beside it and those below it announce as their own"),
    prefixes.OWN: (
        "OWN",
        "all space of this side: VIPs, servers, networks inside the clusters, links, loopbacks. Nothing of it comes "
        "from above",
    ),
}


def lists(plan: Plan, view: View) -> list[str]:
    """The prefix lists that the policy needs."""
    lines = []
    used = {name for family in view.families for name in view.used_lists(family)}
    for name, (label, meaning) in LISTS.items():
        if name in used:
            lines += ["", *text.wrapped(f"{label}: {meaning}.")]
            lines += _vips(plan, view) if name == prefixes.POOLS else _entries(view, name)
    return lines


def accepted(view: View) -> list[str]:
    """What is accepted from whom and sent to whom."""
    lines: list[str] = []
    for relation in dict.fromkeys(neighbour.relation for neighbour in view.neighbours):
        hosts = dict.fromkeys(neighbour.host for neighbour in view.neighbours if neighbour.relation == relation)
        families = [family for family in view.families if relation in view.policies[family]]
        inbound = [view.policies[family][relation].inbound for family in families]
        outbound = [view.policies[family][relation].outbound for family in families]
        lines += ["", *text.wrapped(f"{', '.join(hosts)} ({WHO[relation]})")]
        lines += text.pairs(
            [
                ("accept", _said(inbound)),
                ("at most", _limits(view, relation)),
                ("send", _sent(relation, outbound)),
            ]
        )
    return lines


def communities(plan: Plan, view: View) -> list[str]:
    """What communities mean here, and which of them decide this router's local preference."""
    names = {value: name for name, value in plan["communities"].items()}
    preferred = {each.community: each.local_preference for each in view.used_preferences()}
    rows = []
    for advert in (advert for advert in plan["advertisements"] if advert["kind"] == "bgp"):
        for community in advert["communities"]:
            value = preferred.get(community)
            rows.append(
                (
                    clauses.value(community),
                    "large (RFC 8092)" if clauses.is_large(community) else "standard",
                    names.get(community, ""),
                    ", ".join(advert["pools"]),
                    "" if value is None else str(value),
                )
            )
    if not rows:
        return ["", "No community is used."]
    lines = ["", *text.table(("community", "kind", "name", "on VIPs of pool", "your local preference"), rows), ""]
    lines += text.wrapped("Pass communities on unchanged, the standard and the large ones.")
    if preferred:
        lines += text.wrapped(
            "Set the local preference on prefixes of VIPS with that community where they come from servers and routers "
            "below."
        )
    return lines


def expected(plan: Plan, view: View) -> list[str]:
    """The paths that the router holds for a VIP, per advertisement and family."""
    rows = []
    for advert, of in plan["routes"].items():
        for family, route in of.items():
            held = route["routers"].get(view.name)
            vips = (vip for vip in plan["vips"] if vip["advertisement"] == advert and vip["family"] == family)
            example = next((vip["prefix"] for vip in vips), "")
            if held and example:
                preference = held["local_preference"]
                rows += [
                    (
                        example if first else "",
                        hop,
                        ", ".join(clauses.value(each) for each in held["communities"]) if first else "",
                        str(preference) if first and preference is not None else "",
                    )
                    for first, hop in _numbered(held["next_hops"])
                ]
    if not rows:
        return []
    return text.table(("prefix", "next hop", "communities", "local preference"), rows)


def _numbered(hops: Sequence[str]) -> Iterable[tuple[bool, str]]:
    return ((at == 0, hop.replace("fe80::%", "link-local, ")) for at, hop in enumerate(hops))


def _vips(plan: Plan, view: View) -> list[str]:
    rows: dict[tuple[str, Entry, str], list[Mapping[str, Any]]] = {}
    for family in view.families:
        for each in prefixes.announced(plan, family):
            for entry in each.entries:
                rows.setdefault((family, entry, each.pool), []).append(each.advertisement)
    return text.table(
        ("family", "within", "prefix length", "pool", "announced by", "servers here"),
        [
            (FAMILY_NAME[family], str(entry.cidr), _length(entry), pool, _announcers(adverts), _told(view, adverts))
            for (family, entry, pool), adverts in rows.items()
        ],
    )


def _announcers(adverts: Sequence[Mapping[str, Any]]) -> str:
    nodes = list(dict.fromkeys(node for advert in adverts for node in advert["nodes"]))
    return ", ".join(nodes) if len(nodes) <= 3 else f"{len(nodes)} servers"


def _told(view: View, adverts: Sequence[Mapping[str, Any]]) -> str:
    """Whether servers tell this router itself; empty for a router without sessions with servers."""
    around = {neighbour.host for neighbour in view.neighbours if neighbour.relation == NODE}
    if not around:
        return ""
    told = any(
        not around.isdisjoint(advert["nodes"]) and (advert["peers"] is None or view.name in advert["peers"])
        for advert in adverts
    )
    return "announce it" if told else "do not"


def _entries(view: View, name: str) -> list[str]:
    rows = [
        (FAMILY_NAME[family], str(entry.cidr), _length(entry))
        for family in view.families
        for entry in view.lists[family][name]
    ]
    return text.table(("family", "within", "prefix length"), rows)


def _length(entry: Entry) -> str:
    if entry.least == entry.most:
        return f"{entry.most} exactly"
    if (entry.least, entry.most) == (length(entry.cidr), BITS[entry.cidr.family]):
        return "any"
    return f"{entry.least} to {entry.most}"


def _said(parts: Sequence[Sequence[Clause]]) -> str:
    """Clauses of both families in words; families differ only where one has no prefixes of a kind."""
    found = list(dict.fromkeys((clause.permit, clause.prefixes) for clauses in parts for clause in clauses))
    refused = [LISTS[name][0] for permit, name in found if not permit and name]
    if (True, "") in found:
        return f"everything but {' and '.join(refused)}" if refused else "everything"
    named = [LISTS[name][0] for permit, name in found if permit]
    return f"{' and '.join(named)}, nothing else" if named else "nothing"


def _sent(relation: str, parts: Sequence[Sequence[Clause]]) -> str:
    if relation == NODE:
        return "nothing; what you send is ignored"
    said = _said(parts)
    return f"{said}; at least the routes to the clients, or a default route" if relation == BELOW else said


def _limits(view: View, relation: str) -> str:
    limits = [
        f"{view.limits[family][relation]} {FAMILY_NAME[family]}"
        for family in view.families
        if relation in view.limits[family]
    ]
    return f"{' and '.join(limits)} prefixes per session; then end it, for five minutes" if limits else ""
