# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The theatre with a cluster in it: a real API server, two controllers, and nodes with speaker and wire.

    client ── edge ── router ══ rack's switch ══ node1, node2, node3, control1, control2, server

``server`` has etcd and kube-apiserver; the controllers are hosts of their own. A Service of each way of announcing has
the VIPs of both families that the client probes: by BGP from every node, and on the rack, where the router asks for
them. All that a process writes lies in its folder in memory, a file system of its own, so that it can be filled.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.machine import PRIORITY
from cluster import product
from cluster.api import Object
from cluster.control_plane import ControlPlane
from cluster.product import ControllerDaemon, NodeDaemons
from faults.clocks import Clock
from faults.looks import senders
from faults.probes import Probes, Record
from faults.theatre import CONNECT, FAMILIES, NODE_ASN, PROBED, ROUTER_ASN, VIP, Terms, Theatre
from interop.stage import Host
from processes import until

RACK_VIP = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}
RACK_PROBED = {"udp4": RACK_VIP["ipv4"], "udp6": RACK_VIP["ipv6"]}
POOLS = {
    "routed": ["192.0.2.0/26", "2001:db8:1::/120"],
    "rack": ["10.0.1.200-10.0.1.210", "2001:db8:dc:1::200-2001:db8:dc:1::20a"],
}
PROBED_SERVICES = {"routed": VIP, "rack": RACK_VIP}
TERMS = Terms(routes=1)
BITS = {"ipv4": 32, "ipv6": 128}
SERVICES = "/api/v1/namespaces/default/services"
MEMORY = "4m"  # of the file system that a node's processes write to
HEARTBEAT = {"port": 7947, "interval_ms": 200, "multiplier": 3}


