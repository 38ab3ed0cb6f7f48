# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with a real API server in the network of one of its hosts, the source of resources for ``site.yml``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import yaml
from cluster.control_plane import ControlPlane
from driver import ROOT, TOKEN, Fabric, Run

from dualstack.render import resources


class Clustered(NamedTuple):
    """A fabric, its API server, and the inventory that makes it the source. Nothing is configured yet."""

    fabric: Fabric
    plane: ControlPlane
    inventory: Path

    def site(self, *words: str) -> Run:
        """``site.yml`` with the cluster."""
        return self.fabric.playbook("site", "-i", str(self.inventory), *words)

    def changed(self, run: Run) -> list[tuple[str, str]]:
        """What changed where, the tasks without the names of their roles."""
        return [(task.rpartition(" : ")[2], host) for task, host in run.require().changed]


@contextmanager
def clustered(name: str, example: str, folder: Path, host: str = "node1") -> Iterator[Clustered]:
    """The lab of an example, with kubectl and an administrator's kubeconfig on ``host``, whose network the API server
    is in. The plan's Services are applied to the cluster."""
    fabric = Fabric(f"{name}-{TOKEN}", ROOT / "examples" / example / "inventory.yml", folder)
    fabric.playbook("plan", hosts=False).require()
    fabric.lab("create", "--plan", str(fabric.plan_file))
    plane = None
    try:
        addresses = [
            address
            for segment in fabric.plan()["segments"].values()
            for address in segment["members"].get(host, {"addresses": {}})["addresses"].values()
        ]
        namespace = f"dslab.{fabric.name}.{host}"
        plane = ControlPlane(folder / "plane", namespace=namespace, address=addresses[0], addresses=addresses)
        plane.start()
        _nodes(fabric, plane)
        _put(fabric, host, "/usr/local/bin/kubectl", Path(plane.kubectl_command()[0]).read_bytes())
        _put(fabric, host, "/etc/kubernetes/admin.conf", plane.kubectl("config", "view", "--raw", "--flatten").encode())
        inventory = folder / "cluster.yml"
        group = {"hosts": {host: {"resources_services": True}}}
        inventory.write_text(yaml.safe_dump({"all": {"children": {"dualstack_kubernetes": group}}}), encoding="utf-8")
        yield Clustered(fabric, plane, inventory)
    finally:
        if plane is not None:
            plane.end()
        fabric.lab("destroy")


def _nodes(fabric: Fabric, plane: ControlPlane) -> None:
    """The Nodes of the plan, as their kubelets would write them."""
    ready = {"type": "Ready", "status": "True", "reason": "Tests", "message": ""}
    for item in resources.render(fabric.plan()):
        if item["kind"] == "Node":
            made = plane.api.create("/api/v1/nodes", {"metadata": item["metadata"]})
            made["status"] |= {**item["status"], "conditions": [ready]}
            plane.api.replace(f"/api/v1/nodes/{made['metadata']['name']}/status", made)


def _put(fabric: Fabric, host: str, path: str, content: bytes) -> None:
    """A file for root to run or read."""
    words = f"mkdir -p $(dirname {path}) && cat > {path} && chmod 700 {path}"
    command = [sys.executable, str(ROOT / "molecule" / "lab"), "exec", fabric.name, host, "--", "sh", "-c", words]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
