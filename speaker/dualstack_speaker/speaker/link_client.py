# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speaker's end of the link: brings ``wire`` to the wanted state and keeps it there.

The first message on a connection replaces the whole state, later ones carry what changed: their cost does not grow with
the state. While something could not be read since the start (``complete`` is false), what ``wire`` holds beyond our
knowledge is left alone: additions only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from ..base.backoff import Backoff
from ..link.framing import MAX_LINE
from ..observe.logs import Log
from .delta import EMPTY, Held, State, apply, copied, difference, effective, slices, told

ANSWER_TIME = 30.0  # seconds that wire may take to answer

Message = Mapping[str, Any]


class Refused(Exception):
    """wire answered with an error."""


class LinkClient:
    """One connection at a time, made again whenever it breaks. ``news`` gets what ``wire`` tells by itself."""

    def __init__(
        self, path: str, log: Log, jitter: Callable[[], float], news: Callable[[Message], None] = lambda line: None
    ) -> None:
        self._path = path
        self._log = log
        self._jitter = jitter
        self._news = news
        self._wanted: State | None = None
        self._pending: Held | None = None  # what changed since it was last sent; None: anything
        self._complete = False
        self._changed = asyncio.Event()
        self._connection: _Connection | None = None
        self.acknowledged: Held = copied(EMPTY)
        self.error = "not connected yet"
        self.connections = 0  # how often wire was reached

    @property
    def connected(self) -> bool:
        """Whether wire is there."""
        return self._connection is not None

    def want(self, state: State, complete: bool, changes: State | None = None) -> None:
        """From now on this is the wanted state, of which parts may change in place from one call to the next.

        ``changes``: how it differs from that of the call before, None for what is gone; without it, it is compared.
        """
        if changes is None:
            self._pending = None
        elif self._pending is not None:
            for part, items in changes.items():
                self._pending.setdefault(part, {}).update(items)
        self._wanted, self._complete = state, complete
        self._changed.set()

    def taken_over(self, part: str, name: str) -> bool:
        """Whether ``wire`` has acknowledged what is wanted of one item: a route, a layer-2 address."""
        wanted = None if self._wanted is None else self._wanted[part].get(name)
        return self._connection is not None and bool(self.acknowledged[part].get(name) == wanted)

    async def status(self) -> dict[str, Any] | None:
        """The status of wire; None when it is not there or does not answer."""
        if self._connection is None:
            return None
        try:
            answer = await self._connection.ask({"op": "status"})
        except (OSError, asyncio.TimeoutError, Refused, EOFError):
            return None
        status: dict[str, Any] = answer["status"]
        return status

    async def drain(self, on: bool, delay: float) -> bool:
        """Has wire take the node out of service, or back, because of the Node's annotation; whether it does."""
        if self._connection is None:
            return False
        try:
            await self._connection.ask({"op": "drain", "on": on, "delay": delay, "annotation": on})
        except (OSError, asyncio.TimeoutError, Refused, EOFError) as error:
            self._log.write("warning", "drain refused", {"reason": str(error)})
            return False
        return True

    async def run(self) -> None:
        """Never ends."""
        backoff = Backoff(0.1, 2.0)
        while True:
            try:
                await self._session(backoff)
            except (OSError, EOFError, ValueError, Refused, asyncio.TimeoutError) as error:
                reason = getattr(error, "strerror", None) or str(error) or "no answer in time"
                if reason != self.error:
                    self._log.write("warning", "link down", {"path": self._path, "reason": reason})
                self.error = reason
            finally:
                self._connection = None
                self.acknowledged = copied(EMPTY)
            await asyncio.sleep(backoff.delay(self._jitter()))

    async def _session(self, backoff: Backoff) -> None:
        reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_LINE)
        connection = _Connection(reader, writer, self._news)
        tasks = [asyncio.ensure_future(work) for work in (connection.read(), self._work(connection, backoff))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            writer.close()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _work(self, connection: _Connection, backoff: Backoff) -> None:
        status = (await connection.ask({"op": "status"}))["status"]
        keep = bool(status["synced"])  # wire holds a state of which not everything may be known here
        self._connection, self.error = connection, ""
        self.connections += 1
        backoff.forget()
        self._log.write("info", "link up", {"path": self._path})
        with contextlib.suppress(Refused):  # one that was not restarted since it was younger: it tells nothing
            await connection.ask({"op": "subscribe"})
        whole = False  # whether wire holds exactly what was acknowledged
        retry = Backoff(1.0, 30.0)
        self._pending = None
        while True:
            self._changed.clear()
            wanted = self._wanted
            full = wanted is not None and not whole and (self._complete or not keep)
            changes = self._changes(wanted, full)
            requests: list[dict[str, Any]] = []
            if full:
                requests = [{"op": "full", "desired": told(changes)}]
            elif changes:
                requests = [{"op": "delta", **told(some)} for some in slices(changes)]
            if not requests:
                await self._changed.wait()
                continue
            try:
                for request in requests:
                    await connection.ask(request)
            except Refused as refusal:
                self.error = f"wire refused: {refusal}"
                self._log.write("error", "state refused", {"reason": str(refusal)})
                whole, self._pending = False, None
                await asyncio.sleep(retry.delay(self._jitter()))
                continue
            if full:
                whole, self.acknowledged = True, changes
            else:
                apply(changes, self.acknowledged)
            self.error = ""
            retry.forget()

    def _changes(self, wanted: State | None, full: bool) -> Held:
        """What is to be sent: the whole state, or what makes a difference to what was acknowledged."""
        if wanted is None:
            return {}
        pending, self._pending = self._pending, {}
        if full:
            return copied(wanted)
        return difference(self.acknowledged, wanted) if pending is None else effective(self.acknowledged, pending)


class _Connection:
    """Requests and their answers, matched by number."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, news: Callable[[Message], None]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._news = news
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises Refused, OSError, EOFError, asyncio.TimeoutError."""
        self._number += 1
        number = self._number
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            line = json.dumps({**request, "seq": number}, separators=(",", ":"))
            self._writer.write(line.encode() + b"\n")
            del line
            await self._writer.drain()
            result = await asyncio.wait_for(answer, ANSWER_TIME)
        finally:
            self._waiting.pop(number, None)
        if not result.get("ok"):
            raise Refused(result.get("error", "without a reason"))
        return result

    async def read(self) -> None:
        """Hands answers to those who wait, until the connection ends: EOFError then."""
        try:
            while True:
                line = await self._reader.readline()
                if not line:
                    raise EOFError("wire closed the connection")
                answer = json.loads(line)
                if answer.get("op") == "news":
                    self._news(answer)
                    continue
                waiting = self._waiting.get(answer.get("seq"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(EOFError("the connection to wire ended"))
