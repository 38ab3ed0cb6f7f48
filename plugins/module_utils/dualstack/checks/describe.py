# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page of the rules, generated from the rules themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from . import RULES
from .rule import Rule


def markdown() -> str:
    """A table for each subject, in the order in which the rules run."""
    return "\n".join(line for module, rules in groupby(RULES, _module) for line in _section(module, list(rules)))


def _module(rule: Rule) -> str:
    return rule.check.__module__


def _section(module: str, rules: list[Rule]) -> Iterator[str]:
    yield f"## {_subject(module)}\n"
    yield "| rule | severity | what is checked | source | can be silenced |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        silenceable = "yes" if rule.silenceable else "no"
        cells = (f"`{rule.id}`", rule.severity, rule.text, rule.source, silenceable)
        yield f"| {' | '.join(cell.replace('|', 'or').replace('``', '`') for cell in cells)} |"
    yield ""


def _subject(module: str) -> str:
    """The first words of the module's docstring, up to a colon or a full stop."""
    first = " ".join((sys.modules[module].__doc__ or "").split("\n\n")[0].split())
    return first.partition(":")[0].partition(". ")[0].rstrip(".")
