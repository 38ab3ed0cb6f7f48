# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every ``bench_*.py`` beside it, prints a table and writes ``artifacts/bench.json``.

A bench script is called with ``--root DIR`` (a root file system with the peers), perhaps with ``--quick`` (few
samples), and prints its rows as a JSON list (measurements.row); what it says meanwhile goes to standard error. Scripts
run one after the other, so that they do not measure each other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "scripts")]

import links  # noqa: E402
from bars import BARS  # noqa: E402


def root_of(suite: str) -> Path:
    """The suite's root file system, built by the lab where it is missing."""
    command = [sys.executable, "molecule/lab", "roots", "--suite", suite]
    return Path(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def measure(script: Path, words: Sequence[str], environment: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of a script."""
    print(f"measuring: {script.stem}", file=sys.stderr, flush=True)
    command = [sys.executable, str(script), *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its bar and what it lacks, if it has a bar."""
    limit = BARS.get(row["name"])
    missed = [] if limit is None else limit.misses(row)
    return {**row, "bar": None if limit is None else str(limit), "missed": missed}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The judged rows for people, what was measured beside each below it."""
    lines = [("name", "value", "range", "samples", "bar")]
    for row in rows:
        limit = row["bar"] or ""
        verdict = f"MISSED: {', '.join(row['missed'])} ({limit})" if row["missed"] else limit
        low, high = (f"{value:g}" for value in row["range"])
        between = "" if row["samples"] == 1 else f"{low} to {high}"
        lines.append((row["name"], f"{row['value']:g} {row['unit']}", between, str(row["samples"]), verdict))
        lines += [
            (f"  {beside['name']}", f"{beside['value']:g} {row['unit']}", "", "", "") for beside in row["baselines"]
        ]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def main() -> int:
    """1 when a bar is missed or a script failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scripts", nargs="*", help="names of scripts, such as bench_wire (default: all)")
    parser.add_argument("--quick", action="store_true", help="few samples, short windows")
    parser.add_argument("--suite", default="trixie", help="whose peers are measured against (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "artifacts" / "bench.json")
    options = parser.parse_args()
    found = sorted(HERE.glob("bench_*.py"))
    chosen = [script for script in found if not options.scripts or script.stem in options.scripts]
    unknown = set(options.scripts) - {script.stem for script in found}
    if unknown:
        parser.error(f"no such script: {', '.join(sorted(unknown))}")
    folder = links.make(ROOT)
    path = os.pathsep.join([str(folder / "lib"), str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = ["--root", str(root_of(options.suite)), *(["--quick"] if options.quick else [])]
    environment = {**os.environ, "PYTHONPATH": path}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    failed = []
    for script in chosen:
        try:
            rows += map(judged, measure(script, words, environment))
        except subprocess.CalledProcessError:
            failed.append(script.stem)
        options.output.write_text(json.dumps(rows, indent=2) + "\n")
    print(table(rows))
    missed = [row["name"] for row in rows if row["missed"]]
    for what, names in (("missed", missed), ("failed", failed)):
        if names:
            print(f"{what}: {', '.join(names)}", file=sys.stderr)
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
