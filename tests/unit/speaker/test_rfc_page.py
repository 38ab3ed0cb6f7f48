# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rfc.md: every test that it names is there and runs, and every row says what shows it or why nothing does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

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


def rows(page: str) -> list[tuple[str, list[str]]]:
    """The heading above each row, and its three cells."""
    found, heading = [], ""
    for line in page.splitlines():
        if line.startswith("## "):
            heading = line
        elif line.startswith("| ") and not line.startswith("| section |"):
            found.append((heading, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]))
    return found


def test_the_named_tests_exist_and_are_not_skipped(page: str, checkout: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert named
    functions: dict[str, dict[str, ast.AST]] = {}
    for path in {path for path, _unused in named}:
        tree = ast.parse((checkout / "tests" / path).read_text(encoding="utf-8"))
        functions[path] = {
            node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        marks = [node for node in tree.body if isinstance(node, ast.Assign) and "pytestmark" in ast.dump(node)]
        assert not any("skip" in ast.dump(node) or "xfail" in ast.dump(node) for node in marks), path
    assert not [f"{path}::{test}" for path, test in named if test not in functions[path]]
    for path, test in named:
        decorators = [ast.dump(each) for each in getattr(functions[path][test], "decorator_list", [])]
        assert not any("'skip'" in each or "'skipif'" in each or "'xfail'" in each for each in decorators), test


def test_every_row_names_a_test_or_a_reason(page: str) -> None:
    for heading, cells in rows(page):
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

    assert sum(concerns(heading, cells[0]) for heading, cells in rows(page)) >= RFCS[number]
