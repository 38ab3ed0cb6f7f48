# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet sockets with a filter, and multicast groups on an interface. Linux only."""

from __future__ import annotations

import array
import errno
import socket
import struct
from collections.abc import Sequence

_SO_ATTACH_FILTER = 26
_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_DROP_MEMBERSHIP, _PACKET_MR_MULTICAST = 263, 1, 2, 0


def open_packets(interface: str, ethertype: int, program: Sequence[tuple[int, int, int, int]]) -> socket.socket:
    """A non-blocking packet socket that gets only what the filter keeps; OSError without CAP_NET_RAW."""
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    sock = socket.socket(socket.AF_PACKET, kind, 0)  # protocol 0: nothing arrives before the filter stands
    try:
        code = array.array("B", b"".join(struct.pack("=HBBI", *row) for row in program))
        pointer, _unused = code.buffer_info()
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), pointer))
        sock.bind((interface, ethertype))
    except OSError:
        sock.close()
        raise
    return sock


class Groups:
    """IPv6 multicast groups joined on one interface, by the kernel itself: switches that watch MLD learn of them.

    A socket holds a limited number of groups, so more are opened as needed. Where IPv6 is off on the interface, only
    the network card is told (packet membership), which is all that can be done there.
    """

    def __init__(self, index: int, packets: socket.socket) -> None:
        self._index = index
        self._packets = packets
        self._sockets: list[socket.socket] = []
        self._joined: dict[bytes, socket.socket] = {}

    @property
    def joined(self) -> set[bytes]:
        """The groups that are joined."""
        return set(self._joined)

    def join(self, group: bytes, mac: bytes) -> None:
        """Joins a group; ``mac`` is its Ethernet address. OSError when neither way works."""
        if group in self._joined:
            return
        request = group + struct.pack("@I", self._index)
        sock = self._sockets[-1] if self._sockets else self._more()
        try:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        except OSError as error:
            if error.errno in (errno.ENOBUFS, errno.ENOMEM):
                sock = self._more()
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
            else:
                sock = self._packets
                self._member(_PACKET_ADD_MEMBERSHIP, mac)
        self._joined[group] = sock

    def leave(self, group: bytes, mac: bytes) -> None:
        """Leaves a group; that the interface is gone does not matter."""
        sock = self._joined.pop(group, None)
        try:
            if sock is self._packets:
                self._member(_PACKET_DROP_MEMBERSHIP, mac)
            elif sock is not None:
                request = group + struct.pack("@I", self._index)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, request)
        except OSError:
            pass

    def close(self) -> None:
        """Leaves all."""
        for sock in self._sockets:
            sock.close()
        self._joined.clear()

    def _more(self) -> socket.socket:
        self._sockets.append(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC))
        return self._sockets[-1]

    def _member(self, what: int, mac: bytes) -> None:
        request = struct.pack("@iHH8s", self._index, _PACKET_MR_MULTICAST, 6, mac)
        self._packets.setsockopt(_SOL_PACKET, what, request)
