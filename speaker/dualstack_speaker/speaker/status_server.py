# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unix socket of the status: whoever connects gets one line of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Awaitable, Callable
from typing import Any


class StatusServer:
    """Answers with what ``make`` returns."""

    def __init__(self, path: str, make: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self._path = path
        self._make = make
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
        del reader
        try:
            status = await self._make()
            writer.write(json.dumps(status, separators=(",", ":")).encode() + b"\n")
            await writer.drain()
        except ConnectionError:
            pass  # nobody waits any more
        finally:
            writer.close()
