# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the demo takes from cached root file systems to the evidence, and ``site.yml`` with nothing to do.

The demo's lab is made anew and taken away afterwards; ``--root`` is of no use to it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from measurements import row  # noqa: E402

DEMO = [sys.executable, "scripts/demo.py"]
UNCHANGED_RUNS = 3


def run(command: list[str], environment: dict[str, str]) -> str:
    """What the command printed; it must succeed."""
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}")
    return done.stdout


def unchanged(environment: dict[str, str]) -> float:
    """Seconds of a run of ``site.yml`` that must change nothing."""
    inventory = run([sys.executable, "molecule/lab", "inventory", "demo"], environment).strip()
    secrets = Path(inventory).with_name("secrets.yml")
    playbook = ["ansible-playbook", "-i", "examples/demo", "-i", inventory, "-e", f"@{secrets}", "playbooks/site.yml"]
    began = time.monotonic()
    told = run(playbook, environment)
    seconds = time.monotonic() - began
    changed = [int(number) for number in re.findall(r"\bchanged=(\d+)", told)]
    if not changed or any(changed):
        sys.exit(f"site.yml changed something in a run that had nothing to do:\n{told[-4000:]}")
    return seconds


def main() -> None:
    # This program's own set-up is no part of the demo.
    environment = {name: value for name, value in os.environ.items() if name != "BAREMETAL_DUALSTACK_BEGAN"}
    try:
        run([*DEMO, "up"], environment)
        timing = json.loads((ROOT / "artifacts" / "demo" / "timing.json").read_text(encoding="utf-8"))
        again = [unchanged(environment) for _run in range(UNCHANGED_RUNS)]
    finally:
        run([*DEMO, "down"], environment)
    rows = [row("demo_seconds", [timing["demo_seconds"]], "s"), row("site_unchanged_seconds", again, "s")]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
