# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions: that every pair of neighbours has one, with a next hop for every family that it carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent, host_path
from ..plan.segments import LINK, RACK, REMOTE, remote_name
from ..plan.selecting import nodes_of
from ..plan.terms import terms
from .places import FABRIC, among, gathered, host, segments
from .rule import Plan, Problem, rule


@rule("session-missing", ERROR, absence=True)
def missing(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Neighbours that should have a session have an address of the family that it runs over.

    Source: RFC 4271 section 8: a session is a TCP connection between two addresses of one family.
    """
    places = segments(intent)
    known = {(session["segment"], frozenset(end["host"] for end in session["ends"])) for session in plan["sessions"]}
    lost: dict[str, list[tuple[str, str]]] = {}
    for segment, one, other in _neighbours(intent, plan):
        if (segment, frozenset((one, other))) not in known:
            lost.setdefault(segment, []).append((one, other))
    for segment, pairs in lost.items():
        one, other = pairs[0]
        layout = terms(intent, _peer_group(intent, segment)).layout
        transport = layout[len("over-") :] if layout.startswith("over-") else None
        if transport and transport not in intent.families:
            over = f"sessions run {layout.replace('-', ' ').replace('ip', 'IP')} alone, which the fabric does not have"
        elif transport:
            over = f"sessions run over {FAMILY_NAME[transport]} alone, of which one of the two has no address there"
        else:
            over = "they have no family in common"
        reason = f"{over}: {among(f'{one} and {other}' for one, other in pairs)}"
        fix = "Give both an address of the family, or choose another value for sessions."
        yield Problem(places[segment], "", f"no session, because {reason}", fix)


@rule("session-next-hop", ERROR, absence=True)
def next_hop(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node has an address of every family that its session carries, to give as next hop.

    Source: RFC 4760 section 3; the other family's next hop (RFC 8950) is spoken on unnumbered links alone.
    """
    found = gathered(
        (host(intent, session["ends"][0]["host"]), (session, family))
        for session in plan["sessions"]
        if session["kind"] == "node" and not session["unnumbered"]
        for family in session["families"]
        if family not in plan["segments"][session["segment"]]["members"][session["ends"][0]["host"]]["addresses"]
    )
    for path, cases in found.items():
        session, family = cases[0]
        carried, over = FAMILY_NAME[family], FAMILY_NAME[session["transport"]]
        reason = f"the session with {session['ends'][1]['host']} carries {carried} over {over}, and the node has no "
        fix = f"Give the node an {carried} address, or let the session carry {over} alone."
        yield Problem(path, "", f"{reason}{carried} address to give as next hop", fix)


@rule("peer-one-family", WARNING)
def one_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The sessions of a node with a peer carry all families of the node's cluster.

    Source: a session carries the family of its transport, unless both are asked for (MetalLB since 0.15).
    """
    carried: dict[str, set[str]] = {}
    wanted: dict[str, set[str]] = {}
    for session in plan["sessions"]:
        if plan["segments"][session["segment"]]["kind"] == REMOTE:
            node, peer = (end["host"] for end in session["ends"])
            carried.setdefault(peer, set()).update(session["families"])
            wanted.setdefault(peer, set()).update(plan["nodes"][node]["families"])
    for entry in intent.fabric["peers"]:
        without = wanted.get(entry["name"], set()) - carried.get(entry["name"], set())
        for family in sorted(without):
            reason = f"no session with this peer carries {FAMILY_NAME[family]}, so it never gets those prefixes"
            fix = f"Give its {FAMILY_NAME[family]} address, or both_families: true."
            yield Problem(f"{entry['at']}.addresses", ", ".join((entry["addresses"] or {}).values()), reason, fix)


@rule("password-missing", HINT)
def no_password(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Sessions have a password, or say that they have none (authenticated: false).

    Source: RFC 7454 section 5.1: whoever can reach the TCP port can reset, or take over, a session without.
    """
    groups = intent.fabric["peer_groups"]
    open_ones = [
        session["name"]
        for session in plan["sessions"]
        if session["password"] is None and (groups.get(session["peer_group"]) or {}).get("authenticated", True)
    ]
    if open_ones:
        reason = f"{len(open_ones)} of {len(plan['sessions'])} sessions have no password ({among(open_ones)})"
        fix = "Name a secret, or say authenticated: false in a peer group of these sessions."
        yield Problem(f"{FABRIC}.password", "", reason, fix)


@rule("router-without-session", WARNING)
def router_idle(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every router that stands in a rack or on a link has a session.

    Source: a router without one neither learns nor announces anything.
    """
    busy = {end["host"] for session in plan["sessions"] for end in session["ends"]}
    lost = {name for _unused, one, other in _neighbours(intent, plan) for name in (one, other)}
    placed = [segment["members"] for segment in plan["segments"].values() if segment["kind"] in (RACK, LINK)]
    for name in intent.routers:
        if name not in busy and name not in lost and any(name in members for members in placed):
            reason = (
                "has no session with anybody: no node of its racks peers with it, and no link leads to another router"
            )
            fix = "Put nodes into its racks, check the racks' node_selectors, add a link, or remove the router."
            yield Problem(host_path(name), "", reason, fix)


RULES = (missing, next_hop, one_family, no_password, router_idle)


def _neighbours(intent: Intent, plan: Plan) -> Iterator[tuple[str, str, str]]:
    """(segment, one, other) of all that should have a session."""
    clusters = list(dict.fromkeys(facts["cluster"] for facts in plan["nodes"].values()))
    for name, segment in plan["segments"].items():
        members: Mapping[str, Any] = segment["members"]
        routers = [member for member in members if member in plan["routers"]]
        if segment["kind"] == RACK:
            selectors = intent.fabric["racks"][name]["node_selectors"]
            chosen = {node for cluster in clusters for node in nodes_of(selectors, plan["nodes"], cluster)}
            yield from ((name, node, router) for node in members if node in chosen for router in routers)
        elif segment["kind"] == REMOTE:
            peer = routers[0]
            stated = members[peer]["addresses"] or members[peer]["interface"]
            if stated:
                yield from ((name, node, peer) for node in members if node != peer)
        elif segment["kind"] == LINK:
            one, other = members
            yield name, one, other


def _peer_group(intent: Intent, segment: str) -> str | None:
    if segment in intent.fabric["racks"]:
        found: str | None = intent.fabric["racks"][segment]["peer_group"]
        return found
    entries = {"--".join(link["between"]): link for link in intent.fabric["links"]}
    entries.update({remote_name(peer["name"]): peer for peer in intent.fabric["peers"]})
    group: str | None = entries[segment]["peer_group"]
    return group
