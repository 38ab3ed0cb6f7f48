# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about which Services get addresses of which pool."""

from __future__ import annotations

from cases import BOTH, Case, Edit, append, put, steps, two

POOL = "dualstack.pools[1]"  # staging, of the Service dualstack.services[2]
ALLOCATION = f"{POOL}.service_allocation"
METALLB = put("dualstack.cluster.load_balancer", "metallb-frr-k8s")
SHOPS = {"matchLabels": {"app": "shop"}}
DOUBLED = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["shop", "shop"]}]}
AUTO = put(f"{POOL}.auto_assign", True)


def to(**allocation: object) -> Edit:
    return put(ALLOCATION, allocation)


def pool(block: str) -> Edit:
    """Only one pool gives addresses by itself, with one family."""
    return steps(
        METALLB,
        put("dualstack.pools[0].auto_assign", False),
        append("dualstack.pools", {"name": "lone", "blocks": [block]}),
    )


CASES = [
    Case("allocation-refuses", BOTH, to(namespaces=["team-a"]), "dualstack.services[2].pool"),
    Case("allocation-refuses", BOTH, to(service_selectors=[SHOPS]), "dualstack.services[2].pool"),
    Case("allocation-twice", BOTH, to(namespaces=["default", "b", "default"]), f"{ALLOCATION}.namespaces[2]"),
    Case("allocation-twice", BOTH, to(namespace_selectors=[SHOPS, SHOPS]), f"{ALLOCATION}.namespace_selectors[1]"),
    Case("allocation-twice", BOTH, to(service_selectors=[DOUBLED]), f"{ALLOCATION}.service_selectors[0]"),
    Case("allocation-nobody", BOTH, steps(METALLB, AUTO, to(priority=10)), ALLOCATION),
    Case("allocation-open", BOTH, steps(METALLB, to(namespace_selectors=[SHOPS])), f"{ALLOCATION}.namespace_selectors"),
    Case("allocation-idle", BOTH, to(service_selectors=[SHOPS]), f"{ALLOCATION}.service_selectors"),
    Case("priority-idle", BOTH, to(namespaces=["default"], priority=5), f"{ALLOCATION}.priority"),
    Case("auto-assign-chance", BOTH, steps(METALLB, AUTO), f"{POOL}.auto_assign"),
    Case(
        "auto-assign-chance",
        BOTH,
        steps(
            METALLB,
            AUTO,
            to(namespaces=["default"], priority=5),
            put("dualstack.pools[0].service_allocation", {"namespaces": ["x", "default"], "priority": 5}),
        ),
        f"{POOL}.auto_assign",
    ),
    *two("auto-assign-single", "dualstack.pools[5]", pool("10.1.7.0/26"), pool("fd4c:9e02:7ab1:a007::/112")),
    Case(
        "auto-assign-none",
        BOTH,
        steps(METALLB, put("dualstack.pools[0].auto_assign", False)),
        "dualstack.pools[0].auto_assign",
    ),
]
