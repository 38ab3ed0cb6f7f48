# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's fabric put up for a test: routers as boxes, nodes (with a ``wire``) and clients as namespaces.

The addresses are the plan's. A rack is a bridge on its first router; an end of a link that has no interface in the plan
is called after the router at the other end.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interop.router.box import Box
from processes import Wire

from dualstack.render.policy.clauses import is_large, value

Plan = Mapping[str, Any]


class Plant:
    """The hosts of a plan, wired; nothing runs on the routers yet, the wires run without anything to say."""

    def __init__(self, plan: Plan, root: Path, folder: Path, checkout: Path) -> None:
        self.plan = plan
        self.boxes: dict[str, Box] = {}
        self.nodes: dict[str, Wire] = {}
        self._stage = f"dsn-{secrets.token_hex(4)}"
        self._namespaces: dict[str, str] = {}
        try:
            for router in plan["routers"]:
                (folder / router).mkdir(parents=True)
                self.boxes[router] = Box(router, root, folder / router, checkout)
                self._namespaces[router] = self.boxes[router].namespace
                self._prepare(self.boxes[router], plan["routers"][router])
            for host in (*plan["nodes"], *plan["clients"]):
                self._add_host(host)
            for node in plan["nodes"]:
                self.nodes[node] = Wire(folder / node, ["ip", "netns", "exec", self._namespaces[node]])
            for name, segment in plan["segments"].items():
                self._connect(name, segment)
            for wire in self.nodes.values():
                wire.start()
        except BaseException:
            self.end()
            raise

    @staticmethod
    def _prepare(box: Box, facts: Mapping[str, Any]) -> None:
        settings = {f"net.{key}": 1 for key in ("ipv4.ip_forward", "ipv6.conf.all.forwarding")}
        result = box.module("kernel_settings", path="/etc/sysctl.d/60-dualstack-router.conf", settings=settings)
        assert not result.get("failed"), result["msg"]
        for each in facts["loopback"].values():
            box.ip("address", "add", each, "dev", "lo")

    def _add_host(self, host: str) -> None:
        self._namespaces[host] = f"{self._stage}-{host}"
        subprocess.run(["ip", "netns", "add", self._namespaces[host]], check=True)
        self.ip(host, "link", "set", "lo", "up")

    def _connect(self, name: str, segment: Mapping[str, Any]) -> None:
        lengths = {family: text.rsplit("/", 1)[1] for family, text in segment["networks"].items()}
        members = list(segment["members"])
        if segment["kind"] == "link":
            ends = [segment["members"][host]["interface"] or f"to-{members[1 - at]}" for at, host in enumerate(members)]
            peer = ("peer", "name", ends[1], "netns", self._namespaces[members[1]])
            self.ip(members[0], "link", "add", ends[0], "type", "veth", *peer)
        else:
            ends = [segment["members"][host]["interface"] or name for host in members]
            self.ip(members[0], "link", "add", ends[0], "type", "bridge", "forward_delay", "0")
            for host, interface in list(zip(members, ends))[1:]:
                port = f"p-{host}"
                peer = ("peer", "name", interface, "netns", self._namespaces[host])
                self.ip(members[0], "link", "add", port, "type", "veth", *peer)
                self.ip(members[0], "link", "set", port, "master", ends[0], "up")
        for host, interface in zip(members, ends):
            self.ip(host, "link", "set", interface, "up")
            for family, text in segment["members"][host]["addresses"].items():
                words = ["nodad"] if family == "ipv6" else []
                self.ip(host, "address", "add", f"{text}/{lengths[family]}", "dev", interface, *words)

    def ip(self, host: str, *words: str) -> str:
        """``ip`` in the network of a host."""
        command = ["ip", "-n", self._namespaces[host], *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{host}: {command}: {done.stderr}"
        return done.stdout

    def announce(self, node: str, secret: str | None = None) -> None:
        """The node's wire announces every planned VIP of the node to its routers, with the plan's communities."""
        sessions = [each for each in self.plan["sessions"] if each["ends"][0]["host"] == node]
        adverts = {each["name"]: each for each in self.plan["advertisements"]}
        routes: dict[str, Any] = {}
        for vip in self.plan["vips"]:
            advert = adverts[vip["advertisement"]]
            if vip["prefix"] and node in advert["nodes"]:
                routes[vip["prefix"]] = [
                    {
                        "peers": [each["name"] for each in sessions if vip["family"] in each["families"]],
                        "communities": [value(each) for each in advert["communities"] if not is_large(each)],
                        "large_communities": [value(each) for each in advert["communities"] if is_large(each)],
                        "local_preference": advert["local_preference"],
                    }
                ]
        peers = {each["name"]: self._peer(node, each, secret) for each in sessions}
        self.nodes[node].link().full(peers=peers, routes=routes)

    def _peer(self, node: str, session: Mapping[str, Any], secret: str | None) -> dict[str, Any]:
        own, other = session["ends"]
        return {
            "local_asn": own["asn"],
            "peer_asn": other["asn"],
            "address": other["address"],
            "port": 179,
            "source_address": own["address"],
            "router_id": self.plan["nodes"][node]["router_id"],
            "hold_time": session["timers"]["hold"],
            "keepalive_time": session["timers"]["keepalive"],
            "connect_retry": session["timers"]["connect"],
            "password": secret if session["password"] else None,
            "families": session["families"],
            "next_hop": dict(self.plan["segments"][session["segment"]]["members"][node]["addresses"]),
            "multihop": False,
        }

    def end(self) -> None:
        """Everything goes."""
        for wire in self.nodes.values():
            wire.end()
        for box in self.boxes.values():
            box.end()
        for host, namespace in self._namespaces.items():
            if host not in self.boxes:
                subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True)
