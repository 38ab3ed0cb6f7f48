# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the journal: a change is in it before it is acknowledged; a new snapshot when changes outgrow the last one.

Only while a snapshot is being written, or after the file could not be written, is it behind. A snapshot goes to a file
of its own, in slices, and takes the journal's place when it is whole. The file lies on tmpfs (mode 0600, it holds
passwords): it serves a restart of the process, not of the host.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import BinaryIO

from ..base.model import Desired
from ..link import journal
from ..net.prefixes import parse_prefix, show_prefix
from ..observe.logs import Log
from .reasons import reason

_DELAY = 0.02  # seconds to gather changes
_SLACK = 1024 * 1024  # octets of changes that are always allowed before a new snapshot


class JournalFile:
    """The journal's file. ``state`` gives the state of the moment."""

    def __init__(self, path: str, state: Callable[[], Desired], log: Log) -> None:
        self._path = path
        self._state = state
        self._log = log
        self._whole = b""  # the record of a whole state that is to take the file's place
        self._waiting: list[bytes] = []  # records to be appended
        self._base = self._grown = 0  # octets of the whole state, of what was appended to it
        self._snapshot_due = True  # the file is not ours yet, or has a torn end
        self._writer: asyncio.Task[None] | None = None

    def load(self) -> Desired | None:
        """The saved state; None when there is none that can be used, with a log line when one is spoilt."""
        try:
            with open(self._path, "rb") as file:
                return journal.load(file.read(), parse_prefix)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._log.write("warning", "journal ignored", {"path": self._path, "reason": reason(error)})
        except journal.BadJournal as error:
            self._log.write("warning", "journal ignored", {"path": self._path, "reason": str(error)})
        return None

    def append(self, request: bytes) -> None:
        """Notes an accepted change."""
        self._waiting.append(journal.record(request))
        if self._writer is None and not self._due:
            self._try(self._write_changes)
        if self._waiting or self._due:
            self._wake()

    def replace(self, request: bytes) -> None:
        """Notes an accepted whole state."""
        self._whole = journal.record(request)
        self._waiting.clear()
        if self._writer is None:
            self._try(self._write_whole)

    def renew(self) -> None:
        """Writes the state of the moment: who wrote the file before was another process, maybe under another name."""
        self._snapshot_due = True
        self._wake()

    async def flush(self) -> None:
        """Waits until everything is written."""
        while self._writer is not None:
            await asyncio.wait({self._writer})  # who gives up waiting does not end the writing

    def _wake(self) -> None:
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    @property
    def _due(self) -> bool:
        """Whether a snapshot is to be written before anything else."""
        return self._snapshot_due or self._grown > self._base + _SLACK

    async def _write(self) -> None:
        try:
            await asyncio.sleep(_DELAY)
            while self._whole or self._waiting or self._due:
                if self._whole:
                    self._write_whole()
                elif self._due:
                    await self._write_snapshot()
                else:
                    self._write_changes()
        except OSError as error:
            self._failed(error)
        finally:
            self._writer = None

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        self._snapshot_due = True  # the next change tries again, from the state of then
        self._log.write("error", "journal not written", {"path": self._path, "reason": reason(error)})

    def _write_whole(self) -> None:
        record, self._whole = self._whole, b""
        with self._new_file() as file:
            size = file.write(journal.HEADER) + file.write(record)
        self._put_in_place(size)

    def _write_changes(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:  # somebody took it away
            self._snapshot_due = True
            return
        with open(handle, "ab", buffering=0) as file:
            file.write(data)
        self._grown += len(data)

    async def _write_snapshot(self) -> None:
        self._waiting.clear()  # the snapshot holds them; what comes from now on is appended to it
        frozen = self._state().copy()
        with self._new_file() as file:
            size = file.write(journal.HEADER)
            for record in journal.snapshot(frozen, show_prefix):
                size += file.write(record)
                await asyncio.sleep(0)
                if self._whole:
                    return  # the state was replaced meanwhile
        self._put_in_place(size)

    def _new_file(self) -> BinaryIO:
        handle = os.open(f"{self._path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        return open(handle, "wb")

    def _put_in_place(self, size: int) -> None:
        os.rename(f"{self._path}.new", self._path)
        self._base, self._grown, self._snapshot_due = size, 0, False
