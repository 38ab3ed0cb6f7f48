# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rfc.md: every test that it names is there and runs, and every row says what shows it or why nothing does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_pages import require_tests, rows

# What the page is about, and the least number of rows that each part has.
RFCS = {
    "4271": 40, "2385": 3, "2545": 2, "2918": 3, "7313": 4, "4360": 3, "4486": 2, "9003": 2, "4724": 8, "8538": 3,
    "4760": 6, "8950": 2,
    "5082": 3, "5492": 4, "9072": 2, "6793": 4, "6286": 2, "7607": 2, "7606": 8, "8326": 2, "9687": 3, "5880": 25,
    "5881": 5, "5883": 2, "5882": 3, "826": 3, "5227": 7, "4861": 15, "4862": 3, "3810": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "rfc.md").read_text(encoding="utf-8")


def test_the_named_tests_exist_and_are_not_skipped(page: str, checkout: Path) -> None:
    require_tests(page, checkout)


def test_every_row_names_a_test_or_a_reason(page: str) -> None:
    for heading, cells in rows(page, "section"):
        assert len(cells) == 3, cells
        section, demand, shown = cells
        assert section and demand, heading
        reason = re.sub(r"`[^`]*::[^`]*`,?", "", shown).strip(" ,")
        assert "::" in shown or len(reason) > 20 or reason.startswith(("see RFC", "dropped", "does not apply")), cells


@pytest.mark.parametrize("number", RFCS)
def test_the_rfcs_are_gone_through(number: str, page: str) -> None:
    def concerns(heading: str, section: str) -> bool:
        named = re.findall(r"\b\d{3,4}\b", heading)
        stated = re.match(r"(\d{3,4})\b", section)
        return (stated.group(1) == number) if stated else number == named[0]

    assert sum(concerns(heading, cells[0]) for heading, cells in rows(page, "section")) >= RFCS[number]
