# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab whose nodes become a real cluster: bare hosts, made what the plan says by ``site.yml``, with pods."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from driver import ROOT, TOKEN, Fabric, Run, complaints
from processes import until

AS_MADE = "/root/as-made.tar"
KEPT = [f"etc/kubernetes/{name}" for name in ("manifests", "admin.conf")]
KEPT += [f"var/lib/kubelet/{name}" for name in ("config.yaml", "kubeadm-flags.env")]
EXAMPLE = ROOT / "examples" / "kubernetes" / "inventory.yml"
Inventory = dict[str, Any]


class RealCluster(Fabric):
    """The lab of a plan with ``cluster.kubernetes``."""

    @property
    def control_plane(self) -> str:
        """The first control plane."""
        return next(name for name, node in self.plan()["nodes"].items() if (node["kubernetes"] or {}).get("first"))

    def build(self) -> None:
        """The plan, and its bare hosts."""
        self.playbook("plan", hosts=False).require()
        self.lab("create", "--plan", str(self.plan_file))

    def site(self, *words: str) -> Run:
        """``site.yml``, which must succeed."""
        return self.playbook("site", *words).require()

    def keep(self) -> None:
        """Note on every node what its components are told, for ``heal``."""
        for name in self.plan()["nodes"]:
            self.on(name, "tar", "--create", "--ignore-failed-read", "--directory=/", f"--file={AS_MADE}", *KEPT)

    def heal(self) -> None:
        """Put back what a failed test broke: power, what components are told as ``keep`` noted it, then the plan."""
        self.lab("start")
        forget = "rm -f /var/lib/dualstack-components/*.json"
        for name in self.plan()["nodes"]:
            self.on(
                name, "sh", "-ec", f"tar --extract --directory=/ --file={AS_MADE}; {forget}; systemctl restart kubelet"
            )
        until(self.ready, "the API server is back", 600)
        self.site()

    def ready(self) -> bool:
        """Whether the API server of the first control plane says that it is ready, to an administrator."""
        try:
            return self.kubectl("get", "--raw=/readyz", "--request-timeout=5s") == "ok"
        except AssertionError:
            return False

    def kubectl(self, *words: str, given: str = "") -> str:
        """kubectl of the first control plane as administrator; it must succeed."""
        inside = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *words]
        command = [sys.executable, str(ROOT / "molecule" / "lab"), "exec", self.name, self.control_plane, "--", *inside]
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=given)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def objects(self, *words: str) -> list[dict[str, Any]]:
        """What ``kubectl get`` finds."""
        found = json.loads(self.kubectl("get", *words, "-o", "json"))
        items: list[dict[str, Any]] = found.get("items", [found])
        return items

    def prove(self) -> dict[str, Any]:
        """Bare hosts, cluster, pods, VIPs and the evidence of all of it, which must be green, in one ``site.yml``."""
        command = [sys.executable, str(ROOT / "molecule" / "lab"), "workloads", "--plan", str(self.plan_file)]
        manifest = self.folder / "workloads.json"
        manifest.write_text(subprocess.check_output(command, text=True), encoding="utf-8")
        given = {"resources_manifests": [str(manifest)], "dualstack_prove": True}
        found = self.evidence("-e", json.dumps(given), by="site")
        assert found["summary"]["green"] == found["summary"]["total"], complaints(found)
        assert found["vips"] and found["rows"]
        return found


@contextmanager
def real_cluster(name: str, folder: Path, change: Callable[[Inventory], Any] | None = None) -> Iterator[RealCluster]:
    """Bare hosts of the example kubernetes after ``change(inventory)``; the lab ends with the context."""
    inventory = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    if change is not None:
        change(inventory["all"])
    path = folder / "inventory.yml"
    path.write_text(yaml.safe_dump(inventory, sort_keys=False), encoding="utf-8")
    made = RealCluster(f"{name}-{TOKEN}", path, folder)
    try:
        made.build()
        yield made
    finally:
        made.lab("destroy")
