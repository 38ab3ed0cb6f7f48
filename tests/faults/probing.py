# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a client: sends a probe of every kind each 5 ms and remembers which were answered.

    probing.py NODE KIND:ADDRESS…

Kinds are ``udp4`` and ``udp6`` (echo.py answers; NODE, unless it is ``any``, is the one whose flow is probed: source
ports are tried until it answers), ``arp`` and ``ndp`` (a solicitation by broadcast or multicast on the interface rack1;
128 senders in turn, so that an answer tells which one it belongs to, and no neighbour table overflows).

Says ``ready`` once every kind was answered, and from then on counts. A line on standard input ends it: it waits
some time for answers that are under way and prints, by the monotonic clock,
``{KIND: {"sent": [seconds], "answered": [seconds or null], "by": [node or MAC]}}``. Standard library only.
"""

from __future__ import annotations

import ipaddress
import json
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

PERIOD = 0.005
LATE = 2.0  # seconds that an answer may take
SENDERS = 128
PORT = 7000
INTERFACE = "rack1"
ARP, IPV6 = 0x0806, 0x86DD


class Udp:
    """A flow through routers."""

    def __init__(self, vip: str) -> None:
        self._to = (vip, PORT)
        self._family = socket.AF_INET6 if ":" in vip else socket.AF_INET
        self.again()

    def again(self) -> None:
        """Another flow: another source port."""
        self.socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(self._to)

    def send(self, number: int) -> None:
        self.socket.send(struct.pack("!I", number))

    def latest(self, number: int, count: int) -> int:
        """Which of ``count`` probes carried a number."""
        return number

    def answers(self, data: bytes) -> tuple[int, str] | None:
        """The number of the probe, and who answered it."""
        return int(struct.unpack_from("!I", data)[0]), data[4:].decode()


class Raw:
    """Frames of one EtherType on the rack."""

    def __init__(self, address: str, ethertype: int) -> None:
        self.target = ipaddress.ip_address(address).packed
        self.mac = bytes.fromhex(Path(f"/sys/class/net/{INTERFACE}/address").read_text().strip().replace(":", ""))
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype))
        self.socket.bind((INTERFACE, ethertype))
        self.socket.setblocking(False)

    def again(self) -> None:
        """There is only one way to ask."""

    def latest(self, number: int, count: int) -> int:
        """Which of ``count`` probes was the last of a sender."""
        return count - 1 - (count - 1 - number) % SENDERS


class Arp(Raw):
    """Who has the VIP? Senders are 10.9.0.0/25."""

    def __init__(self, address: str) -> None:
        super().__init__(address, ARP)

    def send(self, number: int) -> None:
        sender = b"\x0a\x09" + struct.pack("!H", number % SENDERS)
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + self.mac + sender + bytes(6) + self.target
        self.socket.send(b"\xff" * 6 + self.mac + struct.pack("!H", ARP) + body)

    def answers(self, data: bytes) -> tuple[int, str] | None:
        """The number of the sender whom a reply answers, and the MAC that it tells."""
        if len(data) < 42 or data[20:22] != b"\x00\x02" or data[28:32] != self.target or data[38:40] != b"\x0a\x09":
            return None
        return int(struct.unpack_from("!H", data, 40)[0]), data[22:28].hex(":")


class Ndp(Raw):
    """The same by neighbour solicitation; senders are the rack's network with 9 in the seventh part."""

    def __init__(self, address: str) -> None:
        super().__init__(address, IPV6)
        self._group = bytes.fromhex("ff02000000000000000000" + "01ff") + self.target[13:]
        self._net = self.target[:8] + b"\0\0\0\0\0\x09"

    def send(self, number: int) -> None:
        sender = self._net + struct.pack("!H", number % SENDERS)
        body = self.target + b"\x01\x01" + self.mac
        length = 4 + 4 + len(body)
        pseudo = sender + self._group + struct.pack("!II", length, 58)
        total = sum(struct.unpack(f"!{(len(pseudo) + length) // 2}H", pseudo + b"\x87" + bytes(7) + body))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        header = struct.pack("!IHBB", 6 << 28, length, 58, 255) + sender + self._group
        frame = header + b"\x87\0" + struct.pack("!H", total ^ 0xFFFF) + bytes(4) + body
        self.socket.send(b"\x33\x33" + self._group[12:] + self.mac + struct.pack("!H", IPV6) + frame)

    def answers(self, data: bytes) -> tuple[int, str] | None:
        """The number of the sender whom an advertisement answers, and the MAC that it came from."""
        if len(data) < 78 or data[54] != 136 or data[62:78] != self.target or data[38:52] != self._net:
            return None
        return int(struct.unpack_from("!H", data, 52)[0]), data[6:12].hex(":")


KINDS: dict[str, Callable[[str], Udp | Arp | Ndp]] = {"udp4": Udp, "udp6": Udp, "arp": Arp, "ndp": Ndp}


class Flow:
    """What was sent to one address, and what came back."""

    def __init__(self, kind: str, address: str) -> None:
        self.way = KINDS[kind](address)
        self.sent: list[float] = []
        self.answered: list[float | None] = []
        self.by: list[str] = []

    def send(self) -> None:
        """One probe more; one that the host itself can't send is as lost as any other."""
        self.sent.append(time.monotonic())
        self.answered.append(None)
        self.by.append("")
        try:
            self.way.send(len(self.sent) - 1)
        except OSError:
            return

    def read(self) -> Iterator[str]:
        """Books all answers that are there; who gave them."""
        while True:
            try:
                data, address = self.way.socket.recvfrom(2000)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error is no answer
            if isinstance(self.way, Raw) and address[2] == socket.PACKET_OUTGOING:
                continue
            answer = self.way.answers(data)
            if answer is None:
                continue
            number = self.way.latest(answer[0], len(self.sent))
            if 0 <= number < len(self.sent) and self.answered[number] is None:
                self.answered[number], self.by[number] = time.monotonic(), answer[1]
            yield answer[1]

    def find(self, node: str) -> None:
        """Probes until somebody answers, ``node`` unless that is ``any``."""
        while True:
            self.send()
            select.select([self.way.socket], [], [], 0.05)
            who = list(self.read())
            if who and node in ("any", who[-1]):
                self.sent, self.answered, self.by = [], [], []
                return
            self.way.again()


def gather(flows: Iterable[Flow], seconds: float, *others: TextIO) -> bool:
    """Waits for answers, so long at most, and books them; whether one of the others has something to say."""
    ready, _unused, _unused = select.select([*(flow.way.socket for flow in flows), *others], [], [], seconds)
    for flow in flows:
        list(flow.read())
    return any(other in ready for other in others)


def main(node: str, wanted: list[str]) -> None:
    """Probes until a line comes."""
    flows = {kind: Flow(kind, address) for kind, address in (word.split(":", 1) for word in wanted)}
    for flow in flows.values():
        flow.find(node)
    print("ready", flush=True)
    due, ended = time.monotonic(), False
    while not ended:
        if time.monotonic() >= due:
            for flow in flows.values():
                flow.send()
            due = max(due + PERIOD, time.monotonic())
        ended = gather(flows.values(), max(0.0, due - time.monotonic()), sys.stdin)
    end = time.monotonic() + LATE
    while time.monotonic() < end and any(None in flow.answered for flow in flows.values()):
        gather(flows.values(), 0.05)
    told = {kind: {"sent": flow.sent, "answered": flow.answered, "by": flow.by} for kind, flow in flows.items()}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
