# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of whole lines and of scalars, collected against one reading of a text and then made at once."""

from __future__ import annotations

from collections.abc import Sequence

from . import scalars, tree


class Rewriting:
    """Edits of a text; none of them may touch the same line as another, but for lines put before one that goes."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._eol = "\r" if self._lines[0].endswith("\r") else ""
        self._edits: list[tuple[int, int, list[str]]] = []

    def scalar(self, node: tree.Scalar, value: object) -> None:
        """Another value in a line, in the quotes that were there. Raises ValueError when ``node.end`` is not known."""
        if node.end is None:
            raise ValueError(f"line {node.line + 1}: where the value ends is not known")
        line = self._lines[node.line]
        written = scalars.write(value, node.quote)
        self._edits.append((node.line, node.line + 1, [line[: node.column] + written + line[node.end :]]))

    def drop(self, start: int, stop: int) -> None:
        """Lines go."""
        self._edits.append((start, stop, []))

    def insert(self, at: int, lines: Sequence[str]) -> None:
        """New lines before a line; those for the same place keep the order in which they are given."""
        self._edits.append((at, at, [line + self._eol for line in lines]))

    def text(self) -> str:
        """The text with all edits."""
        ordered = sorted(enumerate(self._edits), key=lambda each: (each[1][0], each[1][1] > each[1][0], each[0]))
        for _order, (start, stop, new) in reversed(ordered):
            self._lines[start:stop] = new
        return "\n".join(self._lines)
