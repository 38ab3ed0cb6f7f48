# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheet that checks write rows on, and what becomes of a row behind another one that is red."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional

GREEN = "green"
RED = "red"
NOT_REACHED = "not reached"
NOT_ASKED = "not asked"

# In the order in which a break explains what comes after it.
IDS = (
    "api answers",
    "host answers",
    "control plane",
    "flags",
    "host settings",
    "default route",
    "node addresses",
    "pod cidrs",
    "service cidrs",
    "service families",
    "ip addresses",
    "default service",
    "pod addresses",
    "endpoint slices",
    "proxy mode",
    "proxy tables",
    "pod to pod",
    "pod to service",
    "node to service",
    "node port",
    "dns",
    "egress",
    "network policy",
    "load balancer",
    "source ranges",
)

Key = tuple[str, str, Optional[str]]  # id, node, family


class Row(NamedTuple):
    """One row. ``node`` is empty where the cluster as a whole is meant, ``family`` None where it is of neither.

    ``after``: rows that explain this one when they are red.
    """

    id: str
    node: str
    family: str | None
    state: str
    expected: str
    seen: str
    fix: str
    after: tuple[Key, ...] = ()

    def data(self) -> dict[str, Any]:
        """As ``evidence.json`` has it."""
        found = self._asdict()
        del found["after"]
        return found


class Sheet:
    """Rows as they are found."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def judge(
        self,
        wrong: Sequence[str],
        key: Key,
        expected: str,
        seen: str,
        fix: str,
        after: Iterable[Key] = (),
    ) -> None:
        """Green with ``seen`` when nothing is ``wrong``, else red with what is wrong and what to do about it."""
        if wrong:
            self._rows.append(Row(*key, RED, expected, "; ".join(wrong), fix, tuple(after)))
        else:
            self._rows.append(Row(*key, GREEN, expected, seen, ""))

    def not_asked(self, key: Key, why: str) -> None:
        """It can't be asked here, or there is nothing to ask; ``why``."""
        self._rows.append(Row(*key, NOT_ASKED, "", why, ""))

    def not_reached(self, key: Key, why: str) -> None:
        """What it needs is not there; ``why``."""
        self._rows.append(Row(*key, NOT_REACHED, "", why, ""))

    def rows(self) -> list[dict[str, Any]]:
        """All rows, in the order of ``IDS``, then of their finding."""
        state = {row[:3]: row.state for row in self._rows}
        order = {name: number for number, name in enumerate(IDS)}
        found = []
        for row in sorted(self._rows, key=lambda row: order[row.id]):
            first = next((key for key in row.after if state.get(key) in (RED, NOT_REACHED)), None)
            if row.state == RED and first is not None:
                state[row[:3]] = NOT_REACHED
                row = row._replace(state=NOT_REACHED, seen=f"behind {told(first)}: {row.seen}", fix="")
            found.append(row.data())
        return found


def told(key: Key) -> str:
    """A row's key in words."""
    name, node, family = key
    words = [name, *(["of", node] if node else []), *([f"({family})"] if family else [])]
    return " ".join(words)
