# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the objects of one status kind to what they should be: writes what ``ledger`` says, one after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from dualstack.resources.model import Key

from ..kube.errors import ApiError
from ..observe.logs import Log
from .api import BAD_REQUEST, INVALID, MERGE, NOT_FOUND, Api, made, transient
from .ledger import Create, Delete, Fill, Kind, Ledger
from .pace import Pace

MOST_REMEMBERED = 1000
REPAIR = 5.0  # seconds between two writes about one Service: two nodes that both think it theirs don't storm


class Keeper:
    """A sink for the objects that are there (``put``, ``drop``), and their writer (``run``)."""

    def __init__(self, api: Api, namespace: str, kind: Kind, node: str, pace: Pace, log: Log) -> None:
        self.ledger = Ledger(kind, node)
        self._api = api
        self._namespace = namespace
        self._pace = pace
        self._log = log
        self._owner: Mapping[str, Any] | None = None
        self._listed = False
        self._news = asyncio.Event()
        self._made: dict[str, float] = {}
        self._dropped: set[str] = set()  # while a write is under way
        self._said = ""
        self.written = 0

    def put(self, given: Mapping[str, Any]) -> bool:
        """An object is there or has changed; never a reason to decide anew."""
        self.ledger.saw(given)
        self._news.set()
        return False

    def drop(self, key: Key) -> bool:
        """An object is gone."""
        self.ledger.gone(key.name)
        self._dropped.add(key.name)
        self._news.set()
        return False

    def wake(self, owner: Mapping[str, Any] | None) -> None:
        """What is wanted has changed, and everything that is there was listed. ``owner``: of new objects."""
        self._owner, self._listed = owner, True
        self._news.set()

    async def run(self) -> None:
        """Never ends."""
        while True:
            self._news.clear()
            step = self.ledger.next(self._owner) if self._listed else None
            if step is None:
                await self._news.wait()
                continue
            if isinstance(step, Create) and self._too_soon(step.service):
                continue
            began = await self._pace.turn()
            try:
                await self._write(step)
            except ApiError as error:
                self._refused(step, error)
            except OSError:
                self._pace.failed()
            else:
                self.written += 1
                self._pace.worked(began)
                self._said = ""

    def _too_soon(self, service: str) -> bool:
        """Whether the object was made a moment ago and is gone again: its turn comes later then."""
        now = time.monotonic()
        if len(self._made) > MOST_REMEMBERED:
            self._made = {key: at for key, at in self._made.items() if now - at < REPAIR}
        rest = self._made.get(service, now - REPAIR) + REPAIR - now
        if rest <= 0:
            self._made[service] = now
            return False
        self.ledger.give_up(service)
        asyncio.get_running_loop().call_later(rest, self._again, service)
        return True

    def _again(self, service: str) -> None:
        self.ledger.look(service)
        self._news.set()

    async def _write(self, step: Create | Fill | Delete) -> None:
        path = self.ledger.kind.where.path
        self._dropped.clear()
        if isinstance(step, Create):
            self._answered(made(await self._api.send("POST", path(self._namespace), step.body)))
        elif isinstance(step, Fill):
            where = path(self._namespace, step.name, "status" if step.status else "")
            self._answered(made(await self._api.send("PATCH", where, step.body, content_type=MERGE)))
        else:
            await self._api.send("DELETE", path(self._namespace, step.name))
            self.ledger.gone(step.name)

    def _answered(self, given: Mapping[str, Any]) -> None:
        """The object is there, unless the watch, which may be quicker than the answer, has told of its end already."""
        if given["metadata"]["name"] not in self._dropped:
            self.ledger.saw(given)

    def _refused(self, step: Create | Fill | Delete, error: ApiError) -> None:
        if error.status == NOT_FOUND and not isinstance(step, Create):
            self.ledger.gone(step.name)  # somebody else has deleted it
            return
        if error.status in (BAD_REQUEST, INVALID):
            self.ledger.give_up(step.service)
        else:
            self._pace.failed()
            self.ledger.put_off(step.service)
        if not transient(error.status) and str(error) != self._said:
            self._log.write("warning", "status not written", {"service": step.service, "reason": str(error)})
            self._said = str(error)
