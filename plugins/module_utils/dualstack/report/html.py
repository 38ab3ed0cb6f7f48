# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as a part of an HTML page: a card for each weight; what is many, or silenced, is folded."""

from __future__ import annotations

from collections.abc import Sequence

from ..findings import HINT, Finding
from ..page.frame import document
from ..page.html import Markup, element, join
from ..page.style import CSS as STYLE
from .grouping import SILENCED, Group, groups, summary

MANY = 12
CSS = """
.findings { margin: 0.7rem 0; border-left-width: 5px; overflow: hidden; }
.findings.error { border-left-color: var(--red); } .findings.error > summary { color: var(--red); }
.findings.warning { border-left-color: var(--ink); }
.findings > summary { padding: 0.6rem 1rem; font-weight: 650; font-size: 0.98rem; }
.findings ul { list-style: none; margin: 0; padding: 0; max-width: none; }
.findings li { margin: 0; padding: 0.55rem 1rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.findings li p { margin: 0.15rem 0 0; }
.findings li p:first-child { margin: 0; max-width: none; }
.findings li p:first-child { display: flex; flex-wrap: wrap; gap: 0 0.5rem; align-items: baseline; }
.findings .rule { color: var(--soft); font-size: 0.86rem; margin-left: auto; }
.findings .fix::before { content: "→ "; color: var(--soft); }
"""


def refusal(name: str, findings: Sequence[Finding]) -> str:
    """A page of its own about an intent of which there is no plan. ``name``: the cluster's name as far as it is one."""
    title = f"{name}: nothing is planned"
    header = element("header", element("h1", title), element("p", f"The intent has {summary(findings)}."))
    return document(title, STYLE + CSS, header, element("main", section(findings)))


def section(findings: Sequence[Finding]) -> Markup:
    """All findings, the heaviest first; a sentence when there are none. ``CSS`` gives it its look."""
    found = groups(findings)
    if not found:
        return element("p", "There are none.")
    return join(map(_group, found))


def _group(group: Group) -> Markup:
    folded = group.name == SILENCED or (group.name == HINT and len(group.findings) > MANY)
    return element(
        "details",
        element("summary", group.title),
        element("ul", *(_row(finding) for finding in group.findings)),
        class_=f"findings {group.name} card",
        open=None if folded else "",
    )


def _row(finding: Finding) -> Markup:
    place: list[str] = [element("code", finding.path)]
    if finding.value:
        place += [" = ", element("code", finding.value)]
    parts = [
        element("p", *place, element("span", finding.id, class_="rule")),
        element("p", finding.reason),
        element("p", finding.fix, class_="fix"),
    ]
    if finding.silenced:
        parts.append(element("p", f"{finding.severity}, silenced: {finding.silenced}"))
    return element("li", *parts)
