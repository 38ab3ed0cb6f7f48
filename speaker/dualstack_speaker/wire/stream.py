# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TCP connection on the loop, as asyncio's transports are, but such that it can be handed to another process.

For that it can stand still, neither reading nor writing, and tells which octets it has not written yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Protocol

_SLICE = 64 * 1024  # octets that are read in one turn of the loop; from 128 KiB on each read maps memory anew


class Listener(Protocol):
    """Who is told of a connection's life. ``lost`` comes once, and not after ``close`` or ``abort``."""

    def on_received(self, data: bytes) -> None:
        """Octets arrived."""

    def on_blocked(self) -> None:
        """The socket takes no more."""

    def on_writable(self) -> None:
        """Everything is handed to the socket again."""

    def on_lost(self, error: OSError | None) -> None:
        """The connection is gone; without an error the peer has closed it."""


class Stream:
    """A connected socket, taken over from now on. ``unsent``: octets that go out before all others."""

    def __init__(self, sock: socket.socket, listener: Listener, unsent: bytes = b"") -> None:
        sock.setblocking(False)
        self.socket = sock
        self._listener: Listener | None = listener  # None: closed by us
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray(unsent)
        self._still = True
        self._end: asyncio.TimerHandle | None = None
        self.thaw()

    @property
    def unsent(self) -> bytes:
        """Octets that were given to ``write`` and not to the socket."""
        return bytes(self._unsent)

    @property
    def pending(self) -> int:
        """How many such octets there are."""
        return len(self._unsent)

    def write(self, data: bytes) -> None:
        """Sends octets, later where the socket takes no more now."""
        if self.socket.fileno() < 0:
            return
        if self._unsent or self._still:
            self._unsent += data
            return
        try:
            sent = self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._loop.call_soon(self._lose, error)  # nobody is called back from within a call
            return
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
            self._loop.add_writer(self.socket, self._write)
            if self._listener is not None:
                self._loop.call_soon(self._tell_blocked)

    def close(self, grace: float) -> None:
        """Closes after what was written is out, or after ``grace`` seconds. Nobody is told of anything any more."""
        self._listener = None
        if self.socket.fileno() < 0:
            return
        self._loop.remove_reader(self.socket)
        if self._unsent:
            self._end = self._loop.call_later(grace, self._shut)
        else:
            self._shut()

    def freeze(self) -> None:
        """Neither reads nor writes."""
        if not self._still and self.socket.fileno() >= 0:
            self._loop.remove_reader(self.socket)
            self._loop.remove_writer(self.socket)
        self._still = True  # and what is written meanwhile waits

    def thaw(self) -> None:
        """Reads and writes."""
        if not self._still or self.socket.fileno() < 0:
            return
        self._still = False
        if self._listener is not None:
            self._loop.add_reader(self.socket, self._read)
        if self._unsent:
            self._loop.add_writer(self.socket, self._write)

    def _read(self) -> None:
        try:
            data = self.socket.recv(_SLICE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._lose(None)
        elif self._listener is not None:
            self._listener.on_received(data)

    def _write(self) -> None:
        try:
            sent = self.socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        del self._unsent[:sent]
        if self._unsent:
            return
        self._loop.remove_writer(self.socket)
        if self._listener is not None:
            self._listener.on_writable()
        else:
            self._shut()

    def _tell_blocked(self) -> None:
        if self._listener is not None and self._unsent:
            self._listener.on_blocked()

    def _lose(self, error: OSError | None) -> None:
        listener, self._listener = self._listener, None
        self._unsent.clear()
        self._shut()
        if listener is not None:
            listener.on_lost(error)

    def _shut(self) -> None:
        if self._end is not None:
            self._end.cancel()
        if self.socket.fileno() >= 0:
            self._loop.remove_reader(self.socket)
            self._loop.remove_writer(self.socket)
            with contextlib.suppress(OSError):
                self.socket.close()
        self._unsent.clear()
