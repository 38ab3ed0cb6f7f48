# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change of a router's configuration: compute the difference, apply and verify it, go back when a session breaks.

``compute`` is the same for check mode and for real, whether FRR runs (the difference is to its running configuration)
or not (to its file). An interrupted change is completed by the next run: the difference is always computed anew.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .dualstack.routers import daemons, sessions
from .dualstack.routers.delta import Delta
from .frr import Frr, FrrError, read, rightly_owned, write

POLL_S = 1.0
ATTEMPTS = 2


@dataclass(frozen=True)
class Difference:
    """What differs from the wanted state. ``restart``: daemons must be started or stopped, so FRR is restarted."""

    delta: Delta
    config_before: str | None
    config_differs: bool
    daemons_before: str | None
    daemons_after: str
    running: bool
    restart: bool

    @property
    def daemons_differ(self) -> bool:
        """Whether the file that names the daemons must change."""
        return self.daemons_before != self.daemons_after

    def __bool__(self) -> bool:
        return bool(self.delta) or self.config_differs or self.daemons_differ or self.restart


@dataclass
class Outcome:
    """How a change went. ``problem`` is empty when it went well."""

    problem: str = ""
    rolled_back: bool = False
    sessions: dict[str, Any] = field(default_factory=dict)


class Change:
    """The way of one router to the configuration ``text`` (secrets filled in) and the daemons ``wanted``."""

    def __init__(
        self,
        frr: Frr,
        text: str,
        wanted: Sequence[str],
        settle: float,
        rollback: bool,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._frr = frr
        self._text = text
        self._wanted = wanted
        self._settle = settle
        self._rollback = rollback
        self._clock = clock
        self._sleep = sleep

    def compute(self) -> Difference:
        """The difference to what is there. Raises FrrError when FRR refuses the text; changes nothing."""
        connected = self._frr.connected()
        before = read(self._frr.config_path)
        with self._frr.private_file(self._text) as wanted, self._frr.private_file("!\n") as nothing:
            self._frr.check(wanted)
            against = None if connected else (self._frr.config_path if before else nothing)
            delta = self._frr.changes(wanted, against)
        switches = read(self._frr.daemons_path)
        return Difference(
            delta=delta,
            config_before=before,
            config_differs=before != self._text or not rightly_owned(self._frr.config_path),
            daemons_before=switches,
            daemons_after=daemons.switch(switches or "", self._wanted),
            running=bool(connected),
            restart=daemons.must_restart(connected, self._wanted) or not connected,
        )

    def apply(self, difference: Difference) -> Outcome:
        """Make the change, wait for the sessions that were up, and undo it all when one of them stays down."""
        before = self._frr.sessions() if difference.running else {}
        running_before = self._frr.running_config() if difference.running else None
        try:
            self._write(self._text, difference.daemons_after)
            if difference.restart:
                self._restart()
            self._converge(started=difference.restart)
            problem = self._broken(sessions.up(before), difference.delta)
        except FrrError as error:
            problem = str(error)
        outcome = Outcome(problem)
        if problem and self._rollback:
            self._go_back(difference, running_before, sessions.up(before), outcome)
        outcome.sessions = self._frr.sessions()
        return outcome

    def _write(self, text: str, switches: str) -> None:
        if read(self._frr.daemons_path) != switches:
            write(self._frr.daemons_path, switches)
        write(self._frr.config_path, text)

    def _restart(self) -> None:
        self._frr.restart()
        deadline = self._clock() + self._settle
        while daemons.must_restart(self._frr.connected(), self._wanted):
            if self._clock() >= deadline:
                found = " ".join(sorted(self._frr.connected())) or "none"
                raise FrrError(f"not all daemons run after the restart: {found}; wanted {' '.join(self._wanted)}")
            self._sleep(POLL_S)

    def _converge(self, started: bool) -> None:
        """Daemons that have just started load their file by themselves. The reload tool may need a second pass."""
        deadline = self._clock() + (self._settle if started else 0)
        attempts = 0
        while True:
            left = self._frr.changes(self._frr.config_path)
            if not left:
                return
            if self._clock() < deadline:
                self._sleep(POLL_S)
            elif attempts < ATTEMPTS:
                attempts += 1
                self._apply()
            else:
                raise FrrError("FRR did not take these lines:\n" + "\n".join(left.commands))

    def _apply(self) -> None:
        """The reload tool says each line twice, and FRR may refuse one the second time: what is left counts."""
        try:
            self._frr.apply()
        except FrrError:
            if self._frr.changes(self._frr.config_path):
                raise

    def _broken(self, expected: set[str], delta: Delta) -> str:
        """The sessions that were up and stay down, each with the reason; empty when all are up."""
        missing = self._await(expected)
        if not missing:
            return ""
        reasons = [sessions.why(address, self._frr.neighbour(address), delta) for address in missing]
        return f"{len(missing)} session(s) did not come back within {self._settle:g} s:\n" + "\n".join(
            f"- {reason}" for reason in reasons
        )

    def _await(self, expected: set[str]) -> list[str]:
        """Sessions of ``expected`` that are not up at the end; all up counts only when it is so twice in a row."""
        deadline = self._clock() + self._settle
        calm = False
        while True:
            missing = sessions.lost(expected, self._frr.sessions(), self._text)
            if (not missing and calm) or not expected:
                return []
            calm = not missing
            if missing and self._clock() >= deadline:
                return missing
            self._sleep(POLL_S)

    def _go_back(
        self, difference: Difference, running_before: str | None, expected: set[str], outcome: Outcome
    ) -> None:
        """What ran before runs again, and the files are as they were."""
        try:
            if running_before is not None:
                self._write(running_before, difference.daemons_before or "")
                if difference.restart:
                    self._frr.restart()
                else:
                    self._apply()
            self._restore(self._frr.daemons_path, difference.daemons_before)
            self._restore(self._frr.config_path, difference.config_before)
        except FrrError as error:
            outcome.problem += f"\nGoing back failed as well: {error}"
            return
        outcome.rolled_back = True
        still = self._await(expected)
        after = f"still down: {', '.join(still)}" if still else "all sessions that were up are up again"
        outcome.problem += f"\nThe previous configuration is back; {after}."

    @staticmethod
    def _restore(path: str, text: str | None) -> None:
        if text is not None:
            write(path, text)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
