# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node's own addresses by interface, from the kernel (rtnetlink), and the news that they changed. Linux only.

Addresses that can't serve as the end of a session are left out: tentative, failed duplicate detection, deprecated and
temporary ones (linux/if_addr.h).
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Collection, Iterator

_NEWADDR, _GETADDR, _DONE, _ERROR = 20, 22, 3, 2
_REQUEST_DUMP = 0x301
_GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_ADDRESS, _LOCAL, _FLAGS = 1, 2, 8
_TEMPORARY, _DAD_FAILED, _DEPRECATED, _TENTATIVE = 0x01, 0x08, 0x20, 0x40
_UNUSABLE = _DAD_FAILED | _DEPRECATED | _TENTATIVE
_HEADER = struct.Struct("=IHHII")
_BODY = struct.Struct("=BBBBI")

Interfaces = dict[str, tuple[str, ...]]


def interfaces(preferred: Collection[str] = ()) -> Interfaces:
    """``address/length`` texts by interface name; those of ``preferred`` first. OSError when the kernel refuses."""
    found: dict[str, list[tuple[bool, str]]] = {}
    for family, bits, flags, index, attributes in _dump():
        packed = attributes.get(_LOCAL) or attributes.get(_ADDRESS)
        flags = int.from_bytes(attributes.get(_FLAGS, bytes([flags])), "little")
        temporary = family == socket.AF_INET6 and flags & _TEMPORARY
        if packed is None or flags & _UNUSABLE or temporary:
            continue
        try:
            name = socket.if_indextoname(index)
        except OSError:
            continue  # gone since the dump
        text = str(ipaddress.ip_address(packed))
        found.setdefault(name, []).append((text not in preferred, f"{text}/{bits}"))
    return {
        name: tuple(text for _unused, text in sorted(entries, key=lambda e: e[0]))
        for name, entries in sorted(found.items())
    }


def open_news() -> socket.socket:
    """A non-blocking socket that becomes readable whenever an address changed; ``drain`` empties it."""
    news = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    )
    news.bind((0, _GROUPS))
    return news


def drain(news: socket.socket) -> None:
    """Reads what waits. An overrun (ENOBUFS) is news as well."""
    while True:
        try:
            news.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            continue


def _dump() -> Iterator[tuple[int, int, int, int, dict[int, bytes]]]:
    """(family, prefix length, flags, interface number, attributes) of every address."""
    body = _BODY.pack(0, 0, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as sock:
        sock.bind((0, 0))
        sock.send(_HEADER.pack(_HEADER.size + len(body), _GETADDR, _REQUEST_DUMP, 1, 0) + body)
        while True:
            data = sock.recv(1 << 20)
            at = 0
            while at + _HEADER.size <= len(data):
                length, kind, _unused, _unused, _unused = _HEADER.unpack_from(data, at)
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError(-struct.unpack_from("=i", data, at + _HEADER.size)[0], "rtnetlink refused")
                if kind == _NEWADDR:
                    family, bits, flags, _unused, index = _BODY.unpack_from(data, at + _HEADER.size)
                    rest = data[at + _HEADER.size + _BODY.size : at + length]
                    yield family, bits, flags, index, dict(_attributes(rest))
                at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) & ~3
