# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement: for each VIP and family a chain of links, each green, red or not reached, each with its raw proof.

The chain of a BGP VIP follows a route from its pool to a client's answer, that of a layer-2 VIP an address on its
segment. The first red link is the break; what lies behind it is not looked at, because it could only repeat the news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..announcing.expected import expected
from .case import Case, Fabric
from .links import CHAINS
from .report import Report
from .rows import asked
from .seen import Seen

GREEN = "green"
RED = "red"
NOT_REACHED = "not reached"


def judge(
    plan: Mapping[str, Any],
    observations: Mapping[str, Any],
    time: str,
    rows: Sequence[Mapping[str, Any]] = (),
    vips: bool = True,
) -> dict[str, Any]:
    """The evidence of a fabric.

    ``plan`` and ``observations`` have the shapes of docs/architecture.md; ``time`` is when (ISO 8601, UTC); ``rows``
    are those of the cluster itself, where it was asked; ``vips``: whether VIPs were.
    Returns ``{"cluster", "plan_hash", "time", "summary": {"green", "total"}, "vips": [{"vip", "family", "service",
    "pool", "mode", "state", "broken_at", "links": [{"link", "state", "proof", "reason", "places"}]}], "rows"}``:
    ``broken_at`` names the first red link or is None; ``reason`` has a line for each thing that is wrong with a red
    link: where, what was expected and seen, and what to look at; what explains the others stands first; ``places`` maps
    hosts and connections (``a--b``, names in order) to ``green`` or ``red``. Rows count in ``summary`` unless they were
    not asked.
    """
    fabric, seen = Fabric(plan), Seen(observations)
    chains = [_chain(Case(vip, fabric, seen)) for vip in expected(plan)] if vips else []
    counted = [*chains, *asked(rows)]
    return {
        "cluster": plan["cluster"]["name"],
        "plan_hash": plan["hash"],
        "time": time,
        "summary": {"green": sum(one["state"] == GREEN for one in counted), "total": len(counted)},
        "vips": chains,
        "rows": [dict(row) for row in rows],
    }


def _chain(case: Case) -> dict[str, Any]:
    broken_at = None
    links = []
    for name, check in CHAINS[case.vip["mode"]]:
        report = Report()
        if broken_at is None:
            check(case, report)
        links.append(_link(name, report, reached=broken_at is None))
        if report.problems:
            broken_at = name
    return {
        **{key: case.vip[key] for key in ("vip", "family", "service", "pool", "mode")},
        "state": GREEN if broken_at is None else RED,
        "broken_at": broken_at,
        "links": links,
    }


def _link(name: str, report: Report, reached: bool) -> dict[str, Any]:
    state = RED if report.problems else GREEN
    return {
        "link": name,
        "state": state if reached else NOT_REACHED,
        "proof": "\n".join(report.facts),
        "reason": "\n".join(report.reasons),
        "places": {
            **dict.fromkeys(report.covered, GREEN),
            **{place: RED for problem in report.problems for place in problem.places},
        },
    }
