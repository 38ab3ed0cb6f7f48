# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of KubeProxyConfiguration that follow from the plan, with those of the operator."""

from __future__ import annotations

from typing import Any

from .reading import Cluster, Plan, cluster_of, gates, merged, pair

API = "kubeproxy.config.k8s.io/v1alpha1"
KIND = "KubeProxyConfiguration"


def fields(plan: Plan, node: str) -> dict[str, Any]:
    """What stands in KubeProxyConfiguration on a node; None: the field is not there."""
    return of_cluster(cluster_of(plan, node))


def of_cluster(cluster: Cluster) -> dict[str, Any]:
    """The same for all nodes of a cluster."""
    return merged(cluster["kubernetes"]["configuration"]["kube-proxy"], of_plan(cluster))


def of_plan(cluster: Cluster) -> dict[str, Any]:
    """The fields that follow from the plan alone.

    ``clusterCIDR`` is one text with a comma. The mode is always said: 1.37 warns where it is left to the default
    (KEP-5343). ``ipvs.strictARP``: without it each node answers ARP for every VIP (MetalLB, installation).
    """
    proxy = cluster["kubernetes"]["proxy"]
    result: dict[str, Any] = {"clusterCIDR": pair(cluster, "pods"), "mode": proxy["mode"]}
    if proxy["node_port_addresses"]:
        result["nodePortAddresses"] = list(proxy["node_port_addresses"])
    if proxy["mode"] == "ipvs":
        result["ipvs"] = {"strictARP": True}
    stated = {name: value for name, value in gates(cluster).items() if value is not None}
    if stated:
        result["featureGates"] = stated
    return result


def document(cluster: Cluster) -> dict[str, Any]:
    """A whole KubeProxyConfiguration."""
    return {"apiVersion": API, "kind": KIND, **of_cluster(cluster)}
