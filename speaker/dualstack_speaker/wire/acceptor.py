# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the connections that arrive at a socket; one that cannot be taken, for lack of files, makes it pause."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from ..observe.logs import Log
from .reasons import reason

_PAUSE = 1.0  # seconds: a connection that was not taken keeps the socket readable


class Acceptor:
    """Hands each connection to ``take``, from ``release`` on and not while held."""

    def __init__(self, listener: socket.socket, take: Callable[[socket.socket], None], log: Log) -> None:
        self.listener = listener
        self._take = take
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._held = True
        self.release()

    def hold(self) -> None:
        """Lets connections wait."""
        self._held = True
        self._loop.remove_reader(self.listener)

    def release(self) -> None:
        """Takes them again."""
        self._held = False
        self._listen()

    def close(self) -> None:
        """Listens no more."""
        self.hold()
        self.listener.close()

    def _listen(self) -> None:
        if not self._held:
            self._loop.add_reader(self.listener, self._accept)

    def _accept(self) -> None:
        try:
            sock, _unused = self.listener.accept()
        except (BlockingIOError, ConnectionError):
            return  # it went away again
        except OSError as error:
            self._log.write("error", "connection not taken", {"reason": reason(error)})
            self._loop.remove_reader(self.listener)
            self._loop.call_later(_PAUSE, self._listen)
            return
        sock.setblocking(False)
        self._take(sock)
