# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of the type LoadBalancer: an address of each family, and sources that are limited in each family.

kube-proxy limits each family by the entries of loadBalancerSourceRanges of that family, and a family without an entry
not at all (kubernetes/kubernetes pkg/proxy/serviceport.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILY_NAME
from .case import Case, by_family
from .sheet import Sheet


def check(case: Case, sheet: Sheet) -> None:
    """Rows ``load balancer`` and ``source ranges`` of each family."""
    for family in case.families:
        name = FAMILY_NAME[family]
        mine = [one for one in case.api.get("balancers") or () if name in one["families"]]
        if not mine:
            for row in ("load balancer", "source ranges"):
                sheet.not_asked((row, "", family), f"there is no Service of the type LoadBalancer with {name}")
            continue
        _addresses(case, sheet, family, mine)
        _ranges(sheet, family, mine)


def _addresses(case: Case, sheet: Sheet, family: str, mine: list[Mapping[str, Any]]) -> None:
    lacking = [one["name"] for one in mine if not by_family(one["ingress"])[family]]
    stray = [
        f"{one['name']} has {address}, of a family that the Service has not"
        for one in case.api.get("balancers") or ()
        for address in by_family(one["ingress"])[family]
        if FAMILY_NAME[family] not in one["families"]
    ]
    wrong = (
        [f"no address for {', '.join(lacking[:3])}{f' and {len(lacking) - 3} more' if len(lacking) > 3 else ''}"]
        if lacking
        else []
    )
    fix = (
        "`kubectl describe service` has the controller's events. With MetalLB both families must come from one "
        "pool; is the "
        "Service's loadBalancerClass that of the controller?"
    )
    expected = f"status.loadBalancer.ingress with an {FAMILY_NAME[family]} address for each of {len(mine)}"
    sheet.judge([*wrong, *stray], ("load balancer", "", family), expected, f"{len(mine)} have one", fix)


def _ranges(sheet: Sheet, family: str, mine: list[Mapping[str, Any]]) -> None:
    """Who limits sources in one family and leaves the other open to everybody."""
    limited = [one for one in mine if one["source_ranges"]]
    opened = [one["name"] for one in limited if not by_family(one["source_ranges"])[family]]
    key = ("source ranges", "", family)
    if not limited:
        sheet.not_asked(key, "no Service limits its sources")
        return
    name = FAMILY_NAME[family]
    wrong = [f"{', '.join(opened)}: open to everybody over {name}, limited in the other family"] if opened else []
    fix = (
        f"Add ranges of {name} to loadBalancerSourceRanges; where nobody may come over {name}, give the "
        "Service the other family alone."
    )
    sheet.judge(
        wrong, key, f"loadBalancerSourceRanges of {name} wherever there are any", f"{len(limited)} limited", fix
    )
