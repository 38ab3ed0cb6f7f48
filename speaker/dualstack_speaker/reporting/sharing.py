# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps equal values once: what is told of thousands of Services differs in little."""

from __future__ import annotations

from typing import Any, TypeVar

MOST_SHARED = 1000  # values that are remembered

_T = TypeVar("_T")


class Sharing:
    """Called with a value, it gives the equal one that it was called with before, or this one."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}

    def __call__(self, value: _T) -> _T:
        """The object to keep for a value."""
        if len(self._values) >= MOST_SHARED:
            self._values.clear()
        found: _T = self._values.setdefault(value, value)
        return found
