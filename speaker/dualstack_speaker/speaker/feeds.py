# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fills the resources of ``speaker`` while it runs: a folder that is looked at again and again, or a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from dualstack.announcing.facts import UNKNOWN
from dualstack.resources.collection import Collection
from dualstack.resources.model import Key

from ..kube.access import Access
from ..kube.client import Client
from ..kube.renewal import Renewal
from ..sources.files import FolderSource
from ..sources.source import Source
from .config import Config
from .following import Following

SCAN_INTERVAL = 0.25  # seconds between looks at a folder

Update = Callable[[Iterable[Key], str], object]


class Feed(Protocol):
    """``start`` has ``update`` called after every batch; ``client`` is there where the source is a cluster."""

    @property
    def source(self) -> Source: ...

    @property
    def client(self) -> Client | None: ...

    def start(self, update: Update) -> None: ...

    async def run(self) -> None:
        """Never ends."""

    async def close(self) -> None: ...


class FolderFeed:
    """A folder of files."""

    client = None

    def __init__(self, folder: str, collection: Collection) -> None:
        self.source = FolderSource(folder)
        self._collection = collection
        self._update: Update = lambda touched, endpoints: None

    def start(self, update: Update) -> None:
        self._update = update
        self._scan()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(SCAN_INTERVAL)
            self._scan()

    async def close(self) -> None:
        """There is nothing to end."""

    def _scan(self) -> None:
        if self.source.scan(self._collection):
            self._update(self._collection.touched(), UNKNOWN)


class ClusterFeed:
    """An API server."""

    def __init__(self, client: Client, following: Following, jitter: Callable[[], float]) -> None:
        self.client = client
        self.source = following.source
        self._following = following
        self._renewal = Renewal(client, jitter)

    def start(self, update: Update) -> None:
        self._following.start(update)

    async def run(self) -> None:
        await self._renewal.run()

    async def close(self) -> None:
        await self.source.close()
        self.client.close()


def feed(config: Config, collection: Collection, jitter: Callable[[], float]) -> Feed:
    """What the configuration asks for. To be made in the loop."""
    if config.kubernetes is None:
        return FolderFeed(config.resources, collection)
    client = Client(Access(config.kubernetes.kubeconfig))
    following = Following(config.kubernetes, config.load_balancer_class, client, collection, jitter)
    return ClusterFeed(client, following, jitter)
