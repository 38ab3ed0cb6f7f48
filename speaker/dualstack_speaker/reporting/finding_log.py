# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as log lines: each when it comes, and once more when it is repaired."""

from __future__ import annotations

from collections.abc import Iterable

from dualstack.findings import ERROR, Finding

from ..observe.logs import Log


class FindingLog:
    """Knows what it has said."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._said: set[Finding] = set()

    def tell(self, findings: Iterable[Finding]) -> None:
        """These are all findings now."""
        now = set(findings)
        for finding in sorted(now - self._said, key=str):
            level = "error" if finding.severity == ERROR else "warning"
            fields = {"path": finding.path, "value": finding.value, "reason": finding.reason, "fix": finding.fix}
            self._log.write(level, finding.id, {name: text for name, text in fields.items() if text})
        for finding in sorted(self._said - now, key=str):
            self._log.write("info", "repaired", {"path": finding.path, "reason": finding.reason})
        self._said = now
