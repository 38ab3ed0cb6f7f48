# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/metallb-compatibility.md: every test that it names is there, every row has a verdict, a reason and a test.

Of the parts about behaviour, one test of each row names the rule: "MetalLB 4.2", in its docstring or its file's.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_pages import docstrings, require_tests, rows

# What the page goes through, and the least number of rows that each part has.
PARTS = {"1": 16, "2": 18, "3": 30, "4": 34, "5": 22, "6": 28, "7": 9, "8": 8, "12": 10}
NAMED = ("2", "3", "4", "5", "6", "12")  # whose rules the tests name
VERDICTS = ("same", "better", "different", "does not apply", "not done")
REASONED = ("better: ", "different: ", "does not apply: ", "not done: ")


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "metallb-compatibility.md").read_text(encoding="utf-8")


def test_the_named_tests_exist_and_are_not_skipped(page: str, checkout: Path) -> None:
    require_tests(page, checkout)


def test_every_row_has_a_verdict_a_reason_and_a_test(page: str) -> None:
    for heading, cells in rows(page, "rule"):
        part = heading.split()[1]
        assert len(cells) == 4 and all(cells), cells
        rule, _theirs, ours, shown = cells
        assert rule.startswith((part, "10 ", "11 ")), cells
        assert ours.startswith(VERDICTS), cells
        if not ours.startswith("same"):
            assert ours.startswith(REASONED) and len(ours.split(": ", 1)[1]) >= 8, f"no reason: {cells}"
        assert "::" in shown, f"no test: {cells}"


def names(rule: str, text: str) -> bool:
    """Whether a docstring names the section of a rule: "MetalLB 4.2", "MetalLB 12.7, 6.3", "MetalLB 4.1 step 3"."""
    found = re.match(r"[0-9]+(\.[0-9]+)*", rule)
    assert found, rule
    number = re.escape(found[0])
    section, _unused, step = found[0].rpartition(".")
    steps = rf"|{re.escape(section)} (step \d+, )*step {step}(?!\d)" if section == "4.1" else ""
    told = text[text.find("MetalLB") :] if "MetalLB" in text else ""
    return re.search(rf"(?<![\d.])(?:{number}(?!\d|\.\d){steps})", told) is not None


def test_a_name_is_found_where_it_is_and_nowhere_else() -> None:
    assert names("4.2 edges", "MetalLB 4.2: the first one") and names("6.3 OPEN", "As MetalLB 12.7, 6.3.")
    assert names("4.1.4", "MetalLB 4.1 step 2, step 4, 4.4: cleared") and names("3.4.27, 28", "MetalLB 3.4.27.")
    assert not names("4.2 edges", "RFC 4271 section 4.2") and not names("4.2 edges", "MetalLB 14.2, 4.2.1, 4.20")
    assert not names("4.1.4", "MetalLB 4.1 step 14") and not names("2 status", "MetalLB 4.2")


def test_tests_name_the_rules_that_they_show(page: str, checkout: Path) -> None:
    for heading, (rule, _theirs, _ours, shown) in rows(page, "rule"):
        if heading.split()[1] in NAMED:
            tests = re.findall(r"`([\w/]+\.py)::(\w+)`", shown)
            assert any(names(rule, docstrings(checkout, *test)) for test in tests), rule


def test_all_parts_are_gone_through(page: str) -> None:
    counted: dict[str, int] = {}
    for heading, _unused in rows(page, "rule"):
        part = heading.split()[1]
        counted[part] = counted.get(part, 0) + 1
    assert {part: counted.get(part, 0) >= least for part, least in PARTS.items()} == dict.fromkeys(PARTS, True), counted


def test_no_rule_stands_there_twice(page: str) -> None:
    rules = [cells[0] for _part, cells in rows(page, "rule")]
    assert len(set(rules)) == len(rules)
