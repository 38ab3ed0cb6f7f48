# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sharing: Services with one sharing key have the same addresses, if the load balancer lets them.

Left out on purpose: advertisements with service_selectors (``layer2``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import HINT, WARNING
from ..intent.load import Intent
from . import serving
from .rule import Plan, Problem, rule

Members = list[tuple[Mapping[str, Any], Mapping[str, Any]]]


@rule("sharing-alone", HINT)
def alone(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A sharing key stands on two Services at least.

    Source: MetalLB metallb.io/allow-shared-ip: a key that nobody else has shares nothing.
    """
    groups = _groups(intent, plan)
    for key, members in groups.items():
        if len(members) == 1:
            others = sorted({each[1] for each in groups} - {key[1]})
            reason = "no other Service of the cluster has this sharing key"
            fix = f"Remove it, or correct it (keys: {', '.join(others)})." if others else "Remove it."
            yield Problem(f"{members[0][0]['at']}.sharing_key", key[1], reason, fix)


@rule("sharing-apart", WARNING)
def apart(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Services with one sharing key agree on the pool and the traffic policy, with Local on their pods too.

    Source: MetalLB `allocator.go` compares the sharing key and the backend key (nothing for Cluster, the pod selector
    for Local); an address lies in one pool.
    """
    for key, members in _groups(intent, plan).items():
        first, planned = members[0]
        for entry, other in members[1:]:
            path = entry["at"]
            if entry["pool"] != first["pool"]:
                reason = f"{first['name']} takes its addresses from {first['pool']}, so nothing is shared"
                yield Problem(f"{path}.pool", entry["pool"], reason, f"Write {first['pool']}, or another sharing key.")
            elif other["traffic_policy"] != planned["traffic_policy"]:
                reason = f"{first['name']} has {planned['traffic_policy']}, so that MetalLB lets them share nothing"
                fix = f"Write {planned['traffic_policy']}, or another sharing key than {key[1]}."
                yield Problem(f"{path}.traffic_policy", other["traffic_policy"], reason, fix)
            elif other["traffic_policy"] == "Local" and other["selector"] != planned["selector"]:
                reason = f"with Local, Services share only when they have the same pods as {first['name']}"
                yield Problem(f"{path}.selector", "", reason, "Give both the same selector, or use Cluster.")


RULES = (alone, apart)


def _groups(intent: Intent, plan: Plan) -> dict[tuple[str, str], Members]:
    """The Services of each (cluster, sharing key)."""
    groups: dict[tuple[str, str], Members] = {}
    for entry, planned in serving.services(intent, plan):
        if entry["sharing_key"]:
            groups.setdefault((planned["cluster"], entry["sharing_key"]), []).append((entry, planned))
    return groups
