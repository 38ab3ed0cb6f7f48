# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rack without a router, on which a node answers for a VIP of each family and a client asks, for faults of layer 2.

Beside ``wire``, no FRR, which has no part in this, but the node's own kernel with the VIPs on its interface, told to
announce its addresses when the interface changes (``arp_notify``, ``ndisc_notify``).
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Callable

from bench.machine import PRIORITY
from faults.theatre import HERE, started
from interop.stage import Host, Stage, ip
from processes import Wire

VIP = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}


class Owner:
    """Who answers for the VIPs on a host."""

    name = ""

    def __init__(self, folder: Path, host: Host, stack: ExitStack) -> None:
        self.host = host

    def moved(self, interface: str) -> None:
        """The host's addresses are on another interface now."""
        raise NotImplementedError

    def kill(self) -> None:
        """``kill -9``, and a new process at once."""
        raise NotImplementedError

    def upgrade(self) -> None:
        """Another version takes over."""
        raise NotImplementedError


class WireOwner(Owner):
    """``wire``; the VIPs are on the loopback interface, for which the kernel does not answer on others."""

    name = "wire"

    def __init__(self, folder: Path, host: Host, stack: ExitStack) -> None:
        super().__init__(folder, host, stack)
        host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1")
        put(host, VIP.values(), "lo")
        self.wire = Wire(folder / "wire", host.prefix, realtime_priority=PRIORITY)
        stack.callback(self.wire.end)
        self.wire.start()
        self._speak()

    def _speak(self) -> None:
        self.wire.link().full(layer2={vip: {"interfaces": []} for vip in VIP.values()})

    def moved(self, interface: str) -> None:
        """It follows the interfaces itself."""

    def kill(self) -> None:
        self.wire.stop(signal.SIGKILL)
        self.wire.start()
        self._speak()

    def upgrade(self) -> None:
        self.wire.upgrade()


class KernelOwner(Owner):
    """The kernel: its processes can neither be killed nor upgraded."""

    name = "kernel"

    def __init__(self, folder: Path, host: Host, stack: ExitStack) -> None:
        super().__init__(folder, host, stack)
        kinds = ("all", "default", "rack1")
        host.run("sysctl", "-qw", *(f"net.ipv4.conf.{kind}.arp_notify=1" for kind in kinds))
        host.run("sysctl", "-qw", *(f"net.ipv6.conf.{kind}.ndisc_notify=1" for kind in kinds))
        self.moved("rack1")

    def moved(self, interface: str) -> None:
        put(self.host, VIP.values(), interface)


MakeOwner = Callable[[Path, Host, ExitStack], Owner]


class Rack:
    """A node that serves the VIPs, a client that talks to them, and a host that asks, whose own table nobody uses."""

    def __init__(self, folder: Path, stack: ExitStack, make: MakeOwner) -> None:
        self.stage = Stage()
        stack.callback(self.stage.end)
        self.client, self.asker, self.node = map(self.stage.host, ("client", "asker", "node"))
        # Else what the node says through a new bridge waits for DAD of the bridge's own address.
        self.node.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        self.owner = make(folder, self.node, stack)
        started(self.node, stack, HERE / "echo.py", self.node.namespace, *VIP.values())

    def enslave(self, bridge: str) -> None:
        """The node's interface becomes a port of a new bridge, which gets its addresses."""
        name, mac = self.node.namespace, self.node.mac
        ip("-n", name, "link", "add", bridge, "type", "bridge", "forward_delay", "0")
        ip("-n", name, "link", "set", bridge, "address", mac, "up")
        ip("-n", name, "link", "set", "rack1", "master", bridge)
        ip("-n", name, "address", "flush", "dev", "rack1", "scope", "global")
        put(self.node, [f"{self.node.ipv4}/24", f"{self.node.ipv6}/64"], bridge)
        self.owner.moved(bridge)


def put(host: Host, addresses: Iterable[str], interface: str) -> None:
    """Gives an interface addresses that work at once."""
    for address in addresses:
        last = ["nodad"] if ":" in address else []
        ip("-n", host.namespace, "address", "add", address, "dev", interface, *last)
