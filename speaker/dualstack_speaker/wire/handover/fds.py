# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets on their way from one process to the next: they travel in order, the state names them by their number."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence


class Give:
    """Sockets of the old process, which goes on using them until it lets go."""

    def __init__(self) -> None:
        self.numbers: list[int] = []  # file descriptors

    def put(self, sock: socket.socket) -> int:
        """The number under which a socket travels."""
        self.numbers.append(sock.fileno())
        return len(self.numbers) - 1


class Take:
    """Sockets in the new process; ``numbers`` are its file descriptors, all of them to be taken or closed."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._left = dict(enumerate(numbers))

    def take(self, number: int) -> socket.socket:
        """The socket, non-blocking as all of them; OSError when there is none of this number, or it was taken."""
        handle = self._left.pop(number, -1)
        sock = socket.socket(fileno=handle)
        sock.setblocking(False)
        return sock

    def close(self) -> None:
        """Closes what nobody took."""
        for handle in self._left.values():
            os.close(handle)
        self._left.clear()
