# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan at the door of filters: what is read of it is plain, the rest is not touched, and what is none is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.baremetal.dualstack.plugins.filter import components, hosts, kube_clusters, pods
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import host, opened
from examples import ROOT

TEXT = "{nodes: {node1: {addresses: {ipv4: 10.0.1.11, ipv6: '2001:db8:dc:1::11'}}}, vips: [1]}"
PLAN = yaml.safe_load((ROOT / "tests" / "golden" / "kubernetes" / "plan.yml").read_text(encoding="utf-8"))
POD_CIDRS = {f"node{number}": [f"10.244.{number}.0/24", f"fd00:10:244:{number}::/64"] for number in (1, 2, 3)}
OF_HOSTS: dict[str, Callable[[Any, str], Any]] = {
    "components": lambda plan, node: {
        name: components.component_settings(plan, name, node)
        for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet")
    },
    "needs": hosts.host_needs,
    "programs": lambda plan, node: kube_clusters.kube_programs(plan, node, "mirror", mirror="https://dl.example.net"),
    "documents": kube_clusters.kubeadm_documents,
    "nodes": lambda plan, _node: kube_clusters.kube_nodes(plan),
    "doings": lambda plan, _node: kube_clusters.cluster_doings(plan, {}),
    "hosts": lambda plan, _node: [kube_clusters.kube_hosts(plan, which) for which in ("nodes", "first", "etcd")],
    "bridge": lambda plan, node: pods.pod_network(plan, node, POD_CIDRS),
    "plugins": lambda plan, _node: pods.pod_network_objects(plan, ip_masq_agent=True),
    "cilium": lambda plan, _node: pods.cilium_values(plan),
}


class Watched(Mapping[str, Any]):
    """Notes which parts are read."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.read: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.read.append(key)
        return self.given[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def test_what_is_read_is_plain() -> None:
    tagged = DataLoader().load(TEXT, "/plan.yml")
    plan = opened("a_filter", tagged)
    node = plan["nodes"]["node1"]
    # pylint: disable-next=unidiomatic-typecheck
    assert type(tagged["nodes"]["node1"]["addresses"]["ipv6"]) is not str, "ansible-core tags no more"
    assert {type(each) for each in (*node["addresses"], *node["addresses"].values(), *plan)} == {str}
    assert (type(node), type(plan["vips"])) == (dict, list)
    assert dict(plan) == yaml.safe_load(TEXT) and len(plan) == 2
    assert plan.get("clusters") is None and "nodes" in plan and "clusters" not in plan


def test_a_part_is_read_once_and_only_when_it_is_asked_for() -> None:
    watched = Watched(yaml.safe_load(TEXT))
    plan = opened("a_filter", watched)
    assert plan["vips"] is plan["vips"] and watched.read == ["vips"]


@pytest.mark.parametrize("component", ["kube-apiserver", "kubelet", "kube-proxy"])
def test_a_component_needs_no_routes_and_no_sessions(component: str) -> None:
    """Else its tasks cost what a module costs: these parts are the most of a plan."""
    watched = Watched(PLAN)
    assert components.component_settings(watched, component, "node1")["run_by"] == "kubeadm"
    assert set(watched.read) <= {"cluster", "clusters", "nodes"}


@pytest.mark.parametrize("given", ["text", None, [1]])
def test_what_is_no_plan_is_refused(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="kube_hosts: this is no plan"):
        kube_clusters.kube_hosts(given)
    with pytest.raises(AnsibleFilterError, match="a_filter: the plan has no node 'node1'; it has none"):
        host("a_filter", given, "nodes", "node1")


@pytest.mark.parametrize("asked", OF_HOSTS)
@pytest.mark.parametrize("node", ["node1", "node2"])
def test_what_hosts_are_given_of_a_plan_says_all_that_they_are_told(asked: str, node: str) -> None:
    """The playbooks hand roles of hosts these parts alone: four fifths would be looked through in vain."""
    tasks = yaml.safe_load((ROOT / "playbooks" / "plan.yml").read_text(encoding="utf-8"))[0]["tasks"]
    [parts] = [task["vars"]["dualstack_parts_of_hosts"] for task in tasks if "dualstack_parts_of_hosts" in str(task)]
    given = {name: part for name, part in PLAN.items() if name in parts}
    assert len(given) == len(parts) and "sessions" not in given
    told = OF_HOSTS[asked](given, node)
    assert told and told == OF_HOSTS[asked](PLAN, node)
