# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces that come, go and change while addresses are answered on them."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from interop.segment import FAMILIES, Segment, announces, octets, resolve, segment
from interop.stage import Host, ip
from processes import Link, Wire, until

TESTS = 11  # each has a node of its own


class Node:
    """A host with a wire that answers for an address per family, on all interfaces unless told otherwise."""

    def __init__(self, net: Segment, number: int) -> None:
        self.vip = {"ipv4": f"10.0.1.{200 + number}", "ipv6": f"2001:db8:dc:1::{200 + number}"}
        self.host: Host = net.stage.host(f"n{number}")
        self.wire: Wire = net.wire_on(self.host, layer2_refresh=0)
        self.link: Link = self.wire.link()
        self.answer()

    def answer(self, *interfaces: str) -> None:
        """Answers on these."""
        self.link.full(layer2={address: {"interfaces": list(interfaces)} for address in self.vip.values()})

    def ip(self, *words: str) -> str:
        """Runs ip there."""
        return ip("-n", self.host.namespace, *words)

    def on(self, family: str) -> dict[str, str]:
        """The interfaces that answer."""
        found: dict[str, str] = self.link.layer2(self.vip[family])["interfaces"]
        return found

    def where(self) -> set[str]:
        """The interfaces that answer, when they are the same for both families."""
        names = [set(self.on(family)) for family in FAMILIES]
        return names[0] if names[0] == names[1] else set()

    def told(self) -> list[int]:
        """How many announcements went out, per family."""
        return [self.link.layer2(address)["gratuitous"] for address in self.vip.values()]

    def tells_again(self) -> bool:
        """Whether announcements of both families went out after the first burst."""
        ipv4, ipv6 = self.told()
        return ipv4 > 10 and ipv6 > 5

    def states(self) -> dict[str, Any]:
        """The state of every interface."""
        found = self.link.ask("status")["status"]["layer2_interfaces"]
        return {name: one["state"] for name, one in found.items()}


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Segment]:
    with segment(tmp_path_factory.mktemp("segment")) as made:
        yield made


@pytest.fixture(scope="module")
def nodes(net: Segment) -> list[Node]:
    """Nodes whose first announcements are over: they took their time together."""
    made = [Node(net, number) for number in range(TESTS)]
    for node in made:
        until(lambda node=node: node.told() == [10, 5], "the end of the burst")  # type: ignore[misc]
    return made


@pytest.fixture
def node(nodes: list[Node]) -> Node:
    """A node that no test has touched."""
    return nodes.pop()


def asked_at_once(net: Segment, node: Node, mac: bytes) -> None:
    """A question right now is answered with this MAC, for both families."""
    tap = net.tap(net.client)
    for address in node.vip.values():
        assert tap.ask(net.client, address)[6:12] == mac


def test_interfaces_come_go_and_change(net: Segment, node: Node) -> None:
    """All of it follows from the kernel's news."""
    node.answer("rack1", "rack9")
    assert node.where() == {"rack1"}
    node.ip("link", "set", "rack1", "down")
    until(lambda: node.on("ipv4") == node.on("ipv6") == {}, "no interface")
    assert node.states() == {"rack1": "down"}
    node.ip("link", "set", "rack1", "address", "02:00:00:00:00:77", "up")
    until(lambda: node.on("ipv4") == node.on("ipv6") == {"rack1": "02:00:00:00:00:77"}, "the new MAC")
    node.ip("address", "replace", f"{node.host.ipv6}/64", "dev", "rack1", "nodad")  # forgotten with the link
    for address in node.vip.values():
        assert resolve(net.client, address) == "02:00:00:00:00:77"
    node.host.plug("rack9", f"{node.host.port}b")
    until(lambda: node.where() == {"rack1", "rack9"}, "the interface that came")
    node.ip("link", "delete", "rack9")
    until(lambda: node.where() == {"rack1"}, "the interface that went")


def test_a_renamed_interface_goes_on(net: Segment, node: Node) -> None:
    tap = net.tap(net.client)
    node.ip("link", "set", "rack1", "name", "uplink")
    for address in node.vip.values():
        assert tap.ask(net.client, address)[6:12] == octets(node.host.mac_of("uplink"))
    until(lambda: node.where() == {"uplink"}, "the new name")
    assert node.told() == [10, 5]  # neighbours need not know
    assert node.wire.log.read_text().count("event=answering") == 1  # and the sockets stayed open


def test_an_interface_is_known_by_its_alternative_name_too(net: Segment, node: Node) -> None:
    node.ip("link", "property", "add", "dev", "rack1", "altname", "uplink")
    node.answer("uplink")
    until(lambda: node.where() == {"rack1"}, "the interface by its other name")
    node.answer("rack1")
    node.ip("link", "set", "rack1", "name", "eth7")
    until(lambda: node.on("ipv4") == {}, "no interface of that name")
    node.ip("link", "property", "add", "dev", "eth7", "altname", "rack1")
    until(lambda: node.where() == {"eth7"}, "the interface by its old name")


def test_a_new_mac_is_told(net: Segment, node: Node) -> None:
    for address in node.vip.values():
        assert resolve(net.client, address) == node.host.mac
    node.ip("link", "set", "rack1", "address", "02:00:00:00:00:78")
    for address in node.vip.values():
        until(lambda address=address: net.client.neighbour(address)[0] == "02:00:00:00:00:78", "the MAC")  # type: ignore[misc]
    until(node.tells_again, "another burst")
    assert node.wire.log.read_text().count("event=answering") == 1


