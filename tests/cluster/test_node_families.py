# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of one family gets its second one: Nodes by the module ``kube_node_families``, Services by the plan's.

The API server and kube-controller-manager are real, with our flags; the Nodes are made by hand and have no kubelet, so
what a kubelet does at its start is written here.
"""

from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from cluster.control_plane import ControlPlane
from cluster.daemons import Daemon
from cluster.verdicts import program
from own_clusters import intent_of, plan_of
from processes import until

from ansible_collections.baremetal.dualstack.plugins.modules import (
    cluster_resources,
    kube_node_families,
    kube_nodes,
    kube_one_family,
    node_pod_cidrs,
)
from dualstack.components import nodes
from dualstack.components.flags import owned
from dualstack.components.node_families import REPLACED, pod_cidrs
from dualstack.kubernetes.crds import crds
from dualstack.plan.build import make
from dualstack.render.resources import render

Object = dict[str, Any]
NODES = "/api/v1/nodes"
SERVICES = "/api/v1/namespaces/default/services"
LENGTHS = {"ipv4": 24, "ipv6": 64}
BLOCKS = {"ipv4": "10.128.{}.0/24", "ipv6": "fd00:128:0:{:x}::/64"}
ADDRESSES = {"ipv4": "192.0.2.{}", "ipv6": "2001:db8::{}"}
ORDERS = [("ipv4", "ipv6"), ("ipv6", "ipv4")]


class Converted:
    """A cluster that began with one family, with three Nodes of that time, and now has two."""

    def __init__(self, folder: Path, families: tuple[str, str]) -> None:
        self.families = families
        self.plan = plan_of(families)
        self.pods: dict[str, str] = self.plan["cluster"]["pods"]
        services = list(self.plan["cluster"]["services"].values())
        self._folder = folder
        self.plane = ControlPlane(folder, service_cidrs=services[:1])
        self._both = f"--service-cluster-ip-range={','.join(services)}"

    def dual(self) -> None:
        """Flags of both families, as the roles would set them."""
        self.plane.apiserver.end()
        command = self.plane.apiserver.command
        command[:] = [self._both if each.startswith("--service-cluster-ip-range=") else each for each in command]
        self.plane.start()

    def manager(self, families: Sequence[str]) -> Daemon:
        """kube-controller-manager with the flags of a plan of these families, and what it needs here."""
        flags = owned(plan_of(tuple(families)), "n11", "kube-controller-manager").flags
        base = {
            "kubeconfig": str(self.plane.admin),
            "leader-elect": "false",
            "secure-port": "0",
            "controllers": "node-ipam-controller,node-lifecycle-controller,garbage-collector-controller",
            "use-service-account-credentials": "false",
        }
        words = [f"--{name}={value}" for name, value in {**base, **flags}.items()]
        return Daemon([program("kube-controller-manager"), *words], self._folder / "manager.log")

    def access(self) -> Object:
        """What modules are given."""
        program, config = self.plane.kubectl_command()
        return {"kubectl": program, "kubeconfig": config.partition("=")[2], "_ansible_diff": True}

    def serve(self, families: Sequence[str]) -> None:
        """The Services of a plan of these families, by the module of the role resources."""
        given = {"objects": planned_services(families), "plan": "own", "heartbeats": False, **self.access()}
        with patch_module_args(given), pytest.raises(SystemExit):
            cluster_resources.main()

    def families_of(self, name: str) -> list[str]:
        """Those of the addresses of a Service."""
        spec = self.plane.api.get(f"{SERVICES}/{name}")["spec"]
        return ["ipv6" if ":" in each else "ipv4" for each in spec["clusterIPs"]]

    def node(self, name: str) -> Object:
        """The Node, with who owns what."""
        found: Object = self.plane.api.get(f"{NODES}/{name}")
        return found

    def join(self, name: str, number: int) -> None:
        """A Node as its kubelet would have made it, Ready, without pod CIDRs, with an address of each family."""
        annotations = {"kubeadm.alpha.kubernetes.io/cri-socket": "unix:///run/containerd.sock"}
        addresses = [{"type": "InternalIP", "address": ADDRESSES[each].format(number)} for each in self.families]
        node = {
            "metadata": {"name": name, "labels": {"zone": name}, "annotations": annotations},
            "spec": {"taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]},
            "status": {"addresses": addresses, "conditions": [condition("2026-01-01T00:00:00Z")]},
        }
        self.plane.api.create(NODES, node)

    def kubelet_starts(self, name: str) -> None:
        """What a kubelet does at its start: its CSINode, and a report."""
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": self.node(name)["metadata"]["uid"]}
        path = "/apis/storage.k8s.io/v1/csinodes"
        self.plane.api.create(path, {"metadata": {"name": name, "ownerReferences": [owner]}, "spec": {"drivers": []}})
        report = json.dumps({"status": {"conditions": [condition("2026-02-02T00:00:00Z")]}})
        self.plane.kubectl("patch", "node", name, "--subresource=status", f"--patch={report}")


def condition(heard: str) -> Object:
    times = {"lastHeartbeatTime": heard, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "", **times}


@pytest.fixture(scope="module", params=ORDERS, ids="-".join)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Converted]:
    """Three Nodes and their CIDRs by kube-controller-manager itself with one family; then both know two."""
    made = Converted(tmp_path_factory.mktemp("convert"), request.param)
    managers = [made.manager(made.families[:1]), made.manager(made.families)]
    try:
        made.plane.start()
        made.plane.apply(crds())
        managers[0].start()
        for number, name in enumerate(("n1", "n2", "n3"), 1):
            made.join(name, number)
            until(lambda name=name: pod_cidrs(made.node(name)), f"{name} has its pod CIDR")  # type: ignore[misc]
        managers[0].end()
        made.serve(made.families[:1])
        made.plane.api.create(SERVICES, {"metadata": {"name": "theirs"}, "spec": {"ports": [{"port": 80}]}})
        prefers = {"ipFamilyPolicy": "PreferDualStack", "ports": [{"port": 80}]}
        made.plane.api.create(SERVICES, {"metadata": {"name": "theirs-prefers"}, "spec": prefers})
        made.dual()
        managers[1].start()
        yield made
    finally:
        for each in managers:
            each.end()
        made.plane.end()


@pytest.fixture
def run(scene: Converted, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Object]:
    def runs(module: ModuleType, **given: Any) -> Object:
        own = {**scene.access(), **given}
        if module is kube_node_families:
            base = {"pods": scene.pods, "lengths": LENGTHS, "notes": str(tmp_path / "notes"), "timeout": 60}
            own = {**base, **own}
        capsys.readouterr()
        with patch_module_args(own), pytest.raises(SystemExit):
            module.main()
        result: Object = json.loads(capsys.readouterr().out)
        return result

    return runs


def wanted(scene: Converted, number: int) -> list[str]:
    """Block number so and so of each family."""
    return [str(ipaddress.ip_network(BLOCKS[family].format(number))) for family in scene.families]


def planned_services(families: Sequence[str]) -> list[Object]:
    """Of a plan with these families: one that prefers both, and one that says nothing of families."""
    data, hosts = intent_of(tuple(families))
    (one,) = data["services"]
    data["services"] = [{**one, "name": "prefers", "policy": "PreferDualStack"}, {**one, "name": "silent"}]
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    return [each for each in render(plan) if each["kind"] == "Service"]


def test_a_node_becomes_dual_and_stays_what_it_was(scene: Converted, run: Callable[..., Object]) -> None:
    wish = {"n1": {"labels": {"ours": "1"}, "taints": [], "control_plane": False, "announces": False}}
    assert run(kube_nodes, nodes=wish)["changed"]
    before = scene.node("n1")
    assert pod_cidrs(before) == wanted(scene, 0)[:1]
    foreseen = run(kube_node_families, name="n1", _ansible_check_mode=True)
    assert scene.node("n1")["metadata"]["uid"] == before["metadata"]["uid"]
    done = run(kube_node_families, name="n1")
    assert done["changed"] and foreseen["changed"] and foreseen["diff"] == done["diff"], done
    assert foreseen["assigned"]["n2"] == wanted(scene, 1)
    after = scene.node("n1")
    assert pod_cidrs(after) == done["cidrs"] == wanted(scene, 0)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert before["spec"]["taints"][0] in after["spec"]["taints"]
    assert after["status"]["addresses"] == before["status"]["addresses"]
    again = run(kube_node_families, name="n1")
    assert not again["changed"] and again["restart"], "its kubelet was not started anew yet"
    early = run(kube_node_families, name="n1", step="settle", timeout=0)
    assert early["failed"] and "its kubelet was not started anew" in early["msg"]
    scene.kubelet_starts("n1")
    assert "failed" not in run(kube_node_families, name="n1", step="settle")
    settled = scene.node("n1")
    assert settled["metadata"]["annotations"].items() >= before["metadata"]["annotations"].items()
    assert REPLACED not in settled["metadata"]["annotations"]
    assert {each["manager"] for each in settled["metadata"]["managedFields"]} >= {nodes.MANAGER}
    assert not run(kube_nodes, nodes=wish)["changed"], "labels of ours are still known as ours"
    last = run(kube_node_families, name="n1")
    assert not last["changed"] and not last["restart"]
    until(
        lambda: [each["key"] for each in scene.node("n1")["spec"].get("taints", [])] == ["dedicated"],
        "kube-controller-manager takes the taint of a new Node away",
    )


def test_the_pod_network_tells_at_once_who_waits_in_vain(scene: Converted, run: Callable[..., Object]) -> None:
    """Before their turn; what is foreseen for them counts in check mode alone."""
    asked: Object = {"nodes": ["n2", "n3"], "families": list(scene.families), "wait": 100000}
    refused = run(node_pod_cidrs, **asked)
    lacking = "; ".join(f"{name} ({wanted(scene, number)[0]})" for name, number in (("n2", 1), ("n3", 2)))
    assert f"not one of each family: {lacking}." in refused["msg"] and "cluster_convert" in refused["msg"]
    foreseen = run(kube_node_families, name="n2", _ansible_check_mode=True)["assigned"]
    assert run(node_pod_cidrs, **asked, foreseen=foreseen)["failed"]
    assert run(node_pod_cidrs, **asked, foreseen=foreseen, _ansible_check_mode=True)["cidrs"] == foreseen


def test_a_run_that_was_cut_after_the_deletion_restores_the_node(scene: Converted, run: Callable[..., Object]) -> None:
    before = scene.node("n2")
    kubectl = scene.plane.folder / "cut"
    program = scene.plane.kubectl_command()[0]
    # As if the power went: it deletes, and every create after that fails; a dry run does not.
    words = f'case "$2 $*" in create*dry-run*|get*|delete*) exec {program} "$@";; *) echo cut >&2; exit 1;; esac'
    kubectl.write_text(f"#!/bin/sh\n{words}\n", encoding="utf-8")
    kubectl.chmod(0o755)
    cut = run(kube_node_families, name="n2", kubectl=str(kubectl), timeout=0)
    assert cut["failed"] and "was deleted and could not be made again: cut" in cut["msg"]
    assert not any(each["metadata"]["name"] == "n2" for each in scene.plane.api.get(NODES)["items"])
    assert run(kube_node_families, name="n2", _ansible_check_mode=True)["changed"]
    # Its kubelet is started by somebody in between, and registers what it knows.
    scene.plane.api.create(NODES, {"metadata": {"name": "n2", "labels": {"zone": "n2"}}})
    until(lambda: len(pod_cidrs(scene.node("n2"))) == 2, "kube-controller-manager gives it CIDRs")
    done = run(kube_node_families, name="n2")
    assert done["changed"] and done["restart"] and done["cidrs"] == wanted(scene, 1), done
    after = scene.node("n2")
    assert pod_cidrs(after) == wanted(scene, 1) and before["spec"]["taints"][0] in after["spec"]["taints"]
    assert after["metadata"]["annotations"].items() >= before["metadata"]["annotations"].items()
    scene.kubelet_starts("n2")
    assert "failed" not in run(kube_node_families, name="n2", step="settle")
    assert not run(kube_node_families, name="n2")["changed"]


def test_a_block_that_a_new_node_took_is_not_given_again(scene: Converted, run: Callable[..., Object]) -> None:
    """The one that joins while the others are converted gets the first free ones, of which one is n3's own number."""
    mine = wanted(scene, 2)
    spec = {"podCIDR": wanted(scene, 9)[0], "podCIDRs": [wanted(scene, 9)[0], mine[1]]}
    scene.plane.api.create(NODES, {"metadata": {"name": "late"}, "spec": spec})
    done = run(kube_node_families, name="n3")
    assert done["changed"] and done["cidrs"][0] == mine[0] and done["cidrs"][1] != mine[1], done
    everybody = [cidr for each in scene.plane.api.get(NODES)["items"] for cidr in pod_cidrs(each)]
    assert len(set(everybody)) == len(everybody)
    scene.kubelet_starts("n3")
    assert "failed" not in run(kube_node_families, name="n3", step="settle")
    scene.plane.api.create(NODES, {"metadata": {"name": "next"}})
    until(lambda: len(pod_cidrs(scene.node("next"))) == 2, "a node that joins gets both")
    everybody = [cidr for each in scene.plane.api.get(NODES)["items"] for cidr in pod_cidrs(each)]
    assert len(set(everybody)) == len(everybody), "kube-controller-manager knows what was given"


