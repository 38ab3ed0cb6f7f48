# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: their families, policy and addresses.

Addresses are given out in the order of the intent and never moved for a later entry: appending a Service keeps all
others.
"""

from __future__ import annotations

from typing import Any

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, Block
from ..allocation.first_free import Cursor
from ..findings import ERROR, Finding
from ..intent.load import Intent
from ..intent.shapes import Report

SINGLE, PREFER, REQUIRE = "SingleStack", "PreferDualStack", "RequireDualStack"


def build(intent: Intent, pools: list[dict[str, Any]], report: Report) -> list[dict[str, Any]]:
    """Every Service with one address per family, in the order of its families."""
    allocator = _Allocator(pools)
    result = []
    for index, service in enumerate(intent.services):
        path = f"dualstack.services[{index}]"
        pool = next((pool for pool in pools if pool["name"] == service["pool"]), None)
        if pool is None:
            continue
        policy, families = _families(intent, service, pool, path, report)
        addresses = []
        for family in families:
            address = allocator.give(f"{service['namespace']}/{service['name']}", service, pool, family, path, report)
            if address is not None:
                addresses.append(address)
        result.append(
            {
                "namespace": service["namespace"],
                "name": service["name"],
                "pool": service["pool"],
                "policy": policy,
                "families": families,
                "addresses": addresses,
                "pinned": bool(service["addresses"]),
                "ports": [{"name": "main", "port": service["port"], "protocol": "TCP"}],
            }
        )
    return result


def _families(
    intent: Intent, service: dict[str, Any], pool: dict[str, Any], path: str, report: Report
) -> tuple[str, list[str]]:
    """Policy and families as the API server settles them (a Service without a policy is SingleStack)."""
    given: list[str] | None = service["families"]
    families = given or (list(intent.families) if service["policy"] != SINGLE else intent.families[:1])
    if len(set(families)) < len(families):
        report(
            Finding(
                "family-twice",
                ERROR,
                f"{path}.families",
                ", ".join(families),
                "a family stands twice",
                "Name each family once.",
            )
        )
    for family in families:
        if family not in intent.families:
            report(
                Finding(
                    "family-extra",
                    ERROR,
                    f"{path}.families",
                    family,
                    f"the cluster has no {FAMILY_NAME[family]}",
                    f"Choose of: {', '.join(intent.families)}.",
                )
            )
    policy = service["policy"] or (REQUIRE if len(families) == 2 else SINGLE)
    if policy == SINGLE and len(families) == 2:
        report(
            Finding(
                "policy-families",
                ERROR,
                f"{path}.policy",
                policy,
                "SingleStack with two families",
                "Name one family, or use PreferDualStack or RequireDualStack.",
            )
        )
    if policy == REQUIRE and len(intent.families) == 1:
        report(
            Finding(
                "policy-families",
                ERROR,
                f"{path}.policy",
                policy,
                "the cluster is single-stack",
                "Use PreferDualStack or SingleStack.",
            )
        )
    if policy == REQUIRE and given and len(given) == 1 and len(intent.families) == 2:
        families = given + [family for family in intent.families if family not in given]
    missing = [family for family in families if family in intent.families and family not in pool["blocks"]]
    if missing and policy == PREFER and len(missing) < len(families):
        families = [family for family in families if family not in missing]
    elif missing:
        reason = f"pool {pool['name']} has no {FAMILY_NAME[missing[0]]} block"
        report(
            Finding(
                "pool-family",
                ERROR,
                f"{path}.pool",
                pool["name"],
                reason,
                "Add one to the pool, or use PreferDualStack, which accepts one family.",
            )
        )
    return policy, [family for family in families if family in intent.families and family in pool["blocks"]]


class _Allocator:
    def __init__(self, pools: list[dict[str, Any]]) -> None:
        self._blocks = {
            (pool["name"], family): [blocks.parse(text) for text in texts]
            for pool in pools
            for family, texts in pool["blocks"].items()
        }
        self._cursors = {
            (pool["name"], family): Cursor(texts, pool["avoid_buggy_ips"])
            for pool in pools
            for family, texts in pool["blocks"].items()
        }
        self._owner: dict[str, dict[int, str]] = {family: {} for family in blocks.FAMILIES}

    def give(
        self, owner: str, service: dict[str, Any], pool: dict[str, Any], family: str, path: str, report: Report
    ) -> str | None:
        pinned = (service["addresses"] or {}).get(family)
        if pinned is not None:
            return self._pin(owner, pool, blocks.parse_address(pinned), path, report)
        value = self._cursors[pool["name"], family].take(self._owner[family])
        if value is None:
            reason = f"pool {pool['name']} has no free {FAMILY_NAME[family]} address left"
            report(
                Finding("pool-full", ERROR, f"{path}.pool", pool["name"], reason, "Enlarge the pool or choose another.")
            )
            return None
        self._owner[family][value] = owner
        return blocks.address_text(family, value)

    def _pin(self, owner: str, pool: dict[str, Any], address: Block, path: str, report: Report) -> str | None:
        text = blocks.address_text(address.family, address.first)
        pool_blocks = self._blocks[pool["name"], address.family]
        if not any(block.contains(address) for block in pool_blocks):
            reason = f"is not in pool {pool['name']} ({', '.join(map(str, pool_blocks))})"
            report(
                Finding(
                    "pin-outside",
                    ERROR,
                    f"{path}.addresses",
                    text,
                    reason,
                    "Choose an address of the pool, or the pool that holds it.",
                )
            )
            return None
        holder = self._owner[address.family].get(address.first)
        if holder is not None:
            reason = f"belongs to {holder}, which stands earlier in the list"
            report(
                Finding(
                    "pin-taken",
                    ERROR,
                    f"{path}.addresses",
                    text,
                    reason,
                    f"Choose another address, or pin {holder} elsewhere and move it there knowingly.",
                )
            )
            return None
        self._owner[address.family][address.first] = owner
        return text
