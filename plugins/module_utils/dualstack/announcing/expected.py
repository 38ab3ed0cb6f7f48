# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan expects of each VIP: the plan keeps it once per advertisement and family, here it stands with the VIP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def expected(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The plan's VIPs, each with ``announcers`` (nodes) and ``routers`` (router -> what its BGP table should hold).

    The values are those of the plan, shared among the VIPs of an advertisement; a layer-2 VIP has no routers.
    """
    return [{**vip, **_expected(plan, vip)} for vip in plan["vips"]]


def _expected(plan: Mapping[str, Any], vip: Mapping[str, Any]) -> Mapping[str, Any]:
    if vip["mode"] == "layer2":
        return {"announcers": [vip["announcer"]], "routers": {}}
    route: Mapping[str, Any] = plan["routes"][vip["advertisement"]][vip["family"]]
    return route
