# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Racks: who stands in them, and what happens when a router of them fails."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import HINT
from ..intent.load import Intent, host_path
from ..plan.segments import RACK
from .places import FABRIC, among, standing
from .rule import Plan, Problem, rule


@rule("rack-empty", HINT)
def empty(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Somebody stands in every rack.

    Source: a rack without nodes announces nothing; mostly a node was moved, or its rack's name is another's.
    """
    for name in intent.fabric["racks"]:
        if not any(member in plan["nodes"] for member in plan["segments"][name]["members"]):
            yield Problem(f"{FABRIC}.racks.{name}", name, "no node stands in it", "Add nodes, or remove the rack.")


@rule("rack-one-router", HINT)
def one_router(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Nodes have sessions with two routers, so that one may fail.

    Source: RFC 4271 section 9.1 (a route goes with its session): each upgrade of the router is an outage.
    """
    places = standing(plan)
    around = {
        name: {member for member in segment["members"] if member in plan["routers"]}
        for name, segment in plan["segments"].items()
    }
    for name in intent.fabric["racks"]:
        routers = list(around[name])
        alone = [
            node
            for node in plan["segments"][name]["members"]
            if node in plan["nodes"] and len(set().union(*(around[place] for place in places[node]))) == 1
        ]
        if len(routers) == 1 and alone:
            reason = f"when {routers[0]} fails, nothing is announced by those who have no other router: {among(alone)}"
            yield Problem(f"{FABRIC}.racks.{name}.routers", routers[0], reason, "Add a second router to the rack.")


@rule("node-two-racks", HINT)
def two_racks(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node of several racks answers for a layer-2 VIP through the rack where it was asked.

    Source: RFC 3704 section 2.2: routers with strict filters drop what leaves by the default route of another rack.
    """
    answering = {
        (node, segment)
        for advert in plan["advertisements"]
        for segment in advert.get("segments", ())
        for node in advert["nodes"]
    }
    for node, places in standing(plan).items():
        own = [name for name in places if node in plan["nodes"] and plan["segments"][name]["kind"] == RACK]
        asked = [name for name in own if (node, name) in answering]
        if len(own) > 1 and asked:
            reason = f"stands in {among(own)} with one default route, and answers for layer-2 VIPs on {among(asked)}"
            fix = "Give the node a routing table per rack (ip rule from the VIP), or keep it off the advertisement."
            yield Problem(f"{host_path(node)}.racks", "", reason, fix)


RULES = (empty, one_router, two_racks)
