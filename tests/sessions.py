# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of a lab's routers, as the routers themselves tell of them."""

from __future__ import annotations

import json
from typing import Any

from driver import Fabric

Counters = dict[tuple[str, str], tuple[int, int]]


def counters(fabric: Fabric) -> Counters:
    """(router, neighbour) -> (times established, times dropped), as the routers count."""
    found = {}
    for router in fabric.plan()["routers"]:
        for address, facts in neighbours(fabric, router).items():
            found[router, address] = (facts["connectionsEstablished"], facts["connectionsDropped"])
    return found


def neighbours(fabric: Fabric, router: str) -> dict[str, Any]:
    """A router's own view of its sessions."""
    shown = json.loads(fabric.on(router, "vtysh", "-c", "show bgp neighbors json"))
    return {address: facts for address, facts in shown.items() if isinstance(facts, dict) and "bgpState" in facts}


def all_up(fabric: Fabric) -> bool:
    """Whether every session is up at every router: evidence is green before the last spare one is."""
    seen = [facts for router in fabric.plan()["routers"] for facts in neighbours(fabric, router).values()]
    return all(facts["bgpState"] == "Established" for facts in seen)
