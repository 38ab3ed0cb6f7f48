# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server for one page over HTTP: enough for a scrape of metrics on loopback, nothing more.

One request per connection, a short head, a deadline; what it does not know is refused (RFC 9110, RFC 9112).
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

_DEADLINE = 10.0  # seconds for a request and its answer
_LONGEST = 16384  # octets of a request's head
_TEXTS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

Page = Callable[[], Awaitable[str]]


class Unavailable(Exception):
    """Raised by a page that is answered with the status 503 (RFC 9110 section 15.6.4); the message is the text."""


class PageServer:
    """Serves ``pages``: path → function that makes the text."""

    def __init__(self, pages: dict[str, Page], content_type: str) -> None:
        self._pages = pages
        self._type = content_type
        self._server: asyncio.AbstractServer | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens, and returns the port (that of the kernel's choice for 0); OSError when it can't."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_LONGEST)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(self._answer(reader, writer), _DEADLINE)
        except (asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # a client that breaks off or dawdles gets no answer
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        page = self._pages.get(words[1].split("?")[0]) if len(words) == 3 else None
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            status = 400
        elif words[0] not in ("GET", "HEAD"):
            status = 405
        else:
            status = 404 if page is None else 200
        body = f"{_TEXTS[status]}\n"
        if page is not None and status == 200:
            try:
                body = await page()
            except Unavailable as error:
                status, body = 503, str(error)
            except Exception:  # a page that is broken must not end what it tells of
                traceback.print_exc()
                status, body = 500, f"{_TEXTS[500]}; the log says more\n"
        content = body.encode()
        lines = [
            f"HTTP/1.1 {status} {_TEXTS[status]}",
            f"Content-Type: {self._type}",
            f"Content-Length: {len(content)}",
        ]
        lines += ["Allow: GET, HEAD"] if status == 405 else []
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        if words[0] != "HEAD":
            writer.write(content)
        await writer.drain()
