# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link's unix socket: one client at a time, a new one takes over; answers in order; bounded buffers."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import Any

from ..link import messages
from ..link.errors import LinkError
from ..link.framing import Lines, LineTooLong
from ..link.routes import Decoder
from ..observe.logs import Log
from .bgp_io import reason
from .drain import Drain
from .engine import Engine
from .journal_file import JournalFile

_UNREAD = 4 * 1024 * 1024  # octets of answers that a client may leave unread


class LinkServer:
    """Listens and answers."""

    def __init__(self, path: str, engine: Engine, journal: JournalFile, drain: Drain, log: Log) -> None:
        self._path = path
        self._engine = engine
        self._journal = journal
        self._drain = drain
        self._log = log
        self._client: _Client | None = None
        self._server: asyncio.AbstractServer | None = None
        self._decoder = Decoder()

    async def start(self) -> None:
        """Binds the socket (mode 0660); OSError when it cannot be."""
        if os.path.exists(self._path) and stat.S_ISSOCK(os.stat(self._path).st_mode):
            os.unlink(self._path)  # left over from a process that was killed
        before = os.umask(0o117)
        try:
            self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Client(self), self._path)
        finally:
            os.umask(before)

    def close(self) -> None:
        """Stops listening and drops the client."""
        if self._server is not None:
            self._server.close()
            if os.path.exists(self._path):
                os.unlink(self._path)
        if self._client is not None:
            client, self._client = self._client, None  # its end is no news any more
            client.drop()

    def take_over(self, client: _Client) -> None:
        """A client connected: the one before is dropped."""
        if self._client is not None:
            self._client.drop()
        self._client = client
        self._log.write("info", "link up")

    def lost(self, client: _Client) -> None:
        """A client is gone; everything stays as it is."""
        if self._client is client:
            self._client = None
            self._log.write("info", "link down")

    def answer(self, line: bytes) -> bytes:
        """Carries a request out; its answer."""
        try:
            request = messages.decode_request(line)
        except LinkError as error:
            return self._refused(messages.sequence_of(line), error)
        try:
            return messages.encode_ack(request.seq, status=self._carry_out(request, line))
        except LinkError as error:
            return self._refused(request.seq, error)

    def _carry_out(self, request: messages.Request, line: bytes) -> dict[str, Any] | None:
        if request.op == "status":
            return self._engine.status()
        if request.op == "drain":
            self._set_drain(request.body["on"], request.body["delay"])
        elif request.op == "full":
            if self._engine.replace(messages.decode_full(request.body, self._decoder)):
                self._journal.replace(line)
        else:
            if not self._engine.synced:
                raise LinkError("request.op: a delta needs a full state before it, and there is none yet")
            if self._engine.change(messages.decode_delta(request.body, self._decoder)):
                self._journal.append(line)
        return None

    def _set_drain(self, on: bool, delay: float) -> None:
        try:
            if on:
                self._drain.begin(delay)
            else:
                self._drain.end()
        except OSError as error:
            raise LinkError(f"request.on: it cannot be noted: {reason(error)}") from None

    def _refused(self, seq: int | None, error: LinkError) -> bytes:
        self._log.write("warning", "request refused", {"seq": seq, "error": str(error)})
        return messages.encode_ack(seq, str(error))


class _Client(asyncio.Protocol):
    def __init__(self, server: LinkServer) -> None:
        self._server = server
        self._lines = Lines()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.take_over(self)

    def data_received(self, data: bytes) -> None:
        try:
            lines = self._lines.feed(data)
        except LineTooLong as error:
            self._write(messages.encode_ack(None, str(error)))
            self.drop()
            return
        for line in lines:
            self._write(self._server.answer(line))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.lost(self)

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _UNREAD:
            self._transport.abort()
            self._transport = None
