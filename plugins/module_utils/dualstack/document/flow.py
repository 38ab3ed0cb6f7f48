# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about advertisements: in words, how traffic comes to a VIP, and what happens when something fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..addresses.blocks import BITS, FAMILY_NAME, IPV4, IPV6
from ..announcing.propagation import confidants
from .parts import Code, Inline, Items, Paragraph, Section, commas, span
from .sessions import bfd_times
from .vips import advertisement_anchor
from .words import count, listed, router_link

Plan = Mapping[str, Any]
Advertisement = Mapping[str, Any]


class Asked(NamedTuple):
    """How a family asks for the owner of an address, and how a new owner tells (RFC 826, RFC 5227; RFC 4861)."""

    protocol: str
    request: str
    news: str


_ASKED = {
    IPV4: Asked("ARP", "ARP (IPv4)", "gratuitous ARP"),
    IPV6: Asked("NDP", "neighbour discovery (IPv6)", "unsolicited neighbour advertisements"),
}


def section(plan: Plan) -> Section:
    """One sub-section per advertisement."""
    parts = [
        Section(
            f"{advert['name']}: {_protocols(plan, advert)}",
            advertisement_anchor(advert["name"]),
            [Items(_bgp(plan, advert) if advert["kind"] == "bgp" else _layer2(plan, advert))],
        )
        for advert in plan["advertisements"]
    ]
    text = "An advertisement says how the VIPs of some pools are made known to the network."
    if not parts:
        text = "There are none: no VIP is made known to the network."
    failure = [Paragraph(_failure(plan))] if any(advert["kind"] == "bgp" for advert in plan["advertisements"]) else []
    return Section("How traffic comes in", "traffic", [Paragraph(text), *failure, *parts])


def _protocols(plan: Plan, advert: Advertisement) -> str:
    if advert["kind"] == "bgp":
        return "BGP"
    return " and ".join(_ASKED[family].protocol for family in _families(plan, advert))


def _bgp(plan: Plan, advert: Advertisement) -> list[Inline]:
    routes = plan["routes"].get(advert["name"], {})
    found: list[Inline] = [_who(plan, advert, routes), *_where(plan, advert, routes)]
    if advert["communities"]:
        found.append(span("Every prefix carries ", _communities(plan, advert["communities"]), "."))
    found += _spread(routes)
    local = _by_policy(plan, advert, "Local")
    if _by_policy(plan, advert, "Cluster") or not local:
        found.append(
            "Any of these nodes takes traffic of any VIP, and passes it on to a pod on another node if need be."
        )
    if local:
        found.append(
            span(
                "Only nodes on which a pod of them runs announce the VIPs of ",
                listed(local),
                ": fewer paths are no fault.",
            )
        )
    return found


def _who(plan: Plan, advert: Advertisement, routes: Mapping[str, Any]) -> Inline:
    announcers = list(dict.fromkeys(node for route in routes.values() for node in route["announcers"]))
    lengths = {family: advert["aggregation"][family] for family in _families(plan, advert)}
    single = all(length == BITS[family] for family, length in lengths.items())
    masks = " and ".join(f"{FAMILY_NAME[family]} /{length}" for family, length in lengths.items())
    return span(
        f"{count(len(announcers), 'node')} {_of_cluster(plan, advert)}",
        *(["(", listed(announcers), ") "] if announcers else []),
        "announces every VIP of " if len(announcers) == 1 else "announce every VIP of ",
        _plural(advert["pools"], "pool", "pools"),
        f" as a prefix of its own ({masks})" if single else f" as part of an aggregate ({masks})",
        span(" to ", listed(advert["peers"]), " alone")
        if advert["peers"]
        else " to every router that they have a session with",
        ", and as long as it is in use." if single else ", as long as one of its VIPs is in use.",
    )


def _families(plan: Plan, advert: Advertisement) -> list[str]:
    """The families of its pools."""
    held = {family for pool in plan["pools"] if pool["name"] in advert["pools"] for family in pool["blocks"]}
    return [family for family in plan["cluster"]["families"] if family in held]


def _where(plan: Plan, advert: Advertisement, routes: Mapping[str, Any]) -> list[Inline]:
    """By which routers traffic comes down, best first; preferences count within an AS."""
    preferences = advert["preferences"]
    holders = list(dict.fromkeys(name for route in routes.values() for name in route["routers"]))
    found = [_ranks(plan, group, preferences) for group in _meeting(plan, list(preferences))]
    if preferences:
        communities = sorted({entry["community"] for entry in preferences.values()})
        found.append(span("They know the prefixes by ", _communities(plan, communities), "."))
    elif len(holders) > 1:
        found.append(
            f"No router is preferred: each of the {len(holders)} that learn the prefixes takes its shortest ways."
        )
    if advert["local_preference"] is not None:
        found.append(f"The nodes send the local preference {advert['local_preference']} to their iBGP peers.")
    return found


