# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and their addresses from the kernel (rtnetlink), and the news that they changed. Linux only."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from ..base import netlink
from ..base.links import Links, question
from ..base.netlink import Dump

_GROUPS = netlink.LINKS | netlink.IPV4_ADDRESSES | netlink.IPV6_ADDRESSES
_ROOM = 1 << 20  # octets of news that may wait
_DATAGRAMS = 256  # read in one turn of the loop


class News:
    """The interfaces of this network namespace, kept up to date by what the kernel tells; OSError when it refuses."""

    def __init__(self) -> None:
        self.socket = _open()
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            self.socket.bind((0, _GROUPS))
            self.table = _all()
        except OSError:
            self.socket.close()
            raise

    def read(self) -> None:
        """Takes in what waits. When more came than the kernel kept, all is asked for again."""
        for _unused in range(_DATAGRAMS):
            try:
                datagram = self.socket.recv(netlink.BUFFER)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                netlink.drain(self.socket.recv)
                self.table = _all()
                return
            for kind, body in netlink.messages(datagram):
                self.table.apply(kind, body)

    def close(self) -> None:
        """Hears no more."""
        self.socket.close()


def _all() -> Links:
    table = Links()
    for dump, kind in ((question(), netlink.NEWLINK), (netlink.addresses(), netlink.NEWADDR)):
        for body in _answers(dump):
            table.apply(kind, body)
    return table


def _answers(dump: Dump) -> Iterator[bytes]:
    with _open(blocking=True) as sock:
        sock.bind((0, 0))
        sock.send(dump.request)
        while not dump.done:
            yield from dump.take(sock.recv(netlink.BUFFER))


def _open(blocking: bool = False) -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | (0 if blocking else socket.SOCK_NONBLOCK)
    return socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
