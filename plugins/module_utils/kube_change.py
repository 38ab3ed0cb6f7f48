# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a component's files with a way back: noted, then written, and undone where it does not come up.

The note (before-texts, on disk) outlives a run that is cut: the next one goes on where it was, and knows the way back.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from typing import Callable

from .kube_process import now
from .kube_runners import Runner, Unit

KEPT = 5  # backups of each file
_EVERY = 0.5  # seconds between looks

Move = Callable[[str, str], None]  # AnsibleModule.atomic_move: mode, owner and label of the file that is replaced stay
Look = Callable[[float, float], str]  # since when (seconds after boot, seconds since 1970) → "" or what is missing


class NotUp(Exception):
    """The component did not come up; the message tells what was missing and what was done."""


class Change:
    """Files of one component on this host, below ``folder`` its notes and backups."""

    def __init__(self, component: str, folder: str, temporary: str, move: Move) -> None:
        self._component, self._temporary, self._move = component, temporary, move
        self._note = os.path.join(folder, f"{component}.json")
        self._backups = os.path.join(folder, "backups")

    def pending(self) -> dict[str, str]:
        """The texts before a change that was cut, by path; empty when there is none."""
        try:
            with open(self._note, encoding="utf-8") as file:
                return {str(path): str(text) for path, text in json.load(file).items()}
        except FileNotFoundError:
            return {}

    def begin(self, before: Mapping[str, str]) -> list[str]:
        """Notes the way back and keeps copies; returns these. What an earlier, cut run noted counts."""
        os.makedirs(self._backups, mode=0o700, exist_ok=True)
        copies = []
        for path, text in before.items():
            stem = f"{self._component}.{os.path.basename(path)}."
            copy = os.path.join(self._backups, stem + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
            _keep(copy, text)
            copies.append(copy)
            old = sorted(name for name in os.listdir(self._backups) if name.startswith(stem))
            for name in old[:-KEPT]:
                os.unlink(os.path.join(self._backups, name))
        _keep(self._note, json.dumps({**before, **self.pending()}))
        return copies

    def write(self, texts: Mapping[str, str]) -> None:
        """Every file at once or not at all; its mode and owner stay."""
        for path, text in texts.items():
            handle, temporary = tempfile.mkstemp(dir=self._temporary)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            self._move(temporary, path)

    def end(self) -> None:
        """The component is up: there is nothing to go back from."""
        if os.path.exists(self._note):
            os.unlink(self._note)


def _keep(path: str, text: str) -> None:
    """A file for root alone, at once or not at all."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.replace(temporary, path)


def wait(runner: Runner, look: Look, timeout: float, since: float, wall: float, *, patient: bool = False) -> str:
    """Looks until nothing is missing; returns what is, when the component has failed (but for who is patient) or the
    time is over."""
    end = time.monotonic() + timeout
    while True:
        missing = look(since, wall)
        if not missing:
            return ""
        if not patient and runner.failed(since, wall):
            return "it has ended"
        if time.monotonic() > end:
            return f"after {timeout:.0f} s: {missing}"
        time.sleep(_EVERY)


def switch(
    runner: Runner,
    change: Change,
    after: Mapping[str, str],
    before: Mapping[str, str],
    look: Look,
    old: Look,
    timeout: float,
) -> list[str]:
    """Writes the files and waits; returns the copies of those before. Raises NotUp once the way back is gone.

    Without files it goes on where a run was cut: a unit is started anew, a static pod is waited for.
    """
    copies = change.begin(before)
    since, wall = (now(), time.time()) if after or isinstance(runner, Unit) else (0.0, 0.0)
    change.write(after)
    runner.restart(list(after))
    missing = wait(runner, look, timeout, since, wall)
    if not missing:
        change.end()
        return copies
    words = runner.words(wall)
    way_back = change.pending()
    since, wall = now(), time.time()
    change.write(way_back)
    runner.restart(list(way_back))
    still = wait(runner, old, timeout, since, wall, patient=True)
    change.end()
    told = f"does not come up: {missing}. Its last words:\n{words}\n"
    end = (
        f"The files are as before, and yet it is not up again: {still}"
        if still
        else "The files are as before, and it is up again."
    )
    raise NotUp(told + end)
