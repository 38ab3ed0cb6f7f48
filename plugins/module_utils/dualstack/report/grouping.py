# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings by weight: errors, warnings, hints, and at last those that the intent silences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..findings import SEVERITIES, Finding

SILENCED = "silenced"


class Group(NamedTuple):
    """Findings of one weight in their order; ``name`` is a severity, or ``silenced``."""

    name: str
    findings: list[Finding]

    @property
    def title(self) -> str:
        """``2 errors``."""
        plural = "s" if len(self.findings) != 1 and self.name != SILENCED else ""
        return f"{len(self.findings)} {self.name}{plural}"


def groups(findings: Sequence[Finding]) -> list[Group]:
    """The groups that are not empty, the heaviest first."""
    found = [Group(name, [each for each in findings if weight(each) == name]) for name in (*SEVERITIES, SILENCED)]
    return [group for group in found if group.findings]


def weight(finding: Finding) -> str:
    """The name of the group that a finding belongs to."""
    return SILENCED if finding.silenced else finding.severity


def summary(findings: Sequence[Finding]) -> str:
    """``1 error, 3 hints, 1 silenced``; ``no findings``."""
    return ", ".join(group.title for group in groups(findings)) or "no findings"


def data(findings: Sequence[Finding]) -> dict[str, Any]:
    """``{summary: {error, warning, hint, silenced: how many}, findings: [Finding as plain data]}``, heaviest first."""
    found = groups(findings)
    counts = {name: sum(len(group.findings) for group in found if group.name == name) for name in _names()}
    return {"summary": counts, "findings": [each.as_dict() for group in found for each in group.findings]}


def _names() -> tuple[str, ...]:
    return (*SEVERITIES, SILENCED)
