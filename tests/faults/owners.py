# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of layer 2 where several nodes may answer: three with heartbeats of 200 ms times 3, the first is the owner.

A host asks for the VIPs every 5 ms by ARP and NDP (``lost``, ``gap_ms``), a client talks to them (``client_lost``,
``client_gap_ms``) and every node serves them. In a run that measures, all of ``wire`` has real-time priority.
"""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Callable

from bench.machine import PRIORITY
from faults.bgp import SETTLE, Outcome
from faults.clocks import HOUR, Clock
from faults.layer2 import outcome_of
from faults.theatre import HERE, started
from interop.nodes import VIP, Nodes
from interop.stage import ip

SERVED = 2.0  # seconds of probes after the next owner is known


class Owners:
    """The nodes, a client and a host that asks. ``clocked``: each wire has a time of day of its own."""

    def __init__(self, folder: Path, stack: ExitStack, clocked: bool = False, small: bool = False) -> None:
        self.clocks: list[Clock] = []
        self.disks: list[Path] = []
        self._folder = folder
        self._stack = stack
        config = {"realtime_priority": PRIORITY}
        self.nodes = Nodes(
            folder, through=self._clock if clocked else None, journal=self._disk if small else None, **config
        )
        stack.callback(self.nodes.end)
        self.asker = self.nodes.stage.host("asker")
        self.client = self.nodes.client
        for host in self.nodes.hosts.values():
            host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1")
            for vip in VIP.values():
                ip("-n", host.namespace, "address", "add", vip, "dev", "lo", *(["nodad"] if ":" in vip else []))
            started(host, stack, HERE / "echo.py", host.namespace, *VIP.values())
        self.nodes.start()
        self.nodes.settled("node1")

    def _clock(self, name: str) -> list[str]:
        self.clocks.append(Clock(self._folder / f"clock-{name}", "python3"))
        return self.clocks[-1].through

    def _disk(self, name: str) -> str:
        """A journal's path on a small file system in memory."""
        folder = self._folder / f"disk-{name}"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
        self._stack.callback(subprocess.run, ["umount", "-l", str(folder)], check=False)
        self.disks.append(folder)
        return str(folder / "wire.journal")


def killed(scene: Owners) -> Outcome:
    """``kill -9`` of the owner's wire, which stays away."""
    return moved(scene, lambda: scene.nodes.wires["node1"].stop(signal.SIGKILL))


def cut(scene: Owners) -> Outcome:
    """The owner is cut off."""
    return moved(scene, lambda: scene.nodes.unplug("node1"))


def stopped(scene: Owners) -> Outcome:
    """The owner's wire is stopped in order."""
    return moved(scene, scene.nodes.wires["node1"].stop)


def drained(scene: Owners) -> Outcome:
    """The owner is drained, and taken back."""

    def act() -> None:
        scene.nodes.links["node1"].ask("drain", on=True, delay=60)
        scene.nodes.settled("node2")
        scene.nodes.links["node1"].ask("drain", on=False, delay=0)
        scene.nodes.settled("node1")

    return outcome_of(scene.asker, scene.client, act, SERVED)


def restarted(scene: Owners) -> Outcome:
    """The third node's wire is killed and started again, then the second one's: the owner stays."""

    def act() -> None:
        for name in ("node3", "node2"):
            scene.nodes.wires[name].stop(signal.SIGKILL)
            scene.nodes.start(name)
        scene.nodes.settled("node1")

    return outcome_of(scene.asker, scene.client, act, SERVED)


def jumped(scene: Owners) -> Outcome:
    """The time of day of every wire jumps an hour forth and two back, not at the same time."""

    def act() -> None:
        for offset in (HOUR, -HOUR):
            for clock in scene.clocks:
                clock.set(offset)
                time.sleep(SETTLE)
        scene.nodes.settled("node1")

    return outcome_of(scene.asker, scene.client, act, SERVED)


def full_disk(scene: Owners) -> Outcome:
    """Nothing can be written any more where the journals are; then the owner is cut off."""
    for folder in scene.disks:
        with open(folder / "filler", "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
    return moved(scene, lambda: scene.nodes.unplug("node1"))


def moved(scene: Owners, act: Callable[[], object]) -> Outcome:
    """What is noticed while the second node takes over."""

    def whole() -> None:
        act()
        scene.nodes.settled("node2", "node2", "node3")

    return outcome_of(scene.asker, scene.client, whole, SERVED)
