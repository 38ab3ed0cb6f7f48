# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a node out of service (RFC 8326): first routers are told to prefer others, a while later nothing is announced.

It holds until it is ended, over restarts of the process too: when to withdraw stands in a file in memory, in monotonic
seconds, which are the same for every process until the host starts anew; behind it, whether an annotation of the Node
asks for it: only such a drain ends when the annotation goes. Layer-2 addresses move at once, by heartbeats, where
another node can answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from ..observe.logs import Log
from .engine import Engine
from .phase import Phase
from .reasons import reason

_ANNOTATION = "annotation"


class Drain:
    """The phases in time. ``path``: the file."""

    def __init__(self, path: str, engine: Engine, log: Log) -> None:
        self._path = path
        self._engine = engine
        self._log = log
        self._timer: asyncio.TimerHandle | None = None

    def restore(self) -> None:
        """Goes on where the process before was."""
        try:
            with open(self._path, encoding="ascii") as file:
                at, *words = file.read().split()
            self._announce(float(at), _ANNOTATION in words)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            self._log.write("warning", "drain ignored", {"path": self._path, "reason": reason(error)})

    def begin(self, delay: float, annotation: bool) -> None:
        """Tells routers now, withdraws after ``delay`` seconds. OSError when that cannot be noted."""
        at = asyncio.get_running_loop().time() + delay
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(handle, "w", encoding="ascii") as file:
            file.write(f"{at!r} {_ANNOTATION}" if annotation else repr(at))
        self._log.write("info", "drain", {"seconds": delay, "annotation": annotation})
        self._announce(at, annotation)

    def end(self) -> None:
        """Announces as before."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        self._cancel()
        self._log.write("info", "undrain")
        self._engine.drain(Phase.OFF, False)

    def _announce(self, at: float, annotation: bool) -> None:
        self._cancel()
        loop = asyncio.get_running_loop()
        if at <= loop.time():
            self._withdraw(annotation)
            return
        self._timer = loop.call_at(at, self._withdraw, annotation)
        self._engine.drain(Phase.TOLD, annotation)

    def _withdraw(self, annotation: bool) -> None:
        self._timer = None
        self._log.write("info", "drained")
        self._engine.drain(Phase.WITHDRAWN, annotation)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
