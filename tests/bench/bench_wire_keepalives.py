# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 100 established sessions cost while nothing happens: a keepalive every three seconds each way.

Seconds of CPU in an hour, computed from a minute (with ``--quick`` from ten seconds). FRR: bgpd and zebra.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from bgp_stage import BgpStage  # noqa: E402
from machine import cpu, options, say  # noqa: E402
from measurements import row  # noqa: E402
from speakers import MAKERS, Maker  # noqa: E402

PEERS = 100
SETTLE = 5.0  # seconds after the last session came to stand
HOUR = 3600


def measure(stage: BgpStage, make: Maker, folder: Path, window: float) -> tuple[str, list[float]]:
    """A speaker's name and its seconds of CPU in an hour."""
    with ExitStack() as stack:
        speaker = make(stage, folder, stack)
        stage.wait_for_state("Established")
        time.sleep(SETTLE)
        before, began = cpu(speaker.pids), time.monotonic()
        time.sleep(window)
        used = (cpu(speaker.pids) - before) / (time.monotonic() - began) * HOUR
        stage.wait_for_state("Established")
    say(f"{speaker.name}: {used:.1f} s of CPU in an hour")
    return speaker.name, [used]


def main() -> None:
    """Prints the row."""
    given = options(__doc__)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = BgpStage(given.root, folder, stack, PEERS)
        (_wire, ours), *others = [
            measure(stage, make, folder / str(number), 10.0 if given.quick else 60.0)
            for number, make in enumerate(MAKERS)
        ]
    print(json.dumps([row("wire_100_peers_1h_cpu_s", ours, "s", *others)]))


if __name__ == "__main__":
    main()
