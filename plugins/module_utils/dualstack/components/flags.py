# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flags of components that follow from the plan, on a node: what is there, what is not, and feature gates.

Flags of the operator (``cluster.kubernetes.arguments``) are part of it; where both say something ours holds, and a rule
of ``checks/`` tells it. Left out on purpose: what kubeadm or the operator's units decide alone (certificates, ports,
etcd); kube-proxy has no flags of ours, as it ignores them beside its configuration file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..addresses.blocks import FAMILIES
from .editing.owned import Owned
from .reading import Cluster, Plan, cluster_of, gates, pair, rules_of

GATES = "feature-gates"
MASK = "node-cidr-mask-size"
OURS = {
    "kube-apiserver": ("service-cluster-ip-range", "advertise-address"),
    "kube-controller-manager": (
        *("allocate-node-cidrs", "cluster-cidr", "service-cluster-ip-range"),
        *(MASK, f"{MASK}-ipv4", f"{MASK}-ipv6"),
    ),
    "kubelet": ("node-ip", "cluster-dns", "cluster-domain"),
}
Flags = dict[str, "str | None"]


def owned(plan: Plan, node: str, component: str) -> Owned:
    """What is owned of the flags of ``component`` (its name, as kube-apiserver) on ``node``; values are text.

    Raises ValueError where somebody else runs the node's cluster, or for a version that is not known.
    """
    cluster = cluster_of(plan, node)
    stated = cluster["kubernetes"]["arguments"].get(component, {})
    ours = of_plan(plan, node, component)
    flags = {name: value for name, value in stated.items() if name != GATES}
    flags.update({name: value for name, value in ours.items() if value is not None})
    absent = [name for name, value in ours.items() if value is None]
    own_gates = gates(cluster) if component != "etcd" else {}
    return Owned(
        {name: value for name, value in flags.items() if name not in absent},
        absent,
        {**stated_gates(stated.get(GATES, "")), **own_gates},
    )


def of_plan(plan: Plan, node: str, component: str) -> Flags:
    """The flags that follow from the plan; None: the flag must not be there."""
    decide = _DECIDE.get(component)
    return decide(cluster_of(plan, node), plan["nodes"][node]["kubernetes"]) if decide else {}


def stated_gates(text: str) -> dict[str, bool | None]:
    """``A=true,B=false`` as a mapping; what is neither is left to the component to refuse."""
    found: dict[str, bool | None] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        if equals and value.lower() in ("true", "false"):
            found[name] = value.lower() == "true"
    return found


def masks(cluster: Cluster) -> Flags:
    """The flags of kube-controller-manager for the nodes' parts of pod CIDRs.

    Source: kube-controller-manager app/core.go: with two families only the flags of both; with one only that of it, and
    before 1.23 only the flag without a family (kubernetes/kubernetes#104691).
    """
    lengths = cluster["node_cidr_lengths"] if cluster["kubernetes"]["cni"]["allocate_node_cidrs"] else {}
    result: Flags = {MASK: None, **{f"{MASK}-{family}": None for family in FAMILIES}}
    if len(lengths) == 1 and not rules_of(cluster).masks_of_one_family:
        result[MASK] = str(next(iter(lengths.values())))
    else:
        result.update({f"{MASK}-{family}": str(length) for family, length in lengths.items()})
    return result


def _api_server(cluster: Cluster, node: Mapping[str, Any]) -> Flags:
    return {"service-cluster-ip-range": pair(cluster, "services"), "advertise-address": node["advertise"]}


def _controller_manager(cluster: Cluster, node: Mapping[str, Any]) -> Flags:
    del node
    return {
        "allocate-node-cidrs": str(cluster["kubernetes"]["cni"]["allocate_node_cidrs"]).lower(),
        "cluster-cidr": pair(cluster, "pods"),
        "service-cluster-ip-range": pair(cluster, "services"),
        **masks(cluster),
    }


def _kubelet(cluster: Cluster, node: Mapping[str, Any]) -> Flags:
    """Source: ``--node-ip`` is a flag alone; those of the cluster DNS would hold against fields of that name."""
    del cluster
    return {"node-ip": ",".join(node["node_ip"]), "cluster-dns": None, "cluster-domain": None}


_DECIDE: dict[str, Callable[[Cluster, Mapping[str, Any]], Flags]] = {
    "kube-apiserver": _api_server,
    "kube-controller-manager": _controller_manager,
    "kubelet": _kubelet,
}
