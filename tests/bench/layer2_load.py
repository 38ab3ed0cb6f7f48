# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks for addresses by ARP or neighbour solicitations and times the answers. Runs in the client's namespace.

``layer2_load.py flood FAMILY SECONDS`` keeps 64 questions open and prints the answers a second. ``layer2_load.py pace
FAMILY SECONDS`` asks 500 times a second and prints the milliseconds until each answer; a second where none came.
Questions go out as hosts ask at first: ARP to everybody, solicitations to the group of the address.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import struct
import sys
import time
from itertools import cycle, islice
from pathlib import Path

INTERFACE = "rack1"
COUNT = 1000  # addresses of each family
ADDRESSES = {
    "ipv4": [f"10.9.{n >> 8}.{n & 255}" for n in range(1, COUNT + 1)],
    "ipv6": [f"2001:db8:9::{n:x}" for n in range(1, COUNT + 1)],
}
ASKER = {"ipv4": "10.0.1.1", "ipv6": "2001:db8:dc:1::1"}  # the first host of a stage
ETHERTYPES = {"ipv4": 0x0806, "ipv6": 0x86DD}
WINDOW = 64
RATE = 500  # questions a second
PATIENCE = 1.0  # seconds for an answer
_IGNORE_OUTGOING = 23  # PACKET_IGNORE_OUTGOING of linux/if_packet.h


def question(family: str, mac: bytes, target: str) -> bytes:
    """The frame that asks for an address."""
    asker, wanted = ipaddress.ip_address(ASKER[family]).packed, ipaddress.ip_address(target).packed
    if family == "ipv4":
        return b"\xff" * 6 + mac + bytes.fromhex("08060001080006040001") + mac + asker + bytes(6) + wanted
    group = bytes.fromhex("ff0200000000000000000001ff") + wanted[13:]
    message = bytes((135, 0, 0, 0, 0, 0, 0, 0)) + wanted + b"\x01\x01" + mac
    words = struct.unpack("!32H", asker + group + struct.pack("!HH", 0, 58) + message[:28])
    total = sum(words) + sum(struct.unpack("!2H", message[28:])) + len(message)
    total = (total & 0xFFFF) + (total >> 16)
    message = message[:2] + (((total & 0xFFFF) + (total >> 16)) ^ 0xFFFF).to_bytes(2, "big") + message[4:]
    header = b"\x60\0\0\0" + len(message).to_bytes(2, "big") + bytes((58, 255))
    return b"\x33\x33" + group[12:] + mac + b"\x86\xdd" + header + asker + group + message


def answered(family: str, frame: bytes) -> bytes:
    """The address that a frame tells of; empty when it is no answer."""
    if family == "ipv4":
        return frame[28:32] if frame[21] == 2 else b""
    return frame[62:78] if frame[20] == 58 and frame[54] == 136 else b""


def connect(family: str) -> socket.socket:
    """A packet socket that gives up after a while."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPES[family]))
    sock.bind((INTERFACE, ETHERTYPES[family]))
    sock.setsockopt(263, _IGNORE_OUTGOING, 1)  # SOL_PACKET
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(PATIENCE), 0))
    return sock


def flood(family: str, sock: socket.socket, questions: list[bytes], seconds: float) -> float:
    """Answers a second. Questions that nobody answers are made up for once nothing comes any more."""
    more = cycle(questions)
    answers, began = 0, time.perf_counter()
    for frame in islice(more, WINDOW):
        sock.send(frame)
    while (now := time.perf_counter()) < began + seconds:
        try:
            got = sock.recv(2048)
        except BlockingIOError:
            for frame in islice(more, WINDOW):
                sock.send(frame)
            continue
        if answered(family, got):
            answers += 1
            sock.send(next(more))
    return answers / (now - began)


def pace(family: str, sock: socket.socket, questions: list[bytes], seconds: float) -> list[float]:
    """Milliseconds until each answer."""
    found = []
    wanted = [ipaddress.ip_address(address).packed for address in ADDRESSES[family]]
    began = time.perf_counter()
    for number in range(int(seconds * RATE)):
        time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        asked = time.perf_counter()
        sock.send(questions[number % COUNT])
        try:
            while answered(family, sock.recv(2048)) != wanted[number % COUNT]:
                pass
        except BlockingIOError:
            pass
        found.append((time.perf_counter() - asked) * 1000)
    return found


def main() -> None:
    """Prints what was measured."""
    kind, family, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    mac = bytes.fromhex(Path(f"/sys/class/net/{INTERFACE}/address").read_text().strip().replace(":", ""))
    questions = [question(family, mac, address) for address in ADDRESSES[family]]
    with connect(family) as sock:
        print(json.dumps((flood if kind == "flood" else pace)(family, sock, questions, seconds)))


if __name__ == "__main__":
    main()
