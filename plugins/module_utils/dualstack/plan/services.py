# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: their families, policy, pools and addresses.

Addresses are given out in the order of the intent and never moved for a later entry: appending a Service keeps all
others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME, family_of
from ..allocation.family_policy import PREFER, REQUIRE, SINGLE
from ..intent.load import Intent
from ..intent.shapes import Report, error
from .addresses import Allocator

Pools = Mapping[str, Mapping[str, Any]]


def build(
    intent: Intent, pools: list[dict[str, Any]], pairs: list[dict[str, Any]], report: Report
) -> list[dict[str, Any]]:
    """Every Service with one address per family, in the order of its families."""
    by_name = {pool["name"]: pool for pool in pools}
    paired = {pair["name"]: pair["pools"] for pair in pairs}
    families = {each["name"]: each["families"] for each in intent.clusters if each["families"]}
    allocator = Allocator(pools)
    result = []
    for service in intent.services:
        path = service["at"]
        cluster = service["cluster"] or intent.cluster["name"]
        sources = _sources(service["pool"], by_name, paired)
        if sources is None:
            continue
        policy, wanted, chosen = _families(families.get(cluster) or intent.families, service, sources, path, report)
        ports = _ports(service)
        wished = {family: sources[family] for family in chosen}
        addresses = allocator.give(service, ports, wished, path, report, one_will_do=policy == PREFER)
        if policy == PREFER and addresses:
            chosen = [family_of(address) for address in addresses]
        result.append(
            {
                "namespace": service["namespace"],
                "name": service["name"],
                "cluster": cluster,
                "pool": service["pool"],
                "pools": {family: sources[family]["name"] for family in chosen},
                "policy": policy,
                "ip_families": wanted,
                "families": chosen,
                "addresses": addresses,
                "pinned": bool(service["addresses"]),
                "sharing_key": service["sharing_key"],
                "traffic_policy": service["traffic_policy"],
                "labels": dict(service["labels"]),
                "annotations": dict(service["annotations"]),
                "selector": dict(service["selector"]),
                "ports": ports,
            }
        )
    return result


def _sources(name: str, pools: Pools, pairs: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, Any]] | None:
    """The pool of each family that the pool or pair offers; None when nothing has this name."""
    if name in pools:
        return dict.fromkeys(pools[name]["blocks"], pools[name])
    if name in pairs:
        return {
            family: pools[pool]
            for family, pool in pairs[name].items()
            if pool in pools and family in pools[pool]["blocks"]
        }
    return None


def _ports(service: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ports as Kubernetes wants them: each with a name when there are several."""
    if service["ports"] is None:
        return [{"name": "main", "port": service["port"], "protocol": "TCP"}]
    return [
        {
            "name": port["name"] or f"{port['protocol'].lower()}-{port['port']}",
            "port": port["port"],
            "protocol": port["protocol"],
            **({"target_port": port["target_port"]} if port["target_port"] else {}),
        }
        for port in service["ports"]
    ]


def _families(
    cluster: list[str], service: dict[str, Any], sources: Mapping[str, Any], path: str, report: Report
) -> tuple[str, list[str], list[str]]:
    """Policy and ipFamilies as the API server settles them (one without a policy is SingleStack); those with a VIP."""
    given: list[str] | None = service["families"]
    families = given or (list(cluster) if service["policy"] != SINGLE else cluster[:1])
    where = f"{path}.families"
    if len(set(families)) < len(families):
        error(report, "family-twice", where, ", ".join(families), "a family stands twice", "Name each family once.")
    for family in families:
        if family not in cluster:
            fix = f"Choose of: {', '.join(cluster)}."
            error(report, "family-extra", where, family, f"the cluster has no {FAMILY_NAME[family]}", fix)
    policy = service["policy"] or (REQUIRE if len(families) == 2 else SINGLE)
    if policy == SINGLE and len(families) == 2:
        fix = "Name one family, or use PreferDualStack or RequireDualStack."
        error(report, "policy-families", f"{path}.policy", policy, "SingleStack with two families", fix)
    if policy == REQUIRE and len(cluster) == 1:
        fix = "Use PreferDualStack or SingleStack."
        error(report, "policy-families", f"{path}.policy", policy, "the cluster is single-stack", fix)
    if policy in (REQUIRE, PREFER) and given and len(given) == 1 and len(cluster) == 2:
        families = given + [family for family in cluster if family not in given]
    wanted = [family for family in dict.fromkeys(families) if family in cluster]
    missing = [family for family in wanted if family not in sources]
    if missing and not (policy == PREFER and len(missing) < len(families)):
        reason = f"pool {service['pool']} has no {FAMILY_NAME[missing[0]]} block"
        fix = "Add one to the pool, or use PreferDualStack, which accepts one family."
        error(report, "pool-family", f"{path}.pool", service["pool"], reason, fix)
    return policy, wanted, [family for family in wanted if family in sources]
