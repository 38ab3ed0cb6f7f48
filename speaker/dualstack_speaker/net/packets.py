# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet sockets with a filter, and multicast groups on an interface. Linux only."""

from __future__ import annotations

import array
import errno
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence

_SO_ATTACH_FILTER = 26
_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_DROP_MEMBERSHIP, _PACKET_STATISTICS = 263, 1, 2, 6
_PACKET_MR_MULTICAST = 0
_ROOM = 4 << 20  # octets of frames that may wait; net.core.rmem_max is the limit
_FULL = (errno.ENOBUFS, errno.ENOMEM)

Program = Sequence[tuple[int, int, int, int]]


def open_packets(interface: str, ethertype: int, program: Program) -> socket.socket:
    """A non-blocking packet socket that gets only what the filter keeps; OSError without CAP_NET_RAW."""
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    sock = socket.socket(socket.AF_PACKET, kind, 0)  # protocol 0: nothing arrives before the filter stands
    try:
        attach(sock, program)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        sock.bind((interface, ethertype))
    except OSError:
        sock.close()
        raise
    return sock


def attach(sock: socket.socket, program: Program) -> None:
    """Puts a filter in the place of the one before, with no moment between."""
    code = array.array("B", b"".join(struct.pack("=HBBI", *row) for row in program))
    pointer, _unused = code.buffer_info()
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), pointer))


def overrun(sock: socket.socket) -> int:
    """How many frames the kernel dropped since the last call, because too many waited."""
    _unused, dropped = struct.unpack("@II", sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
    return int(dropped)


class Groups:
    """IPv6 multicast groups joined on one interface, by the kernel itself: switches that watch MLD (RFC 3810) learn of
    them when they are joined, when the link comes up again, and whenever a querier asks.

    A socket holds a limited number of groups, so more are opened as needed. Where the kernel has no IPv6 on the
    interface, only the network card is told (packet membership), which is all that can be done there.
    """

    def __init__(self, index: int, packets: socket.socket) -> None:
        self._index = index
        self._packets = packets
        self.sockets: list[socket.socket] = []  # with whose end all is left
        self._joined: dict[bytes, tuple[bytes, socket.socket]] = {}  # MAC and who joined

    def __contains__(self, group: bytes) -> bool:
        """Whether a group is joined."""
        return group in self._joined

    def holders(self) -> dict[bytes, int | None]:
        """Which of ``sockets`` joined a group; None: the packet socket."""
        places = {sock: number for number, sock in enumerate(self.sockets)}
        return {group: places.get(sock) for group, (_unused, sock) in self._joined.items()}

    def adopt(self, sockets: Sequence[socket.socket], holders: Mapping[bytes, tuple[bytes, int | None]]) -> None:
        """Takes over what another process joined: MAC and number of the socket by group."""
        self.sockets = list(sockets)
        for group, (mac, number) in holders.items():
            self._joined[group] = (mac, self._packets if number is None else self.sockets[number])

    def join(self, group: bytes, mac: bytes) -> None:
        """Joins a group; ``mac`` is its Ethernet address. OSError when neither way works."""
        if group in self._joined:
            return
        try:
            sock = self._report(group)
        except OSError:
            sock = self._packets
            self._member(_PACKET_ADD_MEMBERSHIP, mac)
        self._joined[group] = (mac, sock)

    def leave(self, groups: Iterable[bytes]) -> None:
        """Leaves groups; that the interface is gone does not matter."""
        for group in groups:
            mac, sock = self._joined.pop(group, (b"", None))
            try:
                if sock is self._packets:
                    self._member(_PACKET_DROP_MEMBERSHIP, mac)
                elif sock is not None:
                    request = group + struct.pack("@I", self._index)
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, request)
            except OSError:
                pass

    def renew(self) -> None:
        """Joins all again: IPv6 came to the interface or went, and the kernel forgot the network card's part."""
        macs = {group: mac for group, (mac, _unused) in self._joined.items()}
        self.leave(list(macs))
        for group, mac in macs.items():
            self.join(group, mac)

    def _report(self, group: bytes) -> socket.socket:
        request = group + struct.pack("@I", self._index)
        if self.sockets:
            try:
                self.sockets[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
                return self.sockets[-1]
            except OSError as error:
                if error.errno not in _FULL:
                    raise
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        except OSError:
            sock.close()
            raise
        self.sockets.append(sock)
        return sock

    def _member(self, what: int, mac: bytes) -> None:
        request = struct.pack("@iHH8s", self._index, _PACKET_MR_MULTICAST, 6, mac)
        self._packets.setsockopt(_SOL_PACKET, what, request)
