# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in Markdown stays text, whatever it holds: a reader sees it letter by letter, and no markup comes of it."""

from __future__ import annotations

import re

import pytest
import reading
from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack.document.as_markdown import written
from dualstack.document.parts import Code, Items, Paragraph, Section, Table, lines, span

NASTY = st.text(st.sampled_from("\\`*_{}[]()<>#+-.!|~&;:=\"'ab1 \n\t"), max_size=12)
ANY = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
STANDING = re.compile(r"\s+")


def shown(text: str) -> str:
    """How a reader sees a text: with one space where there is any white space."""
    return STANDING.sub(" ", text).strip()


@settings(max_examples=500)
@given(NASTY | ANY)
def test_text_stays_text_wherever_it_stands(text: str) -> None:
    word = f"x{text}x"  # white space at either end of a block is never seen
    table = Table("rows", (word, "b"), [(word, Code(word)), (lines([word, "y"]), span(Code(word), word))])
    section = Section(word, "there", [Paragraph(word), Items([word, Code(word)]), table, Paragraph(text or "-")])
    found = reading.markdown("\n".join(written({}, section, 2)))
    seen = shown(word)
    assert [shown(each) for each in found.headings] == [seen]
    assert [[list(map(shown, row)) for row in rows] for rows in found.tables["there"]] == [
        [[seen, "b"], [seen, seen], [f"{seen} y", f"{seen}{seen}"]]
    ]
    texts = [shown(each) for each in found.texts["there"]]
    assert texts[:3] == [seen, seen, seen]
    assert texts[3:] == ([shown(text or "-")] if shown(text or "-") else [])
    assert found.tags <= {"a", "h2", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "br"}
    assert found.links == []


@pytest.mark.parametrize(
    "text", ["# a", "- a", "+ a", "1. a", "2) a", "> a", "===", "---", "```", "    a", "| a |", "=", "a\n---"]
)
def test_text_begins_no_block_of_another_kind(text: str) -> None:
    found = reading.markdown("\n".join(written({}, Section("t", "there", [Paragraph(text), Items([text])]), 2)))
    assert [shown(each) for each in found.texts["there"]] == [shown(text)] * 2
    assert found.tags == {"a", "h2", "p", "ul", "li"}
