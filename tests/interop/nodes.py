# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes on a switch that all may answer for layer-2 addresses, each with a running ``wire`` that sends heartbeats."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from interop.stage import Host, Stage, ip
from processes import Link, Wire, until

PORT = 7947
KEY = "0123456789abcdef0123456789abcdef"
VIP = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}
NAMES = ("node1", "node2", "node3")


class Nodes:
    """``config``: further keys of wire.json; ``heartbeat``: of its part for heartbeats, None: none at all. ``through``:
    a command that starts another, by node; ``journal``: a path, by node.

    The candidates of the VIPs are the nodes in their order.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str] = NAMES,
        heartbeat: Mapping[str, Any] | None = MappingProxyType({}),
        through: Callable[[str], Sequence[str]] | None = None,
        journal: Callable[[str], str] | None = None,
        **config: Any,
    ) -> None:
        self.stage = Stage()
        self.names = list(names)
        self.key = folder / "key"
        self.put_key(KEY)
        self.client = self.stage.host("client")
        self.hosts: dict[str, Host] = {name: self.stage.host(name) for name in names}
        self.wires: dict[str, Wire] = {}
        self.links: dict[str, Link] = {}
        for name, host in self.hosts.items():
            beats = {"node": name, "port": PORT, "key_file": str(self.key), **(heartbeat or {})}
            parts = {"heartbeat": None if heartbeat is None else beats, **config}
            if journal is not None:
                parts["journal"] = journal(name)
            before = () if through is None else through(name)
            self.wires[name] = Wire(folder / name, [*before, *host.prefix], **parts)

    def start(self, *names: str) -> None:
        """Starts wires, all of them or these, and tells them what is wanted."""
        for name in names or self.names:
            self.wires[name].start()
            self.tell(name)

    def tell(self, name: str) -> None:
        """Hands the whole state to a node's wire."""
        self.links[name] = self.wires[name].link()
        self.links[name].full(layer2=self.layer2(), nodes=self.others(name))

    def layer2(self) -> dict[str, Any]:
        """The addresses and their candidates."""
        return {vip: {"interfaces": [], "candidates": [[name, []] for name in self.names]} for vip in VIP.values()}

    def others(self, name: str) -> dict[str, Any]:
        """All nodes but one."""
        return {
            other: {"addresses": [host.ipv4, host.ipv6], "ready": True}
            for other, host in self.hosts.items()
            if other != name
        }

    def put_key(self, *keys: str) -> None:
        """What stands in everybody's key file."""
        fresh = self.key.with_suffix(".new")
        fresh.write_text("".join(f"{key}\n" for key in keys))
        fresh.chmod(0o600)
        fresh.rename(self.key)

    def status(self, name: str) -> dict[str, Any]:
        """The status of a node's wire."""
        found: dict[str, Any] = self.links[name].ask("status")["status"]
        return found

    def owners(self, name: str) -> set[str | None]:
        """Who owns the VIPs, as a node has it."""
        return {entry["owner"] for entry in self.status(name)["layer2"].values()}

    def answering(self, names: Sequence[str] = ()) -> list[str]:
        """The nodes that answer for the VIPs, of these (else of all) whose wire runs."""
        running = [name for name in names or self.names if self.wires[name].process is not None]
        return [name for name in running if any(one["interfaces"] for one in self.status(name)["layer2"].values())]

    def settled(self, owner: str, *names: str) -> None:
        """Waits until all nodes, or these, have this owner, hear each other, and it alone of them answers."""
        asked = list(names) or self.names

        def right() -> bool:
            hearing = all(
                self.status(name)["nodes"][other]["hears_us"] and self.status(name)["nodes"][other]["state"] == "alive"
                for name, other in itertools.permutations(asked, 2)
            )
            return hearing and all(self.owners(name) == {owner} for name in asked) and self.answering(asked) == [owner]

        until(right, f"{owner} as the only owner")

    def unplug(self, name: str) -> None:
        """A node is cut off from the switch."""
        host = self.hosts[name]
        ip("-n", host.switch, "link", "set", host.port, "nomaster")

    def plug(self, name: str) -> None:
        """And is back."""
        host = self.hosts[name]
        ip("-n", host.switch, "link", "set", host.port, "master", "switch")

    def mute(self, by: str, to: str, on: bool = True) -> None:
        """Whether heartbeats from one node to another are lost; ARP and NDP are not."""
        source, target = self.hosts[by], self.hosts[to]
        for address in (f"{target.ipv4}/32", f"{target.ipv6}/128"):
            ip("-n", source.namespace, "route", "add" if on else "delete", "blackhole", address)

    def end(self) -> None:
        """Takes everything away."""
        for wire in self.wires.values():
            wire.end()
        self.stage.end()
