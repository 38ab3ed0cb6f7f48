# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the fuzzers: more than a million inputs for the protocols, and as many for what comes from a cluster.

``python3 tests/fuzz/run.py [--inputs N] [--seed TEXT] [--lines] [FUZZER …]``; ``--replay FUZZER STEPS`` repeats a case
that failed. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import json
import resource
import secrets
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import conftest  # noqa: F401  pylint: disable=unused-import
from fuzz import engine
from fuzz.all import FUZZERS
from fuzz.lines import Lines


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Random input for protocols and parsers.")
    parser.add_argument("--inputs", type=int, default=2_100_000, help="in all (default: %(default)s)")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="default: a new one each time")
    parser.add_argument("--lines", action="store_true", help="show the lines that were not reached")
    parser.add_argument("--replay", nargs=2, metavar=("FUZZER", "STEPS"), help="repeat one case")
    parser.add_argument("fuzzers", nargs="*", help=f"of {', '.join(fuzzer.name for fuzzer, _unused in FUZZERS)}")
    options = parser.parse_args(words)
    if options.replay:
        (fuzzer,) = [fuzzer for fuzzer, _unused in FUZZERS if fuzzer.name == options.replay[0]]
        print(f"{sum(1 for _unused in fuzzer.play(json.loads(options.replay[1])))} inputs, nothing wrong")
        return 0
    chosen = [row for row in FUZZERS if not options.fuzzers or row[0].name in options.fuzzers]
    weights = sum(weight for _unused, weight in chosen)
    lines, failed, total = Lines(), 0, 0
    begun = time.process_time()
    print(f"seed {options.seed}", flush=True)
    for fuzzer, weight in chosen:
        before = time.process_time()
        try:
            report = engine.run(fuzzer, options.seed, -(-options.inputs * weight // weights), lines)
            long = engine.endure(fuzzer, options.seed)
        except engine.Broken as error:
            failed += 1
            print(error, flush=True)
            continue
        spent = time.process_time() - before
        total += report.inputs + long.inputs
        print(
            f"{fuzzer.name:18} {report.inputs + long.inputs:9} inputs {report.cases:7} cases {spent:6.1f} s of CPU"
            f"  most work {report.most_lines:4.0%} of the bound  kept {long.kept:6} octets",
            flush=True,
        )
    spent = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{total} inputs in {spent:.0f} s of CPU, {total / spent:.0f} inputs/s, {peak:.0f} MiB at most, {failed} failed"
    )
    packages = tuple(dict.fromkeys(package for fuzzer, _unused in chosen for package in fuzzer.packages))
    for name, reached, count, taken, ways, missing in sorted(set(lines.table(packages))):
        rest = f"  without {', '.join(map(str, missing))}" if options.lines and missing else ""
        print(f"{name:28} lines {reached:4} of {count:4}  branches {taken:4} of {ways:4}{rest}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
