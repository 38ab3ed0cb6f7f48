# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the checks of ``check.py`` are run: three lanes beside each other, and failed tests of real daemons once more.

What waits for daemons leaves the machine much time, which the checks that compute take: they run beside, politely, so
that a busy machine is theirs last. Labs are one after the other, as two of them fill a machine. A test with real
daemons and the kernel's clock may fail where nothing is wrong. It gets a second try when all else is done, alone on the
machine; one that passes only then is told as unsteady, and one that fails twice has failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO

import links

TESTS_FAILED = 1  # pytest's exit status when tests failed and nothing else went wrong
POLITE = 10  # niceness of the checks that compute
SLOWEST = ["--durations=5", "--durations-min=1"]  # told by every run of pytest, so that the next look is easy


class Lane(Enum):
    """What a check needs of the machine. Those of a lane run one after the other."""

    COMPUTING = "pure code"
    DAEMONS = "real daemons in network namespaces: it waits more than it computes"
    LAB = "whole hosts"


@dataclass(frozen=True)
class Check:
    """A command that fails when something is wrong, and the group that it belongs to.

    ``spread``: how pytest shares the tests among processes. Tests with real daemons or hosts get a second try.
    """

    name: str
    group: str
    command: list[str]
    spread: list[str] = field(default_factory=list)
    lane: Lane = Lane.COMPUTING


@dataclass
class Run:
    """A check as it is run; ``status`` 0: passed, with the tests that needed a second try in ``unsteady``.

    ``busy``: seconds of a core that its processes took, hosts of a lab not counted: they are nobody's children.
    ``cache``: where pytest notes what has failed, None for what has one try. ``failed``: the tests that get another.
    """

    check: Check
    cache: Path | None
    status: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    failed: tuple[str, ...] = ()
    unsteady: tuple[str, ...] = ()

    def first(self, output: IO[str] | None, politely: bool = False) -> None:
        """Runs all of it."""
        cached = ["-o", f"cache_dir={self.cache}"] if self.cache else []
        slowest = SLOWEST if "pytest" in self.check.command else []
        self._call([*self.check.command, *cached, *slowest, *self.check.spread], output, politely)
        if self.cache and self.status == TESTS_FAILED:
            self.failed = failed_tests(self.cache)

    def second(self) -> None:
        """Runs what has failed once more, one test after the other."""
        cached = ["-o", f"cache_dir={self.cache}", "--last-failed", "--last-failed-no-failures=none"]
        self._call([*self.check.command, *cached], None, politely=False)
        assert self.cache is not None
        if self.status == 0 and failed_tests(self.cache):
            self.status = TESTS_FAILED  # not all of them were found again
        if self.status == 0:
            self.unsteady = self.failed

    def _call(self, command: list[str], output: IO[str] | None, politely: bool) -> None:
        began = time.monotonic()
        print(f"\n=== {self.check.name}: {' '.join(command)}", file=output, flush=True)
        words = ["nice", "-n", str(POLITE), *command] if politely else command
        process = subprocess.Popen(words, cwd=links.CHECKOUT, stdout=output, stderr=output and subprocess.STDOUT)
        self.status, busy = _ended(process)
        seconds = time.monotonic() - began
        self.seconds += seconds
        self.busy += busy
        verdict = "passed" if self.status == 0 else f"FAILED ({self.status})"
        print(f"=== {self.check.name}: {verdict} in {seconds:.0f} s, {busy:.0f} s of a core", file=output, flush=True)


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """The exit status of a process, and the seconds of a core that it and its descendants took."""
    _unused, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime


def failed_tests(cache: Path) -> tuple[str, ...]:
    """The tests that failed in the last run of pytest with this cache."""
    try:
        return tuple(sorted(json.loads((cache / "v" / "cache" / "lastfailed").read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return ()


def run_all(chosen: Sequence[Check]) -> list[Run]:
    """Runs the checks; the lanes beside each other, each in its order."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [Run(check, Path(folder) / check.name if _tried_again(check) else None) for check in chosen]
        if len({run.check.lane for run in runs}) > 1:
            _beside(runs)
        else:
            for run in runs:
                run.first(None)
        for run in runs:
            if run.failed:
                run.second()
    return runs


def tell(runs: Iterable[Run]) -> int:
    """Prints the summary; 1 when a check failed."""
    runs = list(runs)
    failed = [run.check.name for run in runs if run.status != 0]
    print()
    for run in runs:
        verdict = "passed" if run.status == 0 else "FAILED"
        print(f"{run.check.name:14} {verdict} {run.seconds:6.0f} s, {run.busy:6.0f} s of a core")
    for run in runs:
        for test in run.unsteady:
            print(f"UNSTEADY: {test} passed at the second try only ({run.check.name})")
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"checks: {len(runs) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _tried_again(check: Check) -> bool:
    return check.lane is not Lane.COMPUTING and "pytest" in check.command


def _beside(runs: Sequence[Run]) -> None:
    with ExitStack() as stack:
        lanes = {lane: stack.enter_context(ThreadPoolExecutor(1)) for lane in Lane}
        running = [lanes[run.check.lane].submit(_apart, run, run.check.lane is Lane.COMPUTING) for run in runs]
        try:
            for each in running:
                each.result()
        except KeyboardInterrupt:
            for each in running:
                each.cancel()
            raise


def _apart(run: Run, politely: bool) -> None:
    """What a check prints beside others is shown in one piece when it is done."""
    print(f"=== {run.check.name}: begins", flush=True)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        run.first(output, politely)
        output.seek(0)
        print(output.read(), end="", flush=True)
