# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about troubleshooting quotes what the programs say: every clause that it quotes stands in one of them."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "troubleshooting.md"
OF_OTHERS = {"connection refused", "network is unreachable", "waiting for nht"}  # words of the system and of FRR
NAMES = "tor1|node[12]|NAME|N|AS|PREFIX|Active|Idle|hosts|ARP|NDP|ipv6|none|the TCP MD5 password"
VARYING = re.compile(rf"[…:;,?.()'|{{}}=]|\b(?:{NAMES}|\d+)\b")
LEAST = 6  # letters of a clause


@functools.cache
def said() -> list[str]:
    """All texts in the programs, roles and playbooks, each on one line."""
    texts = [
        node.value
        for top in ("plugins", "speaker")
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    texts += [
        path.read_text(encoding="utf-8") for top in ("roles", "playbooks") for path in (ROOT / top).rglob("*.yml")
    ]
    return [" ".join(text.split()) for text in texts]


def quotes() -> Iterator[str]:
    """What stands between backticks in the first column of the tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = line.split(" | ")
        if line.startswith("| ") and len(cells) == 3 and "`" in cells[0]:
            yield from re.findall(r"`([^`]+)`", cells[0])


@pytest.mark.parametrize("quote", list(quotes()))
def test_what_is_quoted_is_said(quote: str) -> None:
    clauses = [clause.strip() for clause in VARYING.split(quote)]
    missing = [
        clause
        for clause in clauses
        if len(clause) >= LEAST and clause.lower() not in OF_OTHERS and not any(clause in text for text in said())
    ]
    assert missing == []
