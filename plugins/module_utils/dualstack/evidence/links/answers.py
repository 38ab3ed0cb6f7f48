# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers: every client of the family gets an answer from the VIP on its port."""

from __future__ import annotations

from ...page.edges import connection
from ..case import Case
from ..report import Report
from . import sessions


def check(case: Case, report: Report) -> None:
    """Red for each client whose probe failed or is missing, and when there is no client: then nobody proves it."""
    vip = case.vip
    if not vip["clients"]:
        report.problem(
            "clients",
            f"a client with {vip['family']} that probes {vip['vip']}",
            "the plan has none",
            "Put a host outside the cluster into the group clients.",
        )
    if vip["port"] is None:
        fix = f"Give {vip['service']} a TCP port that answers beside the others."
        report.problem("clients", f"a TCP port of {vip['service']}", "none: only TCP is probed", fix)
        return
    broken = False
    for client in vip["clients"]:
        seen = case.seen.client(client)
        probe = (seen.get("probes") or {}).get(vip["vip"])
        if probe and probe["ok"]:
            places = [connection(client, router) for router in case.fabric.beside(client)]
            report.fact(
                f"{client}: {vip['vip']} port {vip['port']}: {probe['detail']}, {probe['ms']} ms", client, *places
            )
            continue
        broken = True
        report.problem(
            client,
            f"an answer from {vip['vip']} port {vip['port']}",
            seen.get("error") or (probe["detail"] if probe else "it was not probed from there"),
            f"Does the Service {vip['service']} have ready backends, do the nodes accept the port, "
            f"is there a way back to {client}?",
        )
    for router in case.seen.routers_in_trouble() if broken else ():
        sessions.not_asked(case, router, report)
