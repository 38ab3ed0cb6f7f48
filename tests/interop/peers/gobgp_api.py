# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes into GoBGP by its gRPC interface, the fastest way in: a stream of many, in BGP's own form (RFC 4271).

As much of HTTP/2 (RFC 9113) as a stream of requests needs: headers without compression, flow control, pings. Left out:
reading headers; a call has succeeded when an answer comes, as failures have none.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_ACK = _END_STREAM = 1
_END_HEADERS = 4
_FRAME = 16_384  # octets, as long as nobody has agreed on more
_WINDOW = 65_535
_BATCH = 500  # prefixes in a message


class Api:
    """A connection to gobgpd's unix socket. ``next_hop`` by family."""

    def __init__(self, path: Path, next_hop: Mapping[str, str]) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(60)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")
        self._stream = -1
        self._initial = self._connection = self._room = (
            _WINDOW  # octets that may be sent: in a new stream, in all, in this
        )
        self._answered = self._ended = False
        self._socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self._send(_SETTINGS, 0, 0, b"")
        self._hops = {family: ipaddress.ip_address(address).packed for family, address in next_hop.items()}

    def put(self, prefixes: Iterable[str], withdraw: bool = False) -> None:
        """Announces prefixes or takes them back, and waits until gobgpd has them."""
        self._call("/apipb.GobgpApi/AddPathStream", self._requests(iter(prefixes), withdraw))

    def close(self) -> None:
        """Hangs up."""
        self._file.close()
        self._socket.close()

    def _requests(self, prefixes: Iterator[str], withdraw: bool) -> Iterator[bytes]:
        """AddPathStreamRequest messages: field 3, paths."""
        while some := list(islice(prefixes, _BATCH)):
            yield b"".join(_field(3, self._path(prefix, withdraw)) for prefix in some)

    def _path(self, prefix: str, withdraw: bool) -> bytes:
        """A Path: 5, whether it is withdrawn; 9, its family; 20 and 21, NLRI and attributes as BGP has them."""
        family = "ipv6" if ":" in prefix else "ipv4"
        address, _unused, length = prefix.partition("/")
        size = -(-int(length) // 8)
        nlri = bytes((int(length),)) + ipaddress.ip_address(address).packed[:size]
        kind = _field(9, b"\x08" + (b"\x01" if family == "ipv4" else b"\x02") + b"\x10\x01")
        attributes = _attributes(self._hops[family], nlri)
        return (b"\x28\x01" if withdraw else b"") + kind + _field(20, nlri) + attributes

    def _call(self, path: str, messages: Iterable[bytes]) -> None:
        self._stream += 2
        self._room, self._answered, self._ended = self._initial, False, False
        headers = {
            ":method": "POST",
            ":scheme": "http",
            ":path": path,
            ":authority": "localhost",
            "content-type": "application/grpc",
            "te": "trailers",
        }
        block = b"".join(_header(name, value) for name, value in headers.items())
        self._send(_HEADERS, _END_HEADERS, self._stream, block)
        for message in messages:
            self._write(b"\0" + len(message).to_bytes(4, "big") + message)
        self._send(_DATA, _END_STREAM, self._stream, b"")
        while not self._ended:
            self._read()
        assert self._answered, f"gobgpd refuses {path}"

    def _write(self, data: bytes) -> None:
        while data:
            while not (room := min(self._connection, self._room, _FRAME)) > 0:
                self._read()
            part, data = data[:room], data[room:]
            self._connection -= len(part)
            self._room -= len(part)
            self._send(_DATA, 0, self._stream, part)

    def _send(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
        self._socket.sendall(head + payload)

    def _read(self) -> None:
        """Takes one frame."""
        head = self._file.read(9)
        assert len(head) == 9, "gobgpd hung up"
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        payload = self._file.read(int.from_bytes(head[:3], "big"))
        if kind == _SETTINGS and not flags & _ACK:
            for at in range(0, len(payload), 6):
                if payload[at : at + 2] == b"\0\x04":  # INITIAL_WINDOW_SIZE
                    value = int.from_bytes(payload[at + 2 : at + 6], "big")
                    self._room += value - self._initial
                    self._initial = value
            self._send(_SETTINGS, _ACK, 0, b"")
        elif kind == _PING and not flags & _ACK:
            self._send(_PING, _ACK, 0, payload)
        elif kind == _WINDOW_UPDATE and stream == 0:
            self._connection += int.from_bytes(payload, "big")
        elif kind == _WINDOW_UPDATE and stream == self._stream:
            self._room += int.from_bytes(payload, "big")
        elif kind == _DATA and payload:
            self._answered = True
            self._send(_WINDOW_UPDATE, 0, 0, len(payload).to_bytes(4, "big"))
        elif kind == _GOAWAY:
            raise AssertionError(f"gobgpd hangs up: {payload[8:]!r}")
        if stream == self._stream and (kind == _RESET or (kind in (_DATA, _HEADERS) and flags & _END_STREAM)):
            self._ended = True


def _attributes(next_hop: bytes, nlri: bytes) -> bytes:
    """Origin IGP and the next hop, fields 21 of a Path; gobgpd wants the prefix in MP_REACH_NLRI once more."""
    origin = b"\x40\x01\x01\x00"
    if len(next_hop) == 4:
        return _field(21, origin) + _field(21, b"\x40\x03\x04" + next_hop)
    reach = b"\0\x02\x01\x10" + next_hop + b"\0" + nlri
    return _field(21, origin) + _field(21, b"\x80\x0e" + bytes((len(reach),)) + reach)


def _field(number: int, content: bytes) -> bytes:
    """A field of a message, octets."""
    return _number(number << 3 | 2) + _number(len(content)) + content


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _header(name: str, value: str) -> bytes:
    """A header without index and compression (RFC 7541 section 6.2.2); names and values of less than 127 octets."""
    return b"\0" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()
