# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reader sees of a document: tables and texts by section, anchors and links, out of HTML or Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

_VOID = {"br", "wbr", "meta", "link", "input"}
_BLOCKS = {"h1", "h2", "h3", "p", "li", "th", "td", "summary"}

Rows = "list[list[str]]"


@dataclass
class Document:
    """Texts as they are shown; a line break in a cell is ``\\n``. A part belongs to the nearest anchor above it."""

    headings: list[str] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, list[list[list[str]]]] = field(default_factory=dict)
    anchors: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)

    def table(self, anchor: str, *heads: str) -> list[list[str]]:
        """The rows of the table with these first heads."""
        [found] = [table for table in self.tables.get(anchor, []) if tuple(table[0][: len(heads)]) == heads]
        return found[1:]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = Document()
        self._anchor = ""
        self._open: list[str] = []
        self._text: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found.tags.add(tag)
        if given.get("id"):
            self._anchor = str(given["id"])
            self.found.anchors.append(self._anchor)
        if tag == "a" and given.get("href"):
            self.found.links.append(str(given["href"]))
        if tag in ("svg", "style", "title"):
            self._quiet += 1
        if tag == "table":
            self.found.tables.setdefault(self._anchor, []).append([])
        if tag == "tr":
            self.found.tables[self._anchor][-1].append([])
        if tag == "br":
            self._text.append("\n")
        if tag in _BLOCKS:
            self._text = []
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self._open.pop() == tag, f"</{tag}> closes nothing"
        if tag in ("svg", "style", "title"):
            self._quiet -= 1
        text = "".join(self._text)
        if tag in ("th", "td"):
            self.found.tables[self._anchor][-1][-1].append(text)
        elif tag in ("h1", "h2", "h3"):
            self.found.headings.append(text)
        elif tag in ("p", "li", "summary", "pre"):
            self.found.texts.setdefault(self._anchor, []).append(text)
        if tag in _BLOCKS:
            self._text = []

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self._text.append(data)


def html(text: str) -> Document:
    """An HTML document; every element must be closed in order."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader._open == [], reader._open
    return reader.found


def markdown(text: str) -> Document:
    """A Markdown document, as GitHub and GitLab read it: CommonMark with tables."""
    return html(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))
