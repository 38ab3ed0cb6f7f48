# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer of a protocol object: it rings by the object's earliest deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls ``ring`` with the time for which it was set (monotonic seconds of the loop)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[float], None]) -> None:
        self._loop = loop
        self._call = ring
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at: float | None) -> None:
        """Sees to it that it rings by then; ringing early costs less than moving it each time. None: as it is."""
        if at is None or (self._handle is not None and self._handle.when() <= at):
            return
        self.cancel()
        self._handle = self._loop.call_at(at, self._ring, at)

    def cancel(self) -> None:
        """It does not ring any more until it is set again."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring(self, due: float) -> None:
        self._handle = None
        self._call(due)
