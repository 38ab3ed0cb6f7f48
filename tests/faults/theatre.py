# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a fault plays: a client behind a real FRR router, and a rack with nodes that serve VIPs.

    client ── edge ── router ══ rack's switch ══ node1, node2

A node has two BGP sessions, each over one family and with its routes alone. The router's configuration is what the
collection renders for a rack's router: global IPv6 next hops, a connect timer of 5 s, and where a fault asks for them
graceful restart and BFD of 100 ms times 3.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from faults.daemons import Daemons
from faults.probes import hasten
from interop.stage import Host, Stage, ip

HERE = Path(__file__).resolve().parent
FAMILIES = ("ipv4", "ipv6")
EDGE = {"ipv4": ("10.0.9.1", "10.0.9.2", 24), "ipv6": ("2001:db8:dc:9::1", "2001:db8:dc:9::2", 64)}
VIP = {"ipv4": "192.0.2.1", "ipv6": "2001:db8:1::1"}
PROBED = {"udp4": VIP["ipv4"], "udp6": VIP["ipv6"]}
ROUTER_ASN, NODE_ASN = 64500, 64512
CONNECT = 5
RESTART = 60
BFD_MS = 100
BFD_LINES = f"receive-interval {BFD_MS}\ntransmit-interval {BFD_MS}\ndetect-multiplier 3"
GRACEFUL_RESTART = "no bgp graceful-restart notification\nbgp graceful-restart preserve-fw-state"
HASHED = [f"net.{family}.fib_multipath_hash_policy=1" for family in FAMILIES]


class Terms(NamedTuple):
    """What sessions agree on; timers in seconds. ``routes``: prefixes per family, that of the VIP is the first."""

    bfd: bool = False
    graceful_restart: bool = False
    keepalive: int = 3
    hold: int = 9
    routes: int = 50

    def prefixes(self, first: int = 0) -> dict[str, list[str]]:
        """The prefixes of every node."""
        numbers = range(first + 1, first + self.routes + 1)
        return {
            "ipv4": [f"192.{n >> 16}.{2 + (n >> 8 & 255)}.{n & 255}/32" for n in numbers],
            "ipv6": [f"2001:db8:1::{n:x}/128" for n in numbers],
        }


class Theatre:
    """Everything but the speakers."""

    def __init__(self, root: Path, folder: Path, stack: ExitStack, terms: Terms) -> None:
        self.root, self.folder, self.terms = root, folder, terms
        self._stack = stack
        self.stage = Stage()
        stack.callback(self.stage.end)
        self.router = self.stage.host("router")
        self.client = self.stage.host("client")
        ip("-n", self.client.namespace, "link", "set", "rack1", "down")
        self.nodes: list[Host] = []
        self._connect()
        self.frr = self._boot()
        stack.callback(self._end)

    def _end(self) -> None:
        self.frr.end()  # the one of the last reboot

    def node(self, vips: Sequence[str] = tuple(VIP.values())) -> Host:
        """One more node, which serves these VIPs; the router knows it."""
        host = self.stage.host(f"node{len(self.nodes) + 1}")
        self.nodes.append(host)
        for vip in vips:
            ip("-n", host.namespace, "address", "add", vip, "dev", "lo", *(["nodad"] if ":" in vip else []))
        for family in FAMILIES:
            ip("-n", host.namespace, flag(family), "route", "add", "default", "via", self.router.address(family))
        started(host, self._stack, HERE / "echo.py", host.namespace, *vips)
        self.introduce(host)
        return host

    def introduce(self, host: Host) -> None:
        """Tells the router of a neighbour, which sends routes of both families."""
        lines = [f"router bgp {ROUTER_ASN}"]
        for family in FAMILIES:
            start = f"neighbor {host.address(family)}"
            lines += [
                f"{start} remote-as {NODE_ASN}",
                f"{start} timers {self.terms.keepalive} {self.terms.hold}",
                f"{start} timers connect {CONNECT}",
                *([f"{start} bfd", f"{start} bfd profile fast"] if self.terms.bfd else []),
                *([f"{start} graceful-restart"] if self.terms.graceful_restart else []),
                f"address-family {family} unicast",
                f"{start} activate",
                f"{start} route-map from-node-{family} in",
                "exit-address-family",
            ]
        self.frr.vty.configure("\n".join(lines))

    def power_off(self) -> None:
        """The router is gone, and with it what its kernel knew of connections."""
        mac, port, switch = self.router.mac, self.router.port, self.router.switch
        for namespace, link in ((switch, port), (self.client.namespace, "edge")):
            ip("-n", namespace, "link", "delete", link)
        self.frr.end()
        ip("netns", "delete", self.router.namespace)  # lives on unseen while a connection in it waits for an answer
        self.router = self.stage.hosts[0] = Host(self.stage.name, "router", switch, int(port[1:]))
        ip("-n", switch, "link", "set", port, "down")
        ip("-n", self.router.namespace, "link", "set", "rack1", "address", mac)

    def power_on(self) -> None:
        """The router's network and daemons come up, and then the configuration that they had."""
        ip("-n", self.router.switch, "link", "set", self.router.port, "up")
        self._connect()
        self.frr = self._boot()
        for host in self.nodes:
            self.introduce(host)

    def _connect(self) -> None:
        """The link to the client."""
        router, client = self.router.namespace, self.client.namespace
        ip("-n", router, "link", "add", "edge", "type", "veth", "peer", "name", "edge", "netns", client)
        for namespace, end in ((router, 0), (client, 1)):
            ip("-n", namespace, "link", "set", "edge", "up")
            for family in FAMILIES:
                address, length = EDGE[family][end], EDGE[family][2]
                last = ["nodad"] if family == "ipv6" else []
                ip("-n", namespace, "address", "add", f"{address}/{length}", "dev", "edge", *last)
        for family in FAMILIES:
            ip("-n", client, flag(family), "route", "add", "default", "via", EDGE[family][0])
        self.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", *HASHED)

    def _boot(self) -> Daemons:
        folder = self.folder / f"router-{len(list(self.folder.glob('router-*')))}"
        frr = Daemons(self.root, self.router.namespace, folder, bfd=self.terms.bfd)
        if frr.bfd is not None:
            frr.bfd.configure(f"bfd\nprofile fast\n{BFD_LINES}")
        paths = [f"address-family {family} unicast\nmaximum-paths 64\nexit-address-family" for family in FAMILIES]
        frr.vty.configure(
            "\n".join(
                [
                    "route-map from-node-ipv4 permit 10",
                    "exit",
                    "route-map from-node-ipv6 permit 10",
                    "set ipv6 next-hop prefer-global",
                    "exit",
                    f"router bgp {ROUTER_ASN}",
                    "bgp router-id 10.0.1.1",
                    "no bgp ebgp-requires-policy",
                    "no bgp default ipv4-unicast",
                    *([GRACEFUL_RESTART] if self.terms.graceful_restart else []),
                    *paths,
                ]
            )
        )
        return frr


def started(host: Host, stack: ExitStack, script: Path, *words: str) -> None:
    """Starts a script on a host, until ``stack`` unwinds, and waits until it says that it is ready."""
    command = [*host.prefix, sys.executable, str(script), *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    hasten(process.pid)
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def flag(family: str) -> str:
    """The family as ip wants it."""
    return "-4" if family == "ipv4" else "-6"
