# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the evidence page that is about the cluster itself: a row for each thing and family, its nodes inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..page.html import Markup, element, join
from . import rows

_STATES = (rows.RED, rows.NOT_REACHED, rows.GREEN, rows.NOT_ASKED)


def section(found: Sequence[Mapping[str, Any]]) -> Markup:
    """All rows; nothing where the cluster was not asked."""
    if not found:
        return Markup("")
    heads = element("div", *(element("span", text) for text in ("row", "family", "of", "seen")), class_="heads")
    table = element("div", heads, *(_group(group) for group in rows.groups(found)), class_="rows card")
    return join([element("h2", "The cluster itself"), table])


def _group(group: rows.Group) -> Markup:
    chips = [_chip(state, str(len(group.of(state)))) for state in _STATES if group.of(state)]
    whole = group.rows[0]["node"] == ""
    summary = element(
        "summary",
        element("span", group.id, class_="vip"),
        element("span", group.family_name, class_="family"),
        element("span", rows.WHOLE if whole else "nodes", class_="service"),
        element("span", *chips, class_="chain"),
    )
    families = group.family or "ipv4 ipv6"
    return element(
        "details",
        summary,
        element("ol", *(_row(row) for row in group.rows), class_="links"),
        class_=f"row {families} {group.state.replace(' ', '-')}",
        open="" if group.state == rows.RED else None,
    )


def _row(row: Mapping[str, Any]) -> Markup:
    parts = []
    if row["state"] == rows.RED:
        parts.append(element("p", f"Expected {row['expected']}; seen: {row['seen']}. {row['fix']}"))
    elif row["state"] == rows.GREEN:
        parts.append(element("pre", f"{row['seen']}\nexpected: {row['expected']}"))
    else:
        parts.append(element("p", f"{row['state'].capitalize()}: {row['seen']}", class_="quiet"))
    return element("li", _chip(row["state"], row["node"] or rows.WHOLE), element("div", *parts))


def _chip(state: str, text: str) -> Markup:
    return element("span", text, class_=f"chip {state.replace(' ', '-')}", title=state)
