# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what was decided: as many statuses of Services at once as there are workers, in the order that is safe."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from itertools import chain
from typing import Any

from ..base.backoff import Backoff
from ..kube.errors import ApiError, SettingsError, Unreachable
from ..observe.logs import Log
from .fenced import Fenced, LeaseOver
from .heart import Heart, News
from .ordering import Ordering, Write
from .patches import service_patch, service_path

WORKERS = 4
SHORT, LONG = 1.0, 10.0  # seconds until a refused write is tried again: by a busy server, for another reason
AWAY = (0.2, 5.0)  # seconds, first and most, until an absent server is tried again
CONFLICT, NOT_FOUND, TOO_MANY, BROKEN = 409, 404, 429, 500


class Writer:
    """``pump`` decides and sends what may be sent; ``tell`` gets the events of what was decided and written."""

    def __init__(self, fenced: Fenced, heart: Heart, tell: Callable[[list[News]], None], log: Log) -> None:
        self._fenced = fenced
        self._heart = heart
        self._tell = tell
        self._log = log
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._backoff = Backoff(*AWAY)
        self._pause = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._looking: set[str] = set()
        self._doubts: set[str] = set()  # Services of which a write got no answer
        self.refusals: dict[str, str] = {}  # Services of which the server refused a write, and why
        self.problem = ""  # why the server gives no answer
        self.written = self.failed = self.conflicts = 0

    @property
    def sure(self) -> bool:
        """Whether it is known what became of every write."""
        return not self._doubts

    @property
    def busy(self) -> int:
        """How many requests are under way."""
        return self._busy

    def pump(self) -> None:
        """Decides anew, and sends as much as may be under way at once."""
        if self._closing:
            return
        now = time.monotonic()
        self._tell(self._heart.settle(now))
        while self._heart.acting and self._busy < WORKERS and now >= self._pause:
            work = self._next(now)
            if work is None:
                break
            self._busy += 1
            self._idle.clear()
            asyncio.ensure_future(work).add_done_callback(self._ended)
        self._alarm(now)

    def forget(self) -> None:
        """A term has ended: what is under way is of no meaning any more."""
        self._doubts.clear()
        self.refusals.clear()

    async def quiet(self) -> None:
        """From now on nothing is begun; waits for what is under way."""
        self._closing = True
        await self._idle.wait()

    def _next(self, now: float) -> Coroutine[Any, Any, None] | None:
        asked = chain(self._doubts, self._heart.checks)
        key = next((key for key in asked if key not in self._looking), None)
        if key is not None:
            self._looking.add(key)
            return self._look(key, self._heart.version(key))
        write = self._heart.ordering.take(now)
        return None if write is None else self._write(write)

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()
        task.result()
        self.pump()

    def _alarm(self, now: float) -> None:
        """Comes back when something is due though nothing happens."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = [when for when in (self._heart.due, self._heart.ordering.due) if when is not None]
        due += [self._pause] if self._pause > now else []
        if due and self._heart.acting:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, min(due) - now), self.pump)

    async def _write(self, write: Write) -> None:
        ordering = self._heart.ordering
        version = self._heart.version(write.key)
        try:
            answer = await self._fenced.patch(service_path(write.key, "status"), service_patch(write.target, version))
        except ApiError as error:
            self._refused(ordering, write, version, error)
        except (OSError, SettingsError, LeaseOver) as error:
            self._away(error)
            if isinstance(error, Unreachable) and error.sent:
                self._doubt(ordering, write)
            else:
                ordering.refused(write, self._pause)
        else:
            self._present()
            self.written += 1
            if ordering is self._heart.ordering:
                self.refusals.pop(write.key, None)
                self._tell(self._heart.written(write, answer))

    def _refused(self, ordering: Ordering, write: Write, version: int, error: ApiError) -> None:
        if error.status >= BROKEN:
            self._away(error)
            self._doubt(ordering, write)
            return
        self._present()
        if error.status in (CONFLICT, NOT_FOUND):
            self.conflicts += 1
            ordering.refused(write, None)
            if self._heart.version(write.key) != version:
                ordering.again(write.key)
            elif ordering is self._heart.ordering:
                self._heart.checks.add(write.key)
            return
        self.failed += 1
        pause = LONG if error.status != TOO_MANY else max(SHORT, error.retry_after or 0.0)
        ordering.refused(write, time.monotonic() + pause)
        if ordering is self._heart.ordering:
            self.refusals[write.key] = str(error)
        self._log.write("error", "write refused", {"service": write.key, "reason": str(error)})

    def _doubt(self, ordering: Ordering, write: Write) -> None:
        ordering.unanswered(write)
        if ordering is self._heart.ordering:
            self._doubts.add(write.key)

    async def _look(self, key: str, version: int) -> None:
        """Asks what a Service is now, which left the watch or of which a write got no answer."""
        ordering = self._heart.ordering
        try:
            given = await self._fenced.get(service_path(key))
        except ApiError as error:
            if error.status != NOT_FOUND:
                self._away(error)
            elif ordering is self._heart.ordering:
                self._present()
                self._heart.gone(key, version)
                self._doubts.discard(key)
        except (OSError, SettingsError, LeaseOver) as error:
            self._away(error)
        else:
            self._present()
            if ordering is self._heart.ordering:
                self._heart.put({**given, "apiVersion": "v1", "kind": "Service"})
                self._heart.checks.discard(key)
                self._tell(self._heart.settle(time.monotonic()))
                record = self._heart.record(key)
                ordering.sure(key, record.addresses if record else ())
                ordering.again(key)
                self._doubts.discard(key)
        finally:
            self._looking.discard(key)

    def _away(self, error: Exception) -> None:
        """The server gives no answer: a pause for everything, and a longer one each time."""
        now = time.monotonic()
        if now >= self._pause:
            self._pause = now + self._backoff.delay(random.random())
        self.failed += 1
        self.problem = str(error) or "the Lease is over"

    def _present(self) -> None:
        self._backoff.forget()
        self.problem = ""
