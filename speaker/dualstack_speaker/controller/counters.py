# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the counters into the status of IPAddressPools: what has changed, each pool at most once a second."""

from __future__ import annotations

import asyncio

from ..kube.errors import ApiError, SettingsError
from ..kube.kinds import KINDS
from ..observe.logs import Log
from .fenced import Fenced, LeaseOver
from .heart import POOL, Heart
from .patches import pool_status

PERIOD = 1.0  # seconds
_NOT_FOUND = 404


class Counters:
    """``changed`` says that there may be something to write; ``run`` writes it."""

    def __init__(self, fenced: Fenced, heart: Heart, namespace: str, log: Log) -> None:
        self._fenced = fenced
        self._heart = heart
        self._namespace = namespace
        self._log = log
        self._news = asyncio.Event()

    def changed(self) -> None:
        """Addresses were given or taken, or there are other pools."""
        self._news.set()

    async def run(self) -> None:
        """Never ends."""
        while True:
            await self._news.wait()
            self._news.clear()
            for name, counts in self._heart.counts().items() if self._heart.acting else ():
                status = pool_status(counts)
                held = self._heart.pool_status(name)
                if held is not None and any(held.get(key) != number for key, number in status.items()):
                    await self._write(name, status)
            await asyncio.sleep(PERIOD)

    async def _write(self, name: str, status: dict[str, int]) -> None:
        try:
            path = KINDS[POOL].path(self._namespace, name, "status")
            self._heart.pool_written(name, await self._fenced.patch(path, {"status": status}))
        except ApiError as error:
            if error.status != _NOT_FOUND:
                self._log.write("warning", "counters not written", {"pool": name, "reason": str(error)})
                self._news.set()
        except (OSError, SettingsError, LeaseOver):
            self._news.set()
