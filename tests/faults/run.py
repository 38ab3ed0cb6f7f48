# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays faults against ``wire`` and, in the same run, against what is held beside it; prints a table, writes JSON.

    run.py [FAULT…] [--rounds N]

Every round has a scene of its own, made of network namespaces, real FRR and real processes. The speakers take turns
round by round, so that both see the same machine. Medians are judged by the bars in measures.py; the exit status is 1
when one is missed or a round failed. ``--page`` puts the table into a page between its two comments.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

import links  # noqa: E402

FOLDER = links.make(ROOT)
sys.path[:0] = [str(FOLDER / "lib"), str(FOLDER)]

from bench.machine import take_priority  # noqa: E402
from bench.run import root_of  # noqa: E402
from faults import measures  # noqa: E402
from faults.catalogue import FAULTS, Fault, Play  # noqa: E402
from faults.probes import StalledError  # noqa: E402
from faults.theatre import FAMILIES  # noqa: E402

BEGIN, END = "<!-- the table begins -->", "<!-- the table ends -->"
TRIES = 3  # of a round
Found = dict[tuple[str, str], list[dict[str, dict[str, float]]]]  # (fault, speaker) -> outcomes of its rounds


def played(play: Play, root: Path) -> dict[str, dict[str, float]]:
    """One round in a scene of its own. Raises whatever stands in its way, with the logs of the processes before it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            return play(root, folder, stack)
        except Exception:
            for log in folder.rglob("log"):
                print(f"{log.parent.name}: {log.read_text()[-2000:]}", file=sys.stderr)
            raise


def insist(play: Play, root: Path) -> dict[str, dict[str, float]]:
    """A round in which the machine let the client probe: another try where it did not."""
    for _unused in range(TRIES - 1):
        try:
            return played(play, root)
        except StalledError as error:
            print(f"played again: {error}", file=sys.stderr, flush=True)
    return played(play, root)


def run(chosen: list[Fault], rounds: int, root: Path) -> tuple[Found, list[str]]:
    """The outcomes, and the rounds that failed."""
    found: Found = {}
    failed = []
    for number in range(1, rounds + 1):
        for fault in chosen:
            if fault.slow and number > 1:
                continue
            for speaker, play in fault.plays.items():
                name = f"round {number}, {fault.name}, {speaker}"
                try:
                    outcome = insist(play, root)
                except Exception:
                    traceback.print_exc()
                    failed.append(name)
                    continue
                found.setdefault((fault.name, speaker), []).append(outcome)
                print(f"{name}: {json.dumps(outcome)}", file=sys.stderr, flush=True)
    return found, failed


def rows(found: Found) -> list[dict[str, Any]]:
    """All that was measured, in the order in which it was played."""
    return [
        measures.row(fault, family, speaker, [outcome[family] for outcome in outcomes])
        for (fault, speaker), outcomes in found.items()
        for family in FAMILIES
    ]


def put(table: str, page: Path) -> None:
    """Puts the table into a page, in the place of the one that is there."""
    text = page.read_text()
    before, _unused, rest = text.partition(BEGIN)
    _unused, _unused, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def main() -> int:
    """1 when a bar is missed or a round failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", help="names (default: all that are not slow)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--suite", default="bookworm", help="whose FRR is the router (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "artifacts" / "faults.json")
    parser.add_argument("--renew", action="store_true", help="keep the rows of --output for faults that are not played")
    parser.add_argument("--page", type=Path, help="a page with a table to replace, such as docs/faults.md")
    options = parser.parse_args()
    known = {fault.name: fault for fault in FAULTS}
    unknown = set(options.faults) - set(known)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = [known[name] for name in options.faults] or [fault for fault in FAULTS if not fault.slow]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(FOLDER / "lib"), str(FOLDER), os.environ.get("PYTHONPATH", "")])
    root = root_of(options.suite)
    take_priority()
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(1))  # with everything taken away
    about = f"FRR of {options.suite}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f} when the run began."
    found, failed = run(chosen, options.rounds, root)
    judged = rows(found)
    if options.renew:
        judged = measures.renewed(json.loads(options.output.read_text()), judged, list(known))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(judged, indent=2) + "\n")
    table = f"{about}\n\n{measures.table(judged)}"
    print(table)
    if options.page is not None:
        put(table, options.page)
    missed = [f"{row['fault']}, {row['family']}: {', '.join(row['missed'])}" for row in judged if row["missed"]]
    for what, names in (("missed", missed), ("failed", failed)):
        if names:
            print(f"{what}: {'; '.join(names)}", file=sys.stderr)
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
