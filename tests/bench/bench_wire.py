# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a speaker to the table of a real FRR: one prefix more at 10,000, 10,000 at once, their withdrawal, a start.

``wire`` and the others stand at the same place, one after the other, on one session with the same router; 10,000
prefixes are 5,000 of each family. What drives a speaker counts: the message, the file, the call. A start is from the
process to Established in the router's words; the router is ready for it. Everything that takes part has the same
real-time priority, so that other work shows less.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from bgp_stage import BgpStage, prefixes  # noqa: E402
from machine import milliseconds, options, say, take_priority  # noqa: E402
from measurements import row  # noqa: E402
from speakers import MAKERS, BirdTable, Maker, Speaker  # noqa: E402

COUNT = 10_000
STEP = 100  # prefixes at a time for a speaker that loses some of a burst
PAUSE = 0.1  # seconds between two measurements, for what a speaker does behind them

Samples = dict[str, list[float]]


def bulk(stage: BgpStage, speaker: Speaker, times: int) -> tuple[list[float], list[float]]:
    """10,000 prefixes there and gone again; in the end they are there."""
    everything = prefixes(COUNT)
    added, withdrawn = [], []
    for number in range(times):
        if number:
            gone = milliseconds(lambda: speaker.withdraw(everything), lambda: stage.wait_for(0, everything[-1]))
            withdrawn.append(gone)
            time.sleep(PAUSE)
        added.append(milliseconds(lambda: speaker.announce(everything), lambda: stage.wait_for(COUNT, everything[-1])))
        time.sleep(PAUSE)
    return added, withdrawn


def singles(stage: BgpStage, speaker: Speaker, times: int) -> list[float]:
    """One prefix more, the families in turn."""
    found = []
    for prefix in prefixes(times, COUNT):
        one = [prefix]
        act: Callable[[], None] = lambda one=one: speaker.announce(one)  # type: ignore[misc]  # noqa: E731
        found.append(milliseconds(act, lambda prefix=prefix: stage.wait_for_route(prefix, pause=0)))  # type: ignore[misc]
        time.sleep(PAUSE)
    return found


def starts(stage: BgpStage, speaker: Speaker, times: int) -> list[float]:
    """From a crashed speaker to a session."""
    found = []
    for _unused in range(times):
        speaker.kill()
        stage.wait_for_state("Active")
        time.sleep(PAUSE)
        found.append(milliseconds(speaker.spawn, lambda: stage.wait_for_state("Established")))
    return found


def measure(stage: BgpStage, make: Maker, folder: Path, quick: bool) -> tuple[str, Samples]:
    """The samples of a speaker by row."""
    found: Samples = {}
    if make in MAKERS:
        with ExitStack() as stack:
            speaker = make(stage, folder / "start", stack)
            stage.wait_for_state("Established")
            found["wire_start_to_established_ms"] = starts(stage, speaker, 1 if quick else 5)
    with ExitStack() as stack:
        speaker = make(stage, folder / "run", stack)
        stage.wait_for_state("Established")
        if speaker.bulk:
            added, withdrawn = bulk(stage, speaker, 2 if quick else 8)
            found |= {"wire_add_10k_ms": added, "wire_withdraw_10k_ms": withdrawn}
        else:
            first = prefixes(COUNT)
            for at in range(0, COUNT, STEP):
                speaker.announce(first[at : at + STEP])
                stage.wait_for_route(first[at + STEP - 1])
            stage.wait_for(COUNT)
        found["wire_add_one_at_10k_ms"] = singles(stage, speaker, 6 if quick else 40)
    for name, samples in found.items():
        say(f"{name}: {speaker.name} {statistics.median(samples):.3f}")
    return speaker.name, found


def main() -> None:
    """Prints the rows."""
    given = options(__doc__)
    take_priority()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = BgpStage(given.root, folder, stack)
        (_wire, ours), *others = [
            measure(stage, make, folder / str(number), given.quick) for number, make in enumerate([*MAKERS, BirdTable])
        ]
    rows = [
        row(name, samples, "ms", *((other, theirs[name]) for other, theirs in others if name in theirs))
        for name, samples in ours.items()
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
