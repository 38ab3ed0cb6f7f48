# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: examples/demo on a lab of real hosts, from the intent to the evidence.

    demo.py up       build the lab, run the playbooks, leave the lab up; also after a failure, for a look
    demo.py down     destroy the lab

What each phase printed is kept below ``artifacts/demo/log``, its seconds in ``artifacts/demo/timing.json``.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import links

sys.path.insert(0, str(links.make() / "lib"))

from dualstack.evidence import table

NAME = "demo"
ROOT = links.CHECKOUT
ARTIFACTS = ROOT / "artifacts" / NAME
LAB = [sys.executable, "molecule/lab"]
INTENT = ["-i", "examples/demo"]


class PhaseError(Exception):
    """A phase ended with an error; its output has been shown."""


class Demo:
    """The phases that have run, with their seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def phase(self, name: str, command: list[str]) -> None:
        """Run a phase and keep what it prints; when it fails, show the end of that."""
        log = ARTIFACTS / "log" / f"{name}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with log.open("w", encoding="utf-8") as file:
            status = subprocess.call(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.seconds[name] = round(time.monotonic() - began, 1)
        print(f"demo: {name:<9} {self.seconds[name]:6.1f} s  {'ok' if status == 0 else 'FAILED'}", flush=True)
        if status != 0:
            print("\n".join(log.read_text(encoding="utf-8").splitlines()[-60:]))
            print(f"\ndemo: all of it is in {log.relative_to(ROOT)}; the lab stays as it is")
            raise PhaseError(name)

    def up(self) -> None:
        self.phase("roots", [*LAB, "roots"])
        self.phase("plan", ["ansible-playbook", *INTENT, "playbooks/plan.yml"])
        self.phase("lab", [*LAB, "create", NAME, "--plan", str(ARTIFACTS / "plan.yml")])
        inventory = subprocess.check_output([*LAB, "inventory", NAME], cwd=ROOT, text=True).strip()
        values = write_secrets(Path(inventory).with_name("secrets.yml"))
        playbook = ["ansible-playbook", *INTENT, "-i", inventory, "-e", f"@{values}"]
        self.phase("site", [*playbook, "playbooks/site.yml"])
        self.phase("validate", [*playbook, "playbooks/validate.yml"])
        print("", *table(json.loads((ARTIFACTS / "evidence.json").read_text(encoding="utf-8"))), "", sep="\n")
        print("look around:  python3 molecule/lab exec demo tor1 -- vtysh -c 'show bgp summary'")
        print("              python3 molecule/lab exec demo node2 -- dualstack-speaker status")
        print(f"the page:     {(ARTIFACTS / 'evidence.html').relative_to(ROOT)}")
        print(f"again:        scripts/env demo {' '.join(playbook)} playbooks/site.yml")
        print("take it away: make demo-down")

    def keep_timing(self, began: float) -> None:
        """Write the seconds of each phase and of the whole, the set-up before this program included."""
        total = round(time.time() - began, 1)
        print(f"demo: {'in all':<9} {total:6.1f} s")
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        timing = {"demo_seconds": total, "phases": self.seconds}
        (ARTIFACTS / "timing.json").write_text(json.dumps(timing, indent=2) + "\n", encoding="utf-8")


def write_secrets(path: Path) -> Path:
    """Make up the fabric's BGP password, in a file that only its owner reads and that goes with the lab."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"dualstack_secrets": {"bgp-auth": secrets.token_hex(16)}}, file)
    return path


def main(words: list[str]) -> int:
    if words == ["down"]:
        return subprocess.call([*LAB, "destroy", NAME], cwd=ROOT)
    if words != ["up"]:
        sys.exit(__doc__)
    began = float(os.environ.get("BAREMETAL_DUALSTACK_BEGAN") or time.time())
    demo = Demo()
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
