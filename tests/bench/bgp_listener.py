# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BGP router that only listens: it accepts every session and notes when each prefix arrived or went.

RFC 4271 and 4760 as far as a measurement needs them: an OPEN with both families, keepalives, UPDATEs. Nothing is
checked, nothing is sent but those.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from fuzz.strict_bgp import FAMILIES, MARKER
from fuzz.strict_bgp import prefixes as split
from interop.stage import Host
from namespaces import within

HOLD_TIME = 90
_BITS = {"ipv4": 32, "ipv6": 128}


class Listener:
    """Listens on both addresses of a host, in threads; ``held`` maps each prefix to when it arrived (perf_counter)."""

    def __init__(self, host: Host, asn: int, stack: contextlib.ExitStack) -> None:
        self.held: dict[str, float] = {}
        capabilities = b"".join(bytes([1, 4, afi >> 8, afi & 255, 0, safi]) for afi, safi in FAMILIES)
        capabilities += bytes([65, 4]) + asn.to_bytes(4, "big")
        parameters = bytes([2, len(capabilities)]) + capabilities
        identifier = ipaddress.IPv4Address(host.ipv4).packed
        fixed = struct.pack("!BHH4sB", 4, asn, HOLD_TIME, identifier, len(parameters))
        self._open = _message(1, fixed + parameters)
        for address in (host.ipv4, host.ipv6):
            sock = within(host.namespace, lambda address=address: _listen(address))  # type: ignore[misc]
            stack.callback(sock.close)
            threading.Thread(target=self._accept, args=[sock], daemon=True).start()

    def wait_count(self, count: int, seconds: float = 300) -> float:
        """Waits until there are so many prefixes; when the last one arrived."""
        self._until(lambda: len(self.held) == count, seconds, f"{count} prefixes")
        return max(list(self.held.values()), default=0.0)

    def _until(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        """Looks every millisecond: to be woken by each message would keep the threads from reading."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain: {what}, {len(self.held)} are there")
            time.sleep(0.001)

    def _accept(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = sock.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        mine: set[str] = set()
        with connection, contextlib.suppress(OSError):
            connection.sendall(self._open + _message(4))
            for now, kind, body in _messages(connection):
                if kind == 2:
                    self._update(now, body, mine)
        for prefix in mine:
            self.held.pop(prefix, None)

    def _update(self, now: float, body: bytes, mine: set[str]) -> None:
        come, gone = _routes(body)
        for prefix in gone:
            self.held.pop(prefix, None)
            mine.discard(prefix)
        for prefix in come:
            self.held.setdefault(prefix, now)  # what is sent again did not arrive again
            mine.add(prefix)


def _listen(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, 179))
    sock.listen()
    return sock


def _message(kind: int, body: bytes = b"") -> bytes:
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def _messages(connection: socket.socket) -> Iterator[tuple[float, int, bytes]]:
    """When, types and bodies of what arrives; each keepalive is answered by one, so that neither side is silent."""
    data = b""
    now = 0.0
    while True:
        while len(data) >= 19 and len(data) >= (length := int.from_bytes(data[16:18], "big")):
            if data[18] == 4:
                connection.sendall(_message(4))
            yield now, data[18], data[19:length]
            data = data[length:]
        more = connection.recv(1 << 16)
        now = time.perf_counter()
        if not more:
            return
        data += more


def _routes(body: bytes) -> tuple[list[str], list[str]]:
    """The prefixes that an UPDATE announces and withdraws."""
    size = int.from_bytes(body[:2], "big")
    gone = _texts("ipv4", body[2 : 2 + size])
    rest = body[2 + size :]
    size = int.from_bytes(rest[:2], "big")
    come = _texts("ipv4", rest[2 + size :])
    path = rest[2 : 2 + size]
    while path:
        start = 4 if path[0] & 0x10 else 3
        end = start + int.from_bytes(path[2:start], "big")
        value = path[start:end]
        if path[1] in (14, 15):
            family = FAMILIES[value[0] << 8 | value[1], value[2]]
            if path[1] == 14:
                come += _texts(family, value[5 + value[3] :])
            else:
                gone += _texts(family, value[3:])
        path = path[end:]
    return come, gone


def _texts(family: str, data: bytes) -> list[str]:
    make: Any = ipaddress.IPv4Address if family == "ipv4" else ipaddress.IPv6Address
    octets = _BITS[family] // 8
    return [f"{make(item[1:].ljust(octets, bytes(1)))}/{item[0]}" for item in split(data, _BITS[family])]
