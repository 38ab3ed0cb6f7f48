# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``speaker`` follows in a cluster: the queries that never end, and those that depend on what others brought.

EndpointSlices are the larger stream: they are watched while a Service of ours needs them. Secrets are read by name, and
only those that a BGPPeer names, so that no right to read all of them is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dualstack.announcing.facts import OF_ALL, OF_LOCAL, UNKNOWN
from dualstack.resources.collection import Collection
from dualstack.resources.model import Key, Peer

from ..kube.client import Client
from ..kube.query import Query
from ..kube.reflector import Timing
from ..sources.kubernetes import TIMING, KubernetesSource
from ..sources.sink import Sink
from .config import Kubernetes

SERVICES = Query("Service", field_selector="spec.type=LoadBalancer")
SLICES = Query("EndpointSlice", label_selector="kubernetes.io/service-name")
_CONFIGURATION = ("IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer", "Community", "BFDProfile")


class Following:
    """``update`` gets what was touched and which endpoints are known, after every batch. To be made in the loop."""

    def __init__(
        self,
        settings: Kubernetes,
        load_balancer_class: str | None,
        client: Client,
        collection: Collection,
        jitter: Callable[[], float],
        timing: Timing = TIMING,
    ) -> None:
        self._namespace = settings.namespace
        self._all = settings.endpoints == OF_ALL
        self._class = load_balancer_class
        self._collection = collection
        self._peers: object = None
        self._secrets: set[Query] = set()
        self._local: set[Key] = set()
        self._update: Callable[[Iterable[Key], str], object] = lambda touched, endpoints: None
        self.source = KubernetesSource(client, jitter, self._done, timing)

    def start(self, update: Callable[[Iterable[Key], str], object]) -> None:
        """Begins."""
        self._update = update
        sink: Sink = self._collection
        for kind in _CONFIGURATION:
            self.source.watch(Query(kind, self._namespace), sink)
        for query in (Query("Node"), SERVICES, *((SLICES,) if self._all else ())):
            self.source.watch(query, sink)

    def _done(self) -> None:
        touched = self._collection.touched()
        resources = self._collection.resources()
        if resources.peers is not self._peers:
            self._peers = resources.peers
            self._follow_secrets(resources.peers.values())
        self._follow_slices(touched)
        self._update(touched, self._endpoints())

    def _follow_secrets(self, peers: Iterable[Peer]) -> None:
        names = {peer.password_secret for peer in peers if peer.password_secret}
        wanted = {Query("Secret", self._namespace, name) for name in names}
        for query in sorted(self._secrets - wanted):
            self.source.unwatch(query)
        for query in sorted(wanted - self._secrets):
            self.source.watch(query, self._collection, needed=False)
        self._secrets = wanted

    def _follow_slices(self, touched: Iterable[Key]) -> None:
        services = self._collection.resources().services
        for key in touched:
            if key.kind == "Service":
                service = services.get(f"{key.namespace}/{key.name}")
                if service is not None and service.local and service.load_balancer_class == self._class:
                    self._local.add(key)
                else:
                    self._local.discard(key)
        if self._local:
            self.source.watch(SLICES, self._collection, needed=False)
        elif not self._all and self.source.follows(SLICES):
            self.source.unwatch(SLICES)

    def _endpoints(self) -> str:
        watched = self.source.follows(SLICES)
        if watched is not None and not (watched.loaded and not watched.absent):
            return UNKNOWN
        return OF_ALL if self._all else OF_LOCAL
