# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP sockets for routing sessions: MD5 (RFC 2385), TTL, source address, interface.

All is set before the connection is made; on a listening socket, before a connection can be accepted. Linux only.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from typing import NamedTuple

from ..base.addresses import link_local, show

TCP_MD5SIG = 14
_INTERFACE_SIZE = 16  # IFNAMSIZ of Linux
IP_MINTTL, IPV6_MINHOPCOUNT = 21, 73  # of Linux: the kernel drops segments that arrive with less
_MD5SIG = struct.Struct("=128sBBHi80s")  # struct tcp_md5sig: storage, flags, prefixlen, keylen, ifindex, key


_LINGER = struct.Struct("=ii")


class Ends(NamedTuple):
    """Packed addresses of a connection."""

    remote: bytes
    local: bytes


def open_client(
    peer: bytes,
    source: bytes | None,
    password: str | None,
    ttl: int | None,
    least: int | None,
    interface: str | None = None,
) -> socket.socket:
    """A non-blocking TCP socket that is ready to connect to ``peer`` (packed address).

    ``ttl``: hop limit of what is sent, None for the system's. ``least``: hop limit below which nothing is accepted
    (RFC 5082), None for any. ``interface``: the only one that is used. OSError when the source is not this host's, the
    interface is not there or an option is refused.
    """
    sock = _open(len(peer) == 16)
    try:
        if interface is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        set_hops(sock, ttl, least)
        if password is not None:
            set_md5(sock, peer, password)
        if source is not None:
            sock.bind(target(source, 0, interface))
    except OSError:
        sock.close()
        raise
    return sock


def target(address: bytes, port: int, interface: str | None) -> tuple[str, int] | tuple[str, int, int, int]:
    """An address as sockets take it; OSError when a link-local one is on an interface that is not there."""
    if interface is not None and link_local(address):
        return show(address), port, 0, socket.if_nametoindex(interface)
    return show(address), port


def open_listener(ipv6: bool, port: int) -> socket.socket:
    """A non-blocking socket for all addresses of one family; OSError when the port is taken or not ours.

    It is ready to listen and does not yet: whoever dialled before the keys are set would be let in without one. It
    answers with the highest TTL, so that peers with RFC 5082 take the answer.
    """
    sock = _open(ipv6)
    try:
        _bind(sock, port)
    except OSError:
        sock.close()
        raise
    return sock


def open_listener_beside(other: socket.socket, interface: str, port: int) -> socket.socket:
    """The same for the connections that arrive on one interface, which ``other`` gets no more: the kernel prefers it.

    Sockets of one user share a port where all allow it (SO_REUSEPORT), so ``other`` is made to. OSError as above, and
    when the interface is not there.
    """
    sock = _open(other.family == socket.AF_INET6)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        for each in (sock, other):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(sock, port)
    except OSError:
        sock.close()
        raise
    return sock


def interface_is_there(name: str) -> bool:
    """Whether there is an interface of this name."""
    try:
        return bool(socket.if_nametoindex(name))
    except OSError:
        return False


def bound_interface(sock: socket.socket) -> str:
    """The interface to which a socket is bound; empty for none, or for one that is gone."""
    try:
        name = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _INTERFACE_SIZE)
    except OSError:
        return ""
    return name.rstrip(b"\0").decode(errors="replace")


def accept(listener: socket.socket) -> tuple[socket.socket, Ends]:
    """The next connection that was made to us, non-blocking; BlockingIOError when there is none."""
    sock, remote = listener.accept()
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        packed = [socket.inet_pton(sock.family, end[0].partition("%")[0]) for end in (remote, sock.getsockname())]
    except OSError:
        sock.close()
        raise
    return sock, Ends(packed[0], packed[1])


def refuse(sock: socket.socket) -> None:
    """Closes a connection at once, with a reset."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(1, 0))
    sock.close()


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


def set_patience(sock: socket.socket, seconds: float) -> None:
    """How long the peer's kernel may leave octets unacknowledged, or its window closed, before the connection ends.

    TCP_USER_TIMEOUT (RFC 5482). Without it, a peer that reads nothing is kept as long as our kernel's buffer has room.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * seconds))


def set_md5(sock: socket.socket, peer: bytes, password: str | None) -> None:
    """Signs segments from and to ``peer`` (tcp_md5sig of Linux; keys of at most 80 octets); None: no more."""
    if len(peer) == 4:
        storage = struct.pack("=HH4s", socket.AF_INET, 0, peer)
    else:
        storage = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, peer, 0)
    key = (password or "").encode()
    try:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, _MD5SIG.pack(storage, 0, 0, len(key), 0, key))
    except OSError as error:
        if key or error.errno != errno.ENOENT:  # there was none to take away
            raise


def _bind(sock: socket.socket, port: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    set_hops(sock, 255, None)
    sock.bind(("::" if sock.family == socket.AF_INET6 else "0.0.0.0", port))


def _open(ipv6: bool) -> socket.socket:
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    return socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, kind)
