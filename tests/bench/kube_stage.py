# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of one node on a real API server, a router that listens, and the products that are measured there.

Three namespaces on a switch: ``server`` (etcd, kube-apiserver, the product's controller), ``node`` (its speaker),
``router`` (bgp_listener.py). What a product needs of its own is in ``kube_products.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from bgp_listener import Listener
from cluster import product
from cluster.api import Api, Object
from cluster.control_plane import ControlPlane
from interop.stage import Stage

NODE = "node1"
NODE_ASN, ROUTER_ASN = 64512, 64500
PER_NAMESPACE = 500
WRITERS = 4
WITH_SLICES = 1_000  # Services that have EndpointSlices, which MetalLB needs; others come sooner
RANGES = {"ipv4": "100.64.0.0/15", "ipv6": "2001:db8:1::/112"}


class KubeStage:
    """The control plane and the router, ready; ``families`` are those of the Services and sessions."""

    def __init__(self, folder: Path, families: Iterable[str], stack: ExitStack) -> None:
        self.families = list(families)
        self.folder = folder
        stage = Stage()
        stack.callback(stage.end)
        self.server, self.node, self.router = (stage.host(name) for name in ("server", "node", "router"))
        self.listener = Listener(self.router, ROUTER_ASN, stack)
        addresses = [self.server.ipv4, self.server.ipv6]
        self.plane = ControlPlane(
            folder / "plane", namespace=self.server.namespace, address=self.server.ipv4, addresses=addresses
        )
        stack.callback(self.plane.end)
        self.plane.start()
        self.api = self.plane.api
        product.node(self.plane, NODE, self.node)
        self._spaces: set[str] = set()
        self._services = 0

    def configuration(self) -> list[Object]:
        """A pool, an advertisement, and a session per family with the router."""
        peers = {"ipv4": self.router.ipv4, "ipv6": self.router.ipv6}
        session = {"myASN": NODE_ASN, "peerASN": ROUTER_ASN}
        return [
            product.metallb("IPAddressPool", "big", {"addresses": [RANGES[family] for family in self.families]}),
            product.metallb("BGPAdvertisement", "big", {}),
            *(
                product.metallb("BGPPeer", family, {**session, "peerAddress": peers[family]}, "v1beta2")
                for family in self.families
            ),
        ]

    @property
    def pids(self) -> list[int]:
        """Of the control plane."""
        return [self.plane.etcd.pid, self.plane.apiserver.pid]

    @property
    def routes(self) -> int:
        """How many prefixes the router should hold."""
        return self._services * len(self.families)

    def fill(self, count: int) -> None:
        """Creates Services until there are so many, over several connections."""
        numbers = range(self._services, count)
        spaces = sorted({number // PER_NAMESPACE for number in numbers})
        for space in spaces:
            self._space(space)
        shares = [islice(numbers, start, None, WRITERS) for start in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(self._write, shares))
        self._services = count

    def _space(self, number: int) -> None:
        name = f"space-{number}"
        if name not in self._spaces:
            self.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
            self._spaces.add(name)

    def _write(self, numbers: Iterable[int]) -> None:
        api = self.plane.client()
        for number in numbers:
            place = f"space-{number // PER_NAMESPACE}", f"service-{number}"
            if number < WITH_SLICES:
                self.endpoints(api, *place)
            self.create(api, *place)
        api.close()

    def endpoints(self, api: Api, namespace: str, name: str) -> None:
        """What a cluster writes for a Service with a pod: an EndpointSlice per family."""
        for family in self.families:
            labels = {"kubernetes.io/service-name": name}
            address = {"ipv4": "10.244.0.9", "ipv6": "fd00:10:244::9"}[family]
            slice_ = {
                "metadata": {"name": f"{name}-{family}", "labels": labels},
                "addressType": f"IPv{family[-1]}",
                "endpoints": [{"addresses": [address], "nodeName": NODE, "conditions": {"ready": True}}],
                "ports": [{"name": "https", "port": 8443, "protocol": "TCP"}],
            }
            api.create(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", slice_)

    def create(self, api: Api, namespace: str, name: str) -> None:
        """A Service as people write them."""
        families = [f"IPv{family[-1]}" for family in self.families]
        policy = "RequireDualStack" if len(families) == 2 else "SingleStack"
        labels = {"app": name, "team": f"team-{len(name) % 7}"}
        spec = {
            "type": "LoadBalancer",
            "ipFamilyPolicy": policy,
            "ipFamilies": families,
            "allocateLoadBalancerNodePorts": False,
            "selector": labels,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 8443}],
        }
        path = f"/api/v1/namespaces/{namespace}/services"
        api.create(path, {"metadata": {"name": name, "labels": labels}, "spec": spec})
