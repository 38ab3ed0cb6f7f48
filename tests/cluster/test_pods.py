# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs our daemons inside a cluster: accepted by a real API server, and really running as the pods say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster.api import ApiError
from cluster.control_plane import ControlPlane
from cluster.pods import Pod, lone
from interop.stage import Stage
from processes import until

from ansible_collections.baremetal.dualstack.plugins.module_utils.bundle import build
from dualstack.kubernetes import rbac, secrets
from dualstack.kubernetes.objects import objects
from dualstack.kubernetes.workloads import Workloads

HOME = "metallb-system"
PLAN = Path(__file__).resolve().parents[1] / "golden" / "small" / "plan.yml"
GIVEN = Workloads("registry.example/dualstack:1", heartbeat_port=7947, listen_port=179)
ADDRESSES = ("10.0.1.11/24", "fd5c:ba11:7e24:aa01::11/64")  # of node1 in the plan
VIPS = {"IPv4": "10.0.200.", "IPv6": "fd5c:ba11:7e24:bb00::"}
Object = dict[str, Any]


def rendered(namespace: str = HOME) -> list[Object]:
    plan = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
    return objects(plan, namespace=namespace, pods=GIVEN)


def of(items: list[Object], kind: str) -> Object:
    return next(item for item in items if item["kind"] == kind)


def apply(cluster: ControlPlane, items: list[Object]) -> None:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=given)


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_pods_are_admitted(cluster: ControlPlane, namespace: str, kind: str) -> None:
    """Pod Security Standards: the controller's pods are restricted ones, the speaker's need a privileged namespace."""
    items = [item for item in rendered(namespace) if item["kind"] != "CustomResourceDefinition"]
    plain = [item for item in items if not item["apiVersion"].startswith("metallb.io/")]
    apply(cluster, plain)
    live = cluster.api.get(f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]
    assert live["pod-security.kubernetes.io/enforce"] == "privileged"
    pod = lone(of(items, kind), "some", namespace)
    cluster.api.create(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
    strict = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    cluster.api.patch(f"/api/v1/namespaces/{namespace}", strict)
    if kind == "Deployment":
        cluster.api.create(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
    else:
        with pytest.raises(ApiError, match="host namespaces"):
            cluster.api.create(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.end()


@pytest.mark.root
def test_the_containers_run(stage: Stage, tmp_path: Path) -> None:
    """All three, with the pods' files, user, rights and commands: a Service gets its addresses, the node knows them."""
    stage.host("router")  # which has the first address
    host = stage.host("node1")
    for address in ADDRESSES:
        host.run("ip", "address", "add", address, "dev", "rack1", *(["nodad"] if ":" in address else []))
    plane = ControlPlane(
        tmp_path / "plane", namespace=host.namespace, address=host.ipv4, addresses=[host.ipv4, host.ipv6]
    )
    pods: list[Pod] = []
    try:
        plane.start()
        items = rendered()
        apply(plane, [item for item in items if item["kind"] in ("Namespace", "CustomResourceDefinition")])
        plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        key = secrets.of_heartbeats("0123456789abcdef" * 4, HOME)
        apply(plane, [*items, key])
        plane.api.create(
            "/api/v1/nodes", {"metadata": {"name": "node1", "labels": {"kubernetes.io/hostname": "node1"}}}
        )
        programs = tmp_path / "programs"
        programs.mkdir()
        for name in ("wire", "speaker", "controller"):
            (programs / f"{name}.pyz").write_bytes(build(str(PLAN.parents[3]), name).content)
        for kind, account in (("DaemonSet", rbac.SPEAKER), ("Deployment", rbac.CONTROLLER)):
            files = {
                "token": plane.token(HOME, account),
                "ca.crt": plane.pki.ca.read_text(encoding="utf-8"),
                "namespace": HOME,
            }
            server = {"KUBERNETES_SERVICE_HOST": host.ipv4, "KUBERNETES_SERVICE_PORT": str(plane.port)}
            made = Pod(
                of(items, kind),
                [*items, key],
                tmp_path / kind,
                node="node1",
                namespace=host.namespace,
                account=files,
                programs=programs,
                environment=server,
            )
            pods.append(made)
            made.start()
        spec = {"type": "LoadBalancer", "ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]}
        notes = {"metallb.io/address-pool": "web"}
        service = {"metadata": {"name": "shop", "annotations": notes}, "spec": spec}
        plane.api.create("/api/v1/namespaces/default/services", service)

        def addresses() -> list[str]:
            for each in pods:
                for daemon in each.containers.values():
                    daemon.check()
            found = plane.api.get("/api/v1/namespaces/default/services/shop")["status"]["loadBalancer"]
            return [entry["ip"] for entry in found.get("ingress", [])]

        until(lambda: len(addresses()) == 2, "the Service has its addresses")
        assert [address.startswith(begin) for address, begin in zip(addresses(), VIPS.values())] == [True, True]
        journal = pods[0].volume("run") / "wire.journal"
        until(
            lambda: journal.exists() and all(address in journal.read_text() for address in addresses()),
            "wire on the node has them",
        )
    finally:
        for made in pods:
            print(*(f"--- {name}\n{each.tail()}" for name, each in made.containers.items()), sep="\n")
            made.end()
        plane.end()
