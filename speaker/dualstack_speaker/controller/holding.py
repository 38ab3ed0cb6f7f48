# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes part in the election: sends what the candidate for the Lease wants sent, and tells when anything changed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from typing import Any

from dualstack.resources.model import Key

from ..kube.client import Client
from ..kube.errors import ApiError, SettingsError
from ..kube.kinds import KINDS
from ..observe.logs import Log
from .lease import Candidate, Step


def clock() -> float:
    """Seconds that go on while the machine sleeps, unlike those of ``time.monotonic``."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Holding:
    """``changed`` is called in the loop whenever this process begins or ends to act, or the holder changes.

    A sink for the Lease, so that a watch makes what happens known at once; without one it is looked at in a while.
    """

    def __init__(
        self, client: Client, candidate: Candidate, place: tuple[str, str], log: Log, changed: Callable[[], None]
    ):
        self.candidate = candidate
        self.since = 0.0  # monotonic; when the last term began
        self.problem = ""  # why the last request got no good answer
        self._client = client
        self._namespace, self._name = place
        self._log = log
        self._changed = changed
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lease")
        self._news = asyncio.Event()
        self._told = (0, "")
        self._term = 0
        self._leaving = False
        self._lapse: asyncio.TimerHandle | None = None
        self._free = asyncio.Lock()

    @property
    def leading(self) -> bool:
        """Whether this process may act."""
        return self.candidate.leading(clock())

    def remaining(self) -> float:
        """For how many seconds it may still act; from any thread."""
        return self.candidate.remaining(clock())

    def put(self, given: Mapping[str, Any]) -> bool:
        """The Lease as a watch tells it."""
        self.candidate.seen(given, clock())
        self._tell()
        self._news.set()
        return False

    def drop(self, key: Key) -> bool:
        """The Lease is gone, says a watch: the next request will find out."""
        del key
        return False

    async def turn(self) -> None:
        """One request."""
        async with self._free:
            if not self._leaving:
                await self._carry_out(self.candidate.step(clock(), _wall()))
        self._tell()

    async def run(self) -> None:
        """Never ends."""
        while True:
            self._news.clear()
            pause = None if self._leaving else self.candidate.due - clock()
            if pause is None or pause > 0:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._news.wait(), pause)
                continue
            await self.turn()

    async def release(self, last_write: str) -> None:
        """Gives the Lease away, if this process has it. Nothing may be written any more by now."""
        self._leaving = True
        async with self._free:
            step = self.candidate.release(_wall(), last_write)
            if step is not None:
                await self._carry_out(step)
        self._tell()

    def close(self) -> None:
        """Ends the thread."""
        if self._lapse is not None:
            self._lapse.cancel()
        self._pool.shutdown(wait=False)

    async def _carry_out(self, step: Step) -> None:
        kind = KINDS["Lease"]
        path = kind.path(self._namespace, None if step.method == "POST" else self._name)
        asked = partial(self._client.request, step.method, path, step.body, timeout=step.patience)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, asked)
        except ApiError as error:
            if error.status not in (404, 409):
                self.problem = str(error)
            self.candidate.answered(step, clock(), error.status, {})
        except (OSError, SettingsError) as error:
            self.problem = str(error)
            self.candidate.failed()
        else:
            self.problem = ""
            self.candidate.answered(step, clock(), answer.status, answer.body)

    def _tell(self) -> None:
        """Tells what has changed, and looks again when the time is over in which this process may act."""
        candidate = self.candidate
        leading = self.leading
        state = (candidate.term if leading else 0, candidate.holder)
        if self._lapse is not None:
            self._lapse.cancel()
            self._lapse = None
        if leading:
            self._lapse = asyncio.get_running_loop().call_later(self.remaining() + 0.001, self._tell)
        if state == self._told:
            return
        if leading and self._term != candidate.term:
            self._term, self.since = candidate.term, time.monotonic()
        self._told = state
        fields = {"identity": candidate.identity, "holder": candidate.holder or None}
        self._log.write("info", "active" if leading else "standby", fields)
        self._changed()


def _wall() -> str:
    """The time of day as metav1.MicroTime."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