def _meeting(plan: Plan, routers: list[str]) -> list[list[str]]:
    """The routers in groups that hear each other's preferences, over iBGP."""
    groups: list[list[str]] = []
    for router in routers:
        if not any(router in group for group in groups):
            reached = confidants(router, plan["sessions"])
            groups.append([name for name in routers if name in reached])
    return groups


def _ranks(plan: Plan, routers: list[str], preferences: Mapping[str, Any]) -> Inline:
    """Routers that hear each other by the local preference that they set."""
    ranks: dict[int, list[Inline]] = {}
    for router in routers:
        ranks.setdefault(preferences[router]["local_preference"], []).append(router_link(router))
    steps = [span(commas(ranks[value]), f" (local preference {value})") for value in sorted(ranks, reverse=True)]
    asn = plan["routers"][routers[0]]["asn"]
    where = "In any AS" if asn is None else f"In AS {asn}"
    if len(routers) == 1:
        return span(f"{where} the VIPs have ", steps[0], ", which no other router is told.")
    pieces: list[Inline] = [f"{where} traffic to the VIPs goes down by ", steps[0]]
    for step in steps[1:]:
        pieces += ["; when that has no path left, by ", step]
    return span(*pieces, ".")


def _spread(routes: Mapping[str, Any]) -> list[Inline]:
    most = max((len(entry["next_hops"]) for route in routes.values() for entry in route["routers"].values()), default=0)
    if most > 1:
        return [f"A router with several equal next hops (here up to {most}) spreads connections over them."]
    return []


def _failure(plan: Plan) -> Inline:
    """How long a dead node draws traffic, at most."""
    sessions = [session for session in plan["sessions"] if session["kind"] == "node"]
    if not sessions:
        return "BGP: no node has a session with a router, so nothing is announced."
    held = max(_milliseconds(plan, session) for session in sessions)
    return (
        "BGP: when a node or its last link fails, its sessions end and the routers take the remaining next hops, after "
        f"{_seconds(held)} at the most. When a Service goes away, its prefix is withdrawn at once."
    )


def _milliseconds(plan: Plan, session: Mapping[str, Any]) -> int:
    if session["bfd"]:
        every, lost = bfd_times(plan, session["bfd"])
        return every * lost
    hold: int = session["timers"]["hold"]
    return hold * 1000


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s"


def _layer2(plan: Plan, advert: Advertisement) -> list[Inline]:
    nodes, segments = advert["nodes"], advert["segments"]
    families = [_ASKED[family] for family in _families(plan, advert)]
    where: Inline = span("on ", listed(segments)) if segments else "on the nodes' own segment"
    found: list[Inline] = [
        span(
            "For every VIP of ",
            _plural(advert["pools"], "pool", "pools"),
            f" one node {_of_cluster(plan, advert)}answers ",
            " and ".join(asked.request for asked in families),
            " ",
            where,
            *([" by the interfaces ", listed(advert["interfaces"])] if advert["interfaces"] else []),
            ". All traffic of a VIP comes in by that node; others pass on what their pods answer.",
        ),
        span("The node is elected, per VIP, among ", listed(nodes), "; the table of VIPs names today's."),
    ]
    if advert["preferred_nodes"]:
        found.append("Nodes with certain labels are preferred in the election.")
    found.append(
        "Routers need no route for these VIPs but the segment's own. When the node fails, another one takes over and "
        f"says so with {' and '.join(asked.news for asked in families)}: neighbours must accept these."
    )
    local = _by_policy(plan, advert, "Local")
    if local:
        found.append(span("Only nodes on which a pod of them runs stand for election for ", listed(local), "."))
    return found


def _of_cluster(plan: Plan, advert: Advertisement) -> str:
    """Which cluster's nodes, where there are several."""
    return f"of cluster {advert['cluster']} " if plan["clusters"] else ""


def _by_policy(plan: Plan, advert: Advertisement, policy: str) -> list[str]:
    """The Services of an advertisement with this traffic policy."""
    named = {vip["service"] for vip in plan["vips"] if vip["advertisement"] == advert["name"]}
    return [
        name
        for service in plan["services"]
        for name in (f"{service['namespace']}/{service['name']}",)
        if name in named and service["traffic_policy"] == policy
    ]


def _plural(names: list[str], one: str, many: str) -> Inline:
    return span(f"{one if len(names) == 1 else many} ", listed(names))


def _communities(plan: Plan, communities: list[str]) -> Inline:
    """Communities, each with the name that the intent gives it."""
    names = {value: name for name, value in plan["communities"].items()}
    shown = [span(Code(text), f" ({names[text]})") if text in names else Code(text) for text in communities]
    return span("the community " if len(communities) == 1 else "the communities ", commas(shown))
