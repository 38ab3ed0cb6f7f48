# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan against the cluster that runs, of what host_facts gathers: both families, either one first."""

from __future__ import annotations

from typing import Any

import fabrics
import pytest

from dualstack.components.hosts.needs import needs
from dualstack.components.hosts.running import ranges_stay
from dualstack.components.membership import BARE, MEMBER, UNFINISHED
from dualstack.findings import ERROR, Finding

API, CONTROLLERS = "kube-apiserver", "kube-controller-manager"
PODS, SERVICES = "cluster-cidr", "service-cluster-ip-range"
OTHER = {"ipv4": "10.99.0.0/16", "ipv6": "fd00:99::/56"}
FIRST = pytest.mark.parametrize("example", ["demo", "ipv6-first"])
Cidrs = dict[str, str]


def planned(example: str, families: int = 2, control_planes: tuple[str, ...] = ("node1",)) -> dict[str, Any]:
    """The plan of an example that runs Kubernetes, with the first ``families`` of its cluster."""

    def change(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
        data["cluster"]["kubernetes"] = {"version": "1.36.3"}

    plan = fabrics.plan_of(example, change)
    cluster = plan["cluster"]
    cluster["families"] = cluster["families"][:families]
    for key in ("pods", "services"):
        cluster[key] = {family: cluster[key][family] for family in cluster["families"]}
    for name, node in plan["nodes"].items():
        node["kubernetes"]["control_plane"] = name in control_planes
    return plan


def looked(pods: Cidrs, services: Cidrs, state: str = MEMBER) -> dict[str, Any]:
    """The facts of a control plane that runs with these, in their order."""
    flags = {PODS: ",".join(pods.values()), SERVICES: ",".join(services.values())}
    components = {API: {SERVICES: flags[SERVICES]}, CONTROLLERS: flags}
    return {
        "membership": {"state": state, "control_plane": True, "ca": "a"},
        "components": {name: {"flags": stated, "problem": ""} for name, stated in components.items()},
    }


def swapped(cidrs: Cidrs) -> Cidrs:
    return dict(reversed(cidrs.items()))


def first_changed(cidrs: Cidrs) -> Cidrs:
    return {**cidrs, next(iter(cidrs)): OTHER[next(iter(cidrs))]}


def second_changed(cidrs: Cidrs) -> Cidrs:
    return {**cidrs, list(cidrs)[1]: OTHER[list(cidrs)[1]]}


def second_alone(cidrs: Cidrs) -> Cidrs:
    return dict(list(cidrs.items())[1:])


def first_alone(cidrs: Cidrs) -> Cidrs:
    return dict(list(cidrs.items())[:1])


def found(plan: dict[str, Any], facts: dict[str, dict[str, Any]]) -> list[Finding]:
    return list(ranges_stay({name: needs(plan, name) for name in facts}, facts))


def cidrs_of(plan: dict[str, Any]) -> tuple[Cidrs, Cidrs]:
    return plan["cluster"]["pods"], plan["cluster"]["services"]


@FIRST
@pytest.mark.parametrize(
    ("runs", "why"),
    [
        (swapped, "the primary family of a running cluster can't be swapped"),
        (second_alone, "the primary family of a running cluster can't be swapped"),
        (first_changed, "a CIDR of a running cluster can't be changed"),
        (second_changed, "a CIDR of a running cluster can't be changed"),
    ],
)
def test_a_plan_that_does_not_fit_is_told_once_with_what_runs(example: str, runs: Any, why: str) -> None:
    plan = planned(example, control_planes=("node1", "node2"))
    pods, services = (runs(cidrs) for cidrs in cidrs_of(plan))
    told = found(plan, {name: looked(pods, services) for name in ("node1", "node2")})
    assert [(each.id, each.severity, each.path) for each in told] == [
        ("host-ranges", ERROR, f"node1: {API} --{SERVICES}"),
        ("host-ranges", ERROR, f"node1: {CONTROLLERS} --{PODS}"),
    ]
    assert [each.value for each in told] == [",".join(services.values()), ",".join(pods.values())]
    for each, key in zip(told, ("services", "pods")):
        assert f"it would become {','.join(plan['cluster'][key].values())}: {why}." in each.reason
        assert f"State {', '.join(each.value.split(','))} in this order under cluster.{key} of the intent" in each.fix


@FIRST
def test_one_family_where_two_run_is_told(example: str) -> None:
    pods, services = cidrs_of(planned(example))
    told = found(planned(example, families=1), {"node1": looked(pods, services)})
    assert len(told) == 2 and all("a family can't be taken from a running cluster" in each.reason for each in told)


@FIRST
def test_what_fits_and_a_second_family_are_fine(example: str) -> None:
    plan = planned(example)
    pods, services = cidrs_of(plan)
    assert found(plan, {"node1": looked(pods, services)}) == []
    assert found(plan, {"node1": looked(first_alone(pods), first_alone(services))}) == []
    one = planned(example, families=1)
    assert found(one, {"node1": looked(first_alone(pods), first_alone(services))}) == []


@FIRST
def test_a_control_plane_that_differs_from_the_others_is_told_by_its_name(example: str) -> None:
    plan = planned(example, control_planes=("node1", "node2"))
    pods, services = cidrs_of(plan)
    told = found(plan, {"node1": looked(pods, services), "node2": looked(swapped(pods), services)})
    assert [each.path for each in told] == [f"node2: {CONTROLLERS} --{PODS}"]


@FIRST
def test_where_no_cluster_runs_there_is_nothing_to_compare(example: str) -> None:
    plan = planned(example)
    pods, services = (swapped(cidrs) for cidrs in cidrs_of(plan))
    bare = {"membership": {"state": BARE, "control_plane": False, "ca": ""}, "components": {}}
    assert found(plan, {"node1": bare}) == []
    assert found(plan, {"node1": looked(pods, services, UNFINISHED)}) == [], "our own init was cut: it is made anew"
    assert found(plan, {"node2": looked(pods, services)}) == [], "a worker has no such components of ours"
    assert len(found(plan, {"node1": looked(pods, services, BARE)})) == 2, "the kubelet is gone, its cluster is not"
