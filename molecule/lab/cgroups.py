# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control groups: each host has its own in every hierarchy; a lab's processes are those in its groups.

Process ids are recycled, memberships are not: that is what makes ending a lab safe and complete.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .errors import LabError


def hierarchies() -> list[Path]:
    """The mounted hierarchies, cgroup v2 first (where there is none, systemd's own first)."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _unused, right = line.partition(" - ")
        kind, _unused, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            order = 0 if kind == "cgroup2" else 1 if "name=systemd" in options else 2
            found.append((order, Path(left.split()[4])))
    if not found:
        raise LabError("no cgroup hierarchy is mounted: the hosts' systemd needs one (mount cgroup2 on /sys/fs/cgroup)")
    return [path for _unused, path in sorted(found)]


def create(group: Path) -> None:
    group.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):
        # A new cpuset of cgroup v1 is empty and takes no process; an empty one of v2 inherits.
        if (group / name).exists() and not (group / "cgroup.type").exists():
            (group / name).write_text((group.parent / name).read_text())
    if (group / "cgroup.clone_children").exists():
        (group / "cgroup.clone_children").write_text("1")


def weigh(group: Path, hosts: int) -> None:
    """Lets a lab have the share of the processors that its hosts would have as so many processes outside.

    As one group it would have no more than a single process: a cluster starves beside a few busy programs.
    """
    for name, of_one, most in (("cpu.shares", 1024, 262144), ("cpu.weight", 100, 10000)):  # cgroup v1, v2
        if (group / name).exists():
            (group / name).write_text(str(min(max(hosts, 1) * of_one, most)))


def end_processes(group: Path) -> None:
    """Kills every process in the group and below, and waits until they are gone."""
    deadline = time.monotonic() + 30
    while left := list(processes(group)):
        if (group / "cgroup.kill").exists():
            (group / "cgroup.kill").write_text("1")
        else:
            for pid in left:
                _kill(pid)
        if time.monotonic() > deadline:
            raise LabError(f"processes {left} in {group} do not end")
        time.sleep(0.02)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def processes(group: Path) -> Iterator[int]:
    for folder, _unused, _unused in os.walk(group):
        try:
            yield from (int(line) for line in (Path(folder) / "cgroup.procs").read_text().split())
        except OSError:
            continue  # removed in between, or a threaded group


def remove(group: Path) -> None:
    """Removes the group and those below it; they must be empty of processes."""
    deadline = time.monotonic() + 10
    for folder, _unused, _unused in os.walk(group, topdown=False):
        while True:
            try:
                os.rmdir(folder)
                break
            except FileNotFoundError:
                break
            except OSError:  # a process that was just killed still counts until it is reaped
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
