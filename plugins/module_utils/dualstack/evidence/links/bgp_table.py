# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP table: every router that should has the prefix with the planned next hops, communities and preference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...page.edges import connection
from ..case import Case
from ..report import Report
from ..texts import listing, same
from . import sessions

DEFAULT_PREFERENCE = 100


def check(case: Case, report: Report) -> None:
    """Red for each managed router whose paths in use differ from the plan.

    The paths in use are those marked ``best`` (multipath included), at most ``maximum_paths`` of them. A planned
    preference of None means that no policy sets one: absent, or the default of 100 (RFC 4271 leaves it to the router).
    Of a path that stands in for a planned one nothing else is judged: what it carries follows from where it comes from.
    """
    for router, wanted in case.vip["routers"].items():
        if not case.fabric.managed(router):
            report.fact(f"{router}: not managed, not looked at")
            continue
        seen = case.seen.router(router)
        paths = ((seen.get("bgp") or {}).get(case.vip["family"]) or {}).get(case.vip["prefix"]) or []
        if sessions.not_asked(case, router, report) or _follows(case, router, wanted, paths, report):
            continue
        if not paths:
            _absent(case, router, wanted, report)
        else:
            found = len(report.problems)
            _next_hops(case, router, wanted, paths, report)
            planned = {same(hop) for hop in wanted["next_hops"]}
            used = [path for path in paths if path["best"] and same(path["next_hop"]) in planned]
            _communities(case, router, wanted, used, report)
            _preference(case, router, wanted, used, report)
            if len(report.problems) == found:
                _prove(case, router, used, report)


def _follows(
    case: Case, router: str, wanted: Mapping[str, Any], paths: Sequence[Mapping[str, Any]], report: Report
) -> bool:
    """Whether all that is missing should come from routers that could not be asked: then these are the cause."""
    missing = {same(hop) for hop in wanted["next_hops"]} - {same(path["next_hop"]) for path in paths}
    sources = {case.fabric.owner(router, hop) for hop in missing}
    silent = case.seen.routers_in_trouble().keys()
    causes = [name for name in sources if name in silent and name]
    if not missing or len(causes) < len(sources):
        return False
    for name in sorted(causes):
        sessions.not_asked(case, name, report, connection(router, name))
    report.fact(f"{router}: {case.vip['prefix']} does not come from {listing(causes)}")
    return True


def _look(case: Case) -> str:
    return f"vtysh -c 'show bgp {case.vip['family']} unicast {case.vip['prefix']}'"


def _absent(case: Case, router: str, wanted: Mapping[str, Any], report: Report) -> None:
    sources = {hop: case.fabric.owner(router, hop) or "unknown" for hop in wanted["next_hops"]}
    report.problem(
        router,
        f"{case.vip['prefix']} via {listing(f'{hop} ({host})' for hop, host in sources.items())}",
        "not in its BGP table" + "".join(sessions.down(case, router, host) for host in sorted(set(sources.values()))),
        f"Look at the sessions with {listing(set(sources.values()))}, their inbound route map and prefix list: "
        f"{_look(case)}.",
    )


def _next_hops(
    case: Case, router: str, wanted: Mapping[str, Any], paths: Sequence[Mapping[str, Any]], report: Report
) -> None:
    planned = {same(hop) for hop in wanted["next_hops"]}
    used = {same(path["next_hop"]) for path in paths if path["best"]}
    limit = case.fabric.plan["routers"][router]["maximum_paths"]
    known = used if len(planned) <= limit else {same(path["next_hop"]) for path in paths}
    missing, extra = planned - known, used - planned
    if not missing and not extra:
        return
    hop = min(missing or extra)
    owner = case.fabric.owner(router, hop)
    report.problem(
        router,
        f"{case.vip['prefix']} via {listing(planned)}",
        f"via {listing(used)} (missing: {listing(missing)}; unexpected: {listing(extra)})"
        + (sessions.down(case, router, owner) if missing and owner else ""),
        f"Look at the session with {owner or hop} and what it sends: {_look(case)}.",
        connection(router, owner) if missing and owner else router,
    )


def _communities(
    case: Case, router: str, wanted: Mapping[str, Any], used: Sequence[Mapping[str, Any]], report: Report
) -> None:
    for path in used:
        if set(path["communities"]) != set(wanted["communities"]):
            report.problem(
                router,
                f"communities {listing(wanted['communities'])} on {case.vip['prefix']} via {path['next_hop']}",
                f"communities {listing(path['communities'])}",
                f"Look at the advertisement's communities and the route maps on the way: {_look(case)}.",
            )


def _preference(
    case: Case, router: str, wanted: Mapping[str, Any], used: Sequence[Mapping[str, Any]], report: Report
) -> None:
    planned = wanted["local_preference"]
    fitting = {None, DEFAULT_PREFERENCE} if planned is None else {planned}
    wish = f"{DEFAULT_PREFERENCE} (default)" if planned is None else planned
    for path in used:
        if path["local_preference"] not in fitting:
            report.problem(
                router,
                f"local preference {wish} on {case.vip['prefix']} via {path['next_hop']}",
                f"local preference {path['local_preference'] or 'none'}",
                f"Does the inbound route map match the community? {_look(case)}.",
            )


def _prove(case: Case, router: str, used: Sequence[Mapping[str, Any]], report: Report) -> None:
    for path in used:
        owner = case.fabric.owner(router, path["next_hop"])
        preference = path["local_preference"]
        report.fact(
            f"{router}: {case.vip['prefix']} via {path['next_hop']} ({owner})"
            f", communities {listing(path['communities'])}"
            f", local preference {'default' if preference is None else preference}",
            router,
            *([connection(router, owner)] if owner else []),
        )
