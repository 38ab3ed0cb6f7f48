# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between routers, and the interfaces on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..announcing.propagation import joined
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent, host_path
from ..plan.segments import linked
from .places import among, gathered
from .rule import Plan, Problem, rule


@rule("link-of-node", ERROR, silenceable=False)
def of_node(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A link leads from a router to another one, or, unnumbered, to a node.

    Source: a node has its address on a network with others (a rack); a link alone gives it none.
    """
    del plan
    for link in intent.fabric["links"]:
        nodes = [end for end in link["between"] if end in intent.nodes]
        if nodes and not linked(intent, link) and len(set(link["between"])) == 2:
            others = len(nodes) == 2
            reason = "both ends are nodes" if others else f"{nodes[0]} is a node, and the link is not unnumbered"
            fix = "Name a router." if others else "Set unnumbered: true, or put the node into a rack of the router."
            yield Problem(link["at"], " - ".join(link["between"]), reason, fix)


@rule("unnumbered-interfaces", ERROR)
def interfaces(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An unnumbered link names the interface of either end.

    Source: a link-local address means nothing without its interface (RFC 4007 section 6) (`neighbor swp1 interface`).
    """
    del plan
    for link in intent.fabric["links"]:
        without = [end for end in link["between"] if end not in link["interfaces"]]
        if link["unnumbered"] and without:
            reason = f"no interface is named for {among(without)}, so there is nothing to find the neighbour by"
            yield Problem(f"{link['at']}.interfaces", "", reason, "Name the interface of either end.")


@rule("unnumbered-network", ERROR)
def network(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An unnumbered link has no network.

    Source: it would be planned nowhere: sessions between link-local addresses need none (RFC 8950).
    """
    del plan
    for link in intent.fabric["links"]:
        if link["unnumbered"] and link["network"]:
            given = ", ".join(link["network"].values())
            fix = "Remove network, or unnumbered."
            yield Problem(f"{link['at']}.network", given, "the link is unnumbered, so nobody uses it", fix)


@rule("interface-twice", ERROR)
def interface_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A host has each of its links behind an interface of its own.

    Source: behind one interface FRR finds one unnumbered neighbour; a point-to-point link has two ends.
    """
    del plan
    used = gathered(
        (f"{router}\0{name}", link) for link in intent.fabric["links"] for router, name in link["interfaces"].items()
    )
    for key, links in used.items():
        router, _unused, name = key.partition("\0")
        if len(links) > 1:
            others = among(" - ".join(link["between"]) for link in links)
            path = f"{links[-1]['at']}.interfaces.{router}"
            yield Problem(path, name, f"{router} has {len(links)} links behind it: {others}", "Correct one of them.")


@rule("router-id-derived", HINT)
def derived_identifier(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """In a fabric with IPv4, routers have an IPv4 loopback, or state their BGP identifier.

    Source: RFC 4271 section 4.2: the identifier is an address of the speaker; people look for it in logs.
    """
    found = [
        router
        for router, facts in intent.routers.items()
        if "ipv4" in intent.families
        and facts["router_id"] is None
        and "ipv4" not in plan["routers"][router]["loopback"]
    ]
    if found:
        reason = f"the BGP identifiers of {among(found)} are numbers derived from their names, which nobody recognises"
        fix = "Give fabric.loopbacks an IPv4 block, or the router a loopback or a router_id."
        yield Problem(host_path(found[0]), plan["routers"][found[0]]["router_id"], reason, fix)


@rule("router-unmanaged", HINT)
def unmanaged(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Routers that somebody else configures are told to them.

    Source: a session has two ends; the other team has to type ours: addresses, ASNs, families, prefix lists, timers.
    """
    names = [router for router in intent.routers if not plan["routers"][router]["managed"]]
    if names:
        reason = f"not configured by us: {among(names, most=8)}"
        fix = "Hand the peering sheets (or the rendered configuration) of these routers to whoever configures them."
        first = host_path(names[0])
        yield Problem(f"{first}.managed", "", reason, fix)


@rule("fabric-split", WARNING)
def split(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Links lead from every router to those with the clients, in each family.

    Source: nodes pass nothing on, so what is announced on one side is not known on the other.
    """
    fabric = [session for session in plan["sessions"] if session["kind"] != "node"]
    for family in intent.families if fabric else ():
        found = _parts(list(intent.routers), [session for session in fabric if family in session["families"]])
        served = {facts["behind"] for facts in intent.clients.values() if facts["behind"]}
        for part in found[1:]:
            if not served & set(part):
                reason = f"no link carries {FAMILY_NAME[family]} from {among(part)} to {among(found[0])}"
                yield Problem("dualstack.fabric.links", among(part), reason, "Add the link, or plan the parts apart.")


RULES = (of_node, interfaces, network, interface_twice, derived_identifier, unmanaged, split)


def _parts(routers: list[str], sessions: list[Mapping[str, Any]]) -> list[list[str]]:
    """The routers that are connected with each other, the largest part first."""
    found: list[list[str]] = []
    left = list(routers)
    while left:
        part = joined(left[0], sessions)
        found.append([router for router in left if router in part])
        left = [router for router in left if router not in part]
    return sorted(found, key=lambda part: -len(part))
