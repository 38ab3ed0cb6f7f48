# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three control planes behind one name and two workers, from the prediction to the end: the first one loses its power,
another one leaves and comes back, then its host is gone for good; at last nothing of the cluster is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from driver import Changed, Run
from processes import until
from real_cluster import Inventory, RealCluster, real_cluster

pytestmark = [pytest.mark.root, pytest.mark.lab, pytest.mark.soak]

ENDPOINT = "api.kubernetes.test"
CONTROL_PLANES = {"node1": 11, "node4": 14, "node5": 15}
ETCDCTL = (
    *("etcdctl", "--cacert=/etc/kubernetes/pki/etcd/ca.crt", "--endpoints=https://localhost:2379"),
    *("--cert=/etc/kubernetes/pki/etcd/server.crt", "--key=/etc/kubernetes/pki/etcd/server.key"),
)
# Of a host that is bare: no configuration, no data, no pods, no network of pods, no rules of Services.
BARE = """
for path in /etc/kubernetes /var/lib/etcd/member /var/lib/kubelet/pki /var/lib/cni/networks/dualstack \\
    /etc/cni/net.d/*dualstack*; do [ ! -e "$path" ] || echo "$path"; done
ls -A /var/lib/cni/results 2>/dev/null
ctr --namespace k8s.io containers list --quiet
pgrep --list-name 'kube|etcd|coredns' | grep -v kubeadm
ip -oneline link show type bridge
ip -oneline link show type veth | grep cni
ip netns list | grep cni
ip route show proto 144; ip -6 route show proto 144
nft list tables | grep -E 'kube|dualstack'
iptables-save | grep KUBE; ip6tables-save | grep KUBE
true
"""


class Wide(NamedTuple):
    """The cluster, what check mode said of bare hosts, and what the first run then did."""

    made: RealCluster
    predicted: Changed
    first: Changed


def three(inventory: Inventory) -> None:
    """Two control planes more, in the rack of the first one, and an endpoint that is a name; workers alone announce."""
    intent = inventory["vars"]["dualstack"]
    for each in intent["advertise"]:
        each["nodes"] = ["node2"] if "layer2" in each else ["node2", "node3"]
    kubernetes = intent["cluster"]["kubernetes"]
    kubernetes["endpoint"] = {"host": ENDPOINT, "port": 6443}
    # Three members on two cores that do everything else as well: a heartbeat that is late is no leader that is lost.
    kubernetes["arguments"]["etcd"].update({"heartbeat-interval": "500", "election-timeout": "5000"})
    children = inventory["children"]
    children["kube_control_plane"]["hosts"] = {
        name: {"dualstack_host": {"racks": {"rack1": addresses(number)}}} for name, number in CONTROL_PLANES.items()
    }
    del children["kube_node"]["hosts"]["node1"]


def addresses(number: int) -> list[str]:
    return [f"10.0.1.{number}", f"2001:db8:dc:1::{number}"]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wide]:
    """The cluster after ``site.yml``, which was foreseen; every host knows the name, in both families."""
    with real_cluster("kube-wide", tmp_path_factory.mktemp("wide"), three) as made:
        lines = "".join(f"{each} {ENDPOINT}\\n" for number in CONTROL_PLANES.values() for each in addresses(number))
        for name in made.plan()["nodes"]:
            made.on(name, "sh", "-c", f"printf '{lines}' >> /etc/hosts")
        predicted = made.site("--check").changed
        first = made.site().changed
        made.prove()
        yield Wide(made, predicted, first)


@pytest.fixture
def cluster(wide: Wide) -> RealCluster:
    return wide.made


def members(made: RealCluster, pod: str) -> list[str]:
    answer = made.kubectl("exec", "--namespace=kube-system", pod, "--", *ETCDCTL, "member", "list", "--write-out=json")
    return sorted(each["name"] for each in json.loads(answer)["members"])


