# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far prefixes travel: to the clients' routers, with next hops that are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, Block
from ..addresses.sets import intersection, merge
from ..announcing.propagation import Neighbour, Path, neighbours, propagate
from ..findings import ERROR, WARNING
from ..intent.load import Intent
from ..plan.segments import REMOTE
from .places import advertised, among, standing
from .rule import Plan, Problem, rule

Links = Sequence[Neighbour]


class Stop(NamedTuple):
    """Where a prefix is not passed on, why, and what would help."""

    reason: str
    fix: str


@rule("unreachable", ERROR, absence=True)
def stops(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every VIP's prefix arrives at the router of every client that has the family.

    Source: RFC 4271 sections 9.1.2 (own ASN in the path) and 9.2.1 (iBGP is not passed on to iBGP), RFC 4456.
    """
    behind: dict[str, dict[str, str]] = {family: {} for family in plan["cluster"]["families"]}
    for client, facts in intent.clients.items():
        for family in facts["addresses"]:
            if facts["behind"] in plan["routers"]:
                behind.setdefault(family, {}).setdefault(facts["behind"], client)
    for advert, family, route in _routes(plan):
        for router, client in behind[family].items():
            if route["announcers"] and router not in route["routers"]:
                yield _problem(intent, plan, advert, family, router, f" (client {client} stands behind it)")


@rule("prefix-not-above", WARNING)
def not_above(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every VIP's prefix arrives at the routers at the edge: those with no router above them.

    Source: as for unreachable; clients come from beyond those routers, whether or not the intent knows any.
    """
    told = {facts["behind"] for facts in intent.clients.values()}
    inner = told | _below(plan)
    speaking = {end["host"] for session in plan["sessions"] for end in session["ends"]}
    edge = [name for name in intent.routers if name not in inner and name in speaking]
    for advert, family, route in _routes(plan):
        if advert["peers"] is not None or not route["announcers"]:
            continue
        for router in edge:
            if router not in route["routers"]:
                yield _problem(intent, plan, advert, family, router, "")


@rule("next-hop-unreachable", ERROR, absence=True)
def next_hops(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every next hop is on a segment of the router, or in a network that somebody originates.

    Source: RFC 4271 section 9.1.2: a route whose NEXT_HOP is not resolvable is not used.
    """
    entries = advertised(intent, plan)
    told = set()
    for family in plan["cluster"]["families"] if plan["routes"] else ():
        resolver = _Resolver(plan, family)
        for advert, of_family, route in _routes(plan):
            for router, entry in route["routers"].items() if of_family == family else ():
                for hop in entry["next_hops"]:
                    if (router, hop) not in told and not resolver.finds(router, hop):
                        reason = (
                            f"{router} gets {FAMILY_NAME[family]} prefixes with this next hop, and has no route to it"
                        )
                        fix = "Give the nodes addresses on the peer's segment, or let a router originate the network."
                        yield Problem(entries[advert["name"]]["at"], hop, reason, fix)
                    told.add((router, hop))


RULES = (stops, not_above, next_hops)


def _routes(plan: Plan) -> Iterator[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    """(advertisement, family, route) of what is announced by BGP in families of its pools."""
    pools = {pool["name"]: pool for pool in plan["pools"]}
    for advert in plan["advertisements"]:
        for family, route in plan["routes"].get(advert["name"], {}).items():
            if any(family in pools[pool]["blocks"] for pool in advert["pools"]):
                yield advert, family, route


def _below(plan: Plan) -> set[str]:
    """Routers with a session to a router of a higher tier."""
    return {
        session["ends"][0]["host"]
        for session in plan["sessions"]
        if session["ends"][0]["tier"] < session["ends"][1]["tier"]
    }


class _Resolver:
    """Whether a router finds a next hop of one family: on its segments, or in what any router originates."""

    def __init__(self, plan: Plan, family: str) -> None:
        self._plan = plan
        self._family = family
        self._places = standing(plan)
        self._on_link: dict[str, list[Block]] = {}
        self._told = {  # off the link and eBGP: multihop-missing
            (session["ends"][1]["host"], session["ends"][0]["address"])
            for session in plan["sessions"]
            if session["type"] == "ebgp" and plan["segments"][session["segment"]]["kind"] == REMOTE
        }
        texts = (text for facts in plan["routers"].values() for text in facts["originates"].get(family, []))
        self._originated = merge(blocks.parse_network(text) for text in texts)

    def finds(self, router: str, hop: str) -> bool:
        """Yes too for a link-local address (unnumbered), and for a peer whose surroundings the intent does not tell."""
        if "%" in hop or (router, hop) in self._told:
            return True
        if router not in self._on_link:
            self._on_link[router] = self._connected(router) or self._near(router)
        address = blocks.parse_address(hop)
        near = self._on_link[router]
        if not near or any(network.contains(address) for network in near):
            return True
        return bool(self._connected(router)) and bool(intersection([address], self._originated))

    def _connected(self, router: str) -> list[Block]:
        networks = (self._plan["segments"][name]["networks"] for name in self._places.get(router, ()))
        return [blocks.parse_network(each[self._family]) for each in networks if self._family in each]

    def _near(self, peer: str) -> list[Block]:
        """The networks that a peer's addresses lie in; none for one that is several hops away."""
        sessions = [session for session in self._plan["sessions"] if session["ends"][1]["host"] == peer]
        addresses = [
            blocks.parse_address(session["ends"][1]["address"]) for session in sessions if session["ends"][1]["address"]
        ]
        if any("multihop" in session["options"] for session in sessions):
            return []
        return [
            blocks.parse_network(each["networks"][self._family])
            for each in self._plan["segments"].values()
            if self._family in each["networks"]
            and any(blocks.parse_network(text).contains(one) for text in each["networks"].values() for one in addresses)
        ]


def _problem(intent: Intent, plan: Plan, advert: Mapping[str, Any], family: str, router: str, about: str) -> Problem:
    stop = _stop(plan, advert, family, router)
    reason = f"the {FAMILY_NAME[family]} prefixes never arrive at {router}{about}: {stop.reason}"
    return Problem(advertised(intent, plan)[advert["name"]]["at"], router, reason, stop.fix)


def _stop(plan: Plan, advert: Mapping[str, Any], family: str, router: str) -> Stop:
    """The place nearest to ``router`` where the prefix is held and not passed on."""
    links = neighbours(plan["sessions"], plan["segments"], family)
    announcers = plan["routes"][advert["name"]][family]["announcers"]
    preferences = {name: each["local_preference"] for name, each in advert["preferences"].items()}
    held = propagate(links, announcers, preferences, advert["local_preference"], advert["peers"])
    behind, wave = {router}, [router]
    while wave:
        leading = [link for link in links if link.receiver in wave]
        at = [link for link in leading if link.sender in held or link.sender in announcers]
        if at:
            return _refused(at[0], held, advert, announcers)
        wave = list(dict.fromkeys(link.sender for link in leading if link.sender not in behind))
        behind.update(wave)
    lost = among(sorted(behind))
    name = FAMILY_NAME[family]
    return Stop(f"no session that carries {name} leads from the announcers to {lost}", f"Add a link, or {name} on one.")


def _refused(link: Neighbour, held: Mapping[str, list[Path]], advert: Mapping[str, Any], announcers: list[str]) -> Stop:
    """Why ``link.receiver`` does not have what ``link.sender`` holds; mirrors announcing/propagation.py."""
    way = f"{link.sender} does not tell {link.receiver}"
    if link.sender in announcers:
        if advert["peers"] is not None and link.receiver not in advert["peers"]:
            return Stop(f"{way}: the advertisement is for {among(advert['peers'])} alone", "Add it to peers.")
        path: tuple[Any, ...] = () if link.internal else (link.sender_asn,)
    else:
        best = held[link.sender][0]
        if link.from_above:
            reason = f"{way}, which stands below it: own prefixes are not accepted from above"
            return Stop(reason, "Announce from nodes below it, or link the two routers' neighbours on one tier.")
        if link.internal and best.internal:
            reason = f"{way}: it learned them over iBGP, which is not passed on to iBGP"
            fix = f"Make {link.sender} a route_reflector, link {link.receiver} to who told it, or use eBGP."
            return Stop(reason, fix)
        path = best.as_path if link.internal else (link.sender_asn, *best.as_path)
    if link.receiver_asn in path:
        reason = f"{link.receiver} refuses them from {link.sender}: its own ASN {link.receiver_asn} is in the path"
        fix = f"Give {link.receiver}, or whoever has {link.receiver_asn} on the way, another ASN."
        return Stop(f"{reason} ({' '.join(map(str, path))})", fix)
    return Stop(f"{way}: it would come back to who has sent it", "Add a link to a router that holds them.")
