# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advertisements: that each has pools, nodes, sessions and Services, in every family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..plan.vips import selects
from .places import advertised, among
from .rule import Plan, Problem, rule

Advert = Mapping[str, Any]


@rule("advertise-nobody", ERROR, absence=True)
def nobody(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An advertisement has a node that announces it.

    Source: MetalLB accepts selectors that match nothing and announces nothing. Nodes are those that the advertisement
    and the pools select, of its cluster.
    """
    for path, advert in _adverts(intent, plan):
        if not advert["nodes"] and not advert.get("segments"):
            members = among(name for name, facts in plan["nodes"].items() if facts["cluster"] == advert["cluster"])
            reason = "no node is selected by it and by the pools"
            fix = (
                f"Correct nodes, node_selectors, or the pools' node_selectors; the cluster has {members or 'no node'}."
            )
            yield Problem(path, advert["name"], reason, fix)


@rule("advertise-other-cluster", ERROR, absence=True)
def other_cluster(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The pools of an advertisement belong to its cluster.

    Source: IPAddressPools are objects of one cluster; another one's advertisement finds none of the name.
    """
    clusters = {pool["name"]: pool["cluster"] for pool in plan["pools"]}
    for path, advert in _adverts(intent, plan):
        for pool in advert["pools"]:
            cluster = clusters.get(pool, advert["cluster"])
            if cluster != advert["cluster"]:
                reason = f"the pool belongs to cluster {cluster}, the advertisement to {advert['cluster']}"
                yield Problem(f"{path}.pools", pool, reason, f"Say cluster: {cluster}, or choose other pools.")


@rule("advertise-no-session", ERROR, absence=True)
def no_session(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Some node of a BGP advertisement has a session for every family of its pools.

    Source: a session carries the family of its transport alone, unless it says both (MetalLB since 0.15, RFC 4760).
    """
    for path, advert in _adverts(intent, plan, "bgp"):
        speaking = _speaking(plan, advert)
        for family in _families(plan, advert) if advert["nodes"] else ():
            if not speaking[family]:
                to = f" to {among(advert['peers'])}" if advert["peers"] else ""
                reason = f"no session{to} of its nodes carries {FAMILY_NAME[family]}, so nobody hears of these prefixes"
                fix = "Add routers to the racks of the nodes, or peers, or advertise the pool by layer2."
                if advert["peers"]:
                    near = dict.fromkeys(router for node in advert["nodes"] for router in _routers_of(plan, node))
                    fix = f"Correct peers: these nodes have sessions with {among(near) or 'nobody'}."
                yield Problem(path, advert["name"], reason, fix)


@rule("advertise-silent-node", WARNING)
def silent_node(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """All nodes of a BGP advertisement have a session for every family of its pools.

    Source: with traffic policy Local, Services whose pods run on the others are not reached.
    """
    for path, advert in _adverts(intent, plan, "bgp"):
        speaking = _speaking(plan, advert)
        for family in _families(plan, advert):
            silent = [node for node in advert["nodes"] if node not in speaking[family]]
            if silent and speaking[family]:
                reason = f"no session carries {FAMILY_NAME[family]} for {among(silent)}"
                racks = among(rack for node in silent for rack in intent.nodes[node]["racks"])
                give = f"Give routers to {racks}" if racks else "Give them sessions"
                fix = f"{give}, or leave them out with nodes or node_selectors."
                yield Problem(path, advert["name"], reason, fix)


@rule("advertise-one-node", HINT)
def one_node(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Two nodes announce, so that one may fail or be drained.

    Source: MetalLB, concepts: the other nodes take over, where there are any.
    """
    for path, advert in _adverts(intent, plan):
        nodes = [node for node, facts in plan["nodes"].items() if facts["cluster"] == advert["cluster"]]
        if len(advert["nodes"]) == 1 and len(nodes) > 1:
            reason = f"when {advert['nodes'][0]} fails, all VIPs of {among(advert['pools'])} are gone"
            yield Problem(path, advert["name"], reason, "Let a second node announce.")


@rule("advertise-one-router", HINT)
def one_router(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Two routers hear of a pool's prefixes from the nodes, where there are two.

    Source: RFC 4271 section 9.1: a route goes with the session that brought it. Racks with one router: rack-one-router.
    """
    hearing: dict[str, set[str]] = {}
    around: dict[str, set[str]] = {}
    where: dict[str, str] = {}
    for path, advert in _adverts(intent, plan, "bgp"):
        nodes = set(advert["nodes"])
        routers = {
            session["ends"][1]["host"]
            for session in plan["sessions"]
            if session["kind"] == "node" and session["ends"][0]["host"] in nodes
        }
        for pool in advert["pools"]:
            around.setdefault(pool, set()).update(routers)
            hearing.setdefault(pool, set()).update(routers & set(advert["peers"] or routers))
            where[pool] = path
    peers = {peer["name"] for peer in intent.fabric["peers"]}
    for pool, routers in hearing.items():
        if len(routers) == 1 and (len(around[pool]) > 1 or routers <= peers):
            reason = f"all nodes announce the pool to {among(routers)} alone: when it fails, the VIPs are gone"
            yield Problem(where[pool], pool, reason, "Let a second router or peer hear of it.")


@rule("advertise-both-ways", HINT)
def both_ways(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pool is advertised by BGP or by layer 2.

    Source: MetalLB does both: then hosts of the segment reach one node, all others the nodes that the routers choose.
    """
    first: dict[str, str] = {}
    for path, advert in _adverts(intent, plan, "bgp"):
        for pool in advert["pools"]:
            first.setdefault(pool, path)
    for path, advert in _adverts(intent, plan, "layer2"):
        for pool in (name for name in advert["pools"] if name in first):
            reason = f"the pool is advertised by BGP too ({first[pool]})"
            yield Problem(f"{path}.pools", pool, reason, "Keep one of the two, unless both are meant.")


@rule("advertise-no-service", HINT)
def no_service(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The service_selectors of an advertisement match a Service of its pools.

    Source: MetalLB accepts selectors that match nothing. Services that the intent does not name are not seen here.
    """
    for path, advert in _adverts(intent, plan):
        if not advert["service_selectors"] or not plan["services"] or intent.partial:
            continue
        served = [each for each in plan["services"] if set(each["pools"].values()) & set(advert["pools"])]
        if not any(selects(advert, service) for service in served):
            reason = "match no Service of the intent that has addresses of these pools"
            yield Problem(f"{path}.service_selectors", "", reason, "Correct the labels here or at the Services.")


RULES = (nobody, other_cluster, no_session, silent_node, one_node, one_router, both_ways, no_service)


def _adverts(intent: Intent, plan: Plan, kind: str | None = None) -> Iterator[tuple[str, Advert]]:
    entries = advertised(intent, plan)
    for advert in plan["advertisements"]:
        if kind is None or advert["kind"] == kind:
            yield entries[advert["name"]]["at"], advert


def _families(plan: Plan, advert: Advert) -> list[str]:
    """The families in which the pools of an advertisement have addresses, and its cluster serves."""
    chosen = [pool for pool in plan["pools"] if pool["name"] in advert["pools"]]
    return [family for family in plan["cluster"]["families"] if any(family in pool["blocks"] for pool in chosen)]


def _speaking(plan: Plan, advert: Advert) -> dict[str, set[str]]:
    """Per family, the nodes of an advertisement with a session that carries it to somebody whom it is for."""
    found: dict[str, set[str]] = {family: set() for family in plan["cluster"]["families"]}
    nodes = set(advert["nodes"])
    for session in plan["sessions"]:
        node, router = (end["host"] for end in session["ends"])
        if session["kind"] == "node" and node in nodes and (advert["peers"] is None or router in advert["peers"]):
            for family in session["families"]:
                found[family].add(node)
    return found


def _routers_of(plan: Plan, node: str) -> list[str]:
    """The routers that a node has sessions with."""
    return [
        session["ends"][1]["host"]
        for session in plan["sessions"]
        if session["kind"] == "node" and session["ends"][0]["host"] == node
    ]
