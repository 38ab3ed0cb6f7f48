# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast is written what only tells: late, and less where the API server is slow, so that it never stands in the way.

A budget of writes that fills up again; a slow answer costs as much as several quick ones; while Services change,
everything that can wait does; waits double while the API server is away.
"""

from __future__ import annotations

import asyncio
import random
import time

from ..base.backoff import Backoff

RATE = 20.0  # writes a second that one process takes from the API server; client-go's default, and MetalLB's
BURST = 50  # writes at once
SHARE = 0.25  # of the time that a process may spend waiting for answers: 20 a second if they take 12.5 ms, 5 if 50 ms
DEAREST = 50.0  # writes that a single one may cost
QUIET = 1.0  # seconds without a change of any Service after which writes that can wait go …
PATIENCE = 30.0  # … and for how long they wait for that at most


class Pace:
    """``turn`` returns when the next write may go; ``failed`` makes it later, ``worked`` ends that."""

    def __init__(self, rate: float = RATE, burst: int = BURST) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at = time.monotonic()
        self._changed = self._restless = float("-inf")  # the last change, and the first of those without a gap
        self._backoff = Backoff(0.5, 30.0)
        self._penalty = 0.0

    def changing(self) -> None:
        """A Service is changing: what leads to its routes goes first."""
        now = time.monotonic()
        if now - self._changed > QUIET:
            self._restless = now
        self._changed = now

    def unrest(self) -> float:
        """Seconds for which writes that can wait should still do so, because Services are changing; 0 or less: none."""
        return min(self._changed + QUIET, self._restless + PATIENCE) - time.monotonic()

    async def turn(self, waits: bool = True) -> float:
        """Waits until the next write may go, and returns when that is (monotonic).

        ``waits``: whether it can be held back while Services change.
        """
        if self._penalty:
            await asyncio.sleep(self._penalty)
        while True:
            rest = max(self._empty(), self.unrest() if waits else 0.0)
            if rest <= 0:
                break
            await asyncio.sleep(rest)
        self._tokens -= 1
        return self._at

    def failed(self) -> None:
        """The API server did not answer, or wants to be left alone."""
        self._penalty = self._backoff.delay(random.random())

    def worked(self, since: float) -> None:
        """It answered a write that had its turn at ``since``."""
        self._tokens -= min(DEAREST, max(0.0, (time.monotonic() - since) * self._rate / SHARE - 1))
        self._penalty = 0.0
        self._backoff.forget()

    def _empty(self) -> float:
        """Seconds until the budget has a write."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return (1 - self._tokens) / self._rate
