# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measurements ask of the machine: real-time priority, a core, load, and what processes use."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PRIORITY = 5  # SCHED_RR, as the role sets it for ``wire``
HOGS = 20
PATIENCE = 120.0  # seconds after which a measurement has failed


def options(about: str | None) -> argparse.Namespace:
    """What every script is called with: ``root``, a root file system with the peers, and ``quick``."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--root", type=Path, required=True, help="root file system with the peers, as the lab makes it")
    parser.add_argument("--quick", action="store_true", help="few samples")
    return parser.parse_args()


def say(text: str) -> None:
    """Tells people how it goes."""
    print(text, file=sys.stderr, flush=True)


def take_priority(pids: Iterable[int] = (0,)) -> None:
    """Real-time priority for processes with all their threads, and what they start (0: this one)."""
    try:
        _schedule(pids, os.SCHED_RR, PRIORITY)
    except OSError as error:
        say(f"no real-time priority ({error.strerror}): expect other work to show")


@contextmanager
def hurried(pids: Iterable[int]) -> Iterator[None]:
    """Real-time priority for processes and this one, for a while."""
    mine = [0, *pids]
    take_priority(mine)
    try:
        yield
    finally:
        _schedule(mine, os.SCHED_OTHER, 0)


def _schedule(pids: Iterable[int], policy: int, priority: int) -> None:
    """For all threads of processes (0: this one)."""
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid or os.getpid()}/task"):
            os.sched_setscheduler(int(thread), policy, os.sched_param(priority))


def wait(true: Callable[[], bool], what: str, pause: float = 0.0005) -> None:
    """Asks every half millisecond, or after another ``pause`` in seconds."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain: {what}")
        time.sleep(pause)


def milliseconds(act: Callable[[], None], done: Callable[[], None]) -> float:
    """How long it takes from the start of ``act`` to the end of ``done``."""
    began = time.perf_counter()
    act()
    done()
    return (time.perf_counter() - began) * 1000


def cpu(pids: Iterable[int]) -> float:
    """Seconds of CPU that processes have used, all threads that they have."""
    spent = 0
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            spent += int(path.read_text().split()[0])
    return spent / 1e9


def memory(pid: int, key: str) -> float:
    """A figure of /proc/PID/status in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {key}: process {pid} is gone")


def resident(pids: Iterable[int]) -> float:
    """MiB that processes hold."""
    return sum(memory(pid, "VmRSS") for pid in pids)


@contextmanager
def load() -> Iterator[None]:
    """Twenty processes that compute, at normal priority whatever this one has."""
    hogs = [
        subprocess.Popen(["chrt", "--other", "0", sys.executable, "-c", "while True: pass"]) for _unused in range(HOGS)
    ]
    try:
        wait(lambda: _runnable() >= HOGS, "the load", 0.1)
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def _runnable() -> int:
    return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
