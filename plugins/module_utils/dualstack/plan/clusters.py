# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of the fabric: the first one and further ones, in the shape that the plan keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..addresses.blocks import IPV4, IPV6
from ..intent.load import Intent
from . import kubernetes
from .cluster_lookup import every, named

__all__ = ["every", "first", "further", "named", "places"]

NODE_CIDR_LENGTHS = {IPV4: 24, IPV6: 64}  # kube-controller-manager's defaults


def first(intent: Intent) -> dict[str, Any]:
    """The cluster that the fabric belongs to."""
    return _cluster(intent, intent.cluster, intent.families)


def further(intent: Intent) -> dict[str, dict[str, Any]]:
    """Further clusters by name; their families are a choice of the first one's."""
    return {
        cluster["name"]: _cluster(intent, cluster, list(cluster["families"] or intent.families))
        for cluster in intent.clusters
    }


def places(intent: Intent) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every cluster of an intent with its path."""
    yield "dualstack.cluster", intent.cluster
    for index, cluster in enumerate(intent.clusters):
        yield f"dualstack.clusters[{index}]", cluster


def _cluster(intent: Intent, given: dict[str, Any], families: list[str]) -> dict[str, Any]:
    lengths = given["node_cidr_lengths"] or {}
    result: dict[str, Any] = {"name": given["name"], "families": families}
    for key in ("pods", "services"):
        result[key] = {family: given[key][family] for family in families if family in (given[key] or {})}
    result["node_cidr_lengths"] = {
        family: lengths.get(family) or NODE_CIDR_LENGTHS[family] for family in families if family in result["pods"]
    }
    result["load_balancer"] = given["load_balancer"]
    result["kubernetes"] = kubernetes.cluster(intent, given, families, result)
    return result
