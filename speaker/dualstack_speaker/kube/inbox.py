# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From threads into the event loop: calls in order, in passes that leave the loop time for others.

What waits is bounded: a thread that brings more than the loop takes waits, and with it the server on its socket.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

MOST = 200  # objects that may wait
PASS = 0.005  # seconds that one pass takes, and what its last call takes beyond it


class Stopped(Exception):
    """The inbox is closed: the thread shall end."""


class Inbox:
    """``drained`` is called in the loop after every pass."""

    def __init__(self, loop: asyncio.AbstractEventLoop, drained: Callable[[], None]) -> None:
        self._loop = loop
        self._drained = drained
        self._calls: deque[tuple[int, Callable[..., object], tuple[Any, ...]]] = deque()
        self._room = threading.Condition()
        self._weight = 0
        self._scheduled = False
        self._closed = False

    def post(self, weight: int, function: Callable[..., object], *arguments: Any) -> None:
        """From a thread: the loop calls ``function``. Waits while too many objects wait already. Raises Stopped."""
        with self._room:
            while self._weight and self._weight + weight > MOST and not self._closed:
                self._room.wait()
            if self._closed:
                raise Stopped
            self._weight += weight
            self._calls.append((weight, function, arguments))
            if not self._scheduled:
                self._scheduled = True
                self._loop.call_soon_threadsafe(self._pass)

    def close(self) -> None:
        """In the loop: nothing is called any more, and threads that wait are told to end."""
        with self._room:
            self._closed = True
            self._calls.clear()
            self._room.notify_all()

    def _pass(self) -> None:
        deadline = time.monotonic() + PASS
        while True:
            with self._room:
                if not self._calls or time.monotonic() >= deadline:
                    break
                weight, function, arguments = self._calls.popleft()
            function(*arguments)
            del arguments
            with self._room:
                self._weight -= weight
                self._room.notify_all()
        self._drained()
        with self._room:
            self._scheduled = bool(self._calls) and not self._closed
            if self._scheduled:
                self._loop.call_soon(self._pass)
