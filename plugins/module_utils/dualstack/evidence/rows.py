# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the cluster itself (``components/proof``) for people: what is alike in one line, each cause once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME

GREEN = "green"
RED = "red"
NOT_REACHED = "not reached"
NOT_ASKED = "not asked"
WHOLE = "cluster"  # where a row is of no node
FEW = 5  # nodes that are named; more are counted

Row = Mapping[str, Any]


class Group(NamedTuple):
    """The rows about one thing in one family (``family`` may be None), one per node or one of the cluster."""

    id: str
    family: str | None
    rows: list[Row]

    @property
    def state(self) -> str:
        """Red when any is, else green when any is, else what all are."""
        states = [str(row["state"]) for row in self.rows]
        return next((state for state in (RED, NOT_REACHED, GREEN) if state in states), NOT_ASKED)

    @property
    def family_name(self) -> str:
        """``IPv4``, ``IPv6`` or nothing."""
        return FAMILY_NAME[self.family] if self.family else ""

    def of(self, state: str) -> list[str]:
        """The nodes with a state."""
        return [row["node"] or WHOLE for row in self.rows if row["state"] == state]


def groups(rows: Iterable[Row]) -> list[Group]:
    """Rows together that differ in their node alone, in the order of the first of each."""
    found: dict[tuple[str, str | None], Group] = {}
    for row in rows:
        key = (row["id"], row["family"])
        found.setdefault(key, Group(*key, [])).rows.append(row)
    return list(found.values())


def asked(rows: Iterable[Row]) -> list[Row]:
    """Those that count: what can't be asked proves nothing and breaks nothing."""
    return [row for row in rows if row["state"] != NOT_ASKED]


def causes(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """(where, text) of each cause once, with the families and nodes that it was seen in."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row["state"] == RED:
            found.setdefault((row["id"], _without(row["seen"], row), _without(row["fix"], row)), []).append(row)
    return [(_where(alike), _text(alike[0])) for alike in found.values()]


def _where(alike: list[Row]) -> str:
    families = list(dict.fromkeys(FAMILY_NAME[row["family"]] for row in alike if row["family"]))
    nodes = list(dict.fromkeys(row["node"] or WHOLE for row in alike))
    said = ", ".join(nodes) if len(nodes) <= FEW else f"{len(nodes)} nodes"
    return f"{said} broken at {alike[0]['id']}" + (f" ({', '.join(families)})" if families else "")


def _text(row: Row) -> str:
    return f"expected {row['expected']}; seen: {row['seen']}. {row['fix']}"


def _without(text: str, row: Row) -> str:
    """A text without what differs between families and nodes."""
    for word in (row["node"], FAMILY_NAME.get(row["family"] or "", "")):
        text = text.replace(word, "") if word else text
    return text
