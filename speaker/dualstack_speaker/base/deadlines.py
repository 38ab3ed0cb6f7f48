# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named deadlines in monotonic seconds, owned by a protocol object; its driver arms one timer for the earliest."""

from __future__ import annotations


class Deadlines:
    """A small set of named points in time."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, name: str, at: float) -> None:
        """Sets or moves a deadline."""
        self._at[name] = at

    def clear(self, *names: str) -> None:
        """Takes deadlines away; without names, all of them."""
        for name in names or list(self._at):
            self._at.pop(name, None)

    def at(self, name: str) -> float | None:
        """When the deadline falls due, None when it is not set."""
        return self._at.get(name)

    def take_due(self, now: float) -> list[str]:
        """Removes the deadlines at or before ``now`` and returns their names, earliest first."""
        due = sorted((at, name) for name, at in self._at.items() if at <= now)
        for _unused, name in due:
            del self._at[name]
        return [name for _unused, name in due]

    @property
    def next(self) -> float | None:
        """The earliest deadline."""
        return min(self._at.values(), default=None)
