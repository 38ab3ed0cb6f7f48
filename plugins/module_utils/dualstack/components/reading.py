# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of this folder read from a plan: the cluster of a node, its rules, and pairs of families."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plan.cluster_lookup import named
from .versions import Rules, Version, rules

Plan = Mapping[str, Any]
Cluster = Mapping[str, Any]


def cluster_of(plan: Plan, node: str) -> Cluster:
    """The cluster of a node. Raises ValueError where somebody else runs its components."""
    return run_by_us(named(plan, plan["nodes"][node]["cluster"]))


def run_by_us(cluster: Cluster) -> Cluster:
    """The cluster. Raises ValueError where somebody else runs its components."""
    if cluster["kubernetes"] is None:
        raise ValueError(f"cluster {cluster['name']} has no `kubernetes` in the intent: its components are not ours")
    return cluster


def rules_of(cluster: Cluster) -> Rules:
    """What holds for the version of a cluster. Raises ValueError for a version that is not known."""
    return rules(Version.parse(cluster["kubernetes"]["version"]))


def pair(cluster: Cluster, key: str) -> str:
    """``pods`` or ``services`` as flags have them: in the order of the families, a comma between, no blank; or ""."""
    return ",".join(cluster[key][family] for family in cluster["families"] if family in cluster[key])


def gates(cluster: Cluster) -> dict[str, bool | None]:
    """The feature gates that the families ask for: IPv6DualStack up to 1.20 and two families; else not stated (None).

    Source: kubernetes/website feature-gates/IPv6DualStack; no component starts with it from 1.25 on.
    """
    needed = rules_of(cluster).dual_stack_gate == "needed" and len(cluster["families"]) > 1
    return {"IPv6DualStack": True if needed else None}


def with_port(host: str, port: int) -> str:
    """``host:port``, an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def merged(stated: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings as one, below the first level too; where both say something, ours holds."""
    result = dict(stated)
    for key, value in ours.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return result
