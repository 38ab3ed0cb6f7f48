# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as a table of the document."""

from __future__ import annotations

from collections.abc import Sequence

from ..findings import Finding
from .parts import Code, Table
from .words import NONE


def table(findings: Sequence[Finding]) -> Table:
    """A row per finding; a silenced one with the reason that the intent gives."""
    heads = ("severity", "rule", "place in the intent", "value", "what is wrong", "what to do")
    return Table(
        "findings",
        heads,
        [
            (
                f"{finding.severity}, silenced: {finding.silenced}" if finding.silenced else finding.severity,
                Code(finding.id),
                Code(finding.path),
                Code(finding.value) if finding.value else NONE,
                finding.reason,
                finding.fix,
            )
            for finding in findings
        ],
    )
