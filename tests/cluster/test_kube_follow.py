# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following the objects of a real API server: lists, watches, selectors, refusals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from cluster.control_plane import ControlPlane
from kube_following import Objects, following

from dualstack_speaker.kube.client import MERGE_PATCH
from dualstack_speaker.kube.kinds import KINDS
from dualstack_speaker.kube.query import Query

Object = dict[str, Any]
ADMIN = ("admin", ["system:masters"])


def service(namespace: str, name: str, kind: str = "LoadBalancer", **labels: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"type": kind, "ports": [{"port": 80}]},
    }


@pytest.fixture
def kubeconfig(cluster: ControlPlane) -> str:
    return str(cluster.kubeconfig(*ADMIN))


def test_services_come_change_and_go(cluster: ControlPlane, namespace: str, kubeconfig: str) -> None:
    services = KINDS["Service"].path(namespace)
    cluster.api.create(services, service(namespace, "first"))
    cluster.api.create(services, service(namespace, "inside", "ClusterIP"))

    async def follow() -> None:
        async with following(kubeconfig) as seen:
            sink = Objects()
            query = Query("Service", namespace, field_selector="spec.type=LoadBalancer")
            watched = seen.source.watch(query, sink)
            await seen.until(lambda: seen.source.loaded)
            assert set(sink.held) == {"first"}
            first = sink.held["first"]
            assert (first["apiVersion"], first["kind"]) == ("v1", "Service")
            assert "managedFields" not in first["metadata"]

            await seen.client.send("POST", services, service(namespace, "second"))
            await seen.until(lambda: "second" in sink.held)
            patch = {"metadata": {"labels": {"tier": "web"}}}
            await seen.client.send("PATCH", f"{services}/second", patch, content_type=MERGE_PATCH)
            await seen.until(lambda: sink.held["second"]["metadata"].get("labels") == {"tier": "web"})
            await seen.client.send(
                "PATCH", f"{services}/second", {"spec": {"type": "ClusterIP"}}, content_type=MERGE_PATCH
            )
            await seen.until(lambda: "second" not in sink.held)
            await seen.client.send("DELETE", f"{services}/first")
            await seen.until(lambda: not sink.held)
            assert not seen.source.findings()
            listed = watched.listed_at
            watched.refresh()
            await seen.until(lambda: watched.listed_at > listed)

    asyncio.run(follow())
