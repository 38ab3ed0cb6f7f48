# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of whoever holds the Lease: none is sent unless it ends, or is given up, before somebody else may act."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..kube.client import MERGE_PATCH, Client

PATIENCE = 5.0  # seconds for one request
LEAST = 0.05  # seconds that must be left of the time in which this process may act


class LeaseOver(Exception):
    """Nothing was sent, because somebody else may act by now."""


class Fenced:
    """A few threads, each with its connection. ``remaining``: for how many seconds this process may act; any thread."""

    def __init__(self, client: Client, remaining: Callable[[], float], workers: int) -> None:
        self._client = client
        self._remaining = remaining
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="fenced")

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """An object. Raises as ``kube.client`` does, and LeaseOver."""
        return await self._run("GET", path, None, query)

    async def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merges into an object, and returns it. Raises as ``kube.client`` does, and LeaseOver."""
        return await self._run("PATCH", path, body, None)

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False)

    async def _run(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None
    ) -> dict[str, Any]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, method, path, body, query)

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None
    ) -> dict[str, Any]:
        self._guard()
        timeout = min(PATIENCE, self._remaining() / 2)
        return self._client.request(
            method, path, body, query=query, content_type=MERGE_PATCH, timeout=timeout, guard=self._guard
        ).body

    def _guard(self) -> None:
        if self._remaining() < LEAST:
            raise LeaseOver
