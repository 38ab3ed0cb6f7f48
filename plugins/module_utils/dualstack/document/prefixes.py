# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about prefixes: per router what it originates, and what its BGP table should hold of the VIPs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..announcing.propagation import link_local
from .parts import Code, Inline, Items, Link, Paragraph, Part, Section, Table, lines, span
from .vips import advertisement_anchor
from .words import NONE, asn, count, router_anchor

_MOST = 8

Plan = Mapping[str, Any]


def section(plan: Plan) -> Section:
    """A sub-section per router."""
    text = (
        "What every router should hold once all is up. A next hop is the address as the BGP table shows it. Where no "
        "local preference stands none is set by policy."
    )
    announced = _announced(plan)
    owners = _owners(plan)
    beyond = _beyond(plan)
    parts = [_router(plan, name, announced, {**owners, **beyond.get(name, {})}) for name in plan["routers"]]
    if beyond:
        text += f" {link_local('eth0')} stands for the link-local address of the neighbour behind the interface eth0."
    return Section("Prefixes per router", "prefixes", [Paragraph(text), *parts])


def _announced(plan: Plan) -> dict[tuple[str, str], list[str]]:
    """The prefixes of each advertisement and family."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for vip in plan["vips"]:
        if vip["prefix"] is not None:
            found.setdefault((vip["advertisement"], vip["family"]), {})[vip["prefix"]] = None
    return {key: list(prefixes) for key, prefixes in found.items()}


def _owners(plan: Plan) -> dict[str, str]:
    """Address to host, of everything that can be a next hop."""
    owners = {
        address: host
        for segment in plan["segments"].values()
        for host, member in segment["members"].items()
        for address in member["addresses"].values()
    }
    owners.update({address: name for name, facts in plan["routers"].items() for address in facts["loopback"].values()})
    return owners


def _beyond(plan: Plan) -> dict[str, dict[str, str]]:
    """Router to next hop to neighbour, on links without addresses."""
    found: dict[str, dict[str, str]] = {}
    for segment in plan["segments"].values():
        for host, member in segment["members"].items():
            others = [other for other in segment["members"] if other != host]
            if host in plan["routers"] and member["interface"] and not member["addresses"] and len(others) == 1:
                found.setdefault(host, {})[link_local(member["interface"])] = others[0]
    return found


def _router(
    plan: Plan, name: str, announced: Mapping[tuple[str, str], Sequence[str]], owners: Mapping[str, str]
) -> Section:
    facts = plan["routers"][name]
    own = [
        span(f"{FAMILY_NAME[family]}: ", lines([Code(prefix) for prefix in prefixes]))
        for family, prefixes in facts["originates"].items()
        if prefixes
    ]
    parts: list[Part] = [Paragraph("It originates:"), Items(own)] if own else []
    rows = list(_rows(plan, name, announced, owners))
    if rows:
        heads = ("advertisement", "family", "prefixes", "next hops", "local preference", "communities")
        parts.append(Table(f"what {name} holds of the VIPs", heads, rows))
    else:
        parts.append(Paragraph("It holds no prefix of the VIPs."))
    most = f"It uses up to {count(facts['maximum_paths'], 'equal path')} at once." if rows else ""
    if most:
        parts.append(Paragraph(most))
    return Section(f"{name}, AS {asn(facts['asn'])}", router_anchor(name), parts)


def _rows(
    plan: Plan, router: str, announced: Mapping[tuple[str, str], Sequence[str]], owners: Mapping[str, str]
) -> Iterator[tuple[Inline, ...]]:
    for advert, by_family in plan["routes"].items():
        for family, route in by_family.items():
            prefixes = announced.get((advert, family))
            held = route["routers"].get(router)
            if prefixes and held:
                yield (
                    Link(advert, advertisement_anchor(advert)),
                    FAMILY_NAME[family],
                    _prefixes(prefixes),
                    lines([_hop(hop, owners) for hop in held["next_hops"]]),
                    NONE if held["local_preference"] is None else str(held["local_preference"]),
                    lines([Code(text) for text in held["communities"]] or [NONE]),
                )


def _prefixes(prefixes: Sequence[str]) -> Inline:
    if len(prefixes) <= _MOST:
        return lines([Code(prefix) for prefix in prefixes])
    return span(f"all {len(prefixes):,} of the advertisement: see ", Link("VIPs", "vips"))


def _hop(hop: str, owners: Mapping[str, str]) -> Inline:
    return span(Code(hop), f" {owners[hop]}") if hop in owners else Code(hop)
