# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes from the runner's side: starts ``probing.py`` on a client, and what its record says of a fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from interop.stage import Host

HERE = Path(__file__).resolve().parent
STALL_MS = 100.0
PRIORITY = 50


class Record(NamedTuple):
    """When each probe of one kind was sent and answered (None: never), monotonic seconds; and by whom (node or MAC)."""

    sent: Sequence[float]
    answered: Sequence[float | None]
    by: Sequence[str]

    @property
    def lost(self) -> int:
        """How many probes were never answered."""
        return self.answered.count(None)

    @property
    def pause_ms(self) -> float:
        """The longest time between two probes, in milliseconds."""
        return max((after - before) * 1000 for before, after in zip(self.sent, self.sent[1:]))

    @property
    def gap_ms(self) -> float:
        """The longest time, in milliseconds, from a probe that was lost to the next one that was answered."""
        longest, first = 0.0, None
        for sent, answered in zip([*self.sent, self.sent[-1]], [*self.answered, self.sent[-1]]):
            if answered is None:
                first = sent if first is None else first
            elif first is not None:
                longest, first = max(longest, sent - first), None
        return longest * 1000

    def back_ms(self, since: float) -> float:
        """Milliseconds from a moment to the first probe after it that was answered; infinite when none was."""
        for sent, answered in zip(self.sent, self.answered):
            if sent >= since and answered is not None:
                return (sent - since) * 1000
        return float("inf")


class StalledError(Exception):
    """The prober itself stood still for so long that its record says little."""


def measuring() -> bool:
    """Whether this is a run that has real-time priority, so that times mean something."""
    return os.sched_getscheduler(0) == os.SCHED_RR


def hasten(pid: int) -> None:
    """What measures comes before what is measured."""
    if measuring():
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(PRIORITY))


class Probes:
    """Probes from ``with`` to its end; ``records`` by kind afterwards. StalledError then, where times are measured."""

    def __init__(self, client: Host, addresses: Mapping[str, str], node: str = "any") -> None:
        words = [f"{kind}:{address}" for kind, address in addresses.items()]
        self._command = [*client.prefix, sys.executable, str(HERE / "probing.py"), node, *words]
        self.records: dict[str, Record] = {}

    def __enter__(self) -> Probes:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        hasten(self._process.pid)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is not None:
            self._process.kill()
            self._process.wait()
            return
        output, _unused = self._process.communicate("end\n")
        self.records = {name: Record(**found) for name, found in json.loads(output).items()}
        pause = max(record.pause_ms for record in self.records.values())
        if measuring() and pause > STALL_MS:
            raise StalledError(f"the client was not given the CPU for {pause:.0f} ms")
