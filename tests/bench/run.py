# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every ``bench_*.py`` beside it, prints a table and writes ``artifacts/bench.json``.

A bench script is called with ``--root DIR`` (a root file system with FRR) and prints its rows as a JSON list
(measurements.row); what it says meanwhile goes to standard error. Scripts run one after the other, so that they do not
measure each other.
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
sys.path.insert(0, str(ROOT / "scripts"))

import links  # noqa: E402

BARS = {  # the most that a value may be
    "wire_add_one_at_10k_ms": 5.0,
    "wire_add_10k_ms": 250.0,
    "wire_rss_mib": 40.0,
    "bfd_50ms_flaps_at_load_20": 0.0,
    "speaker_rss_mib": 60.0,
    "demo_seconds": 300.0,
    "plan_200_nodes_s": 1.0,
    "plan_1000_nodes_s": 8.0,
    "plan_1000_nodes_mib": 300.0,
    "plan_growth_exponent": 1.2,
    "overlap_10k_blocks_ms": 100.0,
}


def root_of(suite: str) -> Path:
    """The suite's root file system, built by the lab where it is missing."""
    command = [sys.executable, "molecule/lab", "roots", "--suite", suite]
    return Path(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def measure(script: Path, root: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of a script."""
    print(f"measuring: {script.stem}", file=sys.stderr, flush=True)
    command = [sys.executable, str(script), "--root", str(root)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows for people."""
    lines = [("name", "value", "bar", "samples", "beside it")]
    for row in rows:
        most = BARS.get(row["name"])
        verdict = "" if most is None else f"{'≤' if row['value'] <= most else 'MISSED:'} {most:g}"
        beside = row["baseline"]
        told = "" if beside is None else f"{beside['value']:g} {row['unit']} ({beside['name']})"
        lines.append((row["name"], f"{row['value']:g} {row['unit']}", verdict, str(row["samples"]), told))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def missed(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The names of the rows above their bar."""
    return [row["name"] for row in rows if row["value"] > BARS.get(row["name"], float("inf"))]


def main() -> int:
    """1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scripts", nargs="*", help="names of scripts, such as bench_wire (default: all)")
    parser.add_argument("--suite", default="bookworm", help="whose FRR is measured against (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "artifacts" / "bench.json")
    options = parser.parse_args()
    found = sorted(HERE.glob("bench_*.py"))
    chosen = [script for script in found if not options.scripts or script.stem in options.scripts]
    unknown = set(options.scripts) - {script.stem for script in found}
    if unknown:
        parser.error(f"no such script: {', '.join(sorted(unknown))}")
    folder = links.make(ROOT)
    path = os.pathsep.join([str(folder / "lib"), str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    root = root_of(options.suite)
    rows = [row for script in chosen for row in measure(script, root, {**os.environ, "PYTHONPATH": path})]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(rows, indent=2) + "\n")
    print(table(rows))
    for name in missed(rows):
        print(f"{name} is above its bar", file=sys.stderr)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
