# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of routers: equal paths, and prefixes per neighbour."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses.blocks import FAMILY_NAME
from ..findings import HINT, WARNING
from ..intent.load import Intent, host_path
from ..render.policy import prefixes
from .places import FABRIC, among, gathered
from .rule import Plan, Problem, rule


@rule("maximum-paths", WARNING)
def maximum_paths(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A router uses all equal paths to a prefix: maximum_paths is not lower than the next hops.

    Source: FRR's `maximum-paths` bounds the paths in the FIB; nodes behind the others get no traffic.
    """
    most: dict[str, int] = {}
    for of_family in plan["routes"].values():
        for route in of_family.values():
            for router, entry in route["routers"].items():
                most[router] = max(most.get(router, 0), len(entry["next_hops"]))
    found = gathered(
        (_paths_of(intent, router), (router, count))
        for router, count in most.items()
        if count > plan["routers"][router]["maximum_paths"]
    )
    for path, cases in found.items():
        router, count = max(cases, key=lambda case: case[1])
        limit = plan["routers"][router]["maximum_paths"]
        routers = among(name for name, _unused in cases)
        reason = f"a prefix has {count} equal paths at {router}, {count - limit} more than are used ({routers})"
        yield Problem(path, str(limit), reason, f"Use at least {count}.")


@rule("prefix-limit", HINT)
def prefix_limit(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The pools hold no more prefixes than routers accept from a node.

    Source: `maximum-prefix` (RFC 4486: Maximum Number of Prefixes Reached): one more, and the session of every node is
    cut at once.
    """
    limits = {}
    for family in plan["cluster"]["families"] if plan["routes"] else ():
        listed = list(dict.fromkeys(entry for each in prefixes.announced(plan, family) for entry in each.entries))
        limit = prefixes.limit(prefixes.planned(plan, family), listed, 0)
        held = sum(1 << (entry.least - prefixes.length(entry.cidr)) for entry in listed)
        limits[family] = (held, limit)
    if limits and all(held > limit for held, limit in limits.values()):
        family, (held, limit) = min(limits.items(), key=lambda item: item[1][0])
        amount = str(held) if held < 1 << 20 else f"2^{held.bit_length() - 1}"
        reason = f"the pools hold {amount} {FAMILY_NAME[family]} prefixes, the routers accept {limit} from a node"
        fix = f"Keep the number of VIPs below {limit}, use smaller pools, or announce aggregates."
        yield Problem("dualstack.pools", "", reason, fix)


RULES = (maximum_paths, prefix_limit)


def _paths_of(intent: Intent, router: str) -> str:
    own = router in intent.routers and intent.routers[router]["maximum_paths"] is not None
    return f"{host_path(router)}.maximum_paths" if own else f"{FABRIC}.maximum_paths"
