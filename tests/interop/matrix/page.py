# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix as text: a table per stack, and its place in docs/interop.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from interop.matrix.cases import COLUMNS, KINDS, PASSWORDS
from interop.matrix.limits import why_not
from interop.matrix.run import Cell, Results
from interop.peers.shape import FAMILIES

PAGE = Path("docs") / "interop.md"
_BEGIN, _END = "<!-- written by tests/interop/matrix -->\n", "<!-- end of what is written -->\n"
_TRANSPORT = {"ipv4": "IPv4", "ipv6": "IPv6"}


def table(results: Results) -> str:
    """A stack's part: a line per transport and kind of peer, and why it is what it is where it is not a yes."""
    reasons: list[str] = []
    lines = ["| over | peer | " + " | ".join(COLUMNS) + " |", "|" + "---|" * (2 + len(COLUMNS))]
    for transport in FAMILIES:
        for kind in KINDS:
            marks = [_marks(results, tried, transport, kind, reasons) for tried in COLUMNS]
            lines.append(f"| {_TRANSPORT[transport]} | {kind} | {' | '.join(marks)} |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([f"### {results.title}", "", *lines, *(["", *notes] if notes else []), ""])


def _marks(results: Results, tried: str, transport: str, kind: str, reasons: list[str]) -> str:
    place = (tried, transport, kind)
    cells = [cell for cell in results.cells if (cell.tried, cell.case.transport, cell.case.kind) == place]
    marks = [
        _mark(results, cell, reasons) for cell in sorted(cells, key=lambda cell: PASSWORDS.index(cell.case.password))
    ]
    return " ".join(marks if len(set(marks)) > 1 or "✓" in marks else marks[:1]) or "–"


def _mark(results: Results, cell: Cell, reasons: list[str]) -> str:
    if results.cells[cell]:
        return "**fails**"
    reason = why_not(results.stack, cell.case)
    if not reason:
        return "✓"
    if reason not in reasons:
        reasons.append(reason)
    return f"n/a ({1 + reasons.index(reason)})"


def problems(results: Results) -> list[str]:
    """What is not as it should be, a line per cell."""
    return [_line(cell, problem) for cell, problem in results.cells.items() if problem]


def _line(cell: Cell, problem: str) -> str:
    case = cell.case
    return f"{cell.tried}, {case.kind} over {case.transport}, password {case.password}: {problem}"


def read(page: str) -> dict[str, str]:
    """The parts of the page by their titles."""
    written = page.partition(_BEGIN)[2].partition(_END)[0]
    parts = ["### " + part for part in written.split("### ")[1:]]
    return {part.splitlines()[0].removeprefix("### "): part.strip() + "\n" for part in parts}


def write(page: str, parts: Iterable[str]) -> str:
    """The page with other parts."""
    before, _unused, rest = page.partition(_BEGIN)
    return before + _BEGIN + "\n" + "\n".join(parts) + "\n" + _END + rest.partition(_END)[2]
