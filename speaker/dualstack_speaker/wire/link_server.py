# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link's unix socket: one client at a time, a new one takes over; answers in order; bounded buffers."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

from ..link import messages
from ..link.errors import LinkError
from ..link.framing import Lines, LineTooLong
from ..link.routes import Decoder
from ..net import local
from ..net.prefixes import parse_prefix
from ..observe.logs import Log
from .acceptor import Acceptor
from .drain import Drain
from .engine import Engine
from .journal_file import JournalFile
from .news import News
from .reasons import reason
from .stream import Stream

_GRACE = 1.0  # seconds that a client has to take its last answers
_UNREAD = 4 * 1024 * 1024  # octets of answers that a client may leave unread


class LinkServer:
    """Listens and answers."""

    def __init__(self, path: str, engine: Engine, journal: JournalFile, drain: Drain, news: News, log: Log) -> None:
        self._path = path
        self._engine = engine
        self._journal = journal
        self._drain = drain
        self._news = news
        self._log = log
        self._client: _Client | None = None
        self._acceptor: Acceptor | None = None
        self._decoder = Decoder(parse_prefix)

    @property
    def listener(self) -> socket.socket:
        """The socket on which it listens."""
        assert self._acceptor is not None
        return self._acceptor.listener

    def start(self, listener: socket.socket | None = None) -> None:
        """Binds the socket (mode 0660), or takes one that is bound; OSError when it cannot be."""
        self._acceptor = Acceptor(listener or local.listen(self._path, 0o660), self._take, self._log)

    def hold(self) -> None:
        """Takes no request until ``release``: the state stays as it is."""
        assert self._acceptor is not None
        self._acceptor.hold()
        if self._client is not None:
            self._client.stream.freeze()

    def release(self) -> None:
        """Goes on."""
        assert self._acceptor is not None
        self._acceptor.release()
        if self._client is not None:
            self._client.stream.thaw()

    def close(self) -> None:
        """Stops listening and drops the client."""
        if self._acceptor is not None:
            self._acceptor.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
        if self._client is not None:
            self._client.stream.close(_GRACE)

    def _take(self, sock: socket.socket) -> None:
        if self._client is not None:
            self._client.stream.close(_GRACE)
            self._news.unsubscribe()
        self._engine.speaker_gone()  # until it says something
        self._client = _Client(self, sock)
        self._log.write("info", "link up")

    def lost(self, client: _Client) -> None:
        """A client is gone; everything stays as it is."""
        if self._client is client:
            self._client = None
            self._news.unsubscribe()
            self._engine.speaker_gone()
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
        if request.op == "subscribe":
            assert self._client is not None
            self._news.subscribe(self._client.tell, *self._engine.news())
        elif request.op == "drain":
            self._set_drain(request.body)
        elif request.op == "full":
            if self._engine.replace(messages.decode_full(request.body, self._decoder)):
                self._journal.replace(line)
        else:
            if not self._engine.synced:
                raise LinkError("request.op: a delta needs a full state before it, and there is none yet")
            if self._engine.change(messages.decode_delta(request.body, self._decoder)):
                self._journal.append(line)
        return None

    def _set_drain(self, asked: dict[str, Any]) -> None:
        try:
            if asked["on"]:
                self._drain.begin(asked["delay"], asked["annotation"])
            else:
                self._drain.end()
        except OSError as error:
            raise LinkError(f"request.on: it cannot be noted: {reason(error)}") from None

    def _refused(self, seq: int | None, error: LinkError) -> bytes:
        self._log.write("warning", "request refused", {"seq": seq, "error": str(error)})
        return messages.encode_ack(seq, str(error))


class _Client:
    """One connection, as its stream's listener."""

    def __init__(self, server: LinkServer, sock: socket.socket) -> None:
        self._server = server
        self._lines = Lines()
        self.stream = Stream(sock, self)

    def on_received(self, data: bytes) -> None:
        try:
            lines = self._lines.feed(data)
        except LineTooLong as error:
            self.stream.write(messages.encode_ack(None, str(error)))
            self._end(_GRACE)
            return
        for line in lines:
            self.stream.write(self._server.answer(line))
            if self.stream.pending > _UNREAD:
                self._end(0.0)
                return

    def tell(self, line: bytes) -> None:
        """Says something that was not asked for, unless too much is unread already."""
        self.stream.write(line)
        if self.stream.pending > _UNREAD:
            self._end(0.0)

    def on_blocked(self) -> None:
        """Answers wait, up to a bound."""

    def on_writable(self) -> None:
        """All answers are out."""

    def on_lost(self, error: OSError | None) -> None:
        self._server.lost(self)

    def _end(self, grace: float) -> None:
        self.stream.close(grace)
        self._server.lost(self)
