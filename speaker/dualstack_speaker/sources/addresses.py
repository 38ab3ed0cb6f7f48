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
from collections.abc import Collection, Iterator

from ..base import netlink

_TEMPORARY, _DAD_FAILED, _DEPRECATED, _TENTATIVE = 0x01, 0x08, 0x20, 0x40
_UNUSABLE = _DAD_FAILED | _DEPRECATED | _TENTATIVE

Interfaces = dict[str, tuple[str, ...]]


def interfaces(preferred: Collection[str] = ()) -> Interfaces:
    """``address/length`` texts by interface name; those of ``preferred`` first. OSError when the kernel refuses."""
    found: dict[str, list[tuple[bool, str]]] = {}
    for held in _dump():
        packed = held.attributes.get(netlink.IFA_LOCAL) or held.attributes.get(netlink.IFA_ADDRESS)
        temporary = held.family == socket.AF_INET6 and held.flags & _TEMPORARY
        if packed is None or held.flags & _UNUSABLE or temporary:
            continue
        try:
            name = socket.if_indextoname(held.interface)
        except OSError:
            continue  # gone since the dump
        text = str(ipaddress.ip_address(packed))
        found.setdefault(name, []).append((text not in preferred, f"{text}/{held.bits}"))
    return {
        name: tuple(text for _unused, text in sorted(entries, key=lambda e: e[0]))
        for name, entries in sorted(found.items())
    }


def open_news() -> socket.socket:
    """A non-blocking socket that becomes readable whenever an address changed; ``drain`` empties it."""
    news = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    )
    news.bind((0, netlink.IPV4_ADDRESSES | netlink.IPV6_ADDRESSES))
    return news


def drain(news: socket.socket) -> None:
    """Reads what waits."""
    netlink.drain(news.recv)


def _dump() -> Iterator[netlink.Address]:
    dump = netlink.addresses()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as sock:
        sock.bind((0, 0))
        sock.send(dump.request)
        while not dump.done:
            yield from map(netlink.address, dump.take(sock.recv(netlink.BUFFER)))
