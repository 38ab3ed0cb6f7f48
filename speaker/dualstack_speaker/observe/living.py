# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a daemon between its start and its stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from typing import Any

from . import systemd


def stopping() -> asyncio.Event:
    """Set when the service manager, or somebody at a terminal, asks for the end; SIGHUP is no such word."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # there is nothing to read again
    return stop


async def until(stop: asyncio.Event, tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Waits for the stop and shows signs of life to the service manager.

    A task that ends before is a bug: its error, or else RuntimeError, is raised, so that the process ends as well.
    """
    interval = systemd.watchdog_interval() or 10.0
    stopped = asyncio.ensure_future(stop.wait())
    while not stopped.done():
        done, _unused = await asyncio.wait([stopped, *tasks], timeout=interval, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            task.result()
            raise RuntimeError(f"ended by itself: {task}")
        systemd.notify("WATCHDOG=1")


def failure() -> asyncio.Future[None]:
    """Fails as soon as a callback of the running loop or a forgotten task does, which the loop else only logs.

    Among the tasks of ``until`` it ends a process that would live on without doing its work.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[None] = loop.create_future()

    def fail(_unused: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and not found.done():
            found.set_exception(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(fail)
    return found
