# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Families: every network must exist in exactly the cluster's families."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR, Finding
from ..intent.load import Intent, host_path


def complete(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """A family that is missing somewhere on the way breaks that family for every VIP."""
    del plan
    families = intent.families
    if len(set(families)) < len(families):
        yield Finding(
            "family-twice",
            ERROR,
            "dualstack.cluster.families",
            ", ".join(families),
            "a family stands twice",
            "Name each family once.",
        )
    for path, value, partial in _places(intent):
        for family in value:
            if family not in families:
                yield Finding(
                    "family-extra",
                    ERROR,
                    path,
                    value[family],
                    f"the cluster has no {FAMILY_NAME[family]}",
                    "Remove it, or add the family to cluster.families.",
                )
        for family in families:
            if family not in value and not partial:
                yield Finding(
                    "family-missing",
                    ERROR,
                    path,
                    ", ".join(value.values()),
                    f"has no {FAMILY_NAME[family]} entry",
                    "Add one.",
                )


def _places(intent: Intent) -> Iterator[tuple[str, dict[str, str], bool]]:
    for key in ("pods", "services"):
        if intent.cluster[key]:
            yield f"dualstack.cluster.{key}", intent.cluster[key], False
    for key in ("loopbacks", "links_from"):
        if intent.fabric[key]:
            yield f"dualstack.fabric.{key}", intent.fabric[key], False
    for name, rack in intent.fabric["racks"].items():
        yield f"dualstack.fabric.racks.{name}.network", rack["network"], False
    for node, facts in intent.nodes.items():
        for rack, addresses in facts["racks"].items():
            yield f"{host_path(node)}.racks.{rack}", addresses, False
    for router, facts in intent.routers.items():
        for key in ("loopback", "network"):
            if facts[key]:
                yield f"{host_path(router)}.{key}", facts[key], True
    for client, facts in intent.clients.items():
        yield f"{host_path(client)}.addresses", facts["addresses"], True
    for index, pool in enumerate(intent.pools):
        if pool["from"]:
            yield f"dualstack.pools[{index}].from", pool["from"], True
    for index, service in enumerate(intent.services):
        if service["addresses"]:
            yield f"dualstack.services[{index}].addresses", service["addresses"], True
