# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines by which a configuration changes, out of what FRR's reload tool prints for ``--test``.

The tool prints one entry per line, each with all the contexts above it (10.x also with their ``exit``), first those to
delete, then those to add. Entries that follow each other in one context are put together, so that the result reads as
what one would type.
"""

from __future__ import annotations

from typing import NamedTuple

_DELETE = "Lines To Delete"
_ADD = "Lines To Add"


class Delta(NamedTuple):
    """Configuration lines, indented by context."""

    delete: list[str]
    add: list[str]

    @property
    def commands(self) -> list[str]:
        """All lines, in the order in which they are applied."""
        return [*self.delete, *self.add]

    def __bool__(self) -> bool:
        return bool(self.delete or self.add)

    def mentions(self, word: str) -> list[str]:
        """The lines (without indentation) that hold ``word`` as a whole word."""
        return [line.strip() for line in self.commands if word in line.split()]


def parse(output: str) -> Delta:
    """The delta of ``frr-reload.py --test``; anything before the first heading is chatter of the tool."""
    parts: dict[str, list[str]] = {_DELETE: [], _ADD: []}
    into: list[str] | None = None
    for line in output.splitlines():
        if line.strip() in parts:
            into = parts[line.strip()]
        elif into is not None and line.strip() and set(line.strip()) != {"="} and line.strip() != "exit":
            into.append(line.rstrip())
    return Delta(_joined(parts[_DELETE]), _joined(parts[_ADD]))


def _joined(lines: list[str]) -> list[str]:
    """Without contexts that are open already."""
    result: list[str] = []
    opened: list[str] = []
    for line in lines:
        depth = len(line) - len(line.lstrip(" "))
        if opened[depth : depth + 1] != [line]:
            result.append(line)
            opened = [*opened[:depth], line]
    return result
