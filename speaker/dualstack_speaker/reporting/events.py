# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the API server what ``correlation`` decides to tell: core v1 Events, as ``kubectl describe`` shows them.

Warnings go at once; what is normal waits while Services change.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from ..kube.errors import ApiError
from ..observe.logs import Log
from .api import CONFLICT, MERGE, NOT_FOUND, Api, transient
from .correlation import NORMAL, EventBook, Occasion
from .pace import Pace


class Recorder:
    """``say`` returns at once; ``run`` writes, for as long as it lives. Nothing is lost while the server is away."""

    def __init__(self, api: Api, component: str, host: str, log: Log, pace: Pace | None = None) -> None:
        self._api = api
        self._book = EventBook(component, host)
        self._log = log
        self._pace = pace or Pace()
        self._news = asyncio.Event()
        self._empty = asyncio.Event()
        self._hurried = False
        self.written = 0
        self.refused = 0

    @property
    def dropped(self) -> int:
        """Events that were never written, because there were too many."""
        return self._book.dropped

    def say(self, occasion: Occasion) -> None:
        """Something happened."""
        self._book.record(occasion, time.monotonic(), time.time())
        self._news.set()

    async def flush(self, seconds: float) -> None:
        """Has ``run`` write what still waits, repeats too, for so long at most: before an end in order."""
        self._hurried = True
        self._empty.clear()
        self._news.set()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)

    async def run(self) -> None:
        """Never ends."""
        while True:
            self._news.clear()
            now = time.monotonic()
            occasion = self._book.next(float("inf") if self._hurried else now)
            if occasion is None:
                self._empty.set()
                due = self._book.due
                await self._rest(None if due is None else max(0.0, due - now))
                continue
            unrest = self._pace.unrest() if occasion.type == NORMAL and not self._hurried else 0.0
            if unrest > 0:
                await self._rest(unrest)
                continue
            began = await self._pace.turn(waits=False)
            await self._write(occasion, began)

    async def _rest(self, seconds: float | None) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)

    async def _write(self, occasion: Occasion, began: float) -> None:
        request = self._book.request(occasion)
        try:
            if request.patch:
                await self._api.send("PATCH", request.path, request.body, content_type=MERGE)
            else:
                await self._api.send("POST", request.path, request.body)
        except ApiError as error:
            if transient(error.status):
                self._pace.failed()
                return
            if error.status == CONFLICT and not request.patch:
                self._book.done(occasion, time.monotonic())  # another node has said it
            else:
                self._book.refused(occasion, error.status == NOT_FOUND)
                self.refused += 1
                self._log.write("warning", "event refused", {"reason": str(error), "about": occasion.about.name})
        except OSError:
            self._pace.failed()
            return
        else:
            self._book.done(occasion, time.monotonic())
            self.written += 1
        self._pace.worked(began)
