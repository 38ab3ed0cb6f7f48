# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host is asked, so that the observations hold all that the judgement needs and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..announcing.expected import expected


def asks(plan: Mapping[str, Any], host: str) -> dict[str, list[Any]]:
    """``{"probes", "resolve", "prefixes"}`` of a host.

    ``probes``: ``{"vip", "port"}`` of the VIPs that a client gets answers from; one without a TCP port can't be probed.
    ``resolve``: the layer-2 VIPs on the segments of a client or a router, whose neighbour entries it has.
    ``prefixes``: those that a router holds.
    """
    vips = expected(plan)
    beside = {name for name, segment in plan["segments"].items() if host in segment["members"]}
    watching = host in plan["routers"] or host in plan["clients"]
    return {
        "probes": [{"vip": vip["vip"], "port": vip["port"]} for vip in vips if host in vip["clients"] and vip["port"]],
        "resolve": _once(vip["vip"] for vip in vips if watching and beside.intersection(vip["segments"])),
        "prefixes": _once(vip["prefix"] for vip in vips if host in vip["routers"]),
    }


def _once(texts: Any) -> list[str]:
    return list(dict.fromkeys(texts))
