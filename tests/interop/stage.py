# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces that a test makes and takes away: hosts on one switch, which watches MLD as real ones do."""

from __future__ import annotations

import secrets
import subprocess


def ip(*words: str) -> str:
    """Runs ip; its output."""
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Host:
    """A namespace with one interface, ``rack1``, on the stage's switch."""

    def __init__(self, stage: str, name: str, switch: str, number: int) -> None:
        self.namespace = f"{stage}-{name}"
        self.switch = switch
        self.port = f"p{number}"
        self.ipv4, self.ipv6 = f"10.0.1.{number}", f"2001:db8:dc:1::{number:x}"
        ip("netns", "add", self.namespace)
        ip("-n", self.namespace, "link", "set", "lo", "up")
        self.plug("rack1", self.port)
        ip("-n", self.namespace, "address", "add", f"{self.ipv4}/24", "dev", "rack1")
        ip("-n", self.namespace, "address", "add", f"{self.ipv6}/64", "dev", "rack1", "nodad")

    @property
    def prefix(self) -> list[str]:
        """The command that starts a program there."""
        return ["ip", "netns", "exec", self.namespace]

    @property
    def mac(self) -> str:
        """The Ethernet address of rack1."""
        return self.mac_of("rack1")

    def mac_of(self, interface: str) -> str:
        """The Ethernet address of an interface."""
        words = ip("-n", self.namespace, "-o", "link", "show", interface).split()
        return words[words.index("link/ether") + 1]

    def address(self, family: str) -> str:
        """The host's address."""
        return self.ipv4 if family == "ipv4" else self.ipv6

    def plug(self, interface: str, port: str) -> None:
        """Adds an interface and connects it to the switch."""
        ip("-n", self.switch, "link", "add", port, "type", "veth", "peer", "name", interface, "netns", self.namespace)
        ip("-n", self.switch, "link", "set", port, "master", "switch", "up")
        ip("-n", self.namespace, "link", "set", interface, "up")

    def run(self, *command: str) -> str:
        """Runs a program there; its output."""
        return subprocess.run([*self.prefix, *command], check=True, capture_output=True, text=True).stdout

    def on_switch(self, *command: str) -> str:
        """Runs a program where the switch is; its output."""
        words = ["ip", "netns", "exec", self.switch, *command]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def neighbour(self, address: str, interface: str = "rack1") -> tuple[str, str]:
        """MAC and state of a neighbour entry; empty texts when there is none."""
        words = ip("-n", self.namespace, "neigh", "show", "to", address, "dev", interface).split()
        mac = words[words.index("lladdr") + 1] if "lladdr" in words else ""
        return mac, words[-1] if words else ""


class Stage:
    """A switch and hosts."""

    def __init__(self) -> None:
        self.name = f"ds-{secrets.token_hex(4)}"  # no other test's, here or beside this run
        self._switch = f"{self.name}-switch"
        self.hosts: list[Host] = []
        ip("netns", "add", self._switch)
        ip("-n", self._switch, "link", "add", "switch", "type", "bridge", "mcast_snooping", "1", "forward_delay", "0")
        ip("-n", self._switch, "link", "set", "switch", "up")

    def host(self, name: str) -> Host:
        """A new host."""
        host = Host(self.name, name, self._switch, len(self.hosts) + 1)
        self.hosts.append(host)
        return host

    def end(self) -> None:
        """Takes everything away."""
        for namespace in [*(host.namespace for host in self.hosts), self._switch]:
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)
