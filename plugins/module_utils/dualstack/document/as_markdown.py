# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric document as Markdown: CommonMark with the tables of GitHub and GitLab; text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..findings import Finding
from . import build, sketch
from . import findings as of_findings
from .parts import Code, Inline, Items, Lines, Link, Paragraph, Part, Picture, Section, Table

_SPECIAL = re.compile(r"([\\`*\[\]<>|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?[A-Za-z0-9]+;))")
_BEGINNING = re.compile(r"^(\d*)([-+#=]|(?<=\d)[.)])")
_PLAIN_CODE = re.compile(r"[A-Za-z0-9 /,-]")


def markdown(plan: Mapping[str, Any], findings: Sequence[Finding] = ()) -> str:
    """The whole document; the same plan and findings give the same text. No secrets."""
    return "\n".join(_document(plan, findings)).rstrip("\n") + "\n"


def _document(plan: Mapping[str, Any], findings: Sequence[Finding]) -> Iterator[str]:
    sections = build.sections(plan, findings)
    yield f"# {_text(build.title(plan))}\n"
    yield f"Made from the plan `{plan['hash'][:12]}`; edit the intent, not this file.\n"
    yield from (f"- {_begun(line)}" for line in build.summary(plan, findings))
    yield "\nContents: " + ", ".join(_inline(Link(each.title, each.anchor)) for each in sections) + ".\n"
    for each in sections:
        yield from written(plan, each, 2)


def written(plan: Mapping[str, Any], section: Section, level: int) -> Iterator[str]:
    """The blocks of a section whose heading has ``level``."""
    yield f'{"#" * level} <a id="{section.anchor}"></a>{_text(section.title)}\n'
    for part in section.parts:
        yield from _part(plan, part, level)


def _part(plan: Mapping[str, Any], part: Part, level: int) -> Iterator[str]:
    if isinstance(part, Section):
        yield from written(plan, part, level + 1)
    elif isinstance(part, Paragraph):
        yield f"{_begun(part.text)}\n"
    elif isinstance(part, Items):
        yield from (f"- {_begun(item)}" for item in part.items)
        yield ""
    elif isinstance(part, Picture):
        yield "\n".join(("```text", *sketch.lines(plan), "```\n"))
    else:
        yield from _table(part if isinstance(part, Table) else of_findings.table(part.findings))


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(_text, table.heads))} |"
    yield f"|{'---|' * len(table.heads)}"
    for row in table.rows:
        yield f"| {' | '.join(map(_inline, row))} |"
    yield ""


def _begun(inline: Inline) -> str:
    """Inline text at the beginning of a block, where some characters would begin a block of another kind."""
    return _BEGINNING.sub(r"\1\\\2", _inline(inline).lstrip())


def _inline(inline: Inline) -> str:
    if isinstance(inline, Code):
        return _code(inline)
    if isinstance(inline, str):
        return _text(inline)
    if isinstance(inline, Link):
        return f"[{_text(inline.text)}](#{inline.anchor})"
    return ("<br>" if isinstance(inline, Lines) else "").join(map(_inline, inline.pieces))


def _text(text: str) -> str:
    """Text with what Markdown would read as markup escaped; line ends become spaces."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def _code(text: str) -> str:
    """Text letter by letter: a code span, or, where a table or the span would misread it, HTML."""
    one_line = re.sub(r"\s+", " ", text)
    if one_line and not set("`|\\") & set(one_line) and one_line == one_line.strip():
        return f"`{one_line}`"
    return "<code>" + "".join(each if _PLAIN_CODE.match(each) else f"&#{ord(each)};" for each in one_line) + "</code>"
