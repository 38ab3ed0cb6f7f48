# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP and NDP against the kernel's neighbour tables and raw frames, through a switch that watches MLD."""

from __future__ import annotations

import ipaddress
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from interop.stage import Host, Stage, ip
from processes import Link, Wire, until

FAMILIES = ["ipv4", "ipv6"]
VIP = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}
OFF_LINK = {"ipv4": "192.0.2.200", "ipv6": "2001:db8:99::200"}
MakeWire = Callable[..., Wire]

_PROBE = """
import socket, sys
frame, ethertype, kind, at = bytes.fromhex(sys.argv[1]), int(sys.argv[2], 16), int(sys.argv[3]), int(sys.argv[4])
to = bytes.fromhex(sys.argv[5])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype))
sock.bind(("rack1", ethertype))
sock.settimeout(60)
sock.send(frame)
while True:
    got, address = sock.recvfrom(2000)
    if address[2] != socket.PACKET_OUTGOING and got.startswith(to) and len(got) > at and got[at] == kind:
        print(got.hex())
        break
"""


@pytest.fixture
def client(stage: Stage) -> Host:
    return stage.host("client")


def answered(link: Link, *addresses: str, interfaces: list[str] | None = None) -> None:
    """Has these addresses answered."""
    link.full(layer2={address: {"interfaces": interfaces or []} for address in addresses})


def resolve(client: Host, address: str) -> str:
    """The MAC that the client's kernel finds for an address that it talks to; empty when nobody answers."""
    family = "AF_INET6" if ":" in address else "AF_INET"
    talk = f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM).sendto(b'x', ('{address}', 9))"
    client.run(sys.executable, "-c", talk)

    def ended() -> list[str] | None:
        """The entry is there from the first packet on; a failed one may be gone before anybody has seen it."""
        mac, state = client.neighbour(address)
        return None if state == "INCOMPLETE" else [mac]

    (mac,) = until(ended, f"an end of the search for {address}")
    return str(mac)


def exchange(client: Host, frame: bytes, ethertype: int, kind: int, at: int, to: bytes) -> bytes:
    """Sends a frame; the first one to ``to`` (an Ethernet address) that comes back with ``kind`` at offset ``at``."""
    words = [frame.hex(), f"{ethertype:x}", str(kind), str(at), to.hex()]
    return bytes.fromhex(client.run(sys.executable, "-c", _PROBE, *words).strip())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_neighbour_finds_the_announcer(family: str, stage: Stage, client: Host, node: Host, wire: Wire) -> None:
    link = wire.link()
    answered(link, *VIP.values())
    assert resolve(client, VIP[family]) == node.mac
    assert link.layer2(VIP[family])["interfaces"] == {"rack1": node.mac}
    assert link.layer2(VIP[family])["replies"] >= 1
    answered(link, *[VIP[other] for other in FAMILIES if other != family])
    ip("-n", client.namespace, "neigh", "flush", "dev", "rack1")
    assert resolve(client, VIP[family]) == ""


@pytest.mark.parametrize("family", FAMILIES)
def test_the_kernel_confirms_a_known_neighbour_by_unicast(family: str, client: Host, node: Host, wire: Wire) -> None:
    """A stale entry is probed by unicast; without an answer it would fail."""
    answered(wire.link(), *VIP.values())
    assert resolve(client, VIP[family]) == node.mac
    ip("-n", client.namespace, "neigh", "change", VIP[family], "dev", "rack1", "lladdr", node.mac, "nud", "probe")
    until(lambda: client.neighbour(VIP[family])[1] == "REACHABLE", "a confirmed entry")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_take_over_reaches_clients_that_do_not_ask(
    family: str, stage: Stage, client: Host, node: Host, make_wire: MakeWire
) -> None:
    other = stage.host("other")
    first, second = make_wire(node).link(), make_wire(other).link()
    answered(first, *VIP.values())
    second.full()
    assert resolve(client, VIP[family]) == node.mac
    first.delta(layer2=dict.fromkeys(VIP.values()))
    second.delta(layer2={address: {"interfaces": []} for address in VIP.values()})
    until(lambda: client.neighbour(VIP[family])[0] == other.mac, "the new announcer's MAC")
    frames = {"ipv4": 10, "ipv6": 5}[family]  # five rounds; ARP goes as request and as reply
    until(lambda: second.layer2(VIP[family])["gratuitous"] == frames, "all rounds")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_journal_answers_again_after_a_kill(family: str, client: Host, node: Host, wire: Wire) -> None:
    answered(wire.link(), *VIP.values())
    until(wire.journal.exists, "the journal")
    wire.stop(signal.SIGKILL)
    assert resolve(client, VIP[family]) == ""
    wire.start()
    ip("-n", client.namespace, "neigh", "flush", "dev", "rack1")
    assert resolve(client, VIP[family]) == node.mac


