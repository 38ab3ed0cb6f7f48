# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP sockets that tell how a datagram came in, and such that send with the highest TTL. Linux only."""

from __future__ import annotations

import errno
import random
import socket
import struct
from typing import NamedTuple

from ..base.addresses import show

_PORTS = range(49152, 65536)  # RFC 5881 section 4
_TRIES = 64
_HOPS = 255
_BACKLOG = 1 << 20  # octets of datagrams that may wait; net.core.rmem_max is the limit
_CONTROL = 0xC0  # class selector 6 (RFC 4594): routing traffic
_IP_PKTINFO, _IP_RECVTTL = 8, 12
_V4_INFO, _V6_INFO, _NUMBER = struct.Struct("=I4s4s"), struct.Struct("=16sI"), struct.Struct("=i")
_ROOM = socket.CMSG_SPACE(_V6_INFO.size) + socket.CMSG_SPACE(_NUMBER.size)


class Datagram(NamedTuple):
    """What arrived; addresses packed, ``ttl`` None where the kernel does not say, ``interface`` by index."""

    data: bytes
    source: bytes
    destination: bytes
    ttl: int | None
    interface: int


def open_receiver(ipv6: bool, port: int) -> socket.socket:
    """A non-blocking socket on all addresses of a family; OSError when the port is taken."""
    sock = _open(ipv6)
    try:
        if ipv6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        sock.bind(("::" if ipv6 else "0.0.0.0", port))
    except OSError:
        sock.close()
        raise
    return sock


def open_sender(ipv6: bool, source: bytes | None, interface: int = 0) -> socket.socket:
    """A socket with a source port of its own and TTL 255; OSError when the address is not this host's.

    ``interface``: index, where the addresses are link-local.
    """
    sock = _open(ipv6)
    try:
        if ipv6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, _HOPS)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _CONTROL)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, _HOPS)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _CONTROL)
        address = show(source) if source is not None else "::" if ipv6 else "0.0.0.0"
        for port in random.sample(_PORTS, _TRIES):
            try:
                sock.bind((address, port, 0, interface) if ipv6 else (address, port))
                return sock
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE, "no free port")
    except OSError:
        sock.close()
        raise


def open_both_ways(ipv6: bool, port: int) -> socket.socket:
    """A non-blocking socket on all addresses of a family that also sends; OSError when the port is taken."""
    sock = _open(ipv6)
    try:
        if ipv6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _CONTROL)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _CONTROL)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BACKLOG)
        sock.bind(("::" if ipv6 else "0.0.0.0", port))
    except OSError:
        sock.close()
        raise
    return sock


def receive(sock: socket.socket) -> Datagram:
    """The next datagram; BlockingIOError when there is none."""
    data, ancillary, _unused, address = sock.recvmsg(512, _ROOM)
    ttl, destination, interface = None, b"", 0
    for level, kind, value in ancillary:
        if level == socket.IPPROTO_IP and kind == socket.IP_TTL:
            (ttl,) = _NUMBER.unpack(value)
        elif level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            interface, _unused, destination = _V4_INFO.unpack(value)
        elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_HOPLIMIT:
            (ttl,) = _NUMBER.unpack(value)
        elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            destination, interface = _V6_INFO.unpack(value)
    source = socket.inet_pton(sock.family, address[0].partition("%")[0])
    return Datagram(data, source, destination, ttl, interface)


def _open(ipv6: bool) -> socket.socket:
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    return socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, kind)
