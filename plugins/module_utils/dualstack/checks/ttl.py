# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the other end of a session may be: multihop, and TTL security (RFC 5082)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses import blocks
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..plan.clusters import every
from ..plan.segments import RACK, REMOTE
from ..resources.modes import SPEAKER
from .places import among, gathered, segments, term
from .rule import Plan, Problem, rule

Session = Mapping[str, Any]


@rule("multihop-missing", ERROR, absence=True)
def multihop_missing(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A peer in another AS that is on no segment of a node has multihop.

    Source: eBGP packets are sent with TTL 1, and FRR does not even try (`ebgp-multihop`).
    """
    for peer, sessions in _to_peers(intent, plan).items():
        far = [session for session in sessions if _on_link(plan, session) is False]
        reaching = far and ("multihop" in far[0]["options"] or far[0]["ttl_security"] is not None)
        if far and far[0]["type"] == "ebgp" and not reaching:
            nodes = among(session["ends"][0]["host"] for session in far)
            reason = f"is on no segment of {nodes}, and eBGP reaches only neighbours on the link"
            fix = "State multihop (2 or more: the hops to the peer), or select only nodes of the peer's segment."
            yield Problem(f"{_at(intent, peer)}.addresses", far[0]["ends"][1]["address"], reason, fix)


@rule("multihop-near", HINT)
def multihop_near(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A peer on the segment of all its nodes has no multihop.

    Source: RFC 5082 section 3, RFC 7454 section 5.2: from farther away nobody should be heard.
    """
    for peer, sessions in _to_peers(intent, plan).items():
        if all("multihop" in session["options"] and _on_link(plan, session) for session in sessions):
            reason = "the peer is on the segment of all its nodes, so packets from elsewhere need not be accepted"
            multihop = str(sessions[0]["options"]["multihop"])
            yield Problem(f"{_at(intent, peer)}.multihop", multihop, reason, "Remove it.")


@rule("multihop-internal", ERROR)
def multihop_internal(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A peer in the nodes' own AS has no multihop.

    Source: MetalLB (`config.go`) refuses ebgpMultiHop when peerASN is myASN; iBGP is sent with the full TTL anyway.
    """
    for peer, sessions in _to_peers(intent, plan).items():
        internal = [session for session in sessions if session["type"] == "ibgp" and "multihop" in session["options"]]
        if internal:
            reason = f"the session is iBGP (ASN {internal[0]['ends'][0]['asn']}), which may be any number of hops long"
            multihop = str(internal[0]["options"]["multihop"])
            yield Problem(f"{_at(intent, peer)}.multihop", multihop, reason, "Remove it, or correct the peer's asn.")


@rule("ttl-multihop", ERROR)
def ttl_multihop(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """TTL security and multihop do not meet on one session.

    Source: RFC 5082 section 3; FRR: "ebgp-multihop and ttl-security cannot be configured together" (8.4 to 10.3).
    """
    for peer, sessions in _to_peers(intent, plan).items():
        session = sessions[0]
        if session["ttl_security"] is not None and "multihop" in session["options"]:
            reason = f"its peer group {session['peer_group']} has ttl_security, which says how far away the peer is"
            fix = "Remove multihop and let ttl_security have the hops, or choose another peer group."
            yield Problem(f"{_at(intent, peer)}.multihop", str(session["options"]["multihop"]), reason, fix)


@rule("ttl-node", ERROR)
def ttl_node(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Sessions of nodes have TTL security only where our speaker announces.

    Source: MetalLB does not send with TTL 255, so a router with `ttl-security` drops every packet of its nodes.
    """
    places = segments(intent)
    metallb = {each["name"] for each in every(plan) if each["load_balancer"] != SPEAKER}
    found = gathered(
        (places[session["segment"]], session)
        for session in plan["sessions"]
        if session["kind"] == "node"
        and session["ttl_security"] is not None
        and plan["nodes"][session["ends"][0]["host"]]["cluster"] in metallb
    )
    for path, sessions in found.items():
        group = sessions[0]["peer_group"]
        reason = (
            f"group {group} has ttl_security, but MetalLB sends with TTL 1 or 64: these sessions would never come up"
        )
        reason += f" ({among(session['name'] for session in sessions)})"
        yield Problem(f"{path}.peer_group", str(group), reason, "Choose a group without ttl_security for nodes.")


@rule("ttl-loose", WARNING)
def ttl_loose(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """TTL security of neighbours on one link allows one hop.

    Source: RFC 5082 section 3: each further hop lets more of the network send forged packets.
    """
    for path, sessions in _with_security(intent, plan, unnumbered=False).items():
        hops = sessions[0]["ttl_security"]
        if hops > 1:
            reason = f"these neighbours stand on one link: {among(session['name'] for session in sessions)}"
            yield Problem(path, str(hops), reason, "Use 1.")


@rule("ttl-unnumbered", HINT)
def ttl_unnumbered(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Sessions between link-local addresses have no TTL security.

    Source: RFC 4291 section 2.5.6: routers do not forward such packets, so nobody farther away can send them.
    """
    for path, sessions in _with_security(intent, plan, unnumbered=True).items():
        names = among(session["name"] for session in sessions)
        reason = f"adds nothing to sessions between link-local addresses: {names}"
        yield Problem(path, str(sessions[0]["ttl_security"]), reason, "Leave it out for unnumbered links.")


RULES = (
    multihop_missing,
    multihop_near,
    multihop_internal,
    ttl_multihop,
    ttl_node,
    ttl_loose,
    ttl_unnumbered,
)


def _to_peers(intent: Intent, plan: Plan) -> dict[str, list[Session]]:
    """The sessions with each peer that is known by addresses."""
    del intent
    return gathered(
        (session["ends"][1]["host"], session)
        for session in plan["sessions"]
        if plan["segments"][session["segment"]]["kind"] == REMOTE and not session["unnumbered"]
    )


def _at(intent: Intent, peer: str) -> str:
    return next(str(entry["at"]) for entry in intent.fabric["peers"] if entry["name"] == peer)


def _on_link(plan: Plan, session: Session) -> bool | None:
    """Whether the peer is on a segment of the node; None when the intent does not say where the node stands."""
    node, peer = session["ends"]
    address = blocks.parse_address(peer["address"])
    networks = [
        segment["networks"][address.family]
        for segment in plan["segments"].values()
        if segment["kind"] == RACK and node["host"] in segment["members"] and address.family in segment["networks"]
    ]
    return any(blocks.parse_network(text).contains(address) for text in networks) if networks else None


def _with_security(intent: Intent, plan: Plan, unnumbered: bool) -> dict[str, list[Session]]:
    return gathered(
        (term(intent, session, "ttl_security"), session)
        for session in plan["sessions"]
        if session["ttl_security"] is not None
        and session["unnumbered"] == unnumbered
        and plan["segments"][session["segment"]]["kind"] != REMOTE
    )