@pytest.mark.parametrize("family", FAMILIES)
def test_interfaces_come_go_and_change(family: str, client: Host, node: Host, wire: Wire) -> None:
    link = wire.link()
    answered(link, VIP[family], interfaces=["rack1", "rack9"])
    until(lambda: set(link.layer2(VIP[family])["interfaces"]) == {"rack1"}, "the interface that is there")
    ip("-n", node.namespace, "link", "set", "rack1", "down")
    until(lambda: link.layer2(VIP[family])["interfaces"] == {}, "no interface")
    ip("-n", node.namespace, "link", "set", "rack1", "address", "02:00:00:00:00:77", "up")
    if family == "ipv6":  # the kernel forgot it with the interface
        ip("-n", node.namespace, "address", "replace", f"{node.ipv6}/64", "dev", "rack1", "nodad")
    until(lambda: link.layer2(VIP[family])["interfaces"] == {"rack1": "02:00:00:00:00:77"}, "the new MAC")
    assert resolve(client, VIP[family]) == "02:00:00:00:00:77"
    node.plug("rack9", "p99")
    until(lambda: set(link.layer2(VIP[family])["interfaces"]) == {"rack1", "rack9"}, "the interface that came")
    ip("-n", node.namespace, "link", "delete", "rack9")
    until(lambda: set(link.layer2(VIP[family])["interfaces"]) == {"rack1"}, "the interface that went")


@pytest.mark.parametrize("family", FAMILIES)
def test_without_names_the_network_of_the_address_decides(family: str, client: Host, node: Host, wire: Wire) -> None:
    node.plug("rack2", "p98")
    node.plug("veth5", "p97")
    link = wire.link()
    answered(link, VIP[family], OFF_LINK[family])
    assert set(link.layer2(VIP[family])["interfaces"]) == {"rack1"}
    assert set(link.layer2(OFF_LINK[family])["interfaces"]) == {"rack1", "rack2"}


def test_groups_are_joined_and_left(client: Host, node: Host, wire: Wire) -> None:
    """Two addresses of one solicited-node group share it."""
    first, second, group = "2001:db8:dc:1::200", "2001:db8:dc:1:1::200", "ff02::1:ff00:200"
    link = wire.link()

    def joined() -> bool:
        return group in ip("-n", node.namespace, "maddr", "show", "dev", "rack1")

    answered(link, first, second, interfaces=["rack1"])
    assert joined()
    answered(link, second, interfaces=["rack1"])
    assert joined()
    answered(link, "10.0.1.200", interfaces=["rack1"])
    assert not joined()


def test_many_groups(client: Host, node: Host, wire: Wire) -> None:
    """More groups than one socket may hold."""
    count = 3000
    link = wire.link()
    answered(link, *[f"2001:db8:dc:1::{number:x}:{number:x}" for number in range(1, count + 1)])

    def groups() -> int:
        return ip("-n", node.namespace, "maddr", "show", "dev", "rack1").count("inet6 ff02::1:ff")

    until(lambda: groups() >= count, "all groups")
    assert "group not joined" not in wire.log.read_text()
    assert resolve(client, f"2001:db8:dc:1::{count:x}:{count:x}") == node.mac


def test_where_ipv6_is_off_the_network_card_is_told(client: Host, node: Host, wire: Wire) -> None:
    node.run("sysctl", "-q", "-w", "net.ipv6.conf.rack1.disable_ipv6=1")
    answered(wire.link(), VIP["ipv6"], interfaces=["rack1"])
    assert resolve(client, VIP["ipv6"]) == node.mac


