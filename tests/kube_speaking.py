# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A speaker's source and agent on a real API server, without processes, and the objects that tests give it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cluster.control_plane import ControlPlane
from kube_following import TIMING

from dualstack.findings import Finding
from dualstack.kubernetes.crds import crds
from dualstack.resources.model import Key
from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import Client
from dualstack_speaker.kube.kinds import KINDS
from dualstack_speaker.kube.reflector import Timing
from dualstack_speaker.sources.kubernetes import Watched
from dualstack_speaker.speaker.agent import Agent, collection
from dualstack_speaker.speaker.config import Config, Kubernetes
from dualstack_speaker.speaker.following import Following

Object = dict[str, Any]
NODE = {"ipv4": "10.0.1.11/24", "ipv6": "2001:db8:dc:1::11/64"}
PEER = {"ipv4": "10.0.1.1", "ipv6": "2001:db8:dc:1::1"}
POOL = {"ipv4": "192.0.2.0/24", "ipv6": "2001:db8:aa::/64"}
VIP = {"ipv4": "192.0.2.1", "ipv6": "2001:db8:aa::1"}
PREFIX = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8:aa::1/128"}


class Speaker:
    """Source and agent of a node; ``decided``: the wanted states so far."""

    def __init__(self, kubeconfig: str, namespace: str, timing: Timing) -> None:
        self.config = Config(
            "node1",
            router_id="192.0.2.254",
            kubernetes=Kubernetes(kubeconfig, namespace),
            load_balancer_class=f"example.com/{namespace}",
        )
        self.client = Client(Access(kubeconfig))
        objects = collection()
        assert self.config.kubernetes is not None
        self.following = Following(
            self.config.kubernetes, self.config.load_balancer_class, self.client, objects, lambda: 0.5, timing
        )
        self.source = self.following.source
        self.decided: list[dict[str, set[str]]] = []
        self.agent = Agent(self.config, self.source, objects, self._decided)
        self.agent.interfaces({"eth0": tuple(NODE.values())})
        self._news = asyncio.Event()

    def _decided(self, state: Any, complete: bool, changes: Any) -> None:
        self.decided.append({part: set(items) for part, items in changes.items()})

    def start(self) -> None:
        def update(touched: Iterable[Key], endpoints: str) -> None:
            self.agent.update(touched, endpoints)
            self._news.set()

        self.following.start(update)

    async def until(self, fulfilled: Callable[[], object]) -> None:
        """Waits for the batch after which it is so."""

        async def wait() -> None:
            while not fulfilled():
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(wait(), 90)

    @property
    def wanted(self) -> Any:
        return self.agent.decision.desired

    def watched(self, kind: str) -> Watched:
        return next(watched for watched in self.source.watched if watched.query.kind == kind)


def told(speaker: Speaker, name: str) -> list[Finding]:
    return [finding for finding in speaker.source.findings() if finding.id == name]


@asynccontextmanager
async def speaking(kubeconfig: Path | str, namespace: str, timing: Timing = TIMING) -> AsyncIterator[Speaker]:
    speaker = Speaker(str(kubeconfig), namespace, timing)
    speaker.start()
    try:
        yield speaker
    finally:
        await speaker.source.close()
        speaker.client.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 240))


def with_kinds(plane: ControlPlane) -> ControlPlane:
    plane.apply(crds())
    plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    if plane.try_kubectl("get", "node", "node1").returncode:
        plane.api.create("/api/v1/nodes", {"metadata": {"name": "node1"}})
    return plane


def metallb(kind: str, namespace: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": metadata, "spec": spec}


def peer(namespace: str, family: str, **spec: Any) -> Object:
    given = {"myASN": 64512, "peerASN": 64500, "peerAddress": PEER[family], **spec}
    return metallb("BGPPeer", namespace, f"tor1-{family}", given)


def announced(namespace: str) -> list[Object]:
    """A pool of both families, announced to a peer of each."""
    pool = metallb("IPAddressPool", namespace, "pool", {"addresses": list(POOL.values())})
    return [pool, metallb("BGPAdvertisement", namespace, "all", {}), peer(namespace, "ipv4"), peer(namespace, "ipv6")]


def create_service(plane: ControlPlane, namespace: str, name: str = "shop", **spec: Any) -> None:
    """A dual-stack Service that has its addresses already."""
    path = KINDS["Service"].path(namespace)
    given = {"loadBalancerClass": f"example.com/{namespace}", "ipFamilyPolicy": "RequireDualStack", **spec}
    given = {"type": "LoadBalancer", "ports": [{"port": 80}], **given}
    plane.api.create(path, {"metadata": {"name": name}, "spec": given})
    ingress = [{"ip": address} for address in VIP.values()]
    plane.api.patch(f"{path}/{name}/status", {"status": {"loadBalancer": {"ingress": ingress}}})


def slice_of(namespace: str, family: str, node: str) -> Object:
    address = {"ipv4": "10.244.0.9", "ipv6": "fd00:10:244::9"}[family]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"shop-{family}",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": "shop"},
        },
        "addressType": f"IPv{family[-1]}",
        "endpoints": [{"addresses": [address], "nodeName": node, "conditions": {"ready": True}}],
        "ports": [],
    }
