# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and taints of Nodes: ours are kept, ours of yesterday go, those of others stay."""

from __future__ import annotations

from typing import Any

import pytest
from fabrics import plan_of

from dualstack.components.nodes import EXCLUDED, MANAGER, TAINTS, Wanted, change, wanted

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
DEDICATED = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def node(
    labels: dict[str, str] | None = None,
    ours: tuple[str, ...] = (),
    taints: list[dict[str, str]] | None = None,
    stated: str = "",
) -> dict[str, Any]:
    fields = {"f:metadata": {"f:labels": {f"f:{key}": {} for key in ours}}}
    managed = [
        {"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {"f:theirs": {}}}}},
        {"manager": MANAGER, "operation": "Apply", "fieldsV1": fields},
    ]
    about = {"annotations": {TAINTS: stated}} if stated else {}
    metadata = {"name": "n", "uid": "u", "labels": labels or {}, "managedFields": managed, **about}
    return {"metadata": metadata, "spec": {"taints": taints} if taints else {}}


def wish(labels: dict[str, str] | None = None, *taints: dict[str, str], control_plane: bool = False) -> Wanted:
    return Wanted(labels or {}, list(taints), control_plane)


def test_nothing_to_do() -> None:
    assert change(node(), wish()) is None
    assert change(node({"zone": "a", "theirs": "x"}, ("zone",)), wish({"zone": "a"})) is None
    assert change(node(taints=[CORDON, DEDICATED], stated="dedicated:NoSchedule"), wish({}, DEDICATED)) is None


@pytest.mark.parametrize(
    "there",
    [
        node({"theirs": "x"}),
        node({"zone": "b"}, ("zone",)),
        node({"zone": "a"}),
        node({"old": "1", "zone": "a"}, ("old", "zone")),
    ],
)
def test_labels_are_applied_as_a_whole_with_the_node_s_own_identity(there: dict[str, Any]) -> None:
    found = change(there, wish({"zone": "a"}))
    assert found is not None and found.patch is None
    assert found.applied is not None and found.applied["metadata"] == {"name": "n", "uid": "u", "labels": {"zone": "a"}}


def test_a_taint_that_is_not_wanted_any_more_goes_and_those_of_others_stay() -> None:
    there = node(taints=[CORDON, DEDICATED], stated="dedicated:NoSchedule")
    found = change(there, wish())
    assert found is not None and found.patch == {"spec": {"taints": [CORDON]}}
    assert found.applied is not None and "annotations" not in found.applied["metadata"]


def test_a_taint_of_others_is_not_ours_to_remove() -> None:
    assert change(node(taints=[DEDICATED]), wish()) is None


def test_a_taint_with_another_value_is_replaced() -> None:
    other = {**DEDICATED, "value": "web"}
    found = change(node(taints=[other, CORDON], stated="dedicated:NoSchedule"), wish({}, DEDICATED))
    assert found is not None and found.patch == {"spec": {"taints": [CORDON, DEDICATED]}}


def test_the_taint_of_control_planes_comes_and_goes_with_their_being_workers() -> None:
    taint = {"key": CONTROL_PLANE, "effect": "NoSchedule"}
    gone = change(node(taints=[taint, CORDON]), wish(control_plane=True))
    assert gone is not None and gone.patch == {"spec": {"taints": [CORDON]}} and gone.applied is None
    back = change(node(taints=[CORDON]), wish({}, taint, control_plane=True))
    assert back is not None and back.patch == {"spec": {"taints": [CORDON, taint]}}
    assert change(node(taints=[taint]), wish({}, taint, control_plane=True)) is None


def test_the_diff_tells_what_is_ours_and_all_taints() -> None:
    found = change(node({"zone": "b", "theirs": "x"}, ("zone",), [CORDON]), wish({"zone": "a"}))
    assert found is not None
    assert '"zone": "b"' in found.before and '"zone": "a"' in found.after
    assert "theirs" not in found.before and "unschedulable" in found.after


def test_what_a_plan_wants_of_its_nodes() -> None:
    def labelled(intent: dict[str, Any], hosts: dict[str, Any]) -> None:
        intent["cluster"]["kubernetes"] = {"version": "1.36.3"}
        hosts["nodes"]["node2"].update(labels={"zone": "a"}, taints=[DEDICATED])
        del hosts["kube_node"]["node1"]

    found = wanted(plan_of(change=labelled), "demo")
    assert found["node1"] == Wanted({}, [{"key": CONTROL_PLANE, "effect": "NoSchedule"}], True, True)
    assert found["node2"] == Wanted({"zone": "a"}, [DEDICATED], False, True)
    assert found["node3"] == Wanted({}, [], False, True)


@pytest.mark.parametrize(
    ("manager", "announces", "goes"),
    [("kubeadm", True, True), ("kubeadm", False, False), ("kubectl-label", True, False)],
)
def test_the_label_that_kubeadm_excludes_control_planes_with_goes_where_the_plan_announces(
    manager: str, announces: bool, goes: bool
) -> None:
    there = node({EXCLUDED: ""})
    fields = {"f:metadata": {"f:labels": {f"f:{EXCLUDED}": {}}}}
    there["metadata"]["managedFields"].append({"manager": manager, "operation": "Update", "fieldsV1": fields})
    found = change(there, Wanted({}, [], True, announces))
    assert (found is not None and found.patch == {"metadata": {"labels": {EXCLUDED: None}}}) == goes
    assert found is not None or not goes
