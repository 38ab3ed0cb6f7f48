# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allocated: the address lies in its pool, and the speakers know it as the address of its Service."""

from __future__ import annotations

from ...addresses import blocks
from ..case import Case
from ..report import Report
from ..texts import listing
from . import sessions


def check(case: Case, report: Report) -> None:
    """Red when the address is outside its pool, or when no speaker (or one that says otherwise) knows it."""
    _in_pool(case, report)
    _known(case, report)


def _in_pool(case: Case, report: Report) -> None:
    vip = case.vip
    pool = next((pool for pool in case.fabric.plan["pools"] if pool["name"] == vip["pool"]), None)
    texts = [] if pool is None else pool["blocks"].get(vip["family"], [])
    address = blocks.parse(vip["vip"])
    inside = next((text for text in texts if blocks.parse(text).contains(address)), None)
    if inside is None:
        report.problem(
            f"pool {vip['pool']}",
            f"a block that holds {vip['vip']}",
            listing(texts, "no block of this family"),
            f"Give {vip['service']} an address of its pool, or the pool a block with this address.",
        )
    else:
        report.fact(f"{vip['vip']} is in {inside} of pool {vip['pool']}")


def _known(case: Case, report: Report) -> None:
    vip = case.vip
    knowing = False
    for node in case.seen.nodes():
        entry = case.seen.vip(node, vip)
        if entry is None:
            continue
        if entry["service"] == vip["service"]:
            knowing = True
            report.fact(f"{node}: the speaker has {vip['vip']} for {entry['service']}")
        else:
            report.problem(
                node,
                f"{vip['vip']} to belong to {vip['service']}",
                f"it belongs to {entry['service']}",
                "Compare the Services on the node with the plan; run site.yml.",
            )
    if not knowing and not report.problems:
        for node in vip["announcers"]:
            if sessions.mute(case, node, report):
                continue
            report.problem(
                node,
                f"its speaker to know {vip['vip']} of {vip['service']}",
                case.seen.ignorance(node),
                "See `dualstack-speaker status` and the Services on the node; run site.yml.",
            )
        if not vip["announcers"]:
            report.problem(
                f"advertisement of {vip['pool']}",
                "at least one announcer",
                "the plan has none",
                "Let nodes of a rack announce the pool.",
            )
