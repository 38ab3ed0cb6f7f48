# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/explain.md: every answer in it is the one that is given, and the table is that of the core."""

from __future__ import annotations

import os
import re
from pathlib import Path

import fabrics
import pytest

from dualstack.explaining.explain import Explainer
from dualstack.explaining.paths import UnknownPath
from dualstack.explaining.reference import markdown
from dualstack.explaining.text import text
from dualstack.plan.build import make

MARK = "<!-- generated from the table of provenance: UPDATE_GOLDEN=1 make unit -->\n"
ANSWER = re.compile(
    r"^```\n(\$ ansible-playbook … -e explain=(\S+)( -e explain_everything=true)?)\n(.*?)^```$", re.M | re.S
)


def answered(asked: str, everything: bool) -> str:
    """What is told about a path of the demo's plan."""
    plan, findings = make(*fabrics.read("demo"))
    assert plan is not None, findings
    try:
        return "\n".join(text(Explainer(plan), asked, everything)) + "\n"
    except UnknownPath as problem:
        return f"{problem}\n"


def test_the_page_is_current(checkout: Path) -> None:
    page = checkout / "docs" / "explain.md"
    prose, mark, table = page.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{page} has lost its mark {MARK!r}"
    if os.environ.get("UPDATE_GOLDEN"):
        prose = ANSWER.sub(lambda found: f"```\n{found[1]}\n{answered(found[2], bool(found[3]))}```", prose)
        page.write_text(prose + MARK + markdown(), encoding="utf-8")
        return
    answers = [found.groups() for found in ANSWER.finditer(prose)]
    assert len(answers) >= 9
    for _command, asked, everything, answer in answers:
        assert answer == answered(asked, bool(everything)), asked
    assert table == markdown()


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_page_shows_both_families(checkout: Path, family: str) -> None:
    prose = (checkout / "docs" / "explain.md").read_text(encoding="utf-8").partition(MARK)[0]
    asked = [found[2] for found in ANSWER.finditer(prose)]
    assert [path for path in asked if family in path or (":" in path) == (family == "ipv6")]
