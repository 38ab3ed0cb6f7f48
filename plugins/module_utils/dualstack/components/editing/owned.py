# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is owned of a component, and what stands in the way of an edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

_NONE: Mapping[str, bool | None] = MappingProxyType({})


class Owned(NamedTuple):
    """What is owned of the flags of a component, names without dashes.

    ``flags``: those that have exactly this value; ``absent``: those that are not there; ``gates``: feature gates inside
    ``--feature-gates``, None: not stated.
    """

    flags: Mapping[str, str]
    absent: Sequence[str] = ()
    gates: Mapping[str, bool | None] = _NONE


class EditError(ValueError):
    """A text that can't be edited safely. ``line`` counts from 1."""

    def __init__(self, line: int, problem: str, fix: str) -> None:
        super().__init__(f"line {line}: {problem}; {fix}")
        self.line = line
