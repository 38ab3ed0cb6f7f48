# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page is generated from the rules and kept in docs/rules.md."""

from __future__ import annotations

from pathlib import Path

import generated

from dualstack.checks import RULES
from dualstack.checks.describe import markdown


def test_the_reference_page_is_current(checkout: Path) -> None:
    generated.check(checkout / "docs" / "rules.md", "the rules", markdown())


def test_every_rule_stands_in_a_table() -> None:
    lines = markdown().splitlines()
    for rule in RULES:
        line = next(line for line in lines if line.startswith(f"| `{rule.id}` | {rule.severity} |"))
        assert line.count("|") == 6, line
