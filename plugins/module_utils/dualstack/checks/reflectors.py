# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route reflectors (RFC 4456). Whether routes arrive everywhere is told by the rules of ``reach``."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import HINT, WARNING
from ..intent.load import Intent, host_path
from .places import among
from .rule import Plan, Problem, rule


@rule("reflector-idle", WARNING)
def idle(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A route reflector has clients.

    Source: RFC 4456 section 5: it passes routes on between iBGP neighbours; with eBGP neighbours alone it does nothing.
    """
    for router, facts in intent.routers.items():
        if facts["route_reflector"] and not _clients(plan, router):
            internal = [
                end["host"]
                for session in plan["sessions"]
                if session["type"] == "ibgp" and any(end["host"] == router for end in session["ends"])
                for end in session["ends"]
                if end["host"] != router
            ]
            reason = f"its iBGP neighbours reflect themselves: {among(internal)}" if internal else "has no iBGP session"
            fix = "Correct its asn (iBGP: the neighbours' own), or remove route_reflector."
            yield Problem(f"{host_path(router)}.route_reflector", "true", reason, fix)


@rule("reflector-single", HINT)
def single(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Clients of a route reflector have another one, or another way.

    Source: RFC 4456 section 7: redundant reflectors; without one no client learns anything of another.
    """
    for router, facts in intent.routers.items():
        clients = _clients(plan, router) if facts["route_reflector"] else []
        alone = [client for client in clients if client in plan["routers"] and _sessions(plan, client) == {router}]
        if alone:
            reason = f"when it fails, those who learn all their routes from it have none: {among(alone)}"
            yield Problem(f"{host_path(router)}.route_reflector", "true", reason, "Link them to a second reflector.")


RULES = (idle, single)


def _clients(plan: Plan, router: str) -> list[str]:
    return [
        end["host"]
        for session in plan["sessions"]
        if session["reflector"] == router
        for end in session["ends"]
        if end["host"] != router
    ]


def _sessions(plan: Plan, router: str) -> set[str]:
    """Who has sessions with a router, apart from nodes."""
    return {
        end["host"]
        for session in plan["sessions"]
        if session["kind"] == "fabric" and any(end["host"] == router for end in session["ends"])
        for end in session["ends"]
        if end["host"] != router
    }
