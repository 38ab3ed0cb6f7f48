# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that follows an API server in a test, what it feeds, and a way to wait for a state of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from dualstack.resources.model import Key
from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import Client
from dualstack_speaker.kube.reflector import Timing
from dualstack_speaker.sources.kubernetes import KubernetesSource

TIMING = Timing(first=0.02, ceiling=0.2)


class Objects:
    """A sink that keeps objects by name as they come."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.log: list[str] = []

    def put(self, given: Mapping[str, Any]) -> bool:
        name = given["metadata"]["name"]
        changed = self.held.get(name) != given
        self.held[name] = dict(given)
        self.log.append(f"+{name}")
        return changed

    def drop(self, key: Key) -> bool:
        self.log.append(f"-{key.name}")
        return self.held.pop(key.name, None) is not None


class Following:
    """``batches``: how often the source has told that something changed; ``told``: called each time."""

    def __init__(self, client: Client, timing: Timing) -> None:
        self.client = client
        self.batches = 0
        self.told: Callable[[], object] = lambda: None
        self._news = asyncio.Event()
        self.source = KubernetesSource(client, lambda: 0.5, self._done, timing)

    def _done(self) -> None:
        self.batches += 1
        self.told()
        self._news.set()

    async def until(self, fulfilled: Callable[[], object]) -> None:
        """Waits for the batch after which it is so."""

        async def wait() -> None:
            while not fulfilled():
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(wait(), 60)


@asynccontextmanager
async def following(kubeconfig: str, timing: Timing = TIMING) -> AsyncIterator[Following]:
    """A source of one client, until the block ends."""
    client = Client(Access(kubeconfig))
    made = Following(client, timing)
    try:
        yield made
    finally:
        await made.source.close()
        client.close()


async def until(fulfilled: Callable[[], object]) -> None:
    """Waits for what no source tells of."""

    async def wait() -> None:
        while not fulfilled():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), 60)
