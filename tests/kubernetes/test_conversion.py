# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running cluster of one family gets its second one, with either family first, and its pods go on running."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_cluster import EXAMPLE, Inventory, RealCluster, real_cluster
from small_cluster import small

pytestmark = [pytest.mark.root, pytest.mark.lab, pytest.mark.soak]

SERVICES = ("shop", "cart")
Object = dict[str, Any]


def fabric(inventory: Inventory, families: list[str]) -> None:
    """A small one, whose second Service prefers both families all along."""
    small(inventory, families)
    cart = {"name": "cart", "pool": "web", "port": 80, "policy": "PreferDualStack", "selector": {"app": "cart"}}
    inventory["vars"]["dualstack"]["services"].append(cart)


def restate(made: RealCluster, families: list[str]) -> None:
    """The intent of the same fabric with other families."""
    inventory = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    fabric(inventory["all"], families)
    made.inventory.write_text(yaml.safe_dump(inventory, sort_keys=False), encoding="utf-8")


def nodes(made: RealCluster) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in made.objects("nodes")}


def pods(made: RealCluster) -> dict[str, tuple[list[str], int]]:
    """Of pods with addresses of their own: these, and how often their containers ended."""
    return {
        each["metadata"]["uid"]: (
            [one["ip"] for one in each["status"]["podIPs"]],
            sum(one["restartCount"] for one in each["status"]["containerStatuses"]),
        )
        for each in made.objects("pods", "--all-namespaces")
        if not each["spec"].get("hostNetwork") and "deletionTimestamp" not in each["metadata"]
    }


def families_of(addresses: list[str]) -> list[str]:
    return ["ipv6" if ":" in each else "ipv4" for each in addresses]


def internal(node: Object) -> list[str]:
    return [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]


@pytest.mark.parametrize("families", [["ipv4", "ipv6"], ["ipv6", "ipv4"]], ids="-".join)
def test_a_running_cluster_gets_its_second_family(families: list[str], tmp_path: Path) -> None:
    name = "convert-" + "".join(family[-1] for family in families)
    with real_cluster(name, tmp_path, lambda inventory: fabric(inventory, families)) as made:
        restate(made, families[:1])
        made.prove()
        old_nodes, old_pods = nodes(made), pods(made)
        assert {len(addresses) for addresses, _restarts in old_pods.values()} == {1}
        restate(made, families)

        refused = made.playbook("site", "--tags", "always,cni")
        assert refused.code != 0
        assert any("run the playbook cluster_convert" in each for each in refused.failures()), refused.failures()

        foreseen = made.playbook("cluster_convert", "--check").require()
        assert nodes(made).keys() == old_nodes.keys()
        assert [each["spec"]["podCIDRs"] for each in nodes(made).values()] == [
            each["spec"]["podCIDRs"] for each in old_nodes.values()
        ]
        done = made.playbook("cluster_convert").require()
        only = {task for task, _host in set(done.changed) ^ set(foreseen.changed)}
        resources = "baremetal.dualstack.resources : Bring the cluster to the plan"
        assert only == {resources}, "check mode tells all but Services of the added family"

        new_nodes = nodes(made)
        for node, old in old_nodes.items():
            new = new_nodes[node]
            assert families_of(new["spec"]["podCIDRs"]) == families_of(internal(new)) == families
            assert new["spec"]["podCIDRs"][0] == old["spec"]["podCIDRs"][0]
            assert new["metadata"]["labels"] == old["metadata"]["labels"]
            assert new["spec"].get("taints") == old["spec"].get("taints")
        kept = pods(made)
        assert {uid: kept.get(uid) for uid in old_pods} == old_pods, "pods went on running, with their addresses"
        for service in SERVICES:
            (found,) = made.objects("service", service)
            assert families_of(found["spec"]["clusterIPs"]) == families
        (api,) = made.objects("service", "kubernetes")
        assert families_of(api["spec"]["clusterIPs"]) == families[:1]

        again = made.playbook("cluster_convert").require()
        assert again.changed == []
        restarted = made.playbook("cluster_convert", "-e", json.dumps({"dualstack_convert_restart": ["*"]})).require()
        assert [task for task, _host in restarted.changed] == ["Look for what still has one family"]
        assert {tuple(families_of(addresses)) for addresses, _restarts in pods(made).values()} == {tuple(families)}
        evidence = made.prove()
        assert sorted(vip["family"] for vip in evidence["vips"]) == sorted(families * len(SERVICES))
        assert made.site().changed == []

        for taken in (families[:1], families[::-1]):  # and there is no way back
            restate(made, taken)
            refused = made.playbook("cluster_convert")
            (failure,) = refused.failures()
            assert failure.startswith("Judge all hosts at once on ") and "host-ranges" in failure
            assert [each for each in refused.changed if each[1] != "localhost"] == []
