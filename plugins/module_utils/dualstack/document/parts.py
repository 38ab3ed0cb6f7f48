# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fabric document is made of, before it becomes Markdown or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Union

from ..findings import Finding


class Code(str):
    """Text that is meant letter by letter: an address, a name, a word of a configuration."""


class Link(NamedTuple):
    """Text that leads to a section of the document."""

    text: str
    anchor: str


@dataclass(frozen=True)
class Span:
    """Pieces one after the other."""

    pieces: tuple[Inline, ...]


@dataclass(frozen=True)
class Lines:
    """Pieces one below the other."""

    pieces: tuple[Inline, ...]


Inline = Union[str, Link, Span, Lines]  # a plain str is text, a Code is code


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: Inline


@dataclass(frozen=True)
class Items:
    """A list."""

    items: Sequence[Inline]


@dataclass(frozen=True)
class Table:
    """A table; every row has as many cells as there are heads. ``name`` says what the rows are: "sessions"."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Inline]]


@dataclass(frozen=True)
class Picture:
    """The drawing of the fabric: each form of the document draws it in its own way."""


@dataclass(frozen=True)
class Report:
    """The findings."""

    findings: Sequence[Finding]


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    anchor: str
    parts: Sequence[Part]


Part = Union[Paragraph, Items, Table, Picture, Report, Section]


def span(*pieces: Inline) -> Span:
    """Pieces one after the other."""
    return Span(pieces)


def lines(pieces: Sequence[Inline]) -> Inline:
    """Pieces one below the other; one piece is that piece."""
    return pieces[0] if len(pieces) == 1 else Lines(tuple(pieces))


def commas(pieces: Sequence[Inline]) -> Inline:
    """Pieces with commas between them."""
    parts: list[Inline] = []
    for piece in pieces:
        parts += [piece] if not parts else [", ", piece]
    return Span(tuple(parts))
