# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets of the heartbeats: one per family, on all addresses, to send and to receive."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable, Mapping

from ...base.addresses import show
from ...base.outputs import Field
from ...net import udp
from ...observe.logs import Log
from ..handover.fds import Give, Take
from ..reasons import reason

RETRY = 5.0  # seconds until a socket that could not be opened is tried again
_BATCH = 256  # datagrams read in one turn of the loop
_TARGETS = 4096  # addresses whose text is kept
_LONGEST = 2048  # octets that are read of one

Heard = Callable[[bytes, str], None]  # a datagram and where it came from


class Sockets:
    """``heard`` gets what arrives. A family whose socket cannot be opened is told and tried again."""

    def __init__(self, port: int, heard: Heard, log: Log) -> None:
        self._port = port
        self._heard = heard
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[bool, socket.socket] = {}  # by whether it is of IPv6
        self._targets: dict[bytes, tuple[str, int]] = {}
        self._retry: asyncio.TimerHandle | None = None
        self.errors: dict[str, str] = {}  # by family
        self.unsent = 0

    def open(self) -> None:
        """Opens what is not open yet."""
        self._retry = None
        for ipv6 in (False, True):
            if ipv6 in self._sockets:
                continue
            family = "ipv6" if ipv6 else "ipv4"
            try:
                self._use(ipv6, udp.open_both_ways(ipv6, self._port))
                self.errors.pop(family, None)
            except OSError as error:
                if self.errors.get(family) != reason(error):
                    fields: dict[str, Field] = {"family": family, "port": self._port, "reason": reason(error)}
                    self._log.write("error", "no heartbeats", fields)
                self.errors[family] = reason(error)
        if len(self._sockets) < 2:
            self._retry = self._loop.call_later(RETRY, self.open)

    def send(self, addresses: Iterable[bytes], data: bytes) -> None:
        """Sends to all of these; what the system does not take is counted, the next heartbeat tries again."""
        for address in addresses:
            sock = self._sockets.get(len(address) > 4)
            if sock is None:
                continue
            target = self._targets.get(address)
            if target is None:
                if len(self._targets) > _TARGETS:
                    self._targets.clear()
                target = self._targets[address] = (show(address), self._port)
            try:
                sock.sendto(data, target)
            except OSError:
                self.unsent += 1

    def read(self) -> None:
        """Takes in all that has arrived."""
        for sock in list(self._sockets.values()):
            while self._read(sock):
                pass

    def close(self) -> None:
        """Sends and hears no more."""
        if self._retry is not None:
            self._retry.cancel()
        for sock in self._sockets.values():
            self._loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()

    def export(self, fds: Give) -> dict[str, int]:
        """The sockets for another process."""
        return {str(ipv6): fds.put(sock) for ipv6, sock in self._sockets.items()}

    def adopt(self, numbers: Mapping[str, int], fds: Take) -> None:
        """Goes on with those of another process, unless the port is another one now."""
        for text, number in numbers.items():
            sock = fds.take(number)
            if sock.getsockname()[1] == self._port:
                self._use(text == "True", sock)
            else:
                sock.close()

    def _use(self, ipv6: bool, sock: socket.socket) -> None:
        self._sockets[ipv6] = sock
        self._loop.add_reader(sock, self._read, sock)

    def _read(self, sock: socket.socket) -> bool:
        """Whether there may be more."""
        with contextlib.suppress(OSError):
            for _unused in range(_BATCH):
                data, source = sock.recvfrom(_LONGEST)
                self._heard(data, str(source[0]))
            return True
        return False
