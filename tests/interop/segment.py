# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A segment for the tests of layer 2: hosts on a switch, a running ``wire``, and taps that send and hear raw frames."""

from __future__ import annotations

import ipaddress
import select
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable

from interop.stage import Host, Stage
from namespaces import within
from processes import Link, Wire, until

FAMILIES = ["ipv4", "ipv6"]
BROADCAST = b"\xff" * 6
ALL_NODES = bytes.fromhex("333300000001")
_EVERYTHING = 3  # ETH_P_ALL


def octets(mac: str) -> bytes:
    """A MAC's octets."""
    return bytes.fromhex(mac.replace(":", ""))


def packed(address: str) -> bytes:
    """An address's octets."""
    return ipaddress.ip_address(address).packed


def solicited_node(address: str) -> bytes:
    """The group of an IPv6 address."""
    return bytes.fromhex("ff0200000000000000000001ff") + packed(address)[13:]


def group_mac(group: bytes) -> bytes:
    """The Ethernet address of an IPv6 group."""
    return b"\x33\x33" + group[12:]


def arp(to: bytes, by: bytes, operation: int, sender: str, target: str, mac: bytes | None = None) -> bytes:
    """An ARP frame; ``mac`` is the sender's where it is not the frame's."""
    head = b"\x08\x06" + bytes.fromhex("000108000604") + operation.to_bytes(2, "big")
    return to + by + head + (mac or by) + packed(sender) + bytes(6) + packed(target)


def icmp6(to: bytes, by: bytes, source: bytes, destination: bytes, message: bytes, hops: int = 255) -> bytes:
    """An ICMPv6 frame; the checksum is put in."""
    pseudo = source + destination + len(message).to_bytes(4, "big") + bytes((0, 0, 0, 58)) + message
    total = sum(pseudo[0::2]) * 256 + sum(pseudo[1::2])
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    message = message[:2] + (total ^ 0xFFFF).to_bytes(2, "big") + message[4:]
    header = b"\x60\0\0\0" + len(message).to_bytes(2, "big") + bytes((58, hops)) + source + destination
    return to + by + b"\x86\xdd" + header + message


def solicitation(by: bytes, source: str, target: str, option: bool = True, to: bytes | None = None) -> bytes:
    """A solicitation to the group, or by unicast to the MAC ``to``."""
    group = solicited_node(target)
    message = bytes((135, 0, 0, 0, 0, 0, 0, 0)) + packed(target) + (b"\x01\x01" + by if option else b"")
    destination = packed(target) if to else group
    return icmp6(to or group_mac(group), by, packed(source), destination, message)


def advertisement(by: bytes, target: str, to: bytes = ALL_NODES) -> bytes:
    """An unsolicited advertisement."""
    message = bytes((136, 0, 0, 0, 0x20, 0, 0, 0)) + packed(target) + b"\x02\x01" + by
    return icmp6(to, by, packed(target), packed("ff02::1"), message)


def question(by: bytes, host: Host, target: str) -> bytes:
    """Who has this address? From a host's own address."""
    if ":" in target:
        return solicitation(by, host.ipv6, target)
    return arp(BROADCAST, by, 1, host.ipv4, target)


def announcement(by: bytes, address: str) -> bytes:
    """Somebody says that it has the address."""
    return advertisement(by, address) if ":" in address else arp(BROADCAST, by, 1, address, address)


def answers(frame: bytes, address: str, to: bytes) -> bool:
    """Whether a frame tells the MAC of an address to this host alone."""
    if frame[:6] != to:
        return False
    if ":" in address:
        return frame[12:14] == b"\x86\xdd" and frame[54] == 136 and frame[62:78] == packed(address)
    return frame[12:14] == b"\x08\x06" and frame[21] == 2 and frame[28:32] == packed(address)


def announces(frame: bytes, address: str, by: bytes) -> bool:
    """Whether a frame tells everybody that this MAC has the address."""
    return frame[6:12] == by and frame[:6] in (BROADCAST, ALL_NODES) and claims(frame, address)


