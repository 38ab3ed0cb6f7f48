# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page is generated from the rules and kept in docs/rules.md."""

from __future__ import annotations

import os
from pathlib import Path

from dualstack.checks import RULES
from dualstack.checks.describe import markdown

MARK = "<!-- generated from the rules: UPDATE_GOLDEN=1 make unit -->\n"


def test_the_reference_page_is_current(checkout: Path) -> None:
    page = checkout / "docs" / "rules.md"
    prose, mark, reference = page.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{page} has lost its mark {MARK!r}"
    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(prose + MARK + markdown(), encoding="utf-8")
        return
    assert reference == markdown()


def test_every_rule_stands_in_a_table() -> None:
    lines = markdown().splitlines()
    for rule in RULES:
        line = next(line for line in lines if line.startswith(f"| `{rule.id}` | {rule.severity} |"))
        assert line.count("|") == 6, line
