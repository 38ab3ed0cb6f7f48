# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and their addresses from the kernel (rtnetlink), and the news that they changed. Linux only."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_GETLINK, _NEWLINK, _GETADDR, _NEWADDR, _DONE, _ERROR = 18, 16, 22, 20, 3, 2
_REQUEST_DUMP = 0x301
_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, _IPV4_IFADDR, _IPV6_IFADDR
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MASTER = 1, 3, 10
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDR = struct.Struct("=BBBBI")


class Link(NamedTuple):
    """An interface; ``kind`` is its ARPHRD number, ``master`` the number of its bridge, bond or VRF (0: none)."""

    number: int
    name: str
    mac: bytes
    flags: int
    kind: int
    master: int


def links() -> list[Link]:
    """All interfaces of this network namespace."""
    found = []
    for body in _dump(_GETLINK, _NEWLINK, _LINK.pack(0, 0, 0, 0, 0)):
        _unused, kind, index, flags, _unused = _LINK.unpack_from(body)
        attributes = dict(_attributes(body[_LINK.size :]))
        name = attributes.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode("utf-8", "replace")
        master = attributes.get(_IFLA_MASTER, bytes(4))
        found.append(
            Link(index, name, attributes.get(_IFLA_ADDRESS, b""), flags, kind, int.from_bytes(master, "little"))
        )
    return found


def addresses() -> dict[int, list[tuple[bytes, int]]]:
    """(packed address, prefix length) by interface index.

    Of a point-to-point address the far end stands there: its network is the one on link.
    """
    found: dict[int, list[tuple[bytes, int]]] = {}
    for body in _dump(_GETADDR, _NEWADDR, _ADDR.pack(0, 0, 0, 0, 0)):
        _unused, bits, _unused, _unused, index = _ADDR.unpack_from(body)
        attributes = dict(_attributes(body[_ADDR.size :]))
        address = attributes.get(_IFA_ADDRESS) or attributes.get(_IFA_LOCAL)
        if address:
            found.setdefault(index, []).append((address, bits))
    return found


def open_news() -> socket.socket:
    """A non-blocking socket that is readable whenever an interface or an address changed; drain it with ``drain``."""
    sock = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    )
    sock.bind((0, _GROUPS))
    return sock


def drain(sock: socket.socket) -> None:
    """Reads what waits. An overrun (ENOBUFS) is news as well."""
    while True:
        try:
            sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            continue


def _dump(request: int, answer: int, body: bytes) -> Iterator[bytes]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as sock:
        sock.bind((0, 0))
        sock.send(_HEADER.pack(_HEADER.size + len(body), request, _REQUEST_DUMP, 1, 0) + body)
        while True:
            data = sock.recv(1 << 20)
            at = 0
            while at + _HEADER.size <= len(data):
                length, kind, _unused, _unused, _unused = _HEADER.unpack_from(data, at)
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    code = -struct.unpack_from("=i", data, at + _HEADER.size)[0]
                    raise OSError(code, os.strerror(code))
                if kind == answer:
                    yield data[at + _HEADER.size : at + length]
                at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3