@pytest.mark.parametrize("sender", ["10.0.1.7", "0.0.0.0"], ids=["request", "probe"])
@pytest.mark.parametrize("to", ["broadcast", "unicast"])
def test_raw_arp(sender: str, to: str, client: Host, node: Host, wire: Wire) -> None:
    answered(wire.link(), *VIP.values())
    mine, theirs = (bytes.fromhex(host.mac.replace(":", "")) for host in (client, node))
    asker, target = ipaddress.IPv4Address(sender).packed, ipaddress.IPv4Address(VIP["ipv4"]).packed
    head = bytes.fromhex("08060001080006040001")
    frame = (b"\xff" * 6 if to == "broadcast" else theirs) + mine + head + mine + asker + bytes(6) + target
    got = exchange(client, frame, 0x0806, 2, 21, mine)
    assert got[6:42] == theirs + head[:-1] + b"\x02" + theirs + target + mine + asker


SOLICITATIONS: dict[str, dict[str, Any]] = {
    "multicast": {"to": "group", "option": True, "source": "client"},
    "multicast, no option": {"to": "group", "option": False, "source": "client"},
    "unicast": {"to": "unicast", "option": True, "source": "client"},
    "unicast, no option": {"to": "unicast", "option": False, "source": "client"},
    "duplicate address detection": {"to": "group", "option": False, "source": "::"},
}


@pytest.mark.parametrize("name", SOLICITATIONS)
def test_raw_solicitations(name: str, client: Host, node: Host, wire: Wire) -> None:
    kind = SOLICITATIONS[name]
    link = wire.link()
    answered(link, *VIP.values())
    mine, theirs = (bytes.fromhex(host.mac.replace(":", "")) for host in (client, node))
    target = ipaddress.IPv6Address(VIP["ipv6"]).packed
    source = ipaddress.IPv6Address(client.ipv6 if kind["source"] == "client" else "::").packed
    group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
    destination = group if kind["to"] == "group" else target
    message = bytes((135, 0, 0, 0, 0, 0, 0, 0)) + target + (b"\x01\x01" + mine if kind["option"] else b"")
    pseudo = source + destination + len(message).to_bytes(4, "big") + bytes((0, 0, 0, 58)) + message
    total = sum(pseudo[0::2]) * 256 + sum(pseudo[1::2])
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    message = message[:2] + (total ^ 0xFFFF).to_bytes(2, "big") + message[4:]
    ethernet = (b"\x33\x33" + group[12:] if kind["to"] == "group" else theirs) + mine + b"\x86\xdd"
    header = b"\x60\0\0\0" + len(message).to_bytes(2, "big") + bytes((58, 255)) + source + destination
    if kind["source"] == "::":
        until(lambda: link.layer2(VIP["ipv6"])["gratuitous"] == 5, "all rounds: they go to where this answer goes")
    to = bytes.fromhex("333300000001") if kind["source"] == "::" else mine
    got = exchange(client, ethernet + header + message, 0x86DD, 136, 54, to)
    assert got[22:38] == target == got[62:78]
    assert got[78:86] == b"\x02\x01" + theirs
    if kind["source"] == "::":
        assert (got[38:54], got[58]) == (ipaddress.IPv6Address("ff02::1").packed, 0x20)
    else:
        assert (got[38:54], got[58]) == (source, 0x60)


def test_the_kernel_sees_the_address_as_taken(client: Host, node: Host, wire: Wire) -> None:
    """A host that gives itself the VIP finds out by duplicate address detection."""
    answered(wire.link(), *VIP.values())
    ip("-n", client.namespace, "address", "add", f"{VIP['ipv6']}/64", "dev", "rack1")

    def state() -> str:
        return ip("-n", client.namespace, "-6", "address", "show", "dev", "rack1", "to", f"{VIP['ipv6']}/128")

    until(lambda: "tentative" not in state() or "dadfailed" in state(), "the end of the detection")
    assert "dadfailed" in state()


@pytest.mark.parametrize("family", FAMILIES)
def test_an_address_that_is_not_ours_is_not_answered(family: str, client: Host, node: Host, wire: Wire) -> None:
    answered(wire.link(), *VIP.values())
    stranger = {"ipv4": "10.0.1.201", "ipv6": "2001:db8:dc:1::201"}[family]
    assert resolve(client, stranger) == ""


def test_without_the_right_to_packet_sockets_the_log_says_so(tmp_path: Path, node: Host) -> None:
    wire = Wire(tmp_path / "weak", [*node.prefix, "setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"])
    try:
        wire.start()
        answered(wire.link(), *VIP.values())
        assert 'event="cannot answer" interface=rack1 reason="operation not permitted"' in wire.log.read_text()
    finally:
        wire.end()


def test_the_stage_leaves_nothing_behind() -> None:
    stage = Stage()
    stage.host("node")
    stage.end()
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    assert stage.name not in listed
