# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three nodes of the demo fabric without its routers' software: racks, a router between them, and a host outside.

A node is a lab's root file system in a network namespace (a Jail); what a role would write there is written there, and
what its unit would start is started, in its order. A pod is a network namespace that the bridge plugin has set up.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fabrics import plan_of
from interop.peers.jail import Jail
from interop.stage import ip
from namespaces import within

from ansible_collections.baremetal.dualstack.plugins.module_utils.pod_host import PodHost
from dualstack.addresses import carve
from dualstack.addresses.blocks import address_text, parse_network
from dualstack.components.pods import bridge, files

NODES = {"node1": ("rack1",), "node2": ("rack1", "rack2"), "node3": ("rack2",)}
OUTSIDE = {"ipv4": "203.0.113.9", "ipv6": "2001:db8:ff::9"}
GATEWAY = {"ipv4": "203.0.113.1", "ipv6": "2001:db8:ff::1"}
LENGTH = {"ipv4": 24, "ipv6": 64}
POD_CIDRS = {name: [f"10.244.{number}.0/24", f"fd00:10:244:{number}::/64"] for number, name in enumerate(NODES, 1)}
FAMILY = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
ROUTER = 254  # its address in each rack
PATIENCE = 60  # seconds until a connection is given up


def run_kubernetes(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
    """The demo's intent with Kubernetes; the nodes of rack 1 and 2 have no segment in common."""
    data["cluster"]["kubernetes"] = {"version": "1.36.3"}


class Pod:
    """A network namespace with the addresses that the CNI gave it."""

    def __init__(self, namespace: str, addresses: Mapping[str, str], mtu: int) -> None:
        self.namespace = namespace
        self.addresses = addresses
        self.mtu = mtu


class Node:
    """A node with its files and programs."""

    def __init__(self, fabric: Fabric, name: str, root: Path, folder: Path) -> None:
        self.name = name
        self.namespace = fabric.namespace(name)
        self.jail = Jail(root, self.namespace, folder)
        self.host = PodHost(self.jail.command())
        self.network: dict[str, Any] = {}

    def write(self, plan: Mapping[str, Any], cidrs: Mapping[str, list[str]]) -> None:
        """The files of the node's pod network."""
        self.network = bridge.network(plan, self.name, cidrs)
        for path, text in files.files(
            self.network, self.host.pod_mtu(self.network), networkd=False, nft=self.host.nft
        ).items():
            inside = self.jail.path(path)
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_text(text, encoding="utf-8")

    def boot(self) -> None:
        """What the unit starts, by its own lines; what begins with a dash may fail."""
        for line in self.jail.path(files.UNIT_FILE).read_text(encoding="utf-8").splitlines():
            key, _unused, command = line.partition("=")
            if key == "ExecStart":
                done = subprocess.run(
                    self.jail.command(*command.removeprefix("-").split()), capture_output=True, text=True, check=False
                )
                assert command.startswith("-") or done.returncode == 0, f"{command}: {done.stderr}"

    def pod(self, fabric: Fabric, name: str) -> Pod:
        """A new pod, by the plugins of the configuration list in their order, as a container runtime calls them."""
        namespace = fabric.make(name)
        ip("-n", namespace, "link", "set", "lo", "up")
        with open(f"/run/netns/{namespace}", "rb") as handle:
            place = f"/proc/{os.getpid()}/fd/{handle.fileno()}"
            conflist = json.loads(self.jail.path(files.CONFLIST).read_text(encoding="utf-8"))
            result: dict[str, Any] = {}
            for plugin in conflist["plugins"]:
                given = {"cniVersion": conflist["cniVersion"], "name": conflist["name"], **plugin}
                if result:
                    given["prevResult"] = result
                environment = {
                    "CNI_COMMAND": "ADD",
                    "CNI_CONTAINERID": namespace,
                    "CNI_NETNS": place,
                    "CNI_IFNAME": "eth0",
                    "CNI_PATH": "/usr/lib/cni",
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                }
                words = [f"{key}={value}" for key, value in environment.items()]
                done = subprocess.run(
                    self.jail.command("env", *words, f"/usr/lib/cni/{plugin['type']}"),
                    input=json.dumps(given),
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, done.stdout + done.stderr
                result = json.loads(done.stdout)
        addresses = {"ipv6" if ":" in each["address"] else "ipv4": each["address"] for each in result["ips"]}
        [link] = json.loads(ip("-n", namespace, "-json", "link", "show", "eth0"))
        return Pod(namespace, {family: each.split("/")[0] for family, each in addresses.items()}, link["mtu"])


class Fabric:
    """The whole of it."""

    def __init__(self, root: Path, newer: Path, folder: Path) -> None:
        self.name = f"dsp-{secrets.token_hex(3)}"
        self.plan = plan_of("demo", run_kubernetes)
        self._root, self._newer, self._folder = root, newer, folder
        self._made: list[str] = []
        self.nodes: dict[str, Node] = {}
        self.pods: dict[str, Pod] = {}

    def namespace(self, name: str) -> str:
        """The namespace of somebody here."""
        return f"{self.name}-{name}"

    def make(self, name: str) -> str:
        """A new namespace."""
        namespace = self.namespace(name)
        ip("netns", "add", namespace)
        self._made.append(namespace)
        return namespace

    def start(self) -> None:
        """Wires everything, brings the pod networks up as a boot does, and makes a pod on each node."""
        router, outside = self.make("router"), self.make("outside")
        for name in ("rack1", "rack2"):
            ip("-n", router, "link", "add", name, "type", "bridge", "forward_delay", "0")
            ip("-n", router, "link", "set", name, "up")
            for family, address in self._gateways(name).items():
                self._address(router, name, f"{address}/{LENGTH[family]}")
        for name, racks in NODES.items():
            namespace = self.make(name)
            ip("-n", namespace, "link", "set", "lo", "up")
            for rack in racks:
                self._plug(router, namespace, rack, f"{name[-1]}-{rack}")
                ip("-n", router, "link", "set", f"{name[-1]}-{rack}", "master", rack)
                for family, address in self.plan["segments"][rack]["members"][name]["addresses"].items():
                    self._address(namespace, rack, f"{address}/{LENGTH[family]}")
            for gateway in self._gateways(racks[0]).values():
                ip("-n", namespace, "route", "add", "default", "via", gateway)
        self._plug(router, outside, "lan", "wan")
        for family, length in LENGTH.items():
            self._address(router, "wan", f"{GATEWAY[family]}/{length}")
            self._address(outside, "lan", f"{OUTSIDE[family]}/{length}")
            ip("-n", outside, "route", "add", "default", "via", GATEWAY[family])
        for namespace in (router, *map(self.namespace, NODES)):
            self._forward(namespace)
        for name in NODES:
            self._proxy(self.namespace(name))
            self.nodes[name] = Node(self, name, self._root, self._folder / name)
            self.nodes[name].write(self.plan, POD_CIDRS)
            self.nodes[name].boot()
            self.pods[name] = self.nodes[name].pod(self, f"pod-{name}")

    def _gateways(self, rack: str) -> dict[str, str]:
        """The addresses of the router in a rack."""
        networks = self.plan["segments"][rack]["networks"].items()
        return {
            family: address_text(family, carve.host(parse_network(text), ROUTER).first) for family, text in networks
        }

    def _proxy(self, namespace: str) -> None:
        """Tables as kube-proxy makes them in its mode nftables, by the nft of its image, which may be newer."""
        tables = "".join(
            f"add table {family} kube-proxy\nadd set {family} kube-proxy ips {{ type {kind}; }}\n"
            for family, kind in (("ip", "ipv4_addr"), ("ip6", "ipv6_addr"))
        )
        command = ["ip", "netns", "exec", namespace, "chroot", str(self._newer), "/usr/sbin/nft", "--file", "-"]
        subprocess.run(command, input=tables, text=True, check=True)

    def _plug(self, router: str, namespace: str, interface: str, port: str) -> None:
        ip("-n", router, "link", "add", port, "type", "veth", "peer", "name", interface, "netns", namespace)
        ip("-n", router, "link", "set", port, "up")
        ip("-n", namespace, "link", "set", interface, "up")

    def _address(self, namespace: str, device: str, address: str) -> None:
        ip("-n", namespace, "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def _forward(self, namespace: str) -> None:
        def turn_on() -> None:
            for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                Path(f"/proc/sys/net/{key}").write_text("1", encoding="ascii")

        within(namespace, turn_on)

    def answers(self, server: str, address: str, family: str, client: str, size: int = 1) -> str:
        """Connects from the namespace of one to a listener in that of the other; the source that the listener sees.

        ``size`` octets go there and come back.
        """
        with within(server, lambda: _listener(family)) as listener:
            port = listener.getsockname()[1]
            with within(client, lambda: socket.create_connection((address, port), PATIENCE)) as near:
                far, source = listener.accept()
                with far:
                    far.settimeout(PATIENCE)
                    _pass(near, far, size)
                    _pass(far, near, size)
        return str(source[0])

    def end(self) -> None:
        """Takes everything away."""
        for node in self.nodes.values():
            node.jail.end()
        for namespace in reversed(self._made):
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)


def _listener(family: str) -> socket.socket:
    listener = socket.socket(FAMILY[family], socket.SOCK_STREAM)
    listener.settimeout(PATIENCE)
    listener.bind(("::" if family == "ipv6" else "0.0.0.0", 0))
    listener.listen()
    return listener


def _pass(sender: socket.socket, receiver: socket.socket, size: int) -> None:
    sender.sendall(b"x" * size)
    left = size
    while left:
        left -= len(receiver.recv(left))
