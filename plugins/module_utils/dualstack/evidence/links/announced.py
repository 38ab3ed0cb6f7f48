# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announced: every expected announcer announces the VIP, to every router that it should, and nobody else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..case import Case, Report, Session, connection, listing, same

ESTABLISHED = "established"


def check_bgp(case: Case, report: Report) -> None:
    """Red when a planned session of an announcer is down or does not carry the prefix, or when a stranger announces."""
    for node in case.vip["announcers"]:
        entry = _entry(case, node, report)
        if entry is not None:
            for session in case.fabric.node_sessions(node, case.vip["family"]):
                _sent(case, node, entry, session, report)
    _strangers(case, report)


def check_layer2(case: Case, report: Report) -> None:
    """Red unless exactly the elected announcer answers for the address."""
    for node in case.vip["announcers"]:
        entry = _entry(case, node, report)
        if entry is None:
            continue
        if entry["interfaces"]:
            on = listing(f"{interface['name']} ({interface['mac']})" for interface in entry["interfaces"])
            report.fact(f"{node}: answers for {case.vip['vip']} on {on}", node)
        else:
            report.problem(
                node,
                f"to answer for {case.vip['vip']} on an interface",
                entry["reason"] or "it answers on none",
                "See the interfaces of the advertisement and the state of the node's links.",
            )
    _strangers(case, report)


def _entry(case: Case, node: str, report: Report) -> Mapping[str, Any] | None:
    """The status of the VIP on an announcer; None, and a problem, when it does not announce."""
    error = case.seen.node(node)["error"]
    entry = case.seen.vip(node, case.vip)
    if not error and entry is not None and entry["announcing"]:
        return entry
    if error:
        seen = error
    elif entry is None:
        seen = "its speaker does not know the VIP"
    else:
        seen = f"not announcing: {entry['reason'] or 'no reason given'}"
    report.problem(
        node, f"to announce {case.vip['vip']}", seen, "See `dualstack-speaker status` and the unit's journal there."
    )
    return None


def _sent(case: Case, node: str, entry: Mapping[str, Any], session: Session, report: Report) -> None:
    router, address = session.router, session.router_address
    place = connection(node, router)
    expected = f"{case.vip['prefix']} to be announced to {router} ({address})"
    known = (case.seen.node(node)["status"] or {}).get("sessions") or []
    held = next(
        (one for one in known if same(one["address"]) == same(address) and case.vip["family"] in one["families"]),
        None,
    )
    if held is None:
        report.problem(node, expected, "the speaker has no such session", "Run site.yml for the node.", place)
    elif held["state"].lower() != ESTABLISHED:
        last = f", last error: {held['last_error']}" if held["last_error"] else ""
        report.problem(
            node,
            expected,
            f"the session {held['name']} is {held['state']}{last}",
            f"Compare password, ASN and address of both ends; on {router}: "
            f"vtysh -c 'show bgp neighbors {session.node_address}'.",
            place,
        )
    elif held["name"] not in entry["peers"]:
        report.problem(
            node,
            expected,
            f"the session {held['name']} is established but does not carry it: {entry['reason'] or 'no reason given'}",
            "See `dualstack-speaker status` and the advertisement's nodes and peers.",
            place,
        )
    else:
        report.fact(
            f"{node}: announces {case.vip['prefix']} to {router} ({address}), {held['name']} established", node, place
        )


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
