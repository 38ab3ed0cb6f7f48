# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over from the process that runs: the side of the new process.

Who calls the program waits until the new process (a grandchild of its own, so that it belongs to the service manager)
has taken over, and learns why when it has not. The old process goes on then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

from ...base.model import Desired
from ...link import journal
from ...observe.logs import Log
from ..engine import Engine
from ..link_server import LinkServer
from ..reasons import reason
from .channel import Channel, ChannelError, pack, unpack
from .fds import Take
from .giving import Handover

READS = [1]  # versions of what is handed over
_DONE = "\n"  # what the caller is told when all is well
_PATIENCE = 90.0  # seconds for each step of the old process
_GOING = 1.0  # … until it is gone


class CannotTakeOver(Exception):
    """Why; the old process goes on."""


class Heir:
    """The new process while the old one, at ``path``, has everything; CannotTakeOver when it is not there.

    ``tell`` gets the outcome: empty, or why not.
    """

    def __init__(self, path: str, tell: Callable[[str], None]) -> None:
        self._path = path
        self.tell = tell
        self._channel = self._connect()
        self.saved = self._ask()  # the desired state

    def _connect(self) -> Channel:
        try:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            sock.settimeout(_PATIENCE)
            sock.connect(self._path)
        except OSError as error:
            raise CannotTakeOver(f"no process at {self._path}: {reason(error)}") from None
        return Channel(sock)

    def _ask(self) -> Desired:
        channel = self._channel
        try:
            channel.send(pack({"versions": READS}))
            answer = unpack(channel.receive()[0])
            if "refused" in answer:
                raise CannotTakeOver(str(answer["refused"]))
            os.environ.update({**answer["manager"], "WATCHDOG_PID": str(os.getpid())})
            parts = [channel.receive()[0]]
            while parts[-1]:
                parts.append(channel.receive()[0])
            return journal.load(b"".join(parts))
        except (OSError, ChannelError) as error:
            raise CannotTakeOver(reason(error)) from None
        except CannotTakeOver:
            raise
        except Exception as error:
            raise CannotTakeOver(f"the running process gave a state that cannot be read: {error!r}") from None

    def take(self, engine: Engine, server: LinkServer, handover: Handover, log: Log) -> None:
        """Takes everything over, ``engine`` being prepared. Raises CannotTakeOver; the loop does not turn meanwhile."""
        channel = self._channel
        try:
            channel.send(pack({}))
            message, numbers = channel.receive()
            fds = Take(numbers)
            found: dict[str, Any] = unpack(message)
            engine.adopt(found["engine"], fds)
            server.start(fds.take(found["link"]))
            handover.start(fds.take(found["handover"]))
            channel.send(pack({}))
            engine.finish(found["engine"], unpack(channel.receive()[0])["last"], fds)
            fds.close()
        except (OSError, ChannelError) as error:
            raise CannotTakeOver(reason(error)) from None
        except Exception as error:
            raise CannotTakeOver(f"the running process gave a state that cannot be read: {error!r}") from error
        gap = asyncio.get_running_loop().time() - found["frozen_at"]
        log.write("info", "taken over", {"process": os.getpid(), "still_ms": round(gap * 1000, 1)})

    async def released(self) -> None:
        """Waits until the old process is gone: it has told the service manager then whose words count now."""
        sock = self._channel.socket
        sock.setblocking(False)
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 1), _GOING)
        sock.close()


def spawn(run: Callable[[Callable[[str], None]], int]) -> int:
    """Runs ``run`` in a process of its own, with what tells the outcome; the exit status of the one that called."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        os.waitpid(child, 0)
        with open(reading, encoding="utf-8") as pipe:
            outcome = pipe.read()
        if outcome == _DONE:
            return 0
        sys.stderr.write(f"not taken over, the running process goes on: {outcome or 'the new process died'}\n")
        return 1
    os.close(reading)
    if os.fork():
        os._exit(0)

    def tell(why: str) -> None:
        with open(writing, "w", encoding="utf-8") as pipe:
            pipe.write(why or _DONE)

    status = 1
    try:
        status = run(tell)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
