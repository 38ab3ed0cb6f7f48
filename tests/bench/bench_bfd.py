# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD of ``wire`` with bfdd of FRR on a router: CPU of a session, and whether it stays up on a busy machine.

CPU is what ``wire`` and bfdd used while the session was up at 100 ms, less what ``wire`` uses without it, in hundredths
of one core. Then 50 ms times 3, which is 150 ms to live, while twenty processes compute: all ends at the real-time
priority that the role sets. Flaps of both families are counted, and beside them those of another host with bfdd, which
has sessions with the same router at the same time.
"""

from __future__ import annotations

import json
import socket
import struct
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
from machine import HOGS, PRIORITY, cpu, load, options, say, take_priority  # noqa: E402
from measurements import row  # noqa: E402
from processes import Link, Wire, until  # noqa: E402

MEASURED = 10.0  # seconds
BUSY = 30.0
RUNS = 2


def bfdd_of(frr: Frr) -> int:
    """The process that serves bfdd's vty."""
    assert frr.bfd is not None
    credentials = frr.bfd.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


class Bench:
    """A router with bfdd, a node with ``wire`` and another host with bfdd; sessions of each family."""

    def __init__(self, root: Path, folder: Path, stack: ExitStack) -> None:
        stage = Stage()
        stack.callback(stage.end)
        self.router, self.node, self.other = (stage.host(name) for name in ("router", "node", "other"))
        self.frr = Frr(root, self.router.namespace, folder / "router", bfd=True)
        stack.callback(self.frr.end)
        self.beside = Frr(root, self.other.namespace, folder / "other", bfd=True)
        stack.callback(self.beside.end)
        self.wire = Wire(folder / "wire", self.node.prefix, realtime_priority=PRIORITY)
        stack.callback(self.wire.end)
        self.wire.start()
        assert self.wire.process is not None
        self.pid = self.wire.process.pid  # ``ip netns exec`` becomes the program that it starts
        self.bfdd = bfdd_of(self.frr)
        take_priority([self.bfdd, bfdd_of(self.beside)])
        for family in FAMILIES:
            configure(self.frr, self.node, family, lines=("bfd profile fast",))
        self.link: Link = self.wire.link()

    def profile(self, frr: Frr, interval: int, *peers: str) -> None:
        """The interval in milliseconds at an end with bfdd, and who is watched without BGP."""
        assert frr.bfd is not None
        lines = ["bfd", "profile fast", f"receive-interval {interval}", f"transmit-interval {interval}"]
        lines += ["detect-multiplier 3", "exit", *(f"peer {address}\nprofile fast\nexit" for address in peers)]
        frr.bfd.configure("\n".join(lines))

    def watch(self, interval: int, families: list[str]) -> None:
        """Sessions of these families, and no others, at an interval in milliseconds."""
        self.profile(self.frr, interval)
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

    def watch_beside(self, interval: int) -> None:
        """Sessions of both families between the two bfdd."""
        self.profile(self.frr, interval, *map(self.other.address, FAMILIES))
        self.profile(self.beside, interval, *map(self.router.address, FAMILIES))
        until(lambda: [one["status"] for one in self.shown("")] == ["up"] * len(FAMILIES), "BFD between two bfdd")

    def shown(self, what: str) -> list[dict[str, Any]]:
        """What the other host's bfdd tells of its sessions."""
        assert self.beside.bfd is not None
        found: list[dict[str, Any]] = self.beside.bfd.show(f"show bfd peers{what}")
        return found

    def settled(self, family: str, interval: int) -> bool:
        """Whether the session is up at its interval."""
        seen = self.bfd(family)
        return bool(seen["state"] == "Up" and seen["detection_ms"] == 3 * interval)

    def bfd(self, family: str) -> dict[str, Any]:
        """What ``wire`` tells of a BFD session."""
        found: dict[str, Any] = self.link.session(family)["bfd"]
        return found

    def used(self, seconds: float) -> tuple[float, float]:
        """Percent of a core that ``wire`` and bfdd use."""
        before, begun = [cpu([pid]) for pid in (self.pid, self.bfdd)], time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - begun
        ours, theirs = ((cpu([pid]) - start) / passed * 100 for start, pid in zip(before, (self.pid, self.bfdd)))
        return ours, theirs

    def downs(self) -> tuple[int, int]:
        """How often the sessions of ``wire`` and those between the two bfdd went down so far."""
        ours: int = sum(self.bfd(family)["downs"] for family in FAMILIES)
        theirs: int = sum(one["session-down"] for one in self.shown(" counters"))
        return ours, theirs

    def flaps(self, seconds: float) -> tuple[int, int]:
        """How often they do on a busy machine."""
        before = self.downs()
        with load():
            time.sleep(seconds)
            after = self.downs()
        packets = sum(self.bfd(family)["received"] for family in FAMILIES)
        found = after[0] - before[0], after[1] - before[1]
        say(f"50 ms times 3, {HOGS} processes beside: {found[0]} flaps, bfdd {found[1]}, {packets} packets so far")
        return found


def main() -> None:
    """Prints the rows."""
    given = options(__doc__)
    quick = given.quick
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(given.root, folder, stack)
        ours, theirs = [], []
        for _unused in range(1 if quick else RUNS):
            bench.watch(100, [])
            idle = bench.used(MEASURED / 3 if quick else MEASURED)
            bench.watch(100, ["ipv4"])
            busy = bench.used(MEASURED / 3 if quick else MEASURED)
            ours.append(busy[0] - idle[0])
            theirs.append(busy[1] - idle[1])
            say(f"100 ms: wire {ours[-1]:.2f} %, bfdd {theirs[-1]:.2f} %")
        bench.watch(50, list(FAMILIES))
        bench.watch_beside(50)
        found = [bench.flaps(BUSY / 4 if quick else BUSY) for _unused in range(1 if quick else RUNS)]
    flaps, beside = (sum(one) for one in zip(*found))
    rows = [
        row("bfd_100ms_cpu_percent", ours, "%", ("bfdd", theirs)),
        row("bfd_50ms_flaps_at_load_20", [flaps], "flaps", ("bfdd and bfdd", [beside])),
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
