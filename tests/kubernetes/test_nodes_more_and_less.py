# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node more, which loses its power in the middle of its join, and a node less: nobody else notices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from driver import Run
from processes import until
from real_cluster import RealCluster
from sessions import all_up, counters

pytestmark = [pytest.mark.root, pytest.mark.lab]

NEW = "node4"
FACTS = {"racks": {"rack2": ["10.0.2.14", "2001:db8:dc:2::14"]}}
MARK = "/etc/kubernetes/.dualstack-unfinished"
SLOW = "/etc/systemd/system/kubelet.service.d/99-slow.conf"  # systemctl start waits for it, and so does kubeadm join
DAEMONS = ("kubelet", "containerd", "dualstack-wire", "dualstack-speaker")


@pytest.fixture
def grown(scene: RealCluster, tmp_path: Path) -> Iterator[RealCluster]:
    """The lab with one bare host more, which is in the inventory; afterwards it is as before."""
    own = scene.inventory
    intent: dict[str, Any] = yaml.safe_load(own.read_text(encoding="utf-8"))
    intent["all"]["children"]["kube_node"]["hosts"][NEW] = {"dualstack_host": FACTS}
    scene.inventory = tmp_path / "inventory.yml"
    scene.inventory.write_text(yaml.safe_dump(intent, sort_keys=False), encoding="utf-8")
    try:
        scene.playbook("plan", hosts=False).require()
        scene.lab("update", "--plan", str(scene.plan_file))
        yield scene
    finally:
        scene.inventory = own
        scene.kubectl("delete", "node", NEW, "--ignore-not-found", "--timeout=60s")  # where the test has failed
        scene.site()
        scene.lab("update", "--plan", str(scene.plan_file))


def bystanders(scene: RealCluster) -> dict[str, Any]:
    """What must not notice: sessions, pods with the begin of their containers, and daemons, of all but the new node."""
    pods = {
        each["metadata"]["uid"]: [status["state"] for status in each["status"]["containerStatuses"]]
        for each in scene.objects("pods", "--all-namespaces")
        if each["spec"]["nodeName"] != NEW
    }
    return {
        "sessions": {key: seen for key, seen in counters(scene).items() if key[1] not in FACTS["racks"]["rack2"]},
        "pods": pods,
        "daemons": {
            (name, unit): scene.on(name, "systemctl", "show", "--property=MainPID", f"{unit}.service")
            for name in ("node1", "node2", "node3")
            for unit in DAEMONS
        },
    }


def cut_while_joining(scene: RealCluster) -> Run:
    """A run of site.yml in which the new host loses its power while kubeadm joins it."""
    scene.on(NEW, "mkdir", "-p", SLOW.rpartition("/")[0])
    scene.on(NEW, "sh", "-c", f"printf '[Service]\\nExecStartPre=/bin/sleep 60\\nTimeoutStartSec=600\\n' > {SLOW}")
    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(scene.playbook("site")))
    thread.start()
    try:
        joining = f"test -e {MARK} && test -e /etc/kubernetes/bootstrap-kubelet.conf && echo yes || true"
        until(lambda: not thread.is_alive() or scene.on(NEW, "sh", "-c", joining), "the join of the new host", 600)
        scene.lab("stop", NEW)
    finally:
        thread.join()
    return runs[0]


def test_a_node_that_loses_power_in_its_join_is_named_and_picked_up_and_leaves_again(grown: RealCluster) -> None:
    until(lambda: all_up(grown), "all sessions")
    before = bystanders(grown)
    predicted = grown.playbook("site", "--check").require().changed
    assert NEW in {host for _task, host in predicted}

    run = cut_while_joining(grown)
    assert run.code != 0
    told = [
        str(outcome.get("msg"))
        for play in run.result["plays"]
        for task in play["tasks"]
        for outcome in task["hosts"].values()
        if task["task"]["name"] == "Name the hosts that this run did not finish"
    ]
    assert any(f"Left out, as they failed or could not be reached: {NEW}." in text for text in told), told
    assert all(NEW in failure for failure in run.failures()), run.failures()

    grown.lab("start", NEW)
    grown.on(NEW, "rm", SLOW)
    grown.on(NEW, "systemctl", "daemon-reload")
    done = grown.site()
    assert ("Join workers, all at once", NEW) in [(task.rpartition(" : ")[2], host) for task, host in done.changed]
    assert set(predicted) <= {*run.changed, *done.changed}, "what check mode foresees comes about"
    grown.settle(within=600)
    (node,) = grown.objects("node", NEW)
    assert {each["type"]: each["status"] for each in node["status"]["conditions"]}["Ready"] == "True"
    assert grown.site().changed == []
    assert bystanders(grown) == before, "nobody else may notice a node more"

    gone = grown.playbook("node_remove", "-e", f"dualstack_remove={NEW}").require()
    assert {host for _task, host in gone.changed} == {NEW, "node1"}
    assert NEW not in {each["metadata"]["name"] for each in grown.objects("nodes")}
    assert bystanders(grown) == before, "nobody else may notice a node less"