def nodes(made: RealCluster) -> set[str]:
    return {each["metadata"]["name"] for each in made.objects("nodes")}


def test_check_mode_foresees_on_bare_hosts_what_the_first_run_does_up_to_the_joins(wide: Wide) -> None:
    tasks = [task for task, _host in wide.first]
    last = max(number for number, task in enumerate(tasks) if " : Join " in task)
    assert wide.predicted == wide.first[: last + 1]


def test_all_control_planes_hold_the_state_and_run_no_pods_of_others(cluster: RealCluster) -> None:
    assert members(cluster, "etcd-node1") == sorted(CONTROL_PLANES)
    for node in cluster.objects("nodes"):
        taints = [taint["key"] for taint in node["spec"].get("taints", [])]
        tainted = "node-role.kubernetes.io/control-plane" in taints
        assert tainted == (node["metadata"]["name"] in CONTROL_PLANES)
    assert cluster.site().changed == []


def test_the_cluster_lives_on_while_the_first_control_plane_is_off(cluster: RealCluster) -> None:
    cluster.lab("stop", "node1")
    try:
        ask = "kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes --output=name 2>&1 || true"
        until(lambda: "node/node5" in cluster.on("node4", "sh", "-c", ask), "the API of the others", 180)
    finally:
        cluster.lab("start", "node1")
    cluster.settle("--tags", "cluster", within=900)


def test_a_control_plane_leaves_with_its_member_of_etcd_and_comes_back_with_the_next_run(cluster: RealCluster) -> None:
    cluster.playbook("node_remove", "-e", "dualstack_remove=node5").require()
    assert members(cluster, "etcd-node1") == ["node1", "node4"]
    assert "node5" not in nodes(cluster)
    assert cluster.on("node5", "sh", "-c", BARE) == ""
    cluster.site()
    assert members(cluster, "etcd-node1") == sorted(CONTROL_PLANES)
    cluster.settle("--tags", "cluster", within=600)


def test_a_host_that_is_gone_is_removed_only_when_it_is_given_up_and_reset_when_it_comes_back(
    cluster: RealCluster,
) -> None:
    """The first control plane, which all others joined by."""
    cluster.lab("stop", "node1")
    asked = ("-e", "dualstack_remove=node1")
    run = cluster.playbook("node_remove", *asked)
    assert run.code != 0 and run.changed == []
    assert "Nothing was touched. node1 can't be reached." in str(run.failures())

    gone = cluster.playbook("node_remove", *asked, "-e", "dualstack_remove_force=true").require()
    assert {host for _task, host in gone.changed} == {"node4"}
    assert "Not reset: node1." in said(gone)
    answer = cluster.on("node4", "sh", "-c", "kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes --output=name")
    assert answer.split() == ["node/node2", "node/node3", "node/node4", "node/node5"]

    cluster.lab("start", "node1")
    back = cluster.playbook("node_remove", *asked).require()
    assert "node1" in {host for _task, host in back.changed}
    assert cluster.on("node1", "sh", "-c", BARE) == ""
    cluster.site()
    assert members(cluster, "etcd-node1") == sorted(CONTROL_PLANES)
    cluster.settle("--tags", "cluster", within=600)


def said(run: Run) -> str:
    """What tasks told with ``debug``."""
    tasks: list[dict[str, Any]] = [task for play in run.result["plays"] for task in play["tasks"]]
    return " ".join(str(outcome.get("msg")) for task in tasks for outcome in task["hosts"].values())


def test_the_cluster_ends_by_its_name_and_its_hosts_are_bare(cluster: RealCluster) -> None:
    cluster.playbook("cluster_reset", "-e", "dualstack_reset=kubernetes").require()
    assert {name: cluster.on(name, "sh", "-c", BARE) for name in cluster.plan()["nodes"]} == dict.fromkeys(
        cluster.plan()["nodes"], ""
    )
    assert cluster.playbook("cluster_reset", "-e", "dualstack_reset=kubernetes").require().changed == []
