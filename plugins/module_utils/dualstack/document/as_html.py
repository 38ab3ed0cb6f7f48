# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric document as one HTML page without external assets or scripts; long tables are folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..findings import Finding
from ..page.drawing import drawing
from ..page.fold import fold
from ..page.frame import document, figure
from ..page.html import Markup, element, join, void
from ..report import html as report
from . import build
from .parts import Code, Inline, Items, Lines, Link, Paragraph, Part, Picture, Report, Section, Table
from .style import CSS
from .words import count, families

LONG_TABLE = 40
LONG_SECTION = 200
_LONG_CODE = 24
_SEPARATOR = re.compile(r"(?<=[.:,=-])(?=[^.:/,=-])")
_END = Markup("\n")


def html(plan: Mapping[str, Any], findings: Sequence[Finding] = ()) -> str:
    """The whole document; the same plan and findings give the same text. No secrets."""
    sections = build.sections(plan, findings)
    title = build.title(plan)
    links = (element("a", section.title, href=f"#{section.anchor}") for section in sections)
    header = element(
        "header",
        element("p", "For the people who run it", class_="over"),
        element("h1", title),
        _items(build.summary(plan, findings)),
        element("nav", *links, aria_label="Contents"),
    )
    body = (_section(plan, section) for section in sections)
    made = element("p", "Made from the plan ", element("code", plan["hash"][:12]), "; edit the intent, not this file.")
    return document(title, CSS + report.CSS, header, _END, element("main", *body), element("footer", made))


def _section(plan: Mapping[str, Any], section: Section) -> Markup:
    long = _length(section) > LONG_SECTION
    parts = (_part(plan, part, long) for part in section.parts)
    return join([element("section", element("h2", section.title), _END, *parts, id=section.anchor), _END])


def _below(plan: Mapping[str, Any], section: Section, folded: bool) -> Markup:
    """A section in a section; one of many is folded."""
    heading = element("h3", section.title)
    parts = [_END, *(_part(plan, part, False) for part in section.parts)]
    if folded:
        whole = element("details", element("summary", heading), *parts, id=section.anchor, class_="folded card")
    else:
        whole = element("section", heading, *parts, id=section.anchor)
    return join([whole, _END])


def _part(plan: Mapping[str, Any], part: Part, long: bool) -> Markup:
    if isinstance(part, Section):
        return _below(plan, part, long)
    if isinstance(part, Paragraph):
        return join([element("p", _inline(part.text)), _END])
    if isinstance(part, Items):
        return join([_items(part.items), _END])
    if isinstance(part, Picture):
        return _picture(plan)
    if isinstance(part, Report):
        return join([report.section(part.findings), _END])
    return _table(part)


def _picture(plan: Mapping[str, Any]) -> Markup:
    small, further = fold(plan)
    strands = f"one strand per family: {families(plan['cluster']['families'])}"
    legend = [element("span", strands, class_="plain")]
    if any(not router["managed"] for router in plan["routers"].values()):
        legend.append(element("span", "dashed: configured by its own team", class_="plain"))
    if further:
        legend.append(element("span", "+12: a box stands for 12 more nodes like it", class_="plain"))
    return join([figure(drawing(small, further=further), *legend), _END])


def _table(table: Table) -> Markup:
    head = element("thead", element("tr", *(element("th", text, scope="col") for text in table.heads)))
    rows = (join([element("tr", *(element("td", _inline(cell)) for cell in row)), _END]) for row in table.rows)
    grid = element("div", element("table", head, _END, element("tbody", *rows)), class_="scroll", tabindex=0)
    if _lines(table) <= LONG_TABLE:
        return join([element("div", grid, class_="table card"), _END])
    summary = element("summary", f"{table.name}: {count(len(table.rows), 'row')}")
    return join([element("details", summary, grid, class_="table card"), _END])


def _length(part: Part) -> int:
    """How many lines the tables of a section have."""
    if isinstance(part, Section):
        return sum(map(_length, part.parts))
    if isinstance(part, Report):
        return len(part.findings)
    return _lines(part) if isinstance(part, Table) else 0


def _lines(table: Table) -> int:
    return sum(max(_height(cell) for cell in row) for row in table.rows)


def _height(cell: Inline) -> int:
    return len(cell.pieces) if isinstance(cell, Lines) else 1


def _items(items: Iterable[Inline]) -> Markup:
    return element("ul", *(element("li", _inline(item)) for item in items))


def _inline(inline: Inline) -> Markup:
    if isinstance(inline, Code):
        return _code(inline)
    if isinstance(inline, str):
        return join([inline])
    if isinstance(inline, Link):
        return element("a", inline.text, href=f"#{inline.anchor}")
    pieces = [_inline(piece) for piece in inline.pieces]
    if isinstance(inline, Lines):
        return join([pieces[0], *(join([void("br"), piece]) for piece in pieces[1:])])
    return join(pieces)


def _code(text: str) -> Markup:
    """Code; a long one may be broken after its separators, and nowhere else."""
    if len(text) <= _LONG_CODE:
        return element("code", text)
    first, *others = _SEPARATOR.split(text)
    return element("code", first, *(join([void("wbr"), other]) for other in others))
