# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the API server: blocking ones from any thread, and the same for an event loop.

Every thread has a connection of its own. Nothing is tried twice, except after a refusal of the credentials, which are
read again, and a GET on a connection that had been kept: neither can have changed anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlencode

from .access import Access
from .connection import Connection, reason
from .decoding import decode, encode
from .errors import ApiError, Unreachable

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"  # JSON is YAML

TIMEOUT = 10.0  # seconds
LARGEST = 256 * 2**20  # octets of a body
_PIECE = 1 << 16
_AGENT = "baremetal-dualstack"


class Answer(NamedTuple):
    """``status`` is below 400; ``body`` is the object, empty where there is none."""

    status: int
    body: dict[str, Any]


class Client:
    """``workers``: threads, and so connections, for ``send``."""

    def __init__(self, access: Access, workers: int = 4) -> None:
        self.access = access
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="kube-write")
        self._closed = False

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        timeout: float = TIMEOUT,
        guard: Callable[[], None] | None = None,
    ) -> Answer:
        """Asks and waits. ``timeout``: seconds for the whole; ``guard`` is called last before octets are sent.

        Raises what ``guard`` does, ApiError from 300 on, Unreachable without a whole answer, SettingsError.
        """
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self.connection()
        given = None if body is None else encode(body)
        target = f"{path}?{urlencode(query)}" if query else path
        deadline = time.monotonic() + timeout
        for last in (False, True):
            if self._closed:
                raise Unreachable("this process ends", sent=False)
            try:
                headers = self.headers(None if given is None else content_type)
                response = connection.ask(method, target, given, headers, deadline, guard)
                answer = read_answer(connection, response, deadline)
                return Answer(response.status, answer if isinstance(answer, dict) else {})
            except ApiError as error:
                if error.status != http.client.UNAUTHORIZED or last:
                    raise
                self.access.forget()
            except Unreachable as error:
                if method != "GET" or not error.sent or last:
                    raise
        raise AssertionError("unreachable")

    async def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        timeout: float = TIMEOUT,
    ) -> Answer:
        """``request`` for those who must not wait in their thread; requests at the same time may pass each other."""
        asked = functools.partial(
            self.request, method, path, body, query=query, content_type=content_type, timeout=timeout
        )
        return await asyncio.get_running_loop().run_in_executor(self._pool, asked)

    def connection(self) -> Connection:
        """A connection for a thread of one's own; ``close`` of the client interrupts it."""
        made = Connection(self.access)
        with self._lock:
            self._connections.add(made)
        return made

    def close(self) -> None:
        """Interrupts what is under way; requests that wait for their turn are cancelled."""
        self._closed = True
        with self._lock:
            known = list(self._connections)
        for connection in known:
            connection.interrupt()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def headers(self, content_type: str | None = None) -> dict[str, str]:
        """The headers of a request. Raises SettingsError."""
        result = {"Accept": JSON, "User-Agent": _AGENT}
        if content_type is not None:
            result["Content-Type"] = content_type
        token = self.access.token()
        if token is not None:
            result["Authorization"] = f"Bearer {token}"
        return result


def read_answer(connection: Connection, response: http.client.HTTPResponse, deadline: float) -> Any:
    """What an answer below 300 says. Raises ApiError for others, Unreachable for one that does not end in time."""
    try:
        content = _read(connection, response, deadline)
        answer = decode(content) if content and response.status < 300 else {}
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close(abort=True)
        raise Unreachable(reason(error), sent=True) from None
    if response.status >= 300:
        raise refusal(response, content)
    return answer


def _read(connection: Connection, response: http.client.HTTPResponse, deadline: float) -> bytes:
    pieces = []
    size = 0
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise ValueError(f"more than {LARGEST} octets in one answer")
        connection.patience(deadline - time.monotonic())
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    response.read()  # nothing, and the connection is free again
    return b"".join(pieces)


def refusal(response: http.client.HTTPResponse, content: bytes) -> ApiError:
    """The error for an answer from 300 on: out of its Status object where it has one."""
    status: Any = {}
    with contextlib.suppress(ValueError):
        status = decode(content)
    return status_error(
        status if isinstance(status, dict) else {},
        response.status,
        response.reason,
        response.headers.get("Retry-After", ""),
    )


def status_error(status: Mapping[str, Any], code: int = 0, reason_text: str = "", after: str = "") -> ApiError:
    """The error that a Status object tells; the other values count where it tells nothing."""
    details = status.get("details")
    if not after and isinstance(details, dict):
        after = str(details.get("retryAfterSeconds") or "")
    seconds: float | None = None
    with contextlib.suppress(ValueError):
        seconds = max(0.0, float(after))
    told = status.get("code")
    return ApiError(
        code or (told if isinstance(told, int) else 0),
        str(status.get("reason") or reason_text),
        str(status.get("message") or reason_text or "without a reason"),
        seconds,
    )
