# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and taints of Nodes: what the plan says is kept, what it does not say any more goes, all else stays.

Labels are applied with a field manager of their own, by which the API server knows which are ours. The list of taints
has one owner for all of it, so an annotation tells ours. The taints of control planes are ours always: kubeadm sets
them, and a control plane that runs pods has none. kubeadm also labels control planes so that load balancers leave them
out; where the plan announces from one, that label goes. One that a person set stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from .reading import Plan, cluster_of, rules_of

MANAGER = "baremetal.dualstack-nodes"
TAINTS = "baremetal.dualstack/taints"  # what we set: KEY:EFFECT, separated by commas
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")

Node = Mapping[str, Any]
Taint = Mapping[str, str]


class Wanted(NamedTuple):
    """What a Node shall have.

    ``taints``: ``key``, ``effect`` and, where there is one, ``value``. ``announces``: an advertisement selects it.
    """

    labels: Mapping[str, str]
    taints: list[Taint]
    control_plane: bool
    announces: bool = False


class NodeChange(NamedTuple):
    """``applied``: the object of a server-side apply, or None; ``patch``: a merge patch for the rest, or None."""

    name: str
    applied: dict[str, Any] | None
    patch: dict[str, Any] | None
    before: str
    after: str


def wanted(plan: Plan, cluster: str) -> dict[str, Wanted]:
    """By name, what the Nodes of a cluster of the plan shall have."""
    announcers = {name for each in plan["advertisements"] if each["cluster"] == cluster for name in each["nodes"]}
    found = {}
    for name, facts in plan["nodes"].items():
        own = facts["kubernetes"]
        if facts["cluster"] == cluster and own:
            labels = {key: str(value) for key, value in facts["labels"].items()}
            taints: list[Taint] = [{key: value for key, value in each.items() if value} for each in own["taints"]]
            if own["control_plane"] and not own["worker"]:
                keys = rules_of(cluster_of(plan, name)).control_plane_taints
                taints += [{"key": key, "effect": "NoSchedule"} for key in keys]
            found[name] = Wanted(labels, taints, own["control_plane"], name in announcers)
    return found


def change(node: Node, wish: Wanted) -> NodeChange | None:
    """What a Node lacks or has too much; None when nothing."""
    metadata = node["metadata"]
    annotation = ",".join(sorted(map(_identity, _stated(wish))))
    labels, annotations = metadata.get("labels", {}), metadata.get("annotations", {})
    mine = _labels_of(node, MANAGER, "Apply")
    old: list[Taint] = list(node.get("spec", {}).get("taints", []))
    new = _taints(old, set(filter(None, annotations.get(TAINTS, "").split(","))), wish)
    applied = None
    if (
        mine != set(wish.labels)
        or any(labels.get(key) != value for key, value in wish.labels.items())
        or annotations.get(TAINTS, "") != annotation
    ):
        about = {"annotations": {TAINTS: annotation}} if annotation else {}
        own = {"name": metadata["name"], "uid": metadata["uid"], "labels": dict(wish.labels), **about}
        applied = {"apiVersion": "v1", "kind": "Node", "metadata": own}
    excluded = wish.announces and EXCLUDED in labels and EXCLUDED in _labels_of(node, "kubeadm", "Update")
    patch = {
        **({"metadata": {"labels": {EXCLUDED: None}}} if excluded else {}),
        **({"spec": {"taints": new}} if new != old else {}),
    }
    if applied is None and not patch:
        return None
    known = sorted(mine | set(wish.labels) | ({EXCLUDED} if excluded else set()))
    return NodeChange(
        metadata["name"],
        applied,
        patch or None,
        _text(metadata["name"], {key: labels[key] for key in known if key in labels}, old),
        _text(metadata["name"], {key: wish.labels[key] for key in known if key in wish.labels}, new),
    )


def _taints(old: list[Taint], ours: set[str], wish: Wanted) -> list[Taint]:
    """The old ones in their order, without ours that are not wanted any more, then those that are missing."""
    names = {_identity(each): each for each in wish.taints}
    kept = []
    for each in old:
        name = _identity(each)
        if name in names:
            stays = each.get("value", "") == names[name].get("value", "")
        else:
            stays = name not in ours and not (wish.control_plane and each["key"] in _CONTROL_PLANE)
        if stays:
            kept.append(each)
    there = {_identity(each) for each in kept}
    return kept + [each for name, each in names.items() if name not in there]


def _stated(wish: Wanted) -> list[Taint]:
    """The taints that the annotation has to tell."""
    return [each for each in wish.taints if each["key"] not in _CONTROL_PLANE]


def _identity(taint: Taint) -> str:
    return f"{taint['key']}:{taint['effect']}"


def _labels_of(node: Node, manager: str, operation: str) -> set[str]:
    """The labels that a field manager set."""
    found: set[str] = set()
    for entry in node["metadata"].get("managedFields", []):
        if entry.get("manager") == manager and entry.get("operation") == operation:
            labels = entry.get("fieldsV1", {}).get("f:metadata", {}).get("f:labels", {})
            found |= {key[2:] for key in labels if key.startswith("f:")}
    return found


def _text(name: str, labels: Mapping[str, str], taints: list[Taint]) -> str:
    return json.dumps({"node": name, "labels": labels, "taints": taints}, indent=2, sort_keys=True) + "\n"
