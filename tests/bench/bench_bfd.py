# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD of ``wire`` against bfdd of FRR in two namespaces: CPU of a session, and whether it stays up on a busy machine.

CPU is what ``wire`` and bfdd used while the session was up at 100 ms, less what ``wire`` uses without it, in hundredths
of one core. Then 50 ms times 3, which is 150 ms to live, while twenty processes compute: both ends at the real-time
priority that the role sets. Flaps of both families are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from interop.frr import Frr  # noqa: E402
from interop.stage import Stage  # noqa: E402
from interop.test_bgp import FAMILIES, configure, peer  # noqa: E402
from measurements import row  # noqa: E402
from processes import Link, Wire, until  # noqa: E402

MEASURED = 10.0  # seconds
BUSY = 20.0
HOGS = 20
RUNS = 2
PRIORITY = 5
TICK = os.sysconf("SC_CLK_TCK")


def cpu(number: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Bench:
    """A node with ``wire``, a router with bfdd, and a session of each family."""

    def __init__(self, root: Path, folder: Path, stack: ExitStack) -> None:
        stage = Stage()
        stack.callback(stage.end)
        self.router, self.node = stage.host("router"), stage.host("node")
        self.frr = Frr(root, self.router.namespace, folder / "frr", bfd=True)
        stack.callback(self.frr.end)
        self.wire = Wire(folder / "wire", self.node.prefix, realtime_priority=PRIORITY)
        stack.callback(self.wire.end)
        self.wire.start()
        assert self.frr.bfd is not None and self.wire.process is not None
        credentials = self.frr.bfd.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.bfdd: int = struct.unpack("3i", credentials)[0]
        self.pid = self.wire.process.pid  # ``ip netns exec`` becomes the program that it starts
        os.sched_setscheduler(self.bfdd, os.SCHED_RR, os.sched_param(PRIORITY))
        for family in FAMILIES:
            configure(self.frr, self.node, family, lines=("bfd profile fast",))
        self.link: Link = self.wire.link()

    def watch(self, interval: int, families: list[str]) -> None:
        """Sessions of these families, and no others, at an interval in milliseconds."""
        assert self.frr.bfd is not None
        lines = f"receive-interval {interval}\ntransmit-interval {interval}\ndetect-multiplier 3"
        self.frr.bfd.configure(f"bfd\nprofile fast\n{lines}")
        given = {
            "receive_ms": interval,
            "transmit_ms": interval,
            "multiplier": 3,
            "passive": False,
            "minimum_ttl": None,
        }
        peers = {family: peer(self.router, self.node, family, bfd=given, hold_time=90) for family in families}
        self.link.full(peers=peers)
        for family in families:
            until(lambda family=family: self.link.session(family)["state"] == "Established", f"BGP over {family}")
            until(lambda family=family: self.settled(family, interval), f"BFD over {family}")

    def settled(self, family: str, interval: int) -> bool:
        """Whether the session is up at its interval."""
        seen = self.bfd(family)
        return bool(seen["state"] == "Up" and seen["detection_ms"] == 3 * interval)

    def bfd(self, family: str) -> dict[str, Any]:
        """What ``wire`` tells of a BFD session."""
        found: dict[str, Any] = self.link.session(family)["bfd"]
        return found

    def used(self) -> tuple[float, float]:
        """Percent of a core that ``wire`` and bfdd use."""
        before, begun = (cpu(self.pid), cpu(self.bfdd)), time.monotonic()
        time.sleep(MEASURED)
        seconds = time.monotonic() - begun
        ours, theirs = (
            (after - start) / seconds * 100 for start, after in zip(before, map(cpu, (self.pid, self.bfdd)))
        )
        return ours, theirs

    def flaps(self) -> int:
        """How often the sessions of both families went down on a busy machine."""
        before = sum(self.bfd(family)["downs"] for family in FAMILIES)
        hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _unused in range(HOGS)]
        try:
            time.sleep(BUSY)
            load = Path("/proc/loadavg").read_text().split()[3]
        finally:
            for hog in hogs:
                hog.kill()
            for hog in hogs:
                hog.wait()
        found: int = sum(self.bfd(family)["downs"] for family in FAMILIES) - before
        packets = sum(self.bfd(family)["received"] for family in FAMILIES)
        print(f"50 ms times 3, {load} runnable: {found} flaps, {packets} packets so far", file=sys.stderr, flush=True)
        return found


def main() -> None:
    """Prints the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="a root file system with FRR")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(options.root, folder, stack)
        ours, theirs = [], []
        for _unused in range(RUNS):
            bench.watch(100, [])
            idle = bench.used()
            bench.watch(100, ["ipv4"])
            busy = bench.used()
            ours.append(busy[0] - idle[0])
            theirs.append(busy[1] - idle[1])
            print(f"100 ms: wire {ours[-1]:.2f} %, bfdd {theirs[-1]:.2f} %", file=sys.stderr, flush=True)
        bench.watch(50, FAMILIES)
        flaps = [bench.flaps() for _unused in range(RUNS)]
    rows = [
        row("bfd_100ms_cpu_percent", ours, "%", ("bfdd", theirs)),
        row("bfd_50ms_flaps_at_load_20", [sum(flaps)], "flaps"),
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
