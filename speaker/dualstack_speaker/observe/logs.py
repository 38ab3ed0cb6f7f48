# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines as key=value on standard error; few per kind in a while, so that a flapping peer cannot flood the log."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping

from ..base.outputs import Field

LEVELS = ("debug", "info", "warning", "error")
_SYSLOG = {"debug": 7, "info": 6, "warning": 4, "error": 3}
BURST = 10  # lines of one kind and peer …
WINDOW = 10.0  # … in so many seconds


class Log:
    """Writes lines. Values are quoted where they need it; the kind of line is its ``event``."""

    def __init__(self, level: str = "info", prefix: bool = False) -> None:
        self._least = LEVELS.index(level)
        self._prefix = prefix  # journald's <N> in front of each line
        self._windows: dict[tuple[str, Field], tuple[float, int]] = {}

    def write(self, level: str, event: str, fields: Mapping[str, Field] | None = None) -> None:
        """One line, unless its level is too low or its kind came too often."""
        fields = fields or {}
        if LEVELS.index(level) < self._least:
            return
        key = (event, fields.get("peer") or fields.get("interface"))
        begun, count = self._windows.get(key, (0.0, 0))
        now = time.monotonic()
        if now - begun >= WINDOW or not count:
            if count > BURST:
                fields = {**fields, "suppressed_before": count - BURST}
            begun, count = now, 0
        if len(self._windows) > 1000:
            self._windows.clear()
        self._windows[key] = (begun, count + 1)
        if count > BURST:
            return
        if count == BURST:
            fields = {name: fields[name] for name in ("peer", "interface") if name in fields}
            fields["more"] = f"left out for up to {WINDOW:.0f} s; the status tells the state"
        parts = [f"level={level}", f"event={_quoted(event)}"]
        parts += [f"{name}={_quoted(value)}" for name, value in fields.items() if value is not None]
        head = f"<{_SYSLOG[level]}>" if self._prefix else ""
        sys.stderr.write(f"{head}{' '.join(parts)}\n")
        sys.stderr.flush()


def _quoted(value: Field) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    return (
        text
        if text and all(char.isalnum() or char in "-_.:/%+," for char in text)
        else json.dumps(text, ensure_ascii=False)
    )
