# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FIB: the kernel of every router that should forwards over the right paths, all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...page.edges import connection
from ..case import Case
from ..report import Report
from ..texts import listing, same


def check(case: Case, report: Report) -> None:
    """Red for each managed router whose kernel lacks a path, has one too many, or another one.

    A planned next hop on a segment of the router is the kernel's next hop as well. One that is not (reached over
    another route) is resolved by the router; then only the number of paths is judged, which ``maximum_paths`` bounds.
    """
    for router, wanted in case.vip["routers"].items():
        if not case.fabric.managed(router):
            report.fact(f"{router}: not managed, not looked at")
            continue
        table = (case.seen.router(router).get("fib") or {}).get(case.vip["family"]) or {}
        _router(case, router, wanted, {same(hop) for hop in table.get(case.vip["prefix"]) or []}, report)


def _router(case: Case, router: str, wanted: Mapping[str, Any], seen: set[str], report: Report) -> None:
    planned = {same(hop) for hop in wanted["next_hops"]}
    limit = case.fabric.plan["routers"][router]["maximum_paths"]
    number = min(len(planned), limit)
    direct = all(case.fabric.adjacent(router, hop) for hop in planned)
    strangers = seen - planned if direct else set()
    if len(seen) == number and not strangers:
        owners = [case.fabric.owner(router, hop) for hop in sorted(seen)]
        report.fact(
            f"{router}: {case.vip['prefix']} has {number} path(s) in the kernel: {listing(seen)}",
            router,
            *(connection(router, owner) for owner in owners if owner),
        )
        return
    missing = planned - seen if direct and len(seen) < number else set()
    owner = case.fabric.owner(router, min(missing)) if missing else None
    kernel, frr = ("ip -6", "ipv6") if case.vip["family"] == "ipv6" else ("ip", "ip")
    report.problem(
        router,
        f"{number} path(s) in the kernel for {case.vip['prefix']}: {listing(planned)}",
        f"{len(seen)} path(s): {listing(seen)} (missing: {listing(missing)}; unexpected: {listing(strangers)})",
        f"Compare `{kernel} route show {case.vip['prefix']}` with vtysh -c 'show {frr} route {case.vip['prefix']}'; "
        "look at maximum-paths, the next hop's own route and who else writes routes there.",
        connection(router, owner) if owner else router,
    )
