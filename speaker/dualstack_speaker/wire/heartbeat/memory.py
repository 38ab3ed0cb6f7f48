# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was known of other nodes, for the process that comes after a kill: a file in memory beside the journal.

It begins with the moment (monotonic seconds) at which this process was last at work, written with every heartbeat; the
rest is written when it changes. A process that comes within the detection time goes on, as nobody has noticed; a later
one listens first, as others have taken over.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
from typing import Any

from ...observe.logs import Log
from ..reasons import reason

_STAMP = struct.Struct("!d")


class Memory:
    """The file at ``path``; what cannot be written is told once."""

    def __init__(self, path: str, log: Log) -> None:
        self._path = path
        self._log = log
        self._handle = -1
        self._failed = ""

    def load(self) -> tuple[float, dict[str, Any]] | None:
        """When the process before was last at work, and what it knew; None when nothing usable is there."""
        try:
            with open(self._path, "rb") as file:
                data = file.read()
            (stamp,) = _STAMP.unpack(data[: _STAMP.size])
            known = json.loads(data[_STAMP.size :])
        except (OSError, ValueError, struct.error, RecursionError):
            return None
        return (stamp, known) if isinstance(known, dict) else None

    def save(self, known: dict[str, Any], now: float) -> None:
        """Writes what is known anew."""
        try:
            fresh = f"{self._path}.new"
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, _STAMP.pack(now) + json.dumps(known, separators=(",", ":")).encode())
                os.rename(fresh, self._path)
            except OSError:
                os.close(handle)
                raise
            self.close()
            self._handle, self._failed = handle, ""
        except OSError as error:
            self._tell(error)

    def stamp(self, now: float) -> None:
        """Notes that this process is at work."""
        if self._handle >= 0:
            try:
                os.pwrite(self._handle, _STAMP.pack(now), 0)
            except OSError as error:
                self._tell(error)

    def close(self) -> None:
        """Writes no more; what is there stays."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def forget(self) -> None:
        """A planned stop: whoever comes next listens first."""
        self.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def _tell(self, error: OSError) -> None:
        if self._failed != str(error):
            self._failed = str(error)
            self._log.write("error", "nodes not noted", {"path": self._path, "reason": reason(error)})
