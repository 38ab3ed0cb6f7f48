# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about BGP sessions: who speaks with whom, and on which terms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .parts import Code, Inline, Link, Paragraph, Part, Section, Table, lines, span
from .words import NONE, asn, count, end_address, families, router_anchor, router_link, session_type

_TERMS = ("timers", "password", "bfd", "graceful_restart", "ttl_security", "dynamic_asn", "peer_group", "options")
_OPTIONS = {
    "port": "TCP port {}",
    "multihop": "multi-hop with a TTL of {}",
    "local_asn": "nodes show the AS {}",
    "router_id": "nodes show the router ID {}",
    "vrf": "nodes speak from the VRF {}",
    "source_address": "nodes speak from {}",
}

Plan = Mapping[str, Any]
Session = Mapping[str, Any]


def section(plan: Plan) -> Section:
    """The terms once, then the sessions between routers, then those with nodes, router by router."""
    terms = _terms(plan["sessions"])
    fabric = [session for session in plan["sessions"] if session["kind"] == "fabric"]
    parts: list[Part] = []
    if not plan["sessions"]:
        return Section("BGP sessions", "sessions", [Paragraph("There are none: nothing is announced by BGP.")])
    parts.append(
        Paragraph(
            "Sessions of the same terms differ in nothing but their ends. Passwords are named here and kept elsewhere: "
            "both ends must have the same one."
        )
    )
    heads = ("terms", "peer group", "timers", "BFD", "TCP MD5 password", "TTL security", "further")
    agreed = [_row(plan, number, session) for session, number in _firsts(plan["sessions"], terms)]
    parts.append(Table("terms", heads, agreed))
    if fabric:
        rows = [(*_end(session, 0), *_end(session, 1), *_about(session, terms)) for session in fabric]
        sides = ("lower end", "AS", "address", "upper end", "AS", "address")
        table = Table("sessions between routers", (*sides, "carries", "type", "terms"), rows)
        parts.append(Section("Between routers", "sessions-fabric", [table]))
    for router in plan["routers"]:
        below = [
            session
            for session in plan["sessions"]
            if session["kind"] == "node" and session["ends"][1]["host"] == router
        ]
        if below:
            parts.append(_of_router(plan, router, below, terms))
    return Section("BGP sessions", "sessions", parts)


def _of_router(plan: Plan, router: str, sessions: Sequence[Session], terms: Mapping[str, int]) -> Section:
    rows = [(*_end(session, 0), end_address(session["ends"][1]), *_about(session, terms)) for session in sessions]
    heads = ("node", "AS", "node's address", "router's address", "carries", "type", "terms")
    link = span(f"AS {asn(plan['routers'][router]['asn'])}. ", Link("What it should hold", router_anchor(router)), ".")
    table = Table(f"sessions of {router} with nodes", heads, rows)
    return Section(f"{router} and its nodes", f"sessions-{router_anchor(router)}", [Paragraph(link), table])


def _end(session: Session, number: int) -> tuple[Inline, ...]:
    end = session["ends"][number]
    name = Code(end["host"]) if end["tier"] < 0 else router_link(end["host"])
    return name, asn(end["asn"]), end_address(end)


def _about(session: Session, terms: Mapping[str, int]) -> tuple[Inline, ...]:
    return families(session["families"]), session_type(session), str(terms[_key(session)])


def _key(session: Session) -> str:
    return json.dumps([session[name] for name in _TERMS], sort_keys=True)


def _terms(sessions: Sequence[Session]) -> dict[str, int]:
    """Each distinct set of terms and its number, from 1."""
    return {key: number for number, key in enumerate(dict.fromkeys(map(_key, sessions)), start=1)}


def _firsts(sessions: Sequence[Session], terms: Mapping[str, int]) -> list[tuple[Session, int]]:
    """A session of each set of terms."""
    first = {_key(session): session for session in reversed(sessions)}
    return [(first[key], number) for key, number in terms.items()]


def _row(plan: Plan, number: int, session: Session) -> tuple[Inline, ...]:
    timers, password, hops = session["timers"], session["password"], session["ttl_security"]
    return (
        str(number),
        Code(session["peer_group"]) if session["peer_group"] else NONE,
        f"keepalive {timers['keepalive']} s, hold {timers['hold']} s, connect {timers['connect']} s",
        _bfd(plan, session["bfd"]),
        span("yes: ", Code(password["secret"])) if password else "no",
        f"accepts packets from at most {count(hops, 'hop')} away (RFC 5082)" if hops else "no",
        lines(_further(session) or [NONE]),
    )


def _bfd(plan: Plan, name: str | None) -> Inline:
    if name is None:
        return "no"
    every, lost = bfd_times(plan, name)
    return span(Code(name), f": every {every} ms, down after {lost} lost packets ({every * lost} ms)")


def bfd_times(plan: Plan, profile: str) -> tuple[int, int]:
    """Milliseconds between packets and packets until a peer is down, as both ends settle them (RFC 5880 6.8.7)."""
    facts = plan["bfd_profiles"][profile]
    return max(facts["receive_interval"], facts["transmit_interval"]), facts["detect_multiplier"]


def _further(session: Session) -> list[Inline]:
    found: list[Inline] = []
    if session["graceful_restart"]:
        found.append("graceful restart (RFC 4724)")
    if session["dynamic_asn"]:
        found.append("each end accepts any AS of this type")
    return found + [text.format(session["options"][key]) for key, text in _OPTIONS.items() if key in session["options"]]
