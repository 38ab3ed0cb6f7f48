# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From bare hosts to evidence in one run of ``site.yml``; nothing to do in the second one; drift is put back."""

from __future__ import annotations

import json

import pytest
from real_cluster import RealCluster

pytestmark = [pytest.mark.root, pytest.mark.lab]

CONFIG = "/etc/containerd/config.toml"


def test_every_vip_of_the_cluster_is_proven_in_its_family(scene: RealCluster) -> None:
    rows = {(vip["service"], vip["mode"], vip["family"]) for vip in scene.proven["vips"]}
    for services, mode in (
        ({"default/shop", "default/pay", "default/modern"}, "bgp"),
        ({"default/registry"}, "layer2"),
    ):
        assert {(service, mode, family) for service in services for family in ("ipv4", "ipv6")} <= rows
    given = {
        f"{each['metadata']['namespace']}/{each['metadata']['name']}": [
            entry["ip"] for entry in each["status"]["loadBalancer"]["ingress"]
        ]
        for each in scene.objects("services", "--all-namespaces")
        if each["spec"]["type"] == "LoadBalancer"
    }
    planned = {f"{each['namespace']}/{each['name']}": each["addresses"] for each in scene.plan()["services"]}
    assert {name: sorted(addresses) for name, addresses in given.items()} == {
        name: sorted(addresses) for name, addresses in planned.items()
    }


def test_nodes_are_what_the_plan_says(scene: RealCluster) -> None:
    plan = scene.plan()
    nodes = {each["metadata"]["name"]: each for each in scene.objects("nodes")}
    assert set(nodes) == set(plan["nodes"])
    for name, node in nodes.items():
        addresses = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
        assert addresses == plan["nodes"][name]["kubernetes"]["node_ip"]
        assert [":" in block for block in node["spec"]["podCIDRs"]] == [False, True]
        assert node["status"]["nodeInfo"]["kubeletVersion"] == f"v{plan['cluster']['kubernetes']['version']}"


def test_a_second_run_changes_nothing_leaves_no_token_and_shows_no_key(scene: RealCluster) -> None:
    run = scene.site("--diff", "-vv")
    assert run.changed == []
    shown = json.dumps(run.result) + run.stderr
    assert "PRIVATE KEY" not in shown and "certificate_key" not in shown
    assert scene.on("node1", "find", "/run", "-maxdepth", "1", "-name", "dualstack-kubeadm-*") == ""


def test_drift_on_a_host_and_on_a_node_is_foreseen_and_put_back(scene: RealCluster) -> None:
    scene.on(
        "node2",
        "sed",
        "-i",
        "s/restrict_oom_score_adj = true/restrict_oom_score_adj = false/",
        "/etc/containerd/config.toml",
    )
    scene.on("node3", "truncate", "--size=0", "/usr/local/bin/kubectl")
    scene.kubectl("taint", "node", "node1", "node-role.kubernetes.io/control-plane:NoSchedule")
    predicted = scene.site("--check", "--diff").changed
    done = scene.site().changed
    assert predicted == done
    assert {host for _task, host in done} == {"node1", "node2", "node3"}
    (node,) = scene.objects("node", "node1")
    assert "taints" not in node["spec"]
    assert "restrict_oom_score_adj = true" in scene.on("node2", "cat", CONFIG)
    assert "v" in scene.on("node3", "kubectl", "version", "--client=true")
