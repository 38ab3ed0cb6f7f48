# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain text of at most 100 columns: headings, paragraphs, pairs of name and value, tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

WIDTH = 100
STEP = 2


def title(text: str, under: str = "=") -> list[str]:
    """A line with a rule under it."""
    lines = wrapped(text)
    return ["", *lines, under * max(map(len, lines))]


def wrapped(text: str, indent: int = 0, hanging: int = 0) -> list[str]:
    """A paragraph; its further lines stand ``hanging`` columns farther in. A word is broken only where it must be."""
    first = " " * indent
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=first + " " * hanging, break_on_hyphens=False
    )


def pairs(rows: Iterable[tuple[str, str]], indent: int = STEP) -> list[str]:
    """Names with their values in a column; a row without a value is left out."""
    known = [(name, value) for name, value in rows if value]
    column = max((len(name) for name, _value in known), default=0) + STEP
    return [line for name, value in known for line in wrapped(f"{name:<{column}}{value}", indent, column)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], indent: int = STEP) -> list[str]:
    """Columns under a heading; where they do not fit, every row becomes a list of pairs."""
    filled = [at for at in range(len(head)) if any(row[at] for row in rows)]
    lines = [[part[at] for at in filled] for part in (head, *rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(filled))]
    if indent + sum(widths) + STEP * (len(filled) - 1) > WIDTH:
        return [line for row in lines[1:] for line in (*pairs(zip(lines[0], row), indent), "")][:-1]
    return [" " * indent + (" " * STEP).join(_cells(line, widths)).rstrip() for line in lines]


def _cells(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    return (f"{cell:<{width}}" for cell, width in zip(line, widths))
