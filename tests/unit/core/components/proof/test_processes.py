# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row ``flags``: every flag that is planned or stated, control planes that differ, and nothing secret in it."""

from __future__ import annotations

from typing import Any

import proving
import pytest
from own_clusters import plan_of

from dualstack.components import telling
from dualstack.components.proof import judge

FAMILIES = [("ipv4",), ("ipv6",), ("ipv4", "ipv6"), ("ipv6", "ipv4")]
LEADERS = ("n11", "n12", "n13")
API, MANAGER, SCHEDULER = "kube-apiserver", "kube-controller-manager", "kube-scheduler"
STATED = {
    API: {"max-requests-inflight": "500", "feature-gates": "A=true,B=false", "audit-policy-file": "/etc/kubernetes/a"},
    MANAGER: {"node-monitor-period": "3s"},
    SCHEDULER: {"kube-api-qps": "80"},
    "etcd": {"quota-backend-bytes": "100"},
    "kubelet": {"max-pods": "60"},
}
Words = dict[str, dict[str, str]]


@pytest.fixture(params=FAMILIES, ids=lambda families: "-".join(families))
def plan(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Three control planes, and flags of the operator's own for each component."""
    return plan_of(request.param, control_planes=3, arguments=STATED)


def processes(seen: dict[str, Any], node: str) -> Words:
    found: Words = seen["kubernetes"]["hosts"][node]["processes"]
    return found


def red(plan: dict[str, Any], seen: dict[str, Any]) -> dict[str, str]:
    """What the rows of nodes say that are red; no other row is."""
    rows = [row for row in judge(plan, seen) if row["state"] != "green"]
    assert {row["id"] for row in rows} <= {"flags"}, rows
    return {row["node"]: row["seen"] for row in rows}


def test_all_that_is_planned_and_stated_is_expected(plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    assert red(plan, seen) == {}
    rows = {row["node"]: row["expected"] for row in judge(plan, seen) if row["id"] == "flags"}
    for node in plan["nodes"]:
        leads = node in LEADERS
        assert ("max-requests-inflight=500" in rows[node]) is leads
        assert ("quota-backend-bytes=100" in rows[node]) is leads
        assert "max-pods=60" in rows[node]


@pytest.mark.parametrize(
    ("component", "flag", "value"),
    [
        (API, "max-requests-inflight", "500"),
        (API, "audit-policy-file", "/etc/kubernetes/a"),
        (MANAGER, "node-monitor-period", "3s"),
        (SCHEDULER, "kube-api-qps", "80"),
        ("etcd", "quota-backend-bytes", "100"),
        ("kubelet", "max-pods", "60"),
    ],
)
def test_a_stated_flag_that_runs_otherwise_or_not_at_all(
    plan: dict[str, Any], component: str, flag: str, value: str
) -> None:
    seen = proving.healthy(plan)
    processes(seen, "n12")[component].update(telling.told([f"--{flag}=s3cret"]))
    assert red(plan, seen) == {"n12": f"{component} has another --{flag}; it should be {value}"}
    del processes(seen, "n12")[component][flag]
    assert red(plan, seen) == {"n12": f"{component} has no --{flag}; it should be {value}"}
    del processes(seen, "n12")[component]
    assert red(plan, seen) == {"n12": f"{component} does not run"}


def test_gates_are_judged_one_by_one_however_they_are_written(plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    for node in LEADERS:
        processes(seen, node)[API].update(telling.told(["--feature-gates=B=False", "--feature-gates", "C=true,A=true"]))
    assert red(plan, seen) == {}
    processes(seen, "n11")[API]["feature-gates"] = "A=false,IPv6DualStack=true,C=true"
    assert red(plan, seen) == {
        "n11": "kube-apiserver has the feature gate A false; it should be true; "
        "kube-apiserver has the feature gate B not stated; it should be false; "
        "kube-apiserver has the feature gate IPv6DualStack true; it should have none"
    }


@pytest.mark.parametrize("flag", ["cluster-dns", "cluster-domain"])
def test_a_kubelet_whose_flag_holds_against_the_planned_field(plan: dict[str, Any], flag: str) -> None:
    seen = proving.healthy(plan)
    processes(seen, "n12")["kubelet"][flag] = "10.96.0.53"
    assert red(plan, seen) == {"n12": f"kubelet has --{flag}=10.96.0.53; it should have none"}


@pytest.mark.parametrize("component", [API, MANAGER, SCHEDULER])
@pytest.mark.parametrize("node", LEADERS)
def test_what_nobody_planned_is_the_same_on_all_control_planes(plan: dict[str, Any], component: str, node: str) -> None:
    seen = proving.healthy(plan)
    others = [name for name in LEADERS if name != node]
    processes(seen, node)[component].update(telling.told(["--service-node-port-range=20000-20100"]))
    flag = f"{component} has --service-node-port-range"
    assert red(plan, seen) == {node: f"{flag}, and that of {others[0]} has not; nobody planned it"}
    for name in others:
        processes(seen, name)[component].update(telling.told(["--service-node-port-range=20000-20101"]))
    another = f"{component} has another --service-node-port-range than that of {others[0]}; nobody planned it"
    assert red(plan, seen) == {node: another}
    del processes(seen, node)[component]["service-node-port-range"]
    lacks = f"{component} has no --service-node-port-range, and that of {others[0]} has; nobody planned it"
    assert red(plan, seen) == {node: lacks}


def test_foreign_gates_differ(plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    processes(seen, "n13")[API]["feature-gates"] += ",D=true"
    found = "kube-apiserver has --feature-gates=D, and that of n11 has not; nobody planned it"
    assert red(plan, seen) == {"n13": found}


def test_of_two_that_differ_the_one_without_the_flag_is_right() -> None:
    for node in LEADERS[:2]:
        plan = plan_of(("ipv4", "ipv6"), control_planes=2)
        seen = proving.healthy(plan)
        processes(seen, node)[API].update(telling.told(["--profiling=false"]))
        assert list(red(plan, seen)) == [node]


def test_what_may_differ_between_control_planes(plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    for number, node in enumerate(LEADERS):
        own = [f"--bind-address=10.1.1.{number}", f"--v={number}", f"--etcd-servers=https://10.1.1.{number}:2379"]
        processes(seen, node)[API].update(telling.told([*own, f"--tls-cert-file=/etc/certificates/{node}.pem"]))
    assert red(plan, seen) == {}


def test_in_an_upgrade_only_control_planes_of_the_same_version_are_compared(plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    cluster = seen["kubernetes"]["cluster"]
    cluster["controllers"] = [
        {**cluster["controllers"][0], "component": API, "node": node, "version": f"v1.{35 + (node == 'n11')}.3"}
        for node in LEADERS
    ]
    processes(seen, "n11")[API].update(telling.told(["--new-in-this-one=true"]))
    assert red(plan, seen) == {}
    processes(seen, "n12")[API].update(telling.told(["--new-in-this-one=true"]))
    assert list(red(plan, seen)) == ["n12"]


def test_flags_are_told_without_their_values_but_those_about_addresses() -> None:
    words = ["--node-ip=10.0.1.11,2001:db8::1", "--cluster-cidr", "10.244.0.0/16", "--token=s3cret", "-v", "--quiet"]
    found = telling.told([*words, "--key-file=/etc/s3cret", "--feature_gates=A=true", "--feature-gates=B=true", "--"])
    assert {name: value for name, value in found.items() if "#" not in value} == {
        "node-ip": "10.0.1.11,2001:db8::1",
        "cluster-cidr": "10.244.0.0/16",
        "feature-gates": "A=true,B=true",
    }
    assert "s3cret" not in str(found)
    assert found["quiet"] == telling.shown("quiet", "true") and found["token"] != telling.shown("token", "other")
    assert found["key-file"].startswith("/#")
