# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unix socket of the status: whoever connects says in a line of JSON what it wants, and gets one back.

Who says nothing for a moment gets the status: so did those of earlier versions.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE = 0.5  # seconds for the question
Request = dict[str, Any]


class StatusServer:
    """Answers with what ``make`` returns; or ``answers``, by the request's ``op``, made from the whole request."""

    def __init__(
        self,
        path: str,
        make: Callable[[], Awaitable[dict[str, Any]]],
        answers: dict[str, Callable[[Request], Awaitable[dict[str, Any]]]] | None = None,
    ) -> None:
        self._path = path
        self._make = make
        self._answers = answers or {}
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Binds the socket (mode 0660); OSError when it can't be."""
        if os.path.exists(self._path) and stat.S_ISSOCK(os.stat(self._path).st_mode):
            os.unlink(self._path)  # left over from a process that was killed
        before = os.umask(0o117)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        finally:
            os.umask(before)

    def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()
            if os.path.exists(self._path):
                os.unlink(self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _request(reader)
            answer = self._answers.get(str(request.get("op")))
            said = await (self._make() if answer is None else answer(request))
            writer.write(json.dumps(said, separators=(",", ":")).encode() + b"\n")
            await writer.drain()
        except ConnectionError:
            pass  # nobody waits any more
        except Exception:  # a status that is broken must not end what it tells of
            traceback.print_exc()
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Request:
    try:
        request = json.loads(await asyncio.wait_for(reader.readline(), PATIENCE))
    except (asyncio.TimeoutError, ValueError, RecursionError):
        return {}
    return request if isinstance(request, dict) else {}
