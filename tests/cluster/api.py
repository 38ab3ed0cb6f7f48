# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the API for tests: JSON over one connection that stays, quicker than a kubectl for each request."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import time
from typing import Any, Callable

Object = dict[str, Any]
MERGE = "application/merge-patch+json"
ATTEMPTS = 10  # as client-go has it


class ApiError(Exception):
    """What the API server refused: ``status`` is the HTTP status, ``body`` its Status object."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body.get('message', body) if isinstance(body, dict) else body}")
        self.status = status
        self.body = body


class Api:
    """One connection to an API server, for one thread; ``connect`` opens the socket."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, connect: Callable[[], socket.socket]) -> None:
        self._host, self._port, self._context, self._connect = host, port, context, connect
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Object:
        """An object or a list."""
        return self.request("GET", path)

    def create(self, path: str, value: Object) -> Object:
        """Creates an object in a collection."""
        return self.request("POST", path, value)

    def replace(self, path: str, value: Object) -> Object:
        """Replaces an object, or its status where the path ends so."""
        return self.request("PUT", path, value)

    def patch(self, path: str, value: Object) -> Object:
        """Merges into an object."""
        return self.request("PATCH", path, value, MERGE)

    def delete(self, path: str) -> Object:
        """Deletes an object, or all of a collection."""
        return self.request("DELETE", path)

    def request(self, method: str, path: str, value: Object | None = None, kind: str = "application/json") -> Object:
        """One request; its answer. What a busy server asks to be asked again (Retry-After) is, as client-go does it.

        Raises:
            ApiError: the server refused it, or asked for another time again and again.
            OSError: the server does not answer.
        """
        for attempt in range(ATTEMPTS):
            answer, text = self._exchange(method, path, value, kind)
            again = answer.getheader("Retry-After") if answer.status == 429 or answer.status >= 500 else None
            if again is None or attempt == ATTEMPTS - 1:
                break
            time.sleep(min(float(again), 1.0))
        found = json.loads(text) if text[:1] == b"{" else text.decode()
        if answer.status >= 400:
            raise ApiError(answer.status, found)
        return found if isinstance(found, dict) else {"text": found}

    def _exchange(
        self, method: str, path: str, value: Object | None, kind: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        body = None if value is None else json.dumps(value, separators=(",", ":"))
        headers = {} if body is None else {"Content-Type": kind}
        fresh = self._connection is None
        try:
            answer = self._send(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            self.close()
            if fresh:
                raise
            answer = self._send(method, path, body, headers)  # the server had closed the connection, as it may
        return answer, answer.read()

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        if self._connection is None:
            connection = http.client.HTTPConnection(self._host, self._port)
            raw = self._connect()
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sock = self._context.wrap_socket(raw, server_hostname=self._host)
            self._connection = connection
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()

    def close(self) -> None:
        """Closes the connection; the next request opens another."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None
