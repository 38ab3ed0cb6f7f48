# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What still has one family, with either family first, and the command that gives it both."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.components.leftovers import LoneService, Workload, services, told, workloads

ADDRESSES = {"ipv4": "10.244.0.5", "ipv6": "fd00:244::5"}
ORDERS = pytest.mark.parametrize("families", [("ipv4", "ipv6"), ("ipv6", "ipv4")], ids="-".join)


def made_by(kind: str, name: str) -> dict[str, Any]:
    return {"ownerReferences": [{"kind": kind, "name": name, "controller": True}]}


def pod(name: str, *families: str, phase: str = "Running", host: bool = False, **metadata: Any) -> dict[str, Any]:
    status = {"phase": phase, "podIPs": [{"ip": ADDRESSES[family]} for family in families]}
    about = {"namespace": "shop", "name": name, **metadata}
    return {"kind": "Pod", "metadata": about, "spec": {"hostNetwork": True} if host else {}, "status": status}


def service(name: str, policy: str, *families: str, namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    body = {"type": "ClusterIP", "ipFamilyPolicy": policy, "ipFamilies": list(families), **spec}
    return {"kind": "Service", "metadata": {"namespace": namespace, "name": name}, "spec": body}


@ORDERS
def test_pods_are_told_by_what_makes_them_anew(families: tuple[str, str]) -> None:
    first, second = families
    objects = [
        {"kind": "ReplicaSet", "metadata": {"namespace": "shop", "name": "web-1", **made_by("Deployment", "web")}},
        pod("web-1-b", first, **made_by("ReplicaSet", "web-1")),
        pod("web-1-a", first, **made_by("ReplicaSet", "web-1")),
        pod("web-1-c", first, second, **made_by("ReplicaSet", "web-1")),
        pod("db-0", first, **made_by("StatefulSet", "db")),
        pod("lone", first),
        pod("count", first, **made_by("Job", "count")),
        pod("of-others", first, **made_by("Engine", "e")),
    ]
    found = workloads(objects, families)
    assert found == [
        Workload("shop", "Deployment", "web", ["web-1-a", "web-1-b"]),
        Workload("shop", "Engine", "e", ["of-others"]),
        Workload("shop", "Job", "count", ["count"]),
        Workload("shop", "Pod", "lone", ["lone"]),
        Workload("shop", "StatefulSet", "db", ["db-0"]),
    ]
    assert [each.restarts for each in found] == [True, False, False, False, True]
    assert [each.fix for each in found] == [
        "kubectl --namespace shop rollout restart deployment web",
        "kubectl --namespace shop delete pod of-others",
        "its pods end by themselves",
        "kubectl --namespace shop delete pod lone, and make it anew",
        "kubectl --namespace shop rollout restart statefulset db",
    ]


@ORDERS
def test_pods_that_need_nothing(families: tuple[str, str]) -> None:
    first, second = families
    fine = [
        pod("both", first, second),
        pod("turned", second, first),
        pod("host", first, host=True),
        pod("waits", phase="Pending"),
        pod("done", first, phase="Succeeded"),
        pod("goes", first, deletionTimestamp="2026-01-01T00:00:00Z"),
    ]
    assert workloads(fine, families) == []
    assert workloads([pod("one", first)], [first]) == []


@ORDERS
def test_services_are_changed_by_their_policy_or_by_their_families(families: tuple[str, str]) -> None:
    """A Service that preferred both all along does nothing when it is told so again (kubernetes/kubernetes#101681)."""
    first, second = ({"ipv4": "IPv4", "ipv6": "IPv6"}[family] for family in families)
    objects = [
        service("silent", "SingleStack", first),
        service("second", "SingleStack", second),
        service("prefers", "PreferDualStack", first),
        service("both", "PreferDualStack", first, second),
        service("elsewhere", "", type="ExternalName"),
        service("kubernetes", "SingleStack", first, namespace="default"),
        service("kubernetes", "SingleStack", first, namespace="shop"),
    ]
    head, policy = "kubectl --namespace shop patch service", '{"spec":{"ipFamilyPolicy":"PreferDualStack"}}'
    assert services(objects, families) == [
        LoneService("shop", "kubernetes", "SingleStack", [first], f"{head} kubernetes --patch '{policy}'"),
        LoneService(
            "shop",
            "prefers",
            "PreferDualStack",
            [first],
            f'{head} prefers --patch \'{{"spec":{{"ipFamilies":["{first}","{second}"]}}}}\'',
        ),
        LoneService("shop", "second", "SingleStack", [second], f"{head} second --patch '{policy}'"),
        LoneService("shop", "silent", "SingleStack", [first], f"{head} silent --patch '{policy}'"),
    ]
    assert services(objects, families[:1]) == []


def test_lines_for_people() -> None:
    lone = services([service("silent", "SingleStack", "IPv4")], ["ipv4", "ipv6"])
    lines = told(["n4"], [Workload("shop", "Deployment", "web", ["a", "b"])], lone)
    assert lines[0] == "Node n4 has no pod CIDR of each family: is it in the inventory?"
    assert lines[1].startswith("shop/web: 2 pod(s) with one family. kubectl --namespace shop rollout restart")
    assert lines[2].startswith("Service shop/silent has IPv4 (SingleStack). kubectl")
