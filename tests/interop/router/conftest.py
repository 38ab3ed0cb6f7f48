# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A corner of the demo fabric on real FRR: tor1 with br1 above it and two nodes below, which are FRR as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import fabrics
import pytest
from interop.router.box import Box
from processes import until

from dualstack.plan.build import make
from dualstack.render import frr

SECRET = "Tr0ub4dor$&3'x\"y\\z"
SECRETS = {"bgp-auth": SECRET}
TOR1 = ("10.0.1.1", "2001:db8:dc:1::1")  # on rack1
NODES = {"node1": ("10.0.1.11", "2001:db8:dc:1::11"), "node2": ("10.0.1.12", "2001:db8:dc:1::12")}
Change = Callable[[Any, Any], None]


def plan_of(change: Change | None = None) -> dict[str, Any]:
    """The demo's plan, with quick reconnects, after ``change`` of its intent."""
    data, hosts = fabrics.read("demo")
    data["fabric"]["timers"] = {"keepalive": 3, "hold": 9, "connect": 1}
    if change:
        change(data, hosts)
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    return plan


PLAN = plan_of()
UPLINK = {  # per family br1's and tor1's address on the link between them
    family: tuple(PLAN["segments"]["br1--tor1"]["members"][router]["addresses"][family] for router in ("br1", "tor1"))
    for family in PLAN["cluster"]["families"]
}


class Fabric:
    """The hosts, and how their routers are brought to a plan."""

    def __init__(self, boxes: dict[str, Box]) -> None:
        self.tor1, self.br1 = boxes["tor1"], boxes["br1"]
        self.nodes = {name: boxes[name] for name in NODES}
        self.boxes = boxes
        self.plan = PLAN

    def bring(self, router: str, plan: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        """``frr_config`` on a router."""
        text = frr.render(plan or self.plan, router)
        return self.boxes[router].module("frr_config", **{"config": text, "secrets": SECRETS, **arguments})

    def bring_back(self) -> None:
        """The plan as it was at first, all sessions up."""
        for router in ("tor1", "br1"):
            result = self.bring(router)
            assert not result.get("failed"), result["msg"]
        until(self._settled, "the sessions of tor1, at both ends")

    def _settled(self) -> bool:
        above = {ends[1] for ends in UPLINK.values()}
        nodes = all(node.up() >= set(TOR1) for node in self.nodes.values())
        return nodes and self.br1.up() >= above and self.tor1.up() >= self.expected

    @property
    def expected(self) -> set[str]:
        """tor1's neighbours that exist."""
        nodes = (address for addresses in NODES.values() for address in addresses)
        return {*(ends[0] for ends in UPLINK.values()), *nodes}


def node_config(name: str) -> list[str]:
    """What a node's FRR is told: sessions with tor1, and whatever it has is announced with the communities."""
    ipv4, ipv6 = NODES[name]
    lines = ["ip prefix-list any seq 5 permit any", "route-map out permit 10", "exit", "router bgp 64512"]
    lines += [f"bgp router-id {ipv4}", "no bgp default ipv4-unicast", "no bgp ebgp-requires-policy"]
    lines += ["no bgp network import-check"]
    for own, peer in zip((ipv4, ipv6), TOR1):
        lines += [
            f"neighbor {peer} remote-as 64500",
            f"neighbor {peer} password {SECRET}",
            f"neighbor {peer} timers 3 9",
            f"neighbor {peer} timers connect 1",
            f"neighbor {peer} update-source {own}",
        ]
    for family, peer in zip(("ipv4", "ipv6"), TOR1):
        lines += [f"address-family {family} unicast", f"neighbor {peer} activate", f"neighbor {peer} route-map out out"]
        lines += ["exit-address-family"]
    return lines


@pytest.fixture(scope="module")
def boxes(root: Path, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Box]]:
    """tor1, br1 and the nodes, wired; FRR does not run yet."""
    made: dict[str, Box] = {}
    try:
        for name in ("tor1", "br1", *NODES):
            made[name] = Box(name, root, tmp_path_factory.mktemp(name), checkout)
        wire(made)
        yield made
    finally:
        for box in made.values():
            box.end()


@pytest.fixture(scope="module")
def fabric(boxes: dict[str, Box]) -> Fabric:
    """All sessions of tor1 up."""
    for name in NODES:
        boxes[name].run("sed", "-i", "s/^bgpd=no/bgpd=yes/", "/etc/frr/daemons")
        boxes[name].frr("start")
        until(lambda name=name: "bgpd" in boxes[name].vty("show daemons"), f"bgpd of {name}")  # type: ignore[misc]
        boxes[name].configure(*node_config(name))
    fabric = Fabric(boxes)
    fabric.bring_back()
    return fabric


@pytest.fixture
def box(root: Path, checkout: Path, tmp_path: Path) -> Iterator[Box]:
    """A router alone, on which FRR has never run."""
    made = Box("alone", root, tmp_path, checkout)
    try:
        forward(made)
        yield made
    finally:
        made.end()


def forward(box: Box) -> None:
    """As the role does it, by the module that it uses."""
    settings = {f"net.{key}": 1 for key in ("ipv4.ip_forward", "ipv6.conf.all.forwarding")}
    settings |= {f"net.{family}.fib_multipath_hash_policy": 1 for family in ("ipv4", "ipv6")}
    result = box.module("kernel_settings", path="/etc/sysctl.d/60-dualstack-router.conf", settings=settings)
    assert not result.get("failed"), result["msg"]


def wire(boxes: dict[str, Box]) -> None:
    """rack1 is a bridge on tor1's side, which holds tor1's address; the link to br1 is a cable."""
    tor1, br1 = boxes["tor1"], boxes["br1"]
    tor1.ip("link", "add", "rack1", "type", "bridge", "forward_delay", "0")
    tor1.ip("link", "set", "rack1", "up")
    for name, (ipv4, ipv6) in NODES.items():
        boxes[name].ip("link", "add", "eth1", "type", "veth", "peer", "name", name, "netns", tor1.namespace)
        tor1.ip("link", "set", name, "master", "rack1", "up")
        address(boxes[name], "eth1", f"{ipv4}/24", f"{ipv6}/64")
    tor1.ip("link", "add", "uplink", "type", "veth", "peer", "name", "downlink", "netns", br1.namespace)
    address(tor1, "rack1", f"{TOR1[0]}/24", f"{TOR1[1]}/64")
    lengths = {"ipv4": 31, "ipv6": 127}
    for router, interface, end in ((br1, "downlink", 0), (tor1, "uplink", 1)):
        address(router, interface, *(f"{ends[end]}/{lengths[family]}" for family, ends in UPLINK.items()))
        address(router, "lo", *PLAN["routers"][router.name]["loopback"].values())
    for router in (tor1, br1):
        forward(router)


def address(box: Box, interface: str, *addresses: str) -> None:
    """Addresses on an interface, which is up."""
    box.ip("link", "set", interface, "up")
    for each in addresses:
        box.ip("address", "add", each, "dev", interface, *(["nodad"] if ":" in each else []))
