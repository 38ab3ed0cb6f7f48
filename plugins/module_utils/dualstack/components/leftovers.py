# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a cluster still has one family after the second one came: pods and Services, and how each gets both.

Sources: a pod keeps the addresses it was born with; an existing Service gets its second family only when its policy
or its families are stated anew, also one that was PreferDualStack all along (pkg/registry/core/service/storage/
alloc.go, kubernetes/kubernetes#101681). ``default/kubernetes`` keeps one family: nobody gives a second address of it
endpoints, so it is never named here. Pods with the network of their host follow the Node by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME, family_of

Object = Mapping[str, Any]
API_SERVER = ("default", "kubernetes")
RESTARTED = ("Deployment", "StatefulSet", "DaemonSet")
_ENDED = ("Succeeded", "Failed")


class Workload(NamedTuple):
    """What pods of one family belong to. ``kind`` is Pod where nobody makes them anew; ``pods`` are their names."""

    namespace: str
    kind: str
    name: str
    pods: list[str]

    @property
    def restarts(self) -> bool:
        """Whether it can be started anew as a whole."""
        return self.kind in RESTARTED

    @property
    def fix(self) -> str:
        """How its pods get both."""
        at = f"kubectl --namespace {self.namespace}"
        if self.restarts:
            return f"{at} rollout restart {self.kind.lower()} {self.name}"
        if self.kind == "Job":
            return "its pods end by themselves"
        return f"{at} delete pod {' '.join(self.pods)}" + ("" if self.kind != "Pod" else ", and make it anew")


class LoneService(NamedTuple):
    """A Service with fewer families than its cluster."""

    namespace: str
    name: str
    policy: str
    families: list[str]
    fix: str


def workloads(objects: Iterable[Object], families: Sequence[str]) -> list[Workload]:
    """By workload, the pods that lack an address of a family. ``objects``: Pods, and the ReplicaSets of Deployments."""
    held = list(objects)
    owners = {
        (each["metadata"]["namespace"], each["metadata"]["name"]): _controller(each)
        for each in held
        if each["kind"] == "ReplicaSet"
    }
    found: dict[tuple[str, str, str], list[str]] = {}
    for pod in held:
        if pod["kind"] == "Pod" and _lacks(pod, families):
            namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
            kind, owner = _controller(pod) or ("Pod", name)
            if kind == "ReplicaSet":
                kind, owner = owners.get((namespace, owner)) or (kind, owner)
            found.setdefault((namespace, kind, owner), []).append(name)
    return [Workload(*key, sorted(pods)) for key, pods in sorted(found.items())]


def services(objects: Iterable[Object], families: Sequence[str]) -> list[LoneService]:
    """The Services that have one family while the cluster has two, but for that of the API server."""
    found = []
    for each in objects:
        if each["kind"] != "Service" or each["spec"].get("type") == "ExternalName":
            continue
        namespace, name = each["metadata"]["namespace"], each["metadata"]["name"]
        have = [str(family) for family in each["spec"].get("ipFamilies") or ()]
        if len(have) < len(families) and (namespace, name) != API_SERVER:
            policy = str(each["spec"].get("ipFamilyPolicy", "SingleStack"))
            both = have + [FAMILY_NAME[family] for family in families if FAMILY_NAME[family] not in have]
            change = {"ipFamilyPolicy": "PreferDualStack"} if policy == "SingleStack" else {"ipFamilies": both}
            patch = json.dumps({"spec": change}, separators=(",", ":"))
            fix = f"kubectl --namespace {namespace} patch service {name} --patch '{patch}'"
            found.append(LoneService(namespace, name, policy, have, fix))
    return sorted(found)


def _controller(item: Object) -> tuple[str, str] | None:
    owners = item["metadata"].get("ownerReferences") or ()
    return next(((str(each["kind"]), str(each["name"])) for each in owners if each.get("controller")), None)


def _lacks(pod: Object, families: Sequence[str]) -> bool:
    status = pod.get("status", {})
    if pod["spec"].get("hostNetwork") or status.get("phase") in _ENDED or "deletionTimestamp" in pod["metadata"]:
        return False
    have = {family_of(str(each["ip"])) for each in status.get("podIPs") or ()}
    return bool(have) and not have.issuperset(families)


def told(nodes: Sequence[str], pods: Sequence[Workload], lone: Sequence[LoneService]) -> list[str]:
    """All of it in lines for people."""
    lines = [f"Node {name} has no pod CIDR of each family: is it in the inventory?" for name in nodes]
    for each in pods:
        lines.append(f"{each.namespace}/{each.name}: {len(each.pods)} pod(s) with one family. {each.fix}")
    for one in lone:
        lines.append(f"Service {one.namespace}/{one.name} has {', '.join(one.families)} ({one.policy}). {one.fix}")
    return lines