def test_a_node_that_somebody_guards_is_left_alone(scene: Converted, run: Callable[..., Object]) -> None:
    first = wanted(scene, 11)[0]
    metadata = {"name": "guarded", "finalizers": ["example.org/machines"]}
    scene.plane.api.create(NODES, {"metadata": metadata, "spec": {"podCIDR": first, "podCIDRs": [first]}})
    refused = run(kube_node_families, name="guarded")
    assert refused["failed"] and "finalizers (example.org/machines)" in refused["msg"]
    assert pod_cidrs(scene.node("guarded")) == [first]
    assert "there is no such Node" in run(kube_node_families, name="nobody")["msg"]


def test_services_of_the_plan_get_both_families_and_those_of_others_are_told(
    scene: Converted, run: Callable[..., Object]
) -> None:
    one, both = list(scene.families[:1]), list(scene.families)
    names = ("prefers", "silent", "theirs", "theirs-prefers")
    assert [scene.families_of(name) for name in names] == [one] * 4, "nothing changes by itself"
    before = {each["name"]: each for each in run(kube_one_family, families=both)["services"]}
    assert set(before) == set(names), "that of the API server is not among them"
    scene.serve(scene.families)
    assert [scene.families_of(name) for name in names] == [both, both, one, one]
    told = {each["name"]: each["fix"] for each in run(kube_one_family, families=both)["services"]}
    assert set(told) == {"theirs", "theirs-prefers"}
    for fix in told.values():
        words = shlex.split(fix)
        assert words.pop(0) == "kubectl"
        scene.plane.kubectl(*words)
    assert run(kube_one_family, families=both)["services"] == []
    assert [scene.families_of(name) for name in names] == [both] * 4
    assert scene.families_of("kubernetes") == one
