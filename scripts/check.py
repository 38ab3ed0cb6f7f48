# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks of a group, cheap ones first, all of them also when one fails, and says at the end which failed.

check.py GROUP|CHECK…      lint, unit, all, soak, or the names of single checks; ``list`` shows them. The group all
                           leaves out soak: what takes hours, and what wants the machine for itself.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import links

SOAK = "soak"
# Detection times of 150 to 300 ms, which a machine that is busy with other tests can't keep.
TIMED = ("tests/interop/test_bfd.py", "tests/interop/test_bfd_bird.py")
APART = ("tests/interop/router", "tests/interop/matrix")
PYTEST = ["python3", "-m", "pytest", "-q"]
BUSY = ["--numprocesses", "2", "--dist", "worksteal"]  # tests that keep a core busy
WAITING = ["--numprocesses", "3", "--dist", "worksteal"]  # tests that mostly wait for daemons
DOCS = ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck"]


@dataclass(frozen=True)
class Check:
    """A command that fails when something is wrong, and the group that it belongs to.

    ``beside`` runs at the same time; what it prints is shown afterwards.
    """

    name: str
    group: str
    command: list[str]
    beside: list[str] | None = None


def checks() -> list[Check]:
    """All checks, in the order in which they run."""
    collection = str(links.make() / "ansible_collections" / "baremetal" / "dualstack")
    return [
        Check("ruff", "lint", ["ruff", "check", "."]),
        Check("format", "lint", ["ruff", "format", "--check", "."]),
        Check("mypy", "lint", ["mypy", "-p", "dualstack", "-p", "dualstack_speaker"]),
        Check("mypy-faces", "lint", ["mypy", "-p", "ansible_collections.baremetal.dualstack.plugins", "-p", "lab"]),
        Check("mypy-scripts", "lint", ["mypy", "--python-version", "3.11", "scripts"]),
        Check("yamllint", "lint", ["yamllint", "--strict", "."]),
        Check("changelog", "lint", ["antsibull-changelog", "lint"]),
        Check("docs", "lint", [*DOCS, collection]),
        Check("reference", "lint", ["python3", "scripts/docs.py"]),
        Check("repository", "lint", [*PYTEST, "tests/unit/test_repository.py", "tests/unit/test_architecture.py"]),
        Check("ansible-lint", "lint", ["ansible-lint", "--profile", "production", "--offline"]),
        Check("unit", "unit", [*PYTEST, *BUSY, "tests/unit", "tests/golden"]),
        Check("oldest", "unit", ["python3", "scripts/oldest.py"]),
        Check("cores", "all", ["python3", "scripts/cores.py"]),
        Check("sanity", "all", ["python3", "scripts/sanity.py"]),
        Check("page", "all", [*PYTEST, "tests/page"]),
        Check(
            "interop",
            "all",
            [*PYTEST, *WAITING, "tests/interop", *(f"--ignore={path}" for path in (*APART, *TIMED))],
            beside=[*PYTEST, "tests/interop/router"],  # its hosts are for all of its tests: one process
        ),
        Check("matrix", "all", [*PYTEST, "tests/interop/matrix"]),
        Check("faults", "all", [*PYTEST, "tests/faults"]),
        Check("molecule", "all", ["molecule", "test"]),
        Check("lab", "all", [*PYTEST, "tests/lab"]),
        Check("timed", SOAK, [*PYTEST, *TIMED]),
        Check("fault-runs", SOAK, ["python3", "tests/faults/run.py"]),
        Check("fuzz", SOAK, ["python3", "tests/fuzz/run.py"]),
        Check("soak", SOAK, [*PYTEST, "--hypothesis-profile=soak", "-m", "soak", "tests/unit"]),
    ]


def call(command: list[str]) -> int:
    """The exit status of a command in the checkout."""
    return subprocess.call(command, cwd=links.CHECKOUT)


def both(command: list[str], beside: list[str]) -> int:
    """The worse exit status of two commands that run at the same time."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        with subprocess.Popen(beside, cwd=links.CHECKOUT, stdout=output, stderr=subprocess.STDOUT) as other:
            status = call(command)
        output.seek(0)
        print(f"=== beside it: {' '.join(beside)}")
        print(output.read(), flush=True)
    return status or other.returncode


def run(chosen: list[Check]) -> int:
    """Run the checks one after the other and print the summary; 1 when one failed."""
    failed = []
    for number, check in enumerate(chosen, 1):
        print(f"\n=== {number}/{len(chosen)} {check.name}: {' '.join(check.command)}", flush=True)
        began = time.monotonic()
        status = both(check.command, check.beside) if check.beside else call(check.command)
        print(f"=== {check.name}: {'passed' if status == 0 else f'FAILED ({status})'}", end="")
        print(f" in {time.monotonic() - began:.0f} s", flush=True)
        if status != 0:
            failed.append(check.name)
    print()
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"checks: {len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def main(words: list[str]) -> int:
    everything = checks()
    if words == ["list"]:
        print("\n".join(f"{check.group:6} {check.name}" for check in everything))
        return 0
    known = {check.name for check in everything} | {check.group for check in everything}
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        sys.exit(f"unknown: {' '.join(unknown)}; known are {' '.join(sorted(known))}")
    chosen = [
        check
        for check in everything
        if check.group in words or check.name in words or ("all" in words and check.group != SOAK)
    ]
    return run(chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