class KubeScene:
    """Everything is up: the router has the VIPs from every node, a node answers for those of the rack.

    ``clocked``: the processes of ``node1`` and ``control1`` have clocks of their own, in ``clocks``.
    """

    def __init__(
        self, root: Path, folder: Path, stack: ExitStack, nodes: int = 3, controllers: int = 2, clocked: bool = False
    ) -> None:
        self.folder, self.stack = folder, stack
        self.clocks: list[Clock] = []
        self.theatre = Theatre(root, folder, stack, TERMS)
        stage = self.theatre.stage
        hosts = [self.theatre.node([*VIP.values(), *RACK_VIP.values()]) for _unused in range(nodes)]
        self.hosts = {f"node{number}": host for number, host in enumerate(hosts, 1)}
        self.server = stage.host("server")
        controls = {f"control{number}": stage.host(f"control{number}") for number in range(1, controllers + 1)}
        self.plane = ControlPlane(
            folder / "plane",
            namespace=self.server.namespace,
            address=self.server.ipv4,
            addresses=[self.server.ipv6],
        )
        stack.callback(self.plane.end)
        self.plane.start()
        self.api = self.plane.api
        product.install(self.plane)
        self.plane.apply(self.configuration())
        zips = product.bundles(folder)
        key = folder / "heartbeat.key"
        key.write_text(secrets.token_hex(32) + "\n")
        key.chmod(0o600)
        self.nodes = {
            name: self._node(name, host, zips, key, clocked and name == "node1") for name, host in self.hosts.items()
        }
        self.controllers = {
            name: self._controller(name, host, zips, clocked and name == "control1") for name, host in controls.items()
        }
        for controller in self.controllers.values():
            controller.start()
        for node in self.nodes.values():
            node.start()
        for name, vips in PROBED_SERVICES.items():
            self.create(name, name, vips)
        self.settle()

    def configuration(self) -> list[Object]:
        """Pools, advertisements, and the sessions with the router."""
        session = {"myASN": NODE_ASN, "peerASN": ROUTER_ASN, "connectTime": f"{CONNECT}s"}
        session |= {"holdTime": f"{TERMS.hold}s", "keepaliveTime": f"{TERMS.keepalive}s"}
        router = self.theatre.router
        return [
            *(product.metallb("IPAddressPool", name, {"addresses": found}) for name, found in POOLS.items()),
            product.metallb("BGPAdvertisement", "routed", {"ipAddressPools": ["routed"]}),
            product.metallb("L2Advertisement", "rack", {"ipAddressPools": ["rack"]}),
            *(
                product.metallb("BGPPeer", family, {**session, "peerAddress": router.address(family)}, "v1beta2")
                for family in FAMILIES
            ),
        ]

    def _node(self, name: str, host: Host, zips: dict[str, Path], key: Path, clocked: bool) -> NodeDaemons:
        host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1")  # the VIPs are on lo, wire answers for them
        product.node(self.plane, name, host)
        wire: dict[str, Any] = {"heartbeat": {**HEARTBEAT, "node": name, "key_file": str(key)}}
        node = NodeDaemons(
            self.plane,
            host,
            name,
            self.folder / name,
            zips,
            run=self._memory(name),
            wire_settings={**wire, "realtime_priority": PRIORITY},
            through={kind: self._clock(f"{name}-{kind}") for kind in ("wire", "speaker")} if clocked else None,
        )
        self.stack.callback(node.end)
        return node

    def _controller(self, name: str, host: Host, zips: dict[str, Path], clocked: bool) -> ControllerDaemon:
        through = self._clock(name) if clocked else ()
        made = ControllerDaemon(self.plane, host, name, self.folder / name, zips, through=through)
        self.stack.callback(made.close)
        return made

    def _clock(self, name: str) -> list[str]:
        clock = Clock(self.folder / f"clock-{name}", "python3")
        self.clocks.append(clock)
        return clock.through

    def _memory(self, name: str) -> Path:
        """A small file system in memory."""
        folder = Path("/dev/shm") / f"{self.theatre.stage.name}-{name}"  # the paths of sockets are short
        folder.mkdir()
        self.stack.callback(folder.rmdir)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEMORY}", "tmpfs", str(folder)], check=True)
        self.stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=False)
        return folder

    def create(self, name: str, pool: str, vips: Mapping[str, str] | None = None) -> None:
        """A dual-stack Service out of a pool, perhaps with these addresses."""
        notes = {"metallb.io/address-pool": pool}
        if vips:
            notes["metallb.io/loadBalancerIPs"] = ",".join(vips.values())
        spec = {"type": "LoadBalancer", "ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 7000}]}
        self.api.create(SERVICES, {"metadata": {"name": name, "annotations": notes}, "spec": spec})

    def delete(self, name: str) -> None:
        """Takes a Service away."""
        self.api.delete(f"{SERVICES}/{name}")

    def addresses(self, name: str) -> dict[str, str]:
        """A Service's addresses by family; empty while it has none."""
        entries = self.api.get(f"{SERVICES}/{name}")["status"]["loadBalancer"].get("ingress", [])
        return {"ipv6" if ":" in entry["ip"] else "ipv4": entry["ip"] for entry in entries}

    def routed(self, vips: Mapping[str, str], nodes: int | None = None) -> bool:
        """Whether the router has these addresses from so many nodes (default: all)."""
        return all(self.announcers(family, vips[family]) == (nodes or len(self.nodes)) for family in FAMILIES)

    def announcers(self, family: str, vip: str) -> int:
        """From how many nodes the router has an address."""
        return len(senders(self.theatre.frr.vty, family, f"{vip}/{BITS[family]}"))

    def settle(self) -> None:
        """Waits until the router has the VIPs from every node, and a node answers for those of the rack."""
        for node in self.nodes.values():
            node.status()
        until(lambda: self.routed(VIP), "the routes of the probed VIPs")
        until(lambda: all(map(self.owner, FAMILIES)), "somebody answers on the rack")

    def owner(self, family: str) -> str:
        """The node that answers for the rack's VIP, in its own words; empty when there is none or more than one."""
        vip = RACK_VIP[family]
        found = [name for name, node in self.nodes.items() if vip in _answered(node.status())]
        return found[0] if len(found) == 1 else ""

    def active(self) -> ControllerDaemon | None:
        """The controller that acts."""
        found = [controller for controller in self.controllers.values() if controller.running and controller.acts()]
        return found[0] if len(found) == 1 else None


def _answered(status: Object) -> list[str]:
    """The layer-2 addresses for which a node answers."""
    return [vip["vip"] for vip in status.get("vips", []) if vip["mode"] == "layer2" and vip["announcing"]]


class Watched:
    """Probes of the VIPs of both kinds from ``with`` to its end; ``records`` by kind of announcing and family then."""

    def __init__(self, scene: KubeScene) -> None:
        client = scene.theatre.client
        self._probes = {"bgp": Probes(client, PROBED), "layer2": Probes(client, RACK_PROBED)}
        self.records: dict[str, dict[str, Record]] = {}

    def __enter__(self) -> Watched:
        with ExitStack() as stack:
            for probes in self._probes.values():
                stack.enter_context(probes)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
        if error[0] is None:
            self.records = {
                kind: {family: probes.records[f"udp{family[-1]}"] for family in FAMILIES}
                for kind, probes in self._probes.items()
            }
