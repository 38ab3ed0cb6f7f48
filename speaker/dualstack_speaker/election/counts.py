# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted of heartbeats."""

from __future__ import annotations

from typing import Any

from ..base.outputs import Note
from .outputs import Output

_WORTH_A_WORD = ("wrong key", "unknown sender", "malformed", "version")


class Counts:
    """What was counted, by node; ``strange``: refused from nobody who is known, by reason."""

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}
        self.received: dict[str, int] = {}
        self.refused: dict[str, dict[str, int]] = {}
        self.strange: dict[str, int] = {}

    def reject(self, why: str, sender: str | None, source: str) -> list[Output]:
        """Counts what is refused; the first one, the second, the fourth and so on are worth a word."""
        table = self.strange if sender is None else self.refused.setdefault(sender, {})
        table[why] = table.get(why, 0) + 1
        if why not in _WORTH_A_WORD or table[why] & (table[why] - 1):
            return []
        return [Note("heartbeat refused", {"from": source, "reason": why, "count": table[why]})]

    def forget(self, name: str) -> None:
        """The node is no candidate any more."""
        self.sent.pop(name, None)
        self.received.pop(name, None)
        self.refused.pop(name, None)

    def export(self) -> list[Any]:
        """As plain data."""
        return [self.sent, self.received, self.refused, self.strange]

    def adopt(self, data: Any) -> None:
        """Goes on with what ``export`` gave."""
        self.sent, self.received, self.refused, self.strange = data
