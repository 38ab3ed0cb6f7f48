# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of text files kept equal to a wanted tree: compare first, then apply; files outside what is owned stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One file that differs. ``before`` or ``after`` is None when the file is absent on that side."""

    path: str
    before: str | None
    after: str | None

    def diff(self) -> dict[str, str]:
        """The change in the shape of Ansible's diff mode."""
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": self.before or "",
            "after": self.after or "",
        }


class FileTree:
    """The folder ``root``; ``owned`` names the files and sub-folders in it that are ours to change and remove."""

    def __init__(self, root: str, owned: Sequence[str]) -> None:
        self._root = root
        self._owned = owned

    def compare(self, wanted: Mapping[str, str]) -> list[Change]:
        """What must change so that the owned part holds exactly ``wanted`` (relative path to text)."""
        found = dict(self._read())
        changes = [Change(path, found.get(path), text) for path, text in wanted.items() if found.get(path) != text]
        return changes + [Change(path, text, None) for path, text in sorted(found.items()) if path not in wanted]

    def apply(self, changes: Sequence[Change]) -> None:
        """Write and remove; every file atomically. Folders that become empty are removed."""
        for change in changes:
            target = os.path.join(self._root, change.path)
            if change.after is None:
                os.unlink(target)
                self._prune(os.path.dirname(target))
                continue
            folder = os.path.dirname(target)
            os.makedirs(folder, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(change.after)
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)

    def _prune(self, folder: str) -> None:
        while folder != self._root and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)

    def _read(self) -> Iterator[tuple[str, str]]:
        for name in self._owned:
            top = os.path.join(self._root, name)
            paths = (
                [top]
                if os.path.isfile(top)
                else [os.path.join(where, file) for where, _dirs, files in os.walk(top) for file in files]
            )
            for path in paths:
                with open(path, encoding="utf-8") as stream:
                    yield os.path.relpath(path, self._root), stream.read()
