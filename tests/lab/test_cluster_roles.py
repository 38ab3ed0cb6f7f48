# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles where the API server is the source: on booted hosts, with a real API server in the network of one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from clusters import Clustered, clustered

pytestmark = [pytest.mark.root, pytest.mark.lab]

NODES = ("node1", "node2", "node3")
HOME = "metallb-system"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clustered]:
    """Three nodes in one rack and a client."""
    with clustered("roles", "layer2-only", tmp_path_factory.mktemp("roles")) as made:
        yield made


def test_from_nothing_to_a_second_run_that_changes_nothing(scene: Clustered) -> None:
    foreseen = scene.site("--check", "--diff")
    assert ("Bring the cluster to the plan", "node1") in scene.changed(foreseen)
    assert ("Install and run the daemon", "node1") in scene.changed(scene.site("--diff"))
    assert scene.changed(scene.site("--check", "--diff")) == []
    assert scene.changed(scene.site()) == []


def test_all_nodes_have_the_key_of_the_cluster(scene: Clustered) -> None:
    secret = json.loads(scene.plane.kubectl("-n", HOME, "get", "secret", "dualstack-heartbeat", "-o", "json"))
    keys = {scene.fabric.on(node, "base64", "-w0", "/etc/dualstack/heartbeat.key") for node in NODES}
    assert len(keys) == 1 and secret["data"]["key"]
    shown = {scene.fabric.on(node, "stat", "-c", "%U %a", "/etc/dualstack/heartbeat.key").strip() for node in NODES}
    assert shown == {"dualstack 600"}


def test_every_node_has_a_token_of_its_own_which_only_the_daemon_reads(scene: Clustered) -> None:
    path = "/var/lib/dualstack/speaker.token"
    assert len({scene.fabric.on(node, "sha256sum", path) for node in NODES}) == len(NODES)
    assert {scene.fabric.on(node, "stat", "-c", "%U %a", path).strip() for node in NODES} == {"dualstack 600"}
    kubeconfig = scene.fabric.on("node2", "cat", "/etc/dualstack/speaker.kubeconfig")
    assert json.loads(kubeconfig)["users"][0]["user"] == {"tokenFile": path}


def test_the_plan_is_proven(scene: Clustered) -> None:
    """Services of the plan get their addresses from the controller, nodes answer for them, a client is answered."""
    scene.fabric.settle()


@pytest.mark.parametrize("node", ["node2"])
def test_a_lost_token_comes_back(scene: Clustered, node: str) -> None:
    scene.fabric.on(node, "rm", "/var/lib/dualstack/speaker.token")
    task = "Install and run the daemons, replacing what nobody notices"
    assert scene.changed(scene.site("--limit", f"localhost,{node}")) == [(task, node)]


def test_a_pool_that_the_plan_lost_is_deleted_and_others_are_not(scene: Clustered) -> None:
    pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "own", "namespace": HOME}}
    scene.plane.apply({**pool, "spec": {"addresses": ["198.51.100.0/28", "2001:db8:ff::/124"]}})
    label = {"baremetal.dualstack/plan": scene.fabric.plan()["cluster"]["name"]}
    old = {**pool, "metadata": {"name": "old", "namespace": HOME, "labels": label}}
    scene.plane.apply({**old, "spec": {"addresses": ["198.51.100.16/28"]}})
    assert scene.changed(scene.site()) == [("Bring the cluster to the plan", "node1")]
    left = scene.plane.kubectl("-n", HOME, "get", "ipaddresspools", "-o", "name").split()
    assert "ipaddresspool.metallb.io/own" in left and "ipaddresspool.metallb.io/old" not in left
    scene.plane.kubectl("-n", HOME, "delete", "ipaddresspool", "own")


def test_back_to_files(scene: Clustered) -> None:
    """Without the group, the speaker reads files again, and the token goes."""
    scene.fabric.playbook("site").require()
    assert scene.fabric.on("node1", "sh", "-c", "ls /var/lib/dualstack").strip() == ""
    config = json.loads(scene.fabric.on("node2", "cat", "/etc/dualstack/speaker.json"))
    assert "kubernetes" not in config and config["resources"]
    scene.fabric.settle()


def test_a_node_alone_gets_the_key_that_the_others_have(scene: Clustered) -> None:
    """Day 2, without a cluster to ask: the nodes outside the run are looked at."""
    key = scene.fabric.on("node1", "cat", "/etc/dualstack/heartbeat.key")
    scene.fabric.on("node3", "rm", "/etc/dualstack/heartbeat.key")
    run = scene.fabric.playbook("site", "--limit", "localhost,node3").require()
    assert scene.fabric.on("node3", "cat", "/etc/dualstack/heartbeat.key") == key and key.strip() not in str(run.result)
