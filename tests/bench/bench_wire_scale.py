# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ``wire`` grows: 100,000 prefixes towards one peer, and 64 peers with 2,000 prefixes each.

A quarter, a half and the whole of each, every time with a new process: the time until the router has everything (of
prefixes), the CPU that ``wire`` used (of peers, as the router's own work grows faster there), and what ``wire`` holds
more than with its sessions alone. Growth is the power of the size: 1 is linear.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from bgp_stage import BgpStage, prefixes  # noqa: E402
from machine import cpu, milliseconds, options, resident, say, take_priority  # noqa: E402
from measurements import exponent, row  # noqa: E402
from speakers import OurWire  # noqa: E402

COUNT = 100_000
PEERS, PER_PEER = 64, 2_000
PARTS = (4, 2, 1)


def measure(root: Path, peers: int, count: int) -> tuple[float, float, float, float]:
    """Milliseconds, seconds of CPU, MiB in the end and MiB more than without prefixes."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = BgpStage(root, folder, stack, peers)
        speaker = OurWire(stage, folder / "wire", stack)
        stage.wait_for_state("Established")
        everything = prefixes(count)
        empty, before = resident(speaker.pids), cpu(speaker.pids)
        taken = milliseconds(lambda: speaker.announce(everything), lambda: stage.wait_for(count, everything[-1]))
        held, used = resident(speaker.pids), cpu(speaker.pids) - before
    say(f"{count} prefixes to {peers} peers: {taken:.0f} ms, {used:.3f} s of CPU, {held:.1f} MiB (before: {empty:.1f})")
    return taken, used, held, held - empty


def main() -> None:
    """Prints the rows."""
    given = options(__doc__)
    take_priority()
    sizes, numbers = [COUNT // part for part in PARTS], [PEERS // part for part in PARTS]
    many = [measure(given.root, 1, size) for size in sizes]
    wide = [measure(given.root, number, PER_PEER) for number in numbers]
    rows = [
        row("wire_100k_prefixes_ms", [many[-1][0]], "ms"),
        row("wire_100k_prefixes_mib", [many[-1][2]], "MiB"),
        row("wire_100k_prefixes_time_exponent", [exponent(sizes, [one[0] for one in many])], "power of the size"),
        row("wire_100k_prefixes_memory_exponent", [exponent(sizes, [one[3] for one in many])], "power of the size"),
        row("wire_64_peers_ms", [wide[-1][0]], "ms"),
        row("wire_64_peers_cpu_ms", [wide[-1][1] * 1000], "ms"),
        row("wire_64_peers_mib", [wide[-1][2]], "MiB"),
        row("wire_64_peers_cpu_exponent", [exponent(numbers, [one[1] for one in wide])], "power of the size"),
        row("wire_64_peers_memory_exponent", [exponent(numbers, [one[3] for one in wide])], "power of the size"),
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
