# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources from a folder of JSON files, watched for changes.

A file holds an object, a List or an array of objects; ``*.json`` counts, names that begin with a dot do not. A file
that can't be read leaves its last good objects in force. A folder that is missing or without a file is taken for an
accident: nothing changes then; whoever wants no objects leaves a file with ``[]``. Changes are taken over once two
scans saw the same, so that several files that change together are taken over together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from dualstack.findings import ERROR, Finding
from dualstack.resources.collection import UnnamedObject, key_of
from dualstack.resources.model import Key

from .sink import Sink

MOST_POSTPONED = 8  # scans that a folder which never comes to rest can put off

_Signature = tuple[int, int, int, int]


class _File:
    """What is known of one file."""

    def __init__(self) -> None:
        self.signature: _Signature | None = None
        self.keys: set[Key] = set()
        self.good = False
        self.findings: list[Finding] = []


class FolderSource:
    """A folder; ``scan`` brings a sink up to date with it."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._owners: dict[Key, str] = {}
        self._absent: list[Finding] = []
        self._seen: dict[str, _Signature] = {}
        self._postponed = 0
        self.loaded = False
        self.settled = True

    @property
    def lost(self) -> bool:
        """Whether there is a file that was never good."""
        return any(not file.good for file in self._files.values())

    def findings(self) -> list[Finding]:
        """What is wrong with the folder and its files."""
        return self._absent + [finding for name in sorted(self._files) for finding in self._files[name].findings]

    def scan(self, sink: Sink) -> bool:
        """Reads what changed since the last scan. Returns whether the sink, or what is to be said, changed."""
        before = self.findings()
        try:
            seen = self._list()
        except OSError as error:
            return self._keep(before, error.strerror or str(error))
        if not seen:
            return self._keep(before, "holds no *.json file")
        self._absent = []
        if self._moves(seen):
            return before != self.findings()
        changed = not self.loaded
        self.loaded = True
        for name in sorted(self._files.keys() - seen.keys()):
            changed |= self._forget(self._files.pop(name).keys, name, sink)
        for name in sorted(seen):
            file = self._files.setdefault(name, _File())
            if file.signature != seen[name]:
                file.signature = seen[name]
                changed |= self._load(name, file, sink)
        return changed or before != self.findings()

    def _moves(self, seen: dict[str, _Signature]) -> bool:
        """Whether the folder is still changing; never at the first look."""
        resting = seen == self._seen or not self.loaded or self._postponed >= MOST_POSTPONED
        self._seen = seen
        self._postponed = 0 if resting else self._postponed + 1
        return not resting

    def _keep(self, before: list[Finding], reason: str) -> bool:
        fix = "Create it, or correct resources in the configuration; what was known stays in force."
        self._absent = [Finding("resources-folder", ERROR, self._folder, "", reason, fix)]
        return before != self.findings()

    def _list(self) -> dict[str, _Signature]:
        seen = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".json") and not entry.name.startswith("."):
                    facts = os.stat(entry.path)
                    seen[entry.name] = (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino)
        return seen

    def _load(self, name: str, file: _File, sink: Sink) -> bool:
        try:
            with open(os.path.join(self._folder, name), encoding="utf-8") as stream:
                content = json.load(stream)
        except (OSError, ValueError) as error:
            file.findings = [_unreadable(name, error)]
            return True
        file.findings, file.good = [], True
        keys: set[Key] = set()
        changed = False
        for place, given in _objects(content, name):
            try:
                key = key_of(given)
            except (UnnamedObject, AttributeError) as error:
                reason = str(error) if isinstance(error, UnnamedObject) else "is not an object"
                file.findings.append(Finding("object", ERROR, place, "", reason, "Complete it or take it out."))
                continue
            owner = self._owners.setdefault(key, name)
            if owner != name or key in keys:
                reason, fix = f"{key} stands in {owner} as well; that one counts", "Keep it in one place."
                file.findings.append(Finding("twice", ERROR, place, "", reason, fix))
                continue
            keys.add(key)
            changed |= sink.put(given)
        if any(finding.id == "object" for finding in file.findings):
            keys |= file.keys  # the nameless object may be any of them: none is taken away
        gone = file.keys - keys
        file.keys = keys
        return self._forget(gone, name, sink) or changed

    def _forget(self, keys: set[Key], name: str, sink: Sink) -> bool:
        changed = False
        for key in sorted(keys):
            if self._owners.get(key) == name:
                del self._owners[key]
                changed |= sink.drop(key)
        if keys:
            for file in self._files.values():
                if any(finding.id == "twice" for finding in file.findings):
                    file.signature = None  # it may hold what another file gave up: read again
        return changed


def _objects(content: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict) and str(content.get("kind", "")).endswith("List") and "items" in content:
        content = content["items"] or []
    if not isinstance(content, list):
        yield name, content
        return
    for index, given in enumerate(content):
        yield f"{name}[{index}]", given


def _unreadable(name: str, error: Exception) -> Finding:
    if isinstance(error, json.JSONDecodeError):
        place, reason = f"{name}:{error.lineno}:{error.colno}", f"is no JSON: {error.msg}"
    else:
        place, reason = name, getattr(error, "strerror", None) or str(error)
    return Finding("file", ERROR, place, "", reason, "Correct the file; its last good objects stay in force.")
