# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of versions for the manual."""

from __future__ import annotations

from .versions import CHANGES, OLDEST


def markdown() -> str:
    """What changes with the version of Kubernetes, as a Markdown table in the order of versions."""
    lines = ["## By version\n", "| from | what holds | source |", "|---|---|---|"]
    for change in sorted(CHANGES, key=lambda change: change.since):
        since = "always" if change.since == OLDEST else f"1.{change.since}"
        lines.append(f"| {since} | {change.words} | {change.source} |")
    return "\n".join(lines) + "\n"
