# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as text: a table that fits a terminal of 120 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from ..findings import Finding
from .grouping import SILENCED, Group, groups

WIDTH = 120
HEADS = ("rule", "place in the intent", "what is wrong, and what to do")
_GAP = "  "
_LONGEST_PLACE = 44
_MOST_LINES = 6  # of a path or a value
_BREAKS = re.compile(r"(?<=[.\[\]: /,=-])(?=[^.\[\]: /,=-])")


def table(findings: Sequence[Finding], width: int = WIDTH, place: str = HEADS[1]) -> str:
    """Lines of at most ``width`` columns (80 or more): a part for each severity, silenced findings last.

    Empty for no findings. Each finding is told once, with its value, reason and fix. ``place`` heads the places.
    """
    found = groups(findings)
    if not found:
        return ""
    longest = max(len(each.id) for each in findings)
    places = max(len(line) for each in findings for line in _place(each))
    first = min(max(longest, len(HEADS[0])), width // 4)
    second = min(max(places, len(place)), _LONGEST_PLACE, width // 3)
    widths = (first, second, width - first - second - 2 * len(_GAP))
    lines = [_line((HEADS[0], place, HEADS[2]), widths), _line(tuple("-" * each for each in widths), widths)]
    for group in found:
        lines += ["", _title(group), *(line for each in group.findings for line in _row(group, each, widths))]
    return "\n".join(lines)


def _title(group: Group) -> str:
    return group.title.upper() if group.name != SILENCED else f"{group.title} by the intent".upper()


def _row(group: Group, finding: Finding, widths: Sequence[int]) -> Iterator[str]:
    about = [*_wrapped(_sentence(finding.reason), widths[2]), *_wrapped(finding.fix, widths[2], "-> ")]
    if group.name == SILENCED:
        about += _wrapped(finding.silenced, widths[2], f"{finding.severity}, silenced: ")
    place = [part for line in _place(finding) for part in _broken(line, widths[1])]
    columns = (_broken(finding.id, widths[0]), place, about)
    for number in range(max(map(len, columns))):
        yield _line(tuple(column[number] if number < len(column) else "" for column in columns), widths)


def _place(finding: Finding) -> list[str]:
    return [finding.path, f"= {finding.value}"] if finding.value else [finding.path]


def _sentence(text: str) -> str:
    text = text.rstrip()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _wrapped(text: str, width: int, start: str = "") -> list[str]:
    """Lines broken between words, also in a text of several lines; the first begins with ``start``."""
    further = " " * min(len(start), 3)
    lines: list[str] = []
    for part in text.splitlines():
        first = further if lines else start
        lines += textwrap.wrap(
            _printable(part), width, initial_indent=first, subsequent_indent=further, break_on_hyphens=False
        )
    return lines


def _broken(text: str, width: int, most: int = _MOST_LINES) -> list[str]:
    """A path or a value in lines, broken after its separators; a longer part anywhere. Of too many lines the first."""
    lines = [""]
    for part in _BREAKS.split(_printable(" ".join(text.split()))):
        while part:
            if len(lines[-1]) + len(part.rstrip()) <= width:
                lines[-1] += part
                break
            if lines[-1]:
                lines.append("")
            else:
                lines[-1], part = part[:width], part[width:]
                lines.append("")
    lines = [line.rstrip() for line in lines if line.strip()]
    return lines if len(lines) <= most else [*lines[: most - 1], "…"]


def _printable(text: str) -> str:
    """Without what a terminal would act on."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()
