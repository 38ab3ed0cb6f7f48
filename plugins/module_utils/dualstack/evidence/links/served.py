# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Served: the answer came from a node that serves the VIP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..case import Case
from ..report import Report
from ..texts import listing


def check(case: Case, report: Report) -> None:
    """Red when a reply names a node that is not one of the cluster's.

    A backend of ours names its node in the reply. A reply without a name proves no more than that something behind the
    VIP answered; the proof says so. Every node of the plan may serve.
    """
    serving = case.fabric.plan["nodes"]
    for client in case.vip["clients"]:
        probe = (case.seen.client(client).get("probes") or {})[case.vip["vip"]]
        named = _named(probe)
        if not named:
            report.fact(f"{client}: the reply names no node: somebody behind {case.vip['vip']} answered, not known who")
            continue
        counts = listing(f"{node} ×{number}" for node, number in named.items())
        strangers = [node for node in named if node not in serving]
        if strangers:
            report.problem(
                client,
                f"a reply from {listing(serving)}",
                f"a reply from {counts}",
                f"Who else has {case.vip['vip']}? Look for the same address outside the cluster.",
            )
        else:
            report.fact(f"{client}: served by {counts}", *named)


def _named(probe: Mapping[str, Any]) -> dict[str, int]:
    """Node to number of its replies."""
    if probe.get("nodes"):
        return dict(probe["nodes"])
    return {probe["node"]: 1} if probe.get("node") else {}
