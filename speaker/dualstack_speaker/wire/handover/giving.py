# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing everything over to a new process, so that neither peers nor clients notice: the side of the old process.

::

    new: which versions it reads           old: takes no requests, writes its journal, gives the desired state
    new: has built everything for it       old: BGP stands still; gives its sessions and all sockets
    new: has adopted them                  old: tells the service manager, gives BFD as it is by now, and is gone

BFD and layer 2 go on in the old process until then; both hold the same sockets, so nothing that arrives is lost. Until
the last step nothing is lost either when anything fails: the old process simply goes on. After it the new one owns
everything; should it die, it is started anew as after any crash. Only the same user may ask.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Any, NoReturn

from ...link import journal
from ...net import local
from ...observe import systemd
from ...observe.logs import Log
from ..acceptor import Acceptor
from ..engine import Engine
from ..journal_file import JournalFile
from ..link_server import LinkServer
from ..reasons import reason
from .channel import Channel, ChannelError, pack, unpack
from .fds import Give

VERSION = 1  # of what is handed over; a process reads all versions that it names
_ASKING = 5.0  # seconds that the new process has to say what it reads
_BUILDING = 60.0  # … to build everything, while all goes on here
_TELLING = 1.0  # seconds that the service manager has to hear of it
_ADOPTING = 1.5  # … to adopt the sessions, while BGP stands still


class Handover:
    """Listens at ``path`` for a process that wants to take over."""

    def __init__(self, path: str, engine: Engine, journal_file: JournalFile, server: LinkServer, log: Log) -> None:
        self._path = path
        self._engine = engine
        self._journal = journal_file
        self._server = server
        self._log = log
        self._acceptor: Acceptor | None = None
        self._giving: asyncio.Task[None] | None = None

    def start(self, listener: socket.socket | None = None) -> None:
        """Binds the socket (mode 0600), or takes one that is bound; OSError when it cannot be."""
        self._acceptor = Acceptor(listener or local.listen(self._path, 0o600), self._asked, self._log)

    async def close(self) -> None:
        """Hands nothing over any more; one under way is given up, and all goes on here."""
        giving = self._giving
        while giving is not None and not giving.done():
            giving.cancel()  # again and again: up to Python 3.11, wait_for may lose it when what it waits for is there
            await asyncio.wait({giving}, timeout=0.05)
        if self._acceptor is not None:
            self._acceptor.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)

    def _asked(self, sock: socket.socket) -> None:
        channel = Channel(sock)
        if self._giving is not None or channel.peer()[1] != os.geteuid():
            sock.close()
            return
        self._giving = asyncio.get_running_loop().create_task(self._give(channel))

    async def _give(self, channel: Channel) -> None:
        process = channel.peer()[0]
        self._log.write("info", "hand-over asked", {"process": process})
        try:
            asked = unpack(await asyncio.wait_for(channel.get(), _ASKING)).get("versions")
            if not isinstance(asked, list) or VERSION not in asked:
                text = f"this process hands over as version {VERSION}, the new one reads {asked}"
                await channel.give(pack({"refused": text}))
                raise ChannelError(text)
            self._server.hold()
            try:
                await self._hand_over(channel, process)
            finally:
                self._server.release()
        except (OSError, ChannelError, asyncio.TimeoutError) as error:
            why = reason(error) or "the new process did not answer in time"
            self._log.write("warning", "hand-over failed, going on", {"process": process, "reason": why})
        finally:
            channel.socket.close()
            self._giving = None

    async def _hand_over(self, channel: Channel, process: int) -> None:
        await asyncio.wait_for(self._journal.flush(), _ADOPTING)
        await asyncio.wait_for(self._give_desired(channel), _BUILDING)
        await asyncio.wait_for(channel.get(), _BUILDING)
        self._engine.freeze()
        try:
            await asyncio.wait_for(self._give_sessions(channel), _ADOPTING)
            if self._engine.disturbed:
                raise ChannelError("a path to a peer failed or came back meanwhile")
            last = pack({"last": self._engine.last_words()})
            await asyncio.wait_for(channel.give(last), _ADOPTING)
        except BaseException:
            self._engine.thaw()
            raise
        self._go(process)

    async def _give_desired(self, channel: Channel) -> None:
        await channel.give(pack({"version": VERSION, "manager": systemd.environment()}))
        await channel.give(journal.HEADER)
        for record in journal.snapshot(self._engine.state.copy()):
            await channel.give(record)
        await channel.give(b"")

    async def _give_sessions(self, channel: Channel) -> None:
        fds = Give()
        assert self._acceptor is not None
        state: dict[str, Any] = {
            "frozen_at": asyncio.get_running_loop().time(),
            "engine": self._engine.export(fds),
            "link": fds.put(self._server.listener),
            "handover": fds.put(self._acceptor.listener),
        }
        await channel.give(pack(state), fds.numbers)
        await channel.get()

    def _go(self, process: int) -> NoReturn:
        """The end of this process, without a word to anybody but the service manager."""
        systemd.notify(f"MAINPID={process}", _TELLING)
        self._log.write("info", "handed over", {"process": process})
        os._exit(0)
