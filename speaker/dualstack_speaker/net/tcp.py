# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP sockets for routing sessions: MD5 (RFC 2385), TTL, source address. All is set before the connection is made."""

from __future__ import annotations

import socket
import struct

from ..base.addresses import show

TCP_MD5SIG = 14
IP_MINTTL, IPV6_MINHOPCOUNT = 21, 73  # of Linux: the kernel drops segments that arrive with less
_MD5SIG = struct.Struct("=128sBBHi80s")  # struct tcp_md5sig: storage, flags, prefixlen, keylen, ifindex, key


def open_client(
    peer: bytes, source: bytes | None, password: str | None, ttl: int | None, least: int | None
) -> socket.socket:
    """A non-blocking TCP socket that is ready to connect to ``peer`` (packed address).

    ``ttl``: hop limit of what is sent, None for the system's. ``least``: hop limit below which nothing is accepted
    (RFC 5082), None for any. OSError when the source is not this host's or an option is refused.
    """
    family = socket.AF_INET if len(peer) == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        set_hops(sock, ttl, least)
        if password is not None:
            set_md5(sock, peer, password)
        if source is not None:
            sock.bind((show(source), 0))
    except OSError:
        sock.close()
        raise
    return sock


def set_hops(sock: socket.socket, ttl: int | None, least: int | None) -> None:
    """The hop limit of what is sent and the least of what is accepted; None leaves it to the system."""
    level, sent, accepted = (
        (socket.IPPROTO_IP, socket.IP_TTL, IP_MINTTL)
        if sock.family == socket.AF_INET
        else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, IPV6_MINHOPCOUNT)
    )
    if ttl is not None:
        sock.setsockopt(level, sent, ttl)
    if least is not None:
        sock.setsockopt(level, accepted, least)


def set_md5(sock: socket.socket, peer: bytes, password: str) -> None:
    """Signs segments from and to ``peer`` (tcp_md5sig of Linux; keys of at most 80 octets)."""
    if len(peer) == 4:
        storage = struct.pack("=HH4s", socket.AF_INET, 0, peer)
    else:
        storage = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, peer, 0)
    key = password.encode()
    sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, _MD5SIG.pack(storage, 0, 0, len(key), 0, key))
