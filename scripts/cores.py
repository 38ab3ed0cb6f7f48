# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of filters and tests, their examples among them, under every ansible-core that is supported.

Each version gets an environment of its own, where this machine has a Python for it. A version without one is named, and
fails nothing; so is the one of the unit tests, which run these tests as well. ``cores.py ends``: the first and the last
version; ``cores.py between``: the others.
"""

from __future__ import annotations

import subprocess
import sys

import links
from ansible.release import __version__ as ansible
from oldest import environment, interpreter

CORES = {"2.19": "3.11", "2.20": "3.12", "2.21": "3.13"}
TOOLS = ["pytest", "pytest-xdist", "hypothesis", "netaddr", "-c", "tools.txt"]
TESTS = ["-q", "--numprocesses=2", "--durations=5", "tests/unit/plugins"]


def main(words: list[str]) -> int:
    cores = list(CORES)
    chosen = {"ends": (cores[0], cores[-1]), "between": tuple(cores[1:-1])}[words[0]] if words else tuple(cores)
    failed = []
    for core, version in CORES.items():
        if core not in chosen:
            continue
        if ansible.startswith(f"{core}."):
            print(f"ansible-core {core}: the unit tests run under it")
            continue
        python = interpreter(version)
        if python is None:
            print(f"ansible-core {core}: this machine has no Python {version}")
            continue
        own = environment(python, f"core-{core}", ["-r", f"ansible-{core}.txt", *TOOLS])
        print(f"ansible-core {core} on Python {version}", flush=True)
        if subprocess.call([str(own), "-m", "pytest", *TESTS], cwd=links.CHECKOUT) != 0:
            failed.append(core)
    print(
        f"failed under ansible-core {', '.join(failed)}" if failed else "passed under every ansible-core that was run"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
