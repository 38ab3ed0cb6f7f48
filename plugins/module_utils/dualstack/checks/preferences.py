# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local preferences: that those who should set them can, and that they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..announcing.propagation import DEFAULT_PREFERENCE, confidants
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..plan.vips import selects
from .places import advertised, among
from .rule import Plan, Problem, rule

Advert = Mapping[str, Any]


@rule("preference-external", WARNING)
def external(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A preference that the nodes send has an iBGP peer that it is sent to.

    Source: RFC 4271 section 5.1.5: LOCAL_PREF is not sent to external peers.
    """
    internal = {
        tuple(end["host"] for end in session["ends"])
        for session in plan["sessions"]
        if session["kind"] == "node" and session["type"] == "ibgp"
    }
    for path, advert in _bgp(intent, plan):
        heard = any(
            node in advert["nodes"] and (advert["peers"] is None or peer in advert["peers"]) for node, peer in internal
        )
        if advert["local_preference"] is not None and advert["nodes"] and not heard:
            reason = "is sent to iBGP peers alone, and these nodes have none"
            fix = "Name the routers that set it, {router: preference}, or mark the prefixes with a community."
            yield Problem(path, str(advert["local_preference"]), reason, fix)


@rule("preference-blind", WARNING)
def blind(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A router that is to prefer prefixes gets them from below.

    Source: the preference is set where the prefixes enter the router from a lower tier (docs: local_preference).
    """
    pools = {pool["name"]: pool for pool in plan["pools"]}
    for path, advert in _bgp(intent, plan):
        routes = plan["routes"].get(advert["name"], {})
        for router in advert["preferences"]:
            lost = [
                FAMILY_NAME[family]
                for family, route in routes.items()
                if any(family in pools[pool]["blocks"] for pool in advert["pools"])
                and route["announcers"]
                and not _enters(plan, route, router)
            ]
            if lost:
                reason = (
                    f"gets no {' and no '.join(lost)} prefixes of this advertisement from below, so it sets nothing"
                )
                fix = "Name a router on the way up from the announcers, or remove it."
                yield Problem(f"{path}.{router}", router, reason, fix)


@rule("preference-equal", HINT)
def equal(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Preferences differ, from each other or from what other routers have.

    Source: RFC 4271 section 9.1.1; FRR's default is 100.
    """
    for path, advert in _bgp(intent, plan):
        values = [each["local_preference"] for each in advert["preferences"].values()]
        alone = len(values) == 1 and values[0] == DEFAULT_PREFERENCE
        if alone or (len(values) > 1 and len(set(values)) == 1):
            reason = "is what a router has anyway" if alone else "is the same at all routers that are named"
            fix = "Give the router that should carry the traffic a higher one."
            yield Problem(path, str(values[0]), reason, fix)


@rule("preference-contradicts", ERROR)
def contradicts(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No two advertisements give a prefix two preferences at the same place.

    Source: MetalLB refuses two localPref for one pool, peer and node; a route map stops at the first that matches.
    """
    for (path, one), (other_path, other) in combinations(_bgp(intent, plan), 2):
        if path == other_path or not _same_prefixes(plan, one, other):
            continue
        places: list[tuple[str, Any, Any]] = []
        if one["local_preference"] != other["local_preference"]:
            places.append((other_path, other["local_preference"], one["local_preference"]))
        for router in one["preferences"]:
            values = [each["preferences"].get(router, {}).get("local_preference") for each in (other, one)]
            if values[0] is not None and values[0] != values[1]:
                places.append((f"{other_path}.{router}", *values))
        for where, value, before in places:
            shared = among(pool for pool in one["pools"] if pool in other["pools"])
            first = "none" if before is None else before
            reason = f"advertisement {one['name']} announces pool {shared} to the same peers with {first}"
            fix = "Say one preference, or keep the two apart: other peers, other nodes, or another aggregation."
            yield Problem(where, str("none" if value is None else value), reason, fix)


@rule("preference-apart", WARNING)
def apart(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Routers with different preferences for a prefix tell each other, over iBGP.

    Source: RFC 4271 section 5.1.5: LOCAL_PREF is compared within an AS, and not sent to external peers.
    """
    for path, advert in _bgp(intent, plan):
        named = list(advert["preferences"])
        values = {each["local_preference"] for each in advert["preferences"].values()}
        hearing = confidants(named[0], plan["sessions"]) if len(values) > 1 else set(named)
        lost = [name for name in named if name not in hearing]
        if lost:
            reason = (
                f"{among(lost)} and {named[0]} have no iBGP between them, so neither hears of the other's preference"
            )
            fix = f"Link {lost[0]} and {named[0]} in one AS, or steer with communities that the routers above match."
            yield Problem(path, among(named), reason, fix)


RULES = (external, blind, equal, contradicts, apart)


def _bgp(intent: Intent, plan: Plan) -> Iterator[tuple[str, Advert]]:
    entries = advertised(intent, plan)
    for advert in plan["advertisements"]:
        if advert["kind"] == "bgp":
            yield f"{entries[advert['name']]['at']}.bgp.local_preference", advert


def _enters(plan: Plan, route: Mapping[str, Any], router: str) -> bool:
    """Whether a router has a session with somebody lower who holds the prefixes."""
    holders = {*route["announcers"], *route["routers"]}
    return router in route["routers"] and any(
        low["host"] in holders and high["host"] == router and low["tier"] < high["tier"]
        for low, high in (session["ends"] for session in plan["sessions"])
    )


def _same_prefixes(plan: Plan, one: Advert, other: Advert) -> bool:
    """Whether some node announces a prefix for both, to a peer that both are for."""
    shared = {name for name in one["pools"] if name in other["pools"]}
    lengths = any(
        one["aggregation"].get(family) == other["aggregation"].get(family)
        for pool in plan["pools"]
        if pool["name"] in shared
        for family in pool["blocks"]
    )
    peers = one["peers"] is None or other["peers"] is None or set(one["peers"]) & set(other["peers"])
    everything = not one["service_selectors"] and not other["service_selectors"]
    chosen = everything or any(
        shared & set(service["pools"].values()) and selects(one, service) and selects(other, service)
        for service in plan["services"]
    )
    return bool(lengths and peers and chosen and set(one["nodes"]) & set(other["nodes"]))
