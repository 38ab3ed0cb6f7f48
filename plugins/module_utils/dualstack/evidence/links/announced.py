# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announced: every expected announcer announces the VIP, to every router that it should, and nobody else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...announcing.reasons import TEXTS
from ...page.edges import connection
from ..case import Case, Session
from ..report import Report
from ..seen import ESTABLISHED
from ..texts import listing, same
from . import sessions

_STATUS = "See `dualstack-speaker status` and the journals of its units."


def check_bgp(case: Case, report: Report) -> None:
    """Red when a planned session of an announcer is down or does not carry the prefix, or when a stranger announces."""
    for node in case.vip["announcers"]:
        entry = _entry(case, node, report)
        if entry is not None:
            found = len(report.problems)
            for session in case.fabric.node_sessions(node, case.vip["family"]):
                _sent(case, node, entry, session, report)
            if len(report.problems) == found and not entry["announcing"]:
                _silent(case, node, _why(entry), report)
    _strangers(case, report)


def check_layer2(case: Case, report: Report) -> None:
    """Red unless exactly the elected announcer answers for the address."""
    for node in case.vip["announcers"]:
        entry = _entry(case, node, report)
        if entry is None:
            continue
        if entry["announcing"] and entry["interfaces"]:
            on = listing(f"{interface['name']} ({interface['mac']})" for interface in entry["interfaces"])
            report.fact(f"{node}: answers for {case.vip['vip']} on {on}", node)
        else:
            _silent(case, node, _why(entry), report)
    _strangers(case, report)


def _entry(case: Case, node: str, report: Report) -> Mapping[str, Any] | None:
    """The status of the VIP on an announcer; None, and a problem, when there is none."""
    if sessions.mute(case, node, report):
        return None
    entry = case.seen.vip(node, case.vip)
    if entry is None:
        _silent(case, node, case.seen.ignorance(node), report)
    return entry


def _silent(case: Case, node: str, seen: str, report: Report) -> None:
    report.problem(node, f"to announce {case.vip['vip']}", seen, _STATUS)


def _why(entry: Mapping[str, Any]) -> str:
    reason = entry["reason"]
    return f"it does not announce it: {TEXTS.get(reason, reason) or 'no reason given'}"


def _sent(case: Case, node: str, entry: Mapping[str, Any], session: Session, report: Report) -> None:
    router, address = session.router, session.router_address
    place = connection(node, router)
    expected = f"{case.vip['prefix']} to be announced to {router} ({address})"
    known = (case.seen.node(node)["status"] or {}).get("sessions") or []
    mine = (one for one in known if _is(one, session) and case.vip["family"] in one["families"])
    held = next(mine, None)
    if held is None:
        report.problem(node, expected, "the speaker has no such session", "Run site.yml for the node.", place)
    elif held["state"].lower() != ESTABLISHED:
        last = f", last error: {held['last_error']}" if held["last_error"] else ""
        state = f"the session {held['name']} is {held['state']}{last}"
        if sessions.not_asked(case, router, report, place):
            report.fact(f"{node}: {state}")
            return
        there, remedy = sessions.other_end(case, session)
        report.problem(
            node,
            expected,
            f"{state}; {there}" if there else state,
            sessions.own_end(node, session, held["last_error"])
            or remedy
            or f"Compare password, ASN and address of both ends; on {router}: "
            f"vtysh -c 'show bgp neighbors {session.node_address}'.",
            place,
        )
    elif held["name"] in entry["peers"]:
        report.fact(
            f"{node}: announces {case.vip['prefix']} to {router} ({address}), {held['name']} is {held['state']}",
            node,
            place,
        )
    elif entry["announcing"]:
        report.problem(
            node,
            expected,
            f"the session {held['name']} is {held['state']} but does not carry it",
            "See `dualstack-speaker status` and the nodes and peers of the advertisement.",
            place,
        )


def _is(one: Mapping[str, Any], session: Session) -> bool:
    """Whether a session that the speaker tells of is this one."""
    if session.unnumbered:
        return bool(one.get("interface") == session.router_address)
    return same(one["address"] or "") == same(session.router_address)


def _strangers(case: Case, report: Report) -> None:
    for node in case.seen.nodes():
        if node in case.vip["announcers"]:
            continue
        entry = case.seen.vip(node, case.vip)
        if entry is not None and entry["announcing"]:
            report.problem(
                node,
                f"only {listing(case.vip['announcers'])} to announce {case.vip['vip']}",
                f"{node} announces it as well",
                "See its resources and `dualstack-speaker status`; run site.yml for the node.",
            )
        elif case.vip["mode"] == "layer2" and case.seen.node(node)["error"]:
            report.fact(f"{node}: not asked whether it answers as well: {case.seen.node(node)['error']}")
