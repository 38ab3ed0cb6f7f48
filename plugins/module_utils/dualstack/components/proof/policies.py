# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkPolicies, where somebody enforces them: what lets in one family lets in no other."""

from __future__ import annotations

from ...addresses.blocks import FAMILY_NAME
from .asking import FILTERS
from .case import Case
from .sheet import Key, Sheet


def check(case: Case, sheet: Sheet) -> None:
    """Row ``network policy`` of each family."""
    engine = case.probe.get("policy_engine") if case.probe else None
    for family in case.families:
        key: Key = ("network policy", "", family)
        if not case.probe:
            sheet.not_asked(key, str(case.api.get("no_probe") or "no pod was made"))
            continue
        if engine is None:
            sheet.not_asked(key, "nothing in this cluster enforces NetworkPolicies: none of the programs that do runs")
            continue
        made = [
            (node, one)
            for node in case.planned
            for one in case.path(node).get("probes") or ()
            if one["id"] == "network policy" and one["family"] == family
        ]
        if not FILTERS.get(engine, True):
            made = [(node, one) for node, one in made if one["denied"]]
        if not made:
            sheet.not_reached(key, "no guarded pod runs, or nobody could probe it")
            continue
        name = FAMILY_NAME[family]
        wrong = []
        for node, one in made:
            if one["denied"] and one["ok"]:
                wrong.append(f"{node} was answered over {name} at {one['target']}, where the policy lets it not")
            elif not one["denied"] and not one["ok"]:
                wrong.append(
                    f"{node} was not answered over {name} at {one['target']}, where the policy lets it: {one['detail']}"
                )
        fix = (
            "A policy is about addresses of one family: an ipBlock of IPv4 says nothing about IPv6. See "
            f"{engine}'s log; is it "
            "told of both families?"
        )
        ways: list[Key] = [("pod to pod", node, family) for node, _unused in made]
        sheet.judge(
            wrong, key, f"{name} let in where the policy says so, and only there", f"as {engine} was told", fix, ways
        )
