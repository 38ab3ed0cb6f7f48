# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ASNs: which numbers may be used, and how sessions that show or accept other ones run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent, host_path
from .places import FABRIC, among, gathered, term
from .rule import Plan, Problem, rule

RESERVED = {23456: "AS_TRANS (RFC 6793 section 9)", 65535: "reserved (RFC 7300)", 4294967295: "reserved (RFC 7300)"}
PRIVATE = (range(64512, 65535), range(4200000000, 4294967295))
DOCUMENTATION = (range(64496, 64512), range(65536, 65552))
_PRIVATE_FIX = "Choose a private ASN: 64512-65534 or 4200000000-4294967294 (RFC 6996)."


@rule("asn-reserved", ERROR)
def reserved(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No ASN is one that must not be used; 0 is refused by the schema.

    Source: RFC 7607, RFC 6793 section 9, RFC 7300.
    """
    del plan
    for path, asn in (*_own(intent), *_of_others(intent)):
        if asn in RESERVED:
            yield Problem(path, str(asn), f"is {RESERVED[asn]}", _PRIVATE_FIX)


@rule("asn-documentation", WARNING)
def documentation(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """ASNs of examples stand in no fabric but a lab's.

    Source: RFC 5398 section 4: operators filter them.
    """
    del plan
    for path, asn in (*_own(intent), *_of_others(intent)):
        if not intent.lab and asn is not None and any(asn in numbers for numbers in DOCUMENTATION):
            yield Problem(path, str(asn), "is an ASN for documentation", f"{_PRIVATE_FIX} In a lab, say lab: true.")


@rule("asn-public", HINT)
def public(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A public ASN of nodes or of managed routers is one that a registry has assigned to you.

    Source: RFC 6996 section 3, RFC 1930 section 5.
    """
    del plan
    for path, asn in _own(intent):
        if asn is None or asn in RESERVED or any(asn in numbers for numbers in (*PRIVATE, *DOCUMENTATION)):
            continue
        reason = "is a public ASN: unless it is yours, it hides its owner's networks from you and yours from them"
        yield Problem(path, str(asn), reason, f"Keep it if it is assigned to you. {_PRIVATE_FIX}")


@rule("asn-dynamic-stated", WARNING)
def dynamic_and_stated(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A peer whose ASN is stated is not in a group that accepts any.

    Source: a session with `remote-as external` compares nothing with the ASN of the intent.
    """
    del plan
    for peer in intent.fabric["peers"]:
        group = intent.fabric["peer_groups"].get(peer["peer_group"])
        if group and group["dynamic_asn"] and peer["asn"] is not None:
            reason = f"peer group {peer['peer_group']} has dynamic_asn, so a wrong ASN at the other end is not noticed"
            fix = "Write dynamic_asn: external in place of asn, or choose a group without dynamic_asn."
            yield Problem(f"{peer['at']}.asn", str(peer["asn"]), reason, fix)


@rule("asn-dynamic-open", WARNING)
def dynamic_and_open(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Who may come with any ASN has to know a password.

    Source: RFC 7454 section 5.1; without either, whoever takes the neighbour's address gets the session.
    """
    peers = {peer["name"]: peer for peer in intent.fabric["peers"] if peer["dynamic_asn"]}

    def place(session: Mapping[str, Any]) -> str:
        peer = peers.get(session["ends"][1]["host"])
        return f"{peer['at']}.dynamic_asn" if peer else term(intent, session, "dynamic_asn")

    found = gathered(
        (place(session), session["name"])
        for session in plan["sessions"]
        if session["dynamic_asn"] and session["password"] is None
    )
    for path, names in found.items():
        reason = f"any ASN is accepted and no password asked for: {among(names)}"
        yield Problem(path, "", reason, "Name a password secret, or state the ASN.")


@rule("asn-local", ERROR)
def local(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An ASN that nodes show to one peer differs from their own and from the peer's, and the session is eBGP.

    Source: FRR's `neighbor … local-as` refuses each of the three (8.4: all; 10.3: the node's own ASN).
    """
    peers = {peer["name"]: peer for peer in intent.fabric["peers"] if peer["local_asn"] is not None}
    told = set()
    for session in plan["sessions"]:
        node, router = session["ends"]
        peer = peers.get(router["host"])
        if peer is None or peer["name"] in told:
            continue
        shown = peer["local_asn"]
        if shown == node["asn"]:
            reason, fix = f"is the ASN of {node['host']} anyway", "Remove it."
        elif shown == router["asn"]:
            reason, fix = "is the peer's own ASN, which would make the session iBGP", "Show another ASN, or none."
        elif session["type"] == "ibgp":
            reason, fix = "a session within an AS can't show another ASN", "Remove it, or state the peer's asn."
        else:
            continue
        told.add(peer["name"])
        yield Problem(f"{peer['at']}.local_asn", str(shown), reason, fix)


@rule("asn-of-others", WARNING)
def others(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No router of ours has the ASN of a router next to it that others configure.

    Source: RFC 4271 section 9.1.2: their session becomes an internal one, and both refuse what they sent each other.
    """
    for session in plan["sessions"]:
        if session["kind"] == "fabric" and session["type"] == "ibgp":
            ours = [end for end in session["ends"] if intent.routers[end["host"]]["managed"]]
            if len(ours) == 1:
                (other,) = (end["host"] for end in session["ends"] if end is not ours[0])
                reason = f"is the ASN of {other} too, which others configure"
                fix = f"Give it an ASN of your own, or say managed: true at {other}."
                yield Problem(f"{host_path(ours[0]['host'])}.asn", str(ours[0]["asn"]), reason, fix)


RULES = (reserved, documentation, public, dynamic_and_stated, dynamic_and_open, local, others)


def _own(intent: Intent) -> Iterator[tuple[str, int | None]]:
    """ASNs of nodes and of the routers that are managed."""
    yield f"{FABRIC}.node_asn", intent.fabric["node_asn"]
    for name, rack in intent.fabric["racks"].items():
        yield f"{FABRIC}.racks.{name}.node_asn", rack["node_asn"]
    for cluster in intent.clusters:
        yield f"{cluster['at']}.node_asn", cluster["node_asn"]
    for router, facts in intent.routers.items():
        if facts["managed"]:
            yield f"{host_path(router)}.asn", facts["asn"]
    for node, facts in intent.nodes.items():
        yield f"{host_path(node)}.asn", facts["asn"]
    for peer in intent.fabric["peers"]:
        yield f"{peer['at']}.local_asn", peer["local_asn"]


def _of_others(intent: Intent) -> Iterator[tuple[str, int | None]]:
    for peer in intent.fabric["peers"]:
        yield f"{peer['at']}.asn", peer["asn"]
    for router, facts in intent.routers.items():
        if not facts["managed"]:
            yield f"{host_path(router)}.asn", facts["asn"]
