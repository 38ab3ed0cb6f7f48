# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listens on an interface in a network namespace and sorts what passed into BGP messages, BFD packets, ARP and NDP.

Left out on purpose: fragments, VLAN tags, IPv6 extension headers other than the hop-by-hop one of MLD.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from processes import until

_LISTEN = """
import socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
sock.bind((sys.argv[1], 3))
print("listening", flush=True)
while True:
    try:
        print(sock.recv(1 << 17).hex(), flush=True)
    except OSError:
        pass  # the interface was down for a moment
"""
MARKER = b"\xff" * 16


class Item(NamedTuple):
    """Something that was on the wire. ``stream``: of BGP, the connection and direction; else the sender."""

    kind: str  # bgp, bfd, arp, ndp, mld
    stream: str
    data: bytes


class Tap:
    """A listener; ``items`` once it was closed."""

    def __init__(self, namespace: str, interface: str, folder: Path) -> None:
        self._path = folder / f"{namespace}-{interface}.hex"
        with open(self._path, "wb") as file:
            command = ["ip", "netns", "exec", namespace, sys.executable, "-c", _LISTEN, interface]
            self._process = subprocess.Popen(command, stdout=file)
        until(lambda: self._path.read_text().startswith("listening"), "the listener")

    def close(self) -> None:
        """Listens no more."""
        time.sleep(0.3)  # what is under way
        self._process.kill()
        self._process.wait()

    def items(self) -> list[Item]:
        """What was on the wire, in order; BGP messages whole."""
        frames = [bytes.fromhex(line) for line in self._path.read_text().splitlines()[1:] if len(line) % 2 == 0]
        streams = _Streams()
        return [item for frame in frames for item in _sort(frame, streams)]


class _Streams:
    """Joins the segments of TCP connections; what came twice counts once."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._early: dict[str, dict[int, bytes]] = {}
        self._rest: dict[str, bytes] = {}

    def feed(self, name: str, sequence: int, begins: bool, data: bytes) -> Iterator[Item]:
        """A segment; the messages that became whole."""
        if begins:
            self._next[name], self._early[name], self._rest[name] = sequence + 1, {}, b""
            return
        if not data or name not in self._next:
            return
        self._early[name][sequence] = data
        while self._next[name] in self._early[name]:
            piece = self._early[name].pop(self._next[name])
            self._next[name] = (self._next[name] + len(piece)) & 0xFFFFFFFF
            self._rest[name] += piece
        rest = self._rest[name]
        while len(rest) >= 19 and rest.startswith(MARKER):
            length = max(19, int.from_bytes(rest[16:18], "big"))
            if len(rest) < length:
                break
            yield Item("bgp", name, rest[:length])
            rest = rest[length:]
        self._rest[name] = rest


def _sort(frame: bytes, streams: _Streams) -> Iterator[Item]:
    ethertype, mac = frame[12:14], frame[6:12].hex(":")
    if ethertype == b"\x08\x06":
        yield Item("arp", mac, frame[:42])
    elif ethertype == b"\x08\x00":
        size = (frame[14] & 0xF) * 4
        end = 14 + int.from_bytes(frame[16:18], "big")
        ends = [socket.inet_ntop(socket.AF_INET, frame[at : at + 4]) for at in (26, 30)]
        yield from _transport(frame[23], ends, frame[14 + size : end], streams)
    elif ethertype == b"\x86\xdd":
        end = 54 + int.from_bytes(frame[18:20], "big")
        ends = [socket.inet_ntop(socket.AF_INET6, frame[at : at + 16]) for at in (22, 38)]
        if frame[20] == 58 and 133 <= frame[54] <= 137:
            yield Item("ndp", mac, frame[:end])
        elif frame[20] == 0 and frame[54] == 58:
            yield Item("mld", mac, frame[:end])
        else:
            yield from _transport(frame[20], ends, frame[54:end], streams)


def _transport(protocol: int, ends: list[str], packet: bytes, streams: _Streams) -> Iterator[Item]:
    if len(packet) < 8:
        return
    ports = [int.from_bytes(packet[at : at + 2], "big") for at in (0, 2)]
    name = " > ".join(f"{address} {port}" for address, port in zip(ends, ports))
    if protocol == 17 and ports[1] in (3784, 4784):
        yield Item("bfd", f"{ends[0]} > {ends[1]} {ports[1]}", packet[8:])
    elif protocol == 6 and 179 in ports and len(packet) >= 20:
        sequence = int.from_bytes(packet[4:8], "big")
        yield from streams.feed(name, sequence, bool(packet[13] & 2), packet[(packet[12] >> 4) * 4 :])
