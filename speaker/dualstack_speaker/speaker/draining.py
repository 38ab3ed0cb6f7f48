# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the node out of service while its Node object asks for it, and back when it does no more.

The annotation is a state and not a command: a drain that somebody ends by command begins again with the next link to
``wire`` or change of the annotation. Other seconds count from their change, while routers are only told; 0 also when it
was written while nobody looked. A drain by command is never changed or ended here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from ..observe.logs import Log
from .link_client import LinkClient

LOOK = 2.0  # seconds between two looks whether the link was made anew, or a drain that failed can be tried again
OFF, TOLD = "off", "told"


class Draining:
    """``want`` says what the Node asks for; ``run`` brings ``wire`` to it, for as long as it lives.

    ``news`` is called when ``wire`` has begun or ended a drain.
    """

    def __init__(self, link: LinkClient, log: Log, news: Callable[[], None]) -> None:
        self._news = news
        self._link = link
        self._log = log
        self._wanted: int | None = None
        self._known = False
        self._changed = asyncio.Event()

    def want(self, seconds: int | None) -> None:
        """What the Node asks for: seconds until everything is withdrawn; None: to be in service."""
        if not self._known or seconds != self._wanted:
            self._wanted, self._known = seconds, True
            self._changed.set()

    async def run(self) -> None:
        """Never ends."""
        done: tuple[int | None, int] | None = None
        while True:
            self._changed.clear()
            goal = (self._wanted, self._link.connections)
            other = done is not None and done[0] != self._wanted
            if self._known and goal != done and self._link.connected and await self._bring(self._wanted, other):
                done = goal
                self._news()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK)

    async def _bring(self, seconds: int | None, other: bool) -> bool:
        wire = await self._link.status()
        if wire is None:
            return False
        drained, ours = wire.get("drain", OFF) != OFF, bool(wire.get("drain_by_annotation"))
        anew = ours and wire.get("drain") == TOLD and (other or seconds == 0)
        if seconds is not None and (not drained or anew):
            self._log.write("info", "drain asked for", {"seconds": seconds})
            return await self._link.drain(True, float(seconds))
        if seconds is None and drained and ours:
            self._log.write("info", "drain ended")
            return await self._link.drain(False, 0.0)
        return True