def claims(frame: bytes, address: str) -> bool:
    """Whether a frame says who has the address."""
    if ":" in address:
        return frame[12:14] == b"\x86\xdd" and frame[54] == 136 and frame[62:78] == packed(address)
    return frame[12:14] == b"\x08\x06" and frame[28:32] == packed(address)


class Tap:
    """Sends and hears frames on an interface of a host, also what the host itself sends."""

    def __init__(self, host: Host, interface: str = "rack1") -> None:
        self.mac = octets(host.mac_of(interface))
        self.heard: list[bytes] = []
        self._socket = within(host.namespace, lambda: _open(interface))

    def send(self, frame: bytes) -> None:
        """Sends a frame."""
        self._socket.send(frame)

    def listen(self) -> list[bytes]:
        """All that was heard until now."""
        while select.select([self._socket], [], [], 0)[0]:
            self.heard.append(self._socket.recv(4096))
        return self.heard

    def until(self, wanted: Callable[[bytes], bool], what: str) -> bytes:
        """The first frame heard that is wanted; waits for it."""
        frame: bytes = until(lambda: next(filter(wanted, self.listen()), None), what)
        return frame

    def ask(self, host: Host, address: str) -> bytes:
        """Asks for an address until it is answered; the answer's frame."""
        self.heard.clear()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self.send(question(self.mac, host, address))
            again = time.monotonic() + 1
            while time.monotonic() < again:
                select.select([self._socket], [], [], 0.1)
                for frame in self.listen():
                    if answers(frame, address, self.mac):
                        return frame
        raise AssertionError(f"nobody answers for {address}")

    def close(self) -> None:
        """Hears no more."""
        self._socket.close()


class Segment:
    """A switch, a client, a node with a ``wire`` and a link to it."""

    def __init__(self, folder: Path, **config: object) -> None:
        self.begun = time.monotonic()
        self.stage = Stage()
        self.client = self.stage.host("client")
        self.node = self.stage.host("node")
        for family in ("ipv4", "ipv6"):  # a search in vain ends in half of the usual time
            self.client.run("sysctl", "-q", "-w", f"net.{family}.neigh.rack1.retrans_time_ms=500")
        self._folder = folder
        self._wires: list[Wire] = []
        self._taps: list[Tap] = []
        self.wire = self.wire_on(self.node, **config)
        self.link: Link = self.wire.link()

    def wire_on(self, host: Host, **config: object) -> Wire:
        """Starts a wire on a host."""
        wire = Wire(self._folder / host.namespace, host.prefix, **config)
        self._wires.append(wire)
        wire.start()
        return wire

    def tap(self, host: Host, interface: str = "rack1") -> Tap:
        """A tap on a host."""
        tap = Tap(host, interface)
        self._taps.append(tap)
        return tap

    def answer(self, *addresses: str, interfaces: list[str] | None = None) -> None:
        """Has exactly these addresses answered."""
        self.link.full(layer2={address: {"interfaces": interfaces or []} for address in addresses})

    def end(self) -> None:
        """Takes everything away."""
        for tap in self._taps:
            tap.close()
        for wire in self._wires:
            wire.end()
        self.stage.end()


@contextmanager
def segment(folder: Path, **config: object) -> Iterator[Segment]:
    """A segment that is taken away at the end."""
    made = Segment(folder, **config)
    try:
        yield made
    finally:
        made.end()


def resolve(client: Host, address: str) -> str:
    """The MAC that the client's kernel finds for an address that it talks to; empty when nobody answers."""
    family = "AF_INET6" if ":" in address else "AF_INET"
    talk = f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM).sendto(b'x', ('{address}', 9))"
    client.run(sys.executable, "-S", "-c", talk)

    def ended() -> list[str] | None:
        """The entry is there from the first packet on; a failed one may be gone before anybody has seen it."""
        mac, state = client.neighbour(address)
        return None if state == "INCOMPLETE" else [mac]

    (mac,) = until(ended, f"an end of the search for {address}")
    return str(mac)


def _open(interface: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((interface, _EVERYTHING))
    return sock
