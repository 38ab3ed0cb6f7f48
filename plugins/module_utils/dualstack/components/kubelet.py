# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of KubeletConfiguration that follow from the plan, with those of the operator.

The addresses of the node are not among them: ``--node-ip`` is a flag alone (``flags``).
"""

from __future__ import annotations

from typing import Any

from .reading import Cluster, Plan, cluster_of, gates, merged

API = "kubelet.config.k8s.io/v1beta1"
KIND = "KubeletConfiguration"


def fields(plan: Plan, node: str) -> dict[str, Any]:
    """What stands in KubeletConfiguration on a node."""
    return of_cluster(cluster_of(plan, node))


def of_cluster(cluster: Cluster) -> dict[str, Any]:
    """The same for all nodes of a cluster."""
    return merged(cluster["kubernetes"]["configuration"]["kubelet"], of_plan(cluster))


def of_plan(cluster: Cluster) -> dict[str, Any]:
    """The fields that follow from the plan alone."""
    dns = cluster["kubernetes"]["dns"]
    result: dict[str, Any] = {"clusterDNS": list(dns["addresses"].values()), "clusterDomain": dns["domain"]}
    stated = {name: value for name, value in gates(cluster).items() if value is not None}
    if stated:
        result["featureGates"] = stated
    return result


def document(cluster: Cluster) -> dict[str, Any]:
    """A whole KubeletConfiguration."""
    return {"apiVersion": API, "kind": KIND, **of_cluster(cluster)}
