# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host remembers of its files, with size and time of each, so that an unchanged one reads no binary again."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Record:
    """What is known of installed files, by path: their stat, and what was found out about them then."""

    path: str
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    dirty: bool = False

    @classmethod
    def read(cls, path: str) -> Record:
        """The record of earlier runs; empty when there is none or it is not readable as one."""
        try:
            with open(path, encoding="utf-8") as file:
                entries = json.load(file)
        except (OSError, ValueError):
            return cls(path)
        return cls(path, entries if isinstance(entries, dict) else {})

    def get(self, path: str, fact: str) -> Any:
        """A fact about a file that has not changed since; else None."""
        entry = self.entries.get(path, {})
        return entry.get(fact) if entry.get("stat") == _stat(path) else None

    def put(self, path: str, fact: str, value: Any) -> None:
        """Remember a fact about a file as it is now; what was known of an older one is forgotten."""
        entry, stat = self.entries.setdefault(path, {}), _stat(path)
        if entry.get("stat") != stat:
            entry.clear()
            entry["stat"] = stat
        entry[fact] = value
        self.dirty = True

    def remember(self, name: str, entry: dict[str, Any]) -> None:
        """Remember something that is not about one file."""
        self.dirty = self.dirty or self.entries.get(name) != entry
        self.entries[name] = entry

    def write(self) -> None:
        """Keep it for the next run."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with temporary_in(os.path.dirname(self.path)) as name:
            with open(name, "w", encoding="utf-8") as file:
                json.dump(self.entries, file, indent=1, sort_keys=True)
            os.replace(name, self.path)


@contextmanager
def temporary_in(folder: str) -> Iterator[str]:
    """A name for a new file in a folder; the file is gone afterwards when it was not moved away."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".")
    os.close(handle)
    try:
        yield name
    finally:
        if os.path.exists(name):
            os.unlink(name)


def _stat(path: str) -> list[int]:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ino]
