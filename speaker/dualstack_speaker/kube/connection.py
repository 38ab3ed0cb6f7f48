# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection to the API server, by ``http.client`` and ``ssl``: HTTP/1.1, keep-alive, for one thread at a time."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable, Mapping

from .access import Access
from .errors import Unreachable
from .settings import Settings

_IDLE, _EACH, _TIMES = 15, 5, 3  # TCP keepalive: seconds of silence, seconds between probes, probes
_BROKEN = (OSError, http.client.HTTPException, ValueError)


class _Http(http.client.HTTPConnection):
    """``http.client`` with the name that the certificate must bear, and a socket that notices a dead peer."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None, timeout: float) -> None:
        super().__init__(settings.host, settings.port, timeout=timeout)
        self._settings = settings
        self._context = context
        self._patience = timeout

    def connect(self) -> None:
        super().connect()
        plain: socket.socket = self.sock
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (
            (socket.TCP_KEEPIDLE, _IDLE),
            (socket.TCP_KEEPINTVL, _EACH),
            (socket.TCP_KEEPCNT, _TIMES),
            (socket.TCP_USER_TIMEOUT, int(self._patience * 1000)),
        ):
            plain.setsockopt(socket.IPPROTO_TCP, option, value)
        if self._context is not None:
            name = self._settings.server_name or self._settings.host
            self.sock = self._context.wrap_socket(plain, server_hostname=name)


class Connection:
    """Made when it is needed, and anew whenever settings or credentials have changed."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._http: _Http | None = None
        self._generation = -1
        self._prefix = ""

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        deadline: float,
        guard: Callable[[], None] | None = None,
    ) -> http.client.HTTPResponse:
        """Sends a request and returns the answer's head; its body must be read to the end, or ``close`` called.

        ``deadline``: monotonic seconds; ``guard`` is called last before anything is sent, and what it raises goes
        through. Raises Unreachable, SettingsError.
        """
        current = self._open(deadline)
        if guard is not None:
            guard()
        try:
            current.request(method, f"{self._prefix}{target}", body, dict(headers))
            self.patience(deadline - time.monotonic())
            return current.getresponse()
        except _BROKEN as error:
            self.close(abort=True)
            raise Unreachable(reason(error), sent=True) from None

    def patience(self, seconds: float) -> None:
        """From now on the other end may be silent for so long. Raises TimeoutError where no time is left."""
        if seconds <= 0:
            raise socket.timeout("no whole answer in time")
        if self._http is not None and self._http.sock is not None:
            self._http.sock.settimeout(seconds)

    def close(self, abort: bool = False) -> None:
        """Ends the connection; with ``abort`` what was not sent yet never will be (RST instead of FIN)."""
        if self._http is None:
            return
        sock: socket.socket | None = self._http.sock
        with contextlib.suppress(OSError):
            if abort and sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._http.close()
        self._http = None

    def interrupt(self) -> None:
        """From another thread: whoever waits for this connection is woken with an error."""
        current = self._http
        sock = current.sock if current is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, whose state belongs to the other thread

    def _open(self, deadline: float) -> _Http:
        generation, settings, context = self._access.look()
        if self._http is not None and (generation != self._generation or _ended(self._http)):
            self.close()
        remaining = max(0.001, deadline - time.monotonic())
        if self._http is not None:
            self.patience(remaining)
            return self._http
        made = _Http(settings, context, remaining)
        try:
            made.connect()
        except _BROKEN as error:
            made.close()
            raise Unreachable(reason(error), sent=False) from None
        self._http, self._generation, self._prefix = made, generation, settings.prefix
        return made


def reason(error: Exception) -> str:
    """An error in few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}"
    if isinstance(error, socket.timeout):
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected):
        return "closed the connection without an answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _ended(connection: _Http) -> bool:
    """Whether the other end has closed an idle connection, or says something that nobody asked for."""
    sock = connection.sock
    if sock is None:
        return True
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
