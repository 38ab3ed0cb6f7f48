# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a speaker holds with 10,000 prefixes towards four peers, once the peers have them. FRR: bgpd and zebra."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from bgp_stage import BgpStage, prefixes  # noqa: E402
from machine import options, resident, say  # noqa: E402
from measurements import row  # noqa: E402
from speakers import MAKERS, Maker  # noqa: E402

COUNT, PEERS = 10_000, 4
PAUSE = 1.0  # seconds for what a speaker does behind


def measure(stage: BgpStage, make: Maker, folder: Path) -> tuple[str, list[float]]:
    """A speaker's name and its MiB."""
    with ExitStack() as stack:
        speaker = make(stage, folder, stack)
        stage.wait_for_state("Established")
        speaker.announce(prefixes(COUNT))
        stage.wait_for(COUNT)
        time.sleep(PAUSE)
        held = resident(speaker.pids)
    say(f"{speaker.name}: {held:.1f} MiB")
    return speaker.name, [held]


def main() -> None:
    """Prints the row."""
    given = options(__doc__)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = BgpStage(given.root, folder, stack, PEERS)
        (_wire, ours), *others = [measure(stage, make, folder / str(number)) for number, make in enumerate(MAKERS)]
    print(json.dumps([row("wire_rss_mib", ours, "MiB", *others)]))


if __name__ == "__main__":
    main()
