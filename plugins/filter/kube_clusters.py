# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters that the collection makes. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import (
    kubeadm,
    membership,
    nodes,
    programs,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.plan import clusters
from ansible_collections.baremetal.dualstack.plugins.plugin_utils import plans
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain

_STATED = ("kube-scheduler", "etcd")  # of which nothing follows from the plan
_WHICH = ("nodes", "kubeadm", "control_planes", "first", *_STATED)


def cluster_doings(plan: Mapping[str, Any], looked: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """``membership.decide`` of the core, by cluster; ``looked`` is what the module kubeadm_info says of each host."""
    given, found = plans.opened("cluster_doings", plan), plain(looked)
    return {name: _doings(given, name, found) for name in _clusters(given)}


def kube_hosts(plan: Mapping[str, Any], which: str = "nodes", cluster: str | None = None) -> list[str]:
    """The nodes of the clusters that the collection runs, or some of them."""
    if which not in _WHICH:
        raise AnsibleFilterError(f"kube_hosts: {which!r}: give {', '.join(_WHICH[:-1])} or {_WHICH[-1]}")
    given = plans.opened("kube_hosts", plan)
    known = [(name, facts) for name, facts in given.get("nodes", {}).items() if facts["kubernetes"]]
    known.sort(key=lambda each: (not each[1]["kubernetes"]["first"], not each[1]["kubernetes"]["control_plane"]))
    if which in ("control_planes", *_STATED):
        known = [each for each in known if each[1]["kubernetes"]["control_plane"]]
    elif which == "first":
        known = [each for each in known if each[1]["kubernetes"]["first"]]
    elif which == "kubeadm":
        known = [each for each in known if clusters.named(given, each[1]["cluster"])["kubernetes"]["run_by"] == which]
    if which in _STATED:
        held = {name: clusters.named(given, facts["cluster"])["kubernetes"]["arguments"] for name, facts in known}
        known = [each for each in known if held[each[0]].get(which)]
    return [name for name, facts in known if cluster is None or facts["cluster"] == cluster]


def kubeadm_documents(plan: Mapping[str, Any], node: str, joins: bool | None = None) -> list[dict[str, Any]]:
    """``kubeadm.join`` or ``kubeadm.init`` of the core; without ``joins`` the first control plane makes the cluster."""
    given, name = plans.host("kubeadm_documents", plan, "nodes", node)
    own = given["nodes"][name]["kubernetes"]
    if own is None:
        raise AnsibleFilterError(f"kubeadm_documents: the cluster of {name} is not run by the collection")
    joining = not own["first"] if joins is None else joins
    return kubeadm.join(given, name) if joining else kubeadm.init(given, name)


def kube_programs(plan: Mapping[str, Any], node: str, source: str, **options: Any) -> dict[str, Any]:
    """``programs.wanted`` of the core."""
    given, name = plans.host("kube_programs", plan, "nodes", node)
    try:
        return programs.wanted(given, name, str(source), **plain(options))
    except ValueError as problem:
        raise AnsibleFilterError(f"kube_programs: {problem}") from None


def kube_nodes(plan: Mapping[str, Any], cluster: str | None = None) -> dict[str, dict[str, Any]]:
    """``nodes.wanted`` of the core."""
    given = plans.opened("kube_nodes", plan)
    name = _cluster("kube_nodes", given, cluster)
    return {node: dict(wish._asdict()) for node, wish in nodes.wanted(given, name).items()}


def _doings(plan: Mapping[str, Any], cluster: str, looked: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    mine = {
        node: facts["kubernetes"]
        for node, facts in plan["nodes"].items()
        if facts["cluster"] == cluster and facts["kubernetes"]
    }
    seen = {host: membership.Seen(**facts) for host, facts in looked.items() if host in mine}
    return dict(membership.decide(mine, seen)._asdict())


def _clusters(plan: Mapping[str, Any]) -> list[str]:
    """The names of the clusters that the collection runs."""
    return [str(each["name"]) for each in clusters.every(plan) if each["kubernetes"]]


def _cluster(face: str, plan: Mapping[str, Any], name: str | None) -> str:
    ours = _clusters(plan)
    if not ours or (name and str(name) not in ours):
        have = ", ".join(ours) or "none"
        raise AnsibleFilterError(f"{face}: the plan runs no cluster {str(name or '')!r}; it runs {have}")
    return str(name or ours[0])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {
            "cluster_doings": cluster_doings,
            "kube_hosts": kube_hosts,
            "kube_nodes": kube_nodes,
            "kube_programs": kube_programs,
            "kubeadm_documents": kubeadm_documents,
        }
