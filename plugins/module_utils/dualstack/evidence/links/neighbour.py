# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour: on the VIP's segments, every router and client resolves the address to the announcer's MAC.

ARP (RFC 826) for IPv4, neighbour discovery (RFC 4861 section 7) for IPv6; the states are those of Linux.
A stale entry is right as long as its MAC is: stale only says that it was not confirmed lately (RFC 4861 section 7.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...page.edges import connection
from ..case import Case
from ..report import Report
from ..seen import NOT_GATHERED
from ..texts import listing

USABLE = frozenset(("REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"))
PROTOCOL = {"ipv4": "ARP", "ipv6": "NDP"}


def check(case: Case, report: Report) -> None:
    """Red for each host on the segment whose entry is absent, unusable or names another MAC."""
    for name in case.vip["segments"]:
        members = case.fabric.plan["segments"][name]["members"]
        for announcer in case.vip["announcers"]:
            macs = _macs(case, announcer, members.get(announcer) or {})
            for host in members:
                seen = _observer(case, host)
                if seen is not None:
                    _host(case, host, seen, announcer, macs, report)
    if not report.facts and not report.problems:
        report.fact(
            f"no managed router and no client of the family stands on {listing(case.vip['segments'], 'a segment')}: "
            "no neighbour table to look at"
        )


def _macs(case: Case, announcer: str, member: Mapping[str, Any]) -> set[str]:
    """The MACs under which the announcer may answer: of its interface on the segment where the intent states which."""
    entry = case.seen.vip(announcer, case.vip) or {}
    stated = member.get("interface")
    return {one["mac"].lower() for one in entry.get("interfaces") or [] if stated in (None, one["name"])}


def _observer(case: Case, host: str) -> Mapping[str, Any] | None:
    if host in case.fabric.plan["routers"]:
        return case.seen.router(host) if case.fabric.managed(host) else None
    return case.seen.client(host) if host in case.vip["clients"] else None


def _host(case: Case, host: str, seen: Mapping[str, Any], announcer: str, macs: set[str], report: Report) -> None:
    address, protocol = case.vip["vip"], PROTOCOL[case.vip["family"]]
    place = connection(host, announcer)
    entry = (seen.get("neighbours") or {}).get(address)
    if entry and (entry["mac"] or "").lower() in macs and entry["state"].upper() in USABLE:
        report.fact(
            f"{host}: {protocol} has {address} at {entry['mac']} ({announcer}) on {entry['interface']}"
            f", {entry['state']}",
            host,
            place,
        )
        return
    if entry:
        observed = f"{entry['mac'] or 'no MAC'} ({entry['state']}) on {entry['interface']}"
        owner = _owner(case, entry["mac"]) if entry["mac"] else None
        if owner and owner != announcer:
            observed += f", which is {owner}"
    else:
        observed = "no entry" if seen.get("neighbours") is not None else seen.get("error") or NOT_GATHERED
    report.problem(
        host,
        f"{protocol} to resolve {address} to {listing(macs, 'a MAC')} of {announcer}",
        observed,
        f"Is {protocol} filtered between {host} and {announcer}, does {announcer} answer on this segment, "
        f"has another host the address? `ip neigh show {address}`.",
        place,
    )


def _owner(case: Case, mac: str) -> str | None:
    for node in case.seen.nodes():
        for entry in (case.seen.node(node).get("status") or {}).get("vips") or []:
            if any(one["mac"].lower() == mac.lower() for one in entry.get("interfaces") or []):
                return node
    return None
