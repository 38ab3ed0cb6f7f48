# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pod network gets out of the plan. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, TypeVar

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components import ranges
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.components.pods import (
    bridge,
    cilium,
    objects,
    policies,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.plan import clusters
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import host, opened

T = TypeVar("T")


def pod_network(plan: Mapping[str, Any], node: str, pod_cidrs: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """``pods.bridge.network`` of the core, where ``ranges.keep_nodes`` has no objection to any Node."""
    given, name = host("pod_network", plan, "nodes", node)
    if given["nodes"][name].get("kubernetes") is None:
        raise AnsibleFilterError(
            f"pod_network: the plan does not run Kubernetes on {name}: state dualstack.cluster.kubernetes"
        )
    held = plain(pod_cidrs)
    _told("pod_network", ranges.keep_nodes, held, clusters.named(given, given["nodes"][name]["cluster"])["pods"])
    return _told("pod_network", bridge.network, given, name, held)


def pod_network_objects(
    plan: Mapping[str, Any], cluster: str | None = None, ip_masq_agent: bool = False
) -> list[dict[str, Any]]:
    """``pods.objects.objects`` of the core."""
    given = opened("pod_network_objects", plan)
    return _told(
        "pod_network_objects",
        objects.objects,
        given,
        _cluster("pod_network_objects", given, cluster),
        bool(ip_masq_agent),
    )


def cilium_values(plan: Mapping[str, Any], cluster: str | None = None) -> dict[str, Any]:
    """``pods.cilium.values`` of the core."""
    given = opened("cilium_values", plan)
    return cilium.values(clusters.named(given, _cluster("cilium_values", given, cluster)))


def network_policies(
    plan: Mapping[str, Any],
    namespace: str,
    sources: Sequence[str] = (),
    destinations: Sequence[str] = (),
    cluster: str | None = None,
) -> list[dict[str, Any]]:
    """``pods.policies.render`` of the core."""
    given = opened("network_policies", plan)
    own = clusters.named(given, _named("network_policies", given, cluster))
    return _told("network_policies", policies.render, own, str(namespace), plain(sources), plain(destinations))


def _named(face: str, plan: Mapping[str, Any], name: str | None) -> str:
    known = [str(each["name"]) for each in clusters.every(plan)]
    if name and str(name) not in known:
        raise AnsibleFilterError(f"{face}: the plan has no cluster {str(name)!r}; it has {', '.join(known)}")
    return str(name or known[0])


def _cluster(face: str, plan: Mapping[str, Any], name: str | None) -> str:
    """The name of a cluster that the plan runs Kubernetes in."""
    found = _named(face, plan, name)
    if clusters.named(plan, found).get("kubernetes") is None:
        raise AnsibleFilterError(f"{face}: the plan does not run Kubernetes in {found}; state its `kubernetes`")
    return found


def _told(face: str, function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    except ValueError as problem:
        raise AnsibleFilterError(f"{face}: {problem}") from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {
            "pod_network": pod_network,
            "pod_network_objects": pod_network_objects,
            "cilium_values": cilium_values,
            "network_policies": network_policies,
        }
