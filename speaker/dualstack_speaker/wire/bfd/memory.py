# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembers BFD sessions that are up, in a file in memory, so that a process that takes the place of one that died goes
on with them: where it is there within the detection time, the other side never notices.

Otherwise a peer that keeps our routes over the restart would drop them, when BFD tells it of the failure after BGP is
established again. What is written changes only when a session comes up or falls, or its timers change.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from typing import Any

from ...observe.logs import Log
from ..reasons import reason

_DELAY = 0.02  # seconds to gather changes


class BfdMemory:
    """The file at ``path``; ``state`` gives what is to be remembered, plain data."""

    def __init__(self, path: str, log: Log) -> None:
        self._path = path
        self._log = log
        self._timer: asyncio.TimerHandle | None = None

    def changed(self, state: Callable[[], dict[str, Any]]) -> None:
        """Writes it soon."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_DELAY, self._write, state)

    def load(self) -> dict[str, Any]:
        """What was remembered; empty when there is nothing or it is spoilt."""
        try:
            with open(self._path, encoding="utf-8") as file:
                found = json.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self._log.write("warning", "bfd memory ignored", {"path": self._path, "reason": reason(error)})
            return {}
        return found if isinstance(found, dict) else {}

    def forget(self) -> None:
        """There is nothing to go on with any more."""
        self.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def close(self) -> None:
        """Writes no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self, state: Callable[[], dict[str, Any]]) -> None:
        self._timer = None
        try:
            handle = os.open(f"{self._path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(state(), file)
            os.rename(f"{self._path}.new", self._path)
        except OSError as error:
            self._log.write("error", "bfd memory not written", {"path": self._path, "reason": reason(error)})
