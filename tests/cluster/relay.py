# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to the API server that a test can cut: nothing goes through it then, and nobody is told."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Passes TCP connections on to ``target``, from its own port on the same address."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server((target[0], 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._whole = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """What is under way goes nowhere any more, new connections hang, and no end is closed."""
        self._whole = False

    def heal(self) -> None:
        """New connections work again; those from before are reset."""
        with self._lock:
            old, self._open = self._open, []
            self._whole = True
        for one in old:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends all."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.heal()

    def _accept(self) -> None:
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            with self._lock:
                self._open.append(near)
                if not self._whole:
                    continue
            far = socket.create_connection(self._target)
            with self._lock:
                self._open.append(far)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self._whole:
                    return  # lost on the way
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
