# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of components on this host, in containers too, with their arguments and the time of their start."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_START_FIELD = 19  # of /proc/PID/stat, behind the name in brackets (proc_pid_stat(5): field 22)


class Process(NamedTuple):
    """``arguments`` without the program itself; ``started``: seconds after the boot of the machine."""

    pid: int
    arguments: list[str]
    started: float


def now() -> float:
    """Seconds after the boot of the machine, on the clock of ``Process.started``, rounded down as that is."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS) / _TICKS


def running(program: str) -> list[Process]:
    """All processes of a program, by its name without folders."""
    found = [_process(int(name), program) for name in os.listdir("/proc") if name.isdigit()]
    return [process for process in found if process]


def _process(pid: int, program: str) -> Process | None:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode("utf-8", "replace").split("\0")[:-1]
        if not words or os.path.basename(words[0]) != program:
            return None
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as text:
            started = int(text.read().rpartition(")")[2].split()[_START_FIELD]) / _TICKS
    except OSError:  # it has ended meanwhile
        return None
    return Process(pid, words[1:], started)
