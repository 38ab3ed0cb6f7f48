# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw ICMPv6 sockets on one interface that get only the types they ask for (RFC 3542); CAP_NET_RAW. Linux only."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from typing import NamedTuple

from ..base.addresses import show

_SOL_ICMPV6, _ICMP6_FILTER = 58, 1
_SO_BINDTOIFINDEX = 62
_HOPS = 255
_INFO, _NUMBER = struct.Struct("=16sI"), struct.Struct("=i")
_ROOM = socket.CMSG_SPACE(_INFO.size) + socket.CMSG_SPACE(_NUMBER.size)


class Received(NamedTuple):
    """What arrived: the ICMPv6 message, its packed source, its hop limit (None where the kernel does not say)."""

    data: bytes
    source: bytes
    hops: int | None


class Socket:
    """A non-blocking socket on the interface of this index; OSError when it can't be had.

    ``types``: the ICMPv6 types that are handed over; ``groups``: packed multicast addresses that are joined there.
    """

    def __init__(self, index: int, types: Iterable[int], groups: Iterable[bytes]) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._index = index
        self.plain = socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)
        try:
            self.plain.setsockopt(_SOL_ICMPV6, _ICMP6_FILTER, _filter(types))
            self.plain.setsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX, index)
            for option, value in (
                (socket.IPV6_RECVHOPLIMIT, 1),
                (socket.IPV6_MULTICAST_HOPS, _HOPS),
                (socket.IPV6_MULTICAST_LOOP, 0),
                (socket.IPV6_MULTICAST_IF, index),
            ):
                self.plain.setsockopt(socket.IPPROTO_IPV6, option, value)
            for group in groups:
                self.plain.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("@I", index))
        except OSError:
            self.plain.close()
            raise

    def receive(self) -> Received:
        """The next message; BlockingIOError when there is none."""
        data, ancillary, _unused, address = self.plain.recvmsg(2048, _ROOM)
        hops = None
        for level, kind, value in ancillary:
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT):
                (hops,) = _NUMBER.unpack(value)
        return Received(data, socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0]), hops)

    def send(self, data: bytes, source: bytes, destination: bytes) -> None:
        """Sends a message to a multicast address from an address of ours on the interface."""
        info = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, _INFO.pack(source, self._index))
        self.plain.sendmsg([data], [info], 0, (show(destination), 0, 0, self._index))

    def close(self) -> None:
        """Falls silent; the kernel leaves the groups."""
        self.plain.close()


def _filter(types: Iterable[int]) -> bytes:
    """struct icmp6_filter of Linux: a set bit blocks a type."""
    words = [0xFFFFFFFF] * 8
    for kind in types:
        words[kind >> 5] &= ~(1 << (kind & 31))
    return struct.pack("=8I", *words)
