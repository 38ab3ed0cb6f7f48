# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what is wrong with an intent or a plan, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

ERROR = "error"
WARNING = "warning"
HINT = "hint"
SEVERITIES = (ERROR, WARNING, HINT)


@dataclass(frozen=True)
class Finding:
    """One finding.

    ``path`` is the place in the intent (``dualstack.pools[0].from``), ``value`` what stands there as text,
    ``reason`` why that is wrong and ``fix`` what to write instead. ``silenced`` is the reason that the intent gives
    why it does not matter; empty for a finding that counts.
    """

    id: str
    severity: str
    path: str
    value: str
    reason: str
    fix: str
    silenced: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        value = f" = {self.value}" if self.value else ""
        silenced = f" (silenced: {self.silenced})" if self.silenced else ""
        return f"{self.severity}: {self.path}{value}: {self.reason}. {self.fix}{silenced}"


class Problem(NamedTuple):
    """What a rule finds: the path in what it looks at, what stands there, why that is wrong, and the fix."""

    path: str
    value: str
    reason: str
    fix: str


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding forbids to go on."""
    return any(finding.severity == ERROR and not finding.silenced for finding in findings)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like ``name`` as the end of a sentence: ``did you mean 'x'?`` or the list of all."""
    names = sorted(known)
    if close := closest(name, names):
        return f"did you mean {close!r}?"
    return "known: " + (", ".join(names) if names else "none")


def closest(name: str, known: Iterable[str]) -> str:
    """The known name most like ``name``, empty when none is like it."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)), "")
