# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and their addresses from the kernel (rtnetlink), and the news that they changed. Linux only."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from ..base import netlink
from ..base.netlink import Dump

_GROUPS = netlink.LINKS | netlink.IPV4_ADDRESSES | netlink.IPV6_ADDRESSES
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MASTER = 1, 3, 10
_LINK = struct.Struct("=BxHiII")


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
    for body in _answers(Dump(netlink.GETLINK, netlink.NEWLINK, _LINK.pack(0, 0, 0, 0, 0))):
        _unused, kind, index, flags, _unused = _LINK.unpack_from(body)
        attributes = netlink.attributes(body[_LINK.size :])
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
    for body in _answers(netlink.addresses()):
        held = netlink.address(body)
        address = held.attributes.get(netlink.IFA_ADDRESS) or held.attributes.get(netlink.IFA_LOCAL)
        if address:
            found.setdefault(held.interface, []).append((address, held.bits))
    return found


def open_news() -> socket.socket:
    """A non-blocking socket that is readable whenever an interface or an address changed; drain it with ``drain``."""
    sock = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    )
    sock.bind((0, _GROUPS))
    return sock


def drain(sock: socket.socket) -> None:
    """Reads what waits."""
    netlink.drain(sock.recv)


def _answers(dump: Dump) -> Iterator[bytes]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as sock:
        sock.bind((0, 0))
        sock.send(dump.request)
        while not dump.done:
            yield from dump.take(sock.recv(netlink.BUFFER))
