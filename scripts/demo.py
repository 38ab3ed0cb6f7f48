# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: an example on a lab of real hosts, from the intent to the evidence.

    demo.py up [EXAMPLE]       build the lab, run the playbooks, leave the lab up; also after a failure, for a look
    demo.py down [EXAMPLE]     destroy the lab

The example is ``demo``, or ``kubernetes``: the same fabric with a real cluster, made from bare hosts.
What each phase printed is kept below ``artifacts/EXAMPLE/log``, its seconds in ``artifacts/EXAMPLE/timing.json``.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import time
from pathlib import Path

import links

sys.path.insert(0, str(links.make() / "lib"))

from dualstack.evidence import table

EXAMPLES = ("demo", "kubernetes")  # each names its cluster after itself
ROOT = links.CHECKOUT
LAB = [sys.executable, "molecule/lab"]
ADMINISTRATOR = "--kubeconfig=/etc/kubernetes/admin.conf"


class PhaseError(Exception):
    """A phase ended with an error; its output has been shown."""


class Demo:
    """The phases that have run, with their seconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.artifacts = ROOT / "artifacts" / name
        self.seconds: dict[str, float] = {}

    def phase(self, name: str, command: list[str]) -> None:
        """Run a phase and keep what it prints; when it fails, show the end of that."""
        log = self.artifacts / "log" / f"{name}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with log.open("w", encoding="utf-8") as file:
            done = subprocess.run(
                command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
            )
        status = done.returncode
        self.seconds[name] = round(time.monotonic() - began, 1)
        print(f"demo: {name:<9} {self.seconds[name]:6.1f} s  {'ok' if status == 0 else 'FAILED'}", flush=True)
        if status != 0:
            print("\n".join(log.read_text(encoding="utf-8").splitlines()[-60:]))
            print(f"\ndemo: all of it is in {log.relative_to(ROOT)}; the lab stays as it is")
            raise PhaseError(name)

    def up(self) -> None:
        """All phases, and what they have shown."""
        intent, plan = ["-i", f"examples/{self.name}"], self.artifacts / "plan.yml"
        self.phase("roots", [*LAB, "roots"])
        self.phase("plan", ["ansible-playbook", *intent, "playbooks/plan.yml"])
        self.phase("lab", [*LAB, "create", self.name, "--plan", str(plan)])
        inventory = self.told("inventory", self.name).strip()
        values = write_secrets(Path(inventory).with_name("secrets.yml"))
        playbook = ["ansible-playbook", *intent, "-i", inventory, "-e", f"@{values}"]
        if self.name == "kubernetes":  # all of it in one run: the cluster, pods, VIPs, and the evidence
            manifest = Path(inventory).with_name("workloads.json")
            manifest.write_text(self.told("workloads", "--plan", str(plan)), encoding="utf-8")
            playbook += ["-e", json.dumps({"resources_manifests": [str(manifest)]}), "-e", "dualstack_prove=true"]
            self.phase("site", [*playbook, "playbooks/site.yml"])
        else:
            self.phase("site", [*playbook, "playbooks/site.yml"])
            self.phase("validate", [*playbook, "playbooks/validate.yml"])
        print("", *table(json.loads((self.artifacts / "evidence.json").read_text(encoding="utf-8"))), "", sep="\n")
        suffix = "" if self.name == "demo" else f"-{self.name}"
        print(f"look around:  python3 molecule/lab exec {self.name} tor1 -- vtysh -c 'show bgp summary'")
        print(f"              python3 molecule/lab exec {self.name} node2 -- dualstack-speaker status")
        if self.name == "kubernetes":
            kubectl = f"python3 molecule/lab exec {self.name} node1 -- kubectl {ADMINISTRATOR}"
            print(f"              {kubectl} get nodes,pods,services -A -o wide")
        print(f"the page:     {(self.artifacts / 'evidence.html').relative_to(ROOT)}")
        print(f"again:        scripts/env demo {shlex.join(playbook)} playbooks/site.yml")
        print(f"take it away: make demo{suffix}-down")

    @staticmethod
    def told(*words: str) -> str:
        """What a verb of the lab prints."""
        return subprocess.check_output([*LAB, *words], cwd=ROOT, text=True)

    def keep_timing(self, began: float) -> None:
        """Write the seconds of each phase and of the whole, the set-up before this program included."""
        total = round(time.time() - began, 1)
        print(f"demo: {'in all':<9} {total:6.1f} s")
        self.artifacts.mkdir(parents=True, exist_ok=True)
        timing = {"demo_seconds": total, "phases": self.seconds}
        (self.artifacts / "timing.json").write_text(json.dumps(timing, indent=2) + "\n", encoding="utf-8")


def write_secrets(path: Path) -> Path:
    """Make up the fabric's BGP password, in a file that only its owner reads and that goes with the lab."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"dualstack_secrets": {"bgp-auth": secrets.token_hex(16)}}, file)
    return path


def main(words: list[str]) -> int:
    verb, name = ((*words, "demo") if len(words) == 1 else words) if words else ("", "")
    if verb == "down" and name in EXAMPLES:
        return subprocess.call([*LAB, "destroy", name], cwd=ROOT)
    if verb != "up" or name not in EXAMPLES:
        sys.exit(__doc__)
    began = float(os.environ.get("BAREMETAL_DUALSTACK_BEGAN") or time.time())
    demo = Demo(name)
    demo.seconds["set-up"] = round(time.time() - began, 1)
    print(f"demo: {'set-up':<9} {demo.seconds['set-up']:6.1f} s  ok", flush=True)
    try:
        demo.up()
    except PhaseError:
        return 1
    demo.keep_timing(began)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