def test_a_carrier_that_comes_back_is_announced(net: Segment, node: Node) -> None:
    """Nobody knows what the switch forgot meanwhile."""
    port = node.host.port
    ip("-n", node.host.switch, "link", "set", port, "down")
    until(lambda: node.states() == {"rack1": "no carrier"}, "the loss")
    assert node.where() == {"rack1"}
    tap = net.tap(net.client)
    ip("-n", node.host.switch, "link", "set", port, "up")
    for address in node.vip.values():
        tap.until(lambda frame, one=address: announces(frame, one, octets(node.host.mac)), "news")  # type: ignore[misc]
    until(node.tells_again, "another burst")


def test_a_carrier_that_flaps_unseen_is_announced_as_well(net: Segment, node: Node) -> None:
    """Both changes happen while wire does not look: the kernel's count of them tells."""
    assert node.wire.process is not None
    node.wire.process.send_signal(signal.SIGSTOP)
    for state in ("down", "up"):
        ip("-n", node.host.switch, "link", "set", node.host.port, state)
    node.wire.process.send_signal(signal.SIGCONT)
    until(node.tells_again, "another burst")


def test_a_bridge_takes_over_from_its_port(net: Segment, node: Node) -> None:
    """And what comes to the bridge later is told where the addresses are."""
    node.ip("link", "add", "br0", "type", "bridge", "forward_delay", "0")
    node.ip("link", "set", "br0", "address", "02:00:00:00:00:79", "up")
    node.ip("address", "flush", "dev", "rack1", "scope", "global")
    node.ip("link", "set", "rack1", "master", "br0")
    node.ip("address", "add", f"{node.host.ipv4}/24", "dev", "br0")
    node.ip("address", "add", f"{node.host.ipv6}/64", "dev", "br0", "nodad")
    until(lambda: node.where() == {"br0"}, "the bridge")
    assert node.states() == {"br0": "answering", "rack1": "part of another interface"}
    asked_at_once(net, node, bytes.fromhex("020000000079"))
    again = 'event="announcing again" interface=br0'
    before = node.wire.log.read_text().count(again)
    node.ip("link", "add", "tap0", "type", "veth", "peer", "name", "guest")
    node.ip("link", "set", "guest", "up")
    node.ip("link", "set", "tap0", "master", "br0", "up")
    until(lambda: node.wire.log.read_text().count(again) > before, "announcements because of the new port")
    node.ip("link", "set", "rack1", "nomaster")
    node.ip("address", "flush", "dev", "br0", "scope", "global")
    node.ip("address", "add", f"{node.host.ipv4}/24", "dev", "rack1")
    node.ip("address", "add", f"{node.host.ipv6}/64", "dev", "rack1", "nodad")
    until(lambda: node.where() == {"rack1"}, "the interface itself")


def test_news_that_overran_is_made_up_for(net: Segment, node: Node) -> None:
    """More changes than the kernel keeps (ENOBUFS): all interfaces are looked at again."""
    assert node.wire.process is not None
    node.wire.process.send_signal(signal.SIGSTOP)
    lines = [f"link set lo alias {number}" for number in range(6000)]
    batch = "\n".join([*lines, "link set rack1 address 02:00:00:00:00:80"])
    command = ["ip", "-n", node.host.namespace, "-batch", "-"]
    subprocess.run(command, input=batch, check=True, capture_output=True, text=True)
    node.wire.process.send_signal(signal.SIGCONT)
    until(lambda: node.on("ipv4") == node.on("ipv6") == {"rack1": "02:00:00:00:00:80"}, "the new MAC")
    lost = [int(line.split()[8]) for line in node.host.run("cat", "/proc/net/netlink").splitlines()[1:]]
    assert any(lost)  # the column Drops: there was an overrun
    asked_at_once(net, node, bytes.fromhex("020000000080"))


@pytest.mark.parametrize("kind", ["vlan", "macvlan", "bond"])
def test_an_interface_on_top_of_another(kind: str, net: Segment, node: Node) -> None:
    """Answered by the same code, where the kernel has such interfaces."""
    words = {
        "vlan": ["link", "rack1", "name", "top0", "type", "vlan", "id", "5"],
        "macvlan": ["link", "rack1", "name", "top0", "type", "macvlan", "mode", "bridge"],
        "bond": ["name", "top0", "type", "bond", "mode", "active-backup"],
    }[kind]
    made = subprocess.run(
        ["ip", "-n", node.host.namespace, "link", "add", *words], check=False, capture_output=True, text=True
    )
    if "Unknown device type" in made.stderr:
        pytest.skip(f"the kernel has no {kind}")
    assert made.returncode == 0, made.stderr
    if kind == "bond":
        node.host.plug("leg1", f"{node.host.port}l")
        node.ip("link", "set", "leg1", "down")
        node.ip("link", "set", "leg1", "master", "top0")
    node.ip("link", "set", "top0", "up")
    node.answer("top0")
    until(lambda: node.where() == {"top0"}, "the interface on top")
    if kind == "vlan":
        return
    asked_at_once(net, node, octets(node.host.mac_of("top0")))
    again = 'event="announcing again" interface=top0'
    before = node.wire.log.read_text().count(again)
    for state in ("down", "up"):
        ip("-n", node.host.switch, "link", "set", f"{node.host.port}{'l' if kind == 'bond' else ''}", state)
    until(lambda: node.wire.log.read_text().count(again) > before, "announcements because of what it stands on")
