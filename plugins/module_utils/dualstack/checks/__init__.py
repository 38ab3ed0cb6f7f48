# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the intent and the plan; each is a function with an id, a severity and its source."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..intent.load import Intent
from . import addresses, asns, families, names, overlaps
from .rule import Plan, Rule
from .silencing import apply

REFERENCES: tuple[Rule, ...] = names.RULES
RULES: tuple[Rule, ...] = (
    *REFERENCES,
    names.never_announced,
    *families.RULES,
    *asns.RULES,
    *overlaps.RULES,
    *addresses.RULES,
)


def references(intent: Intent, plan: Plan) -> bool:
    """Whether every name that the intent uses exists, so that routes can be followed."""
    return not any(True for rule in REFERENCES for _unused in rule(intent, plan))


def run(intent: Intent, plan: Plan) -> list[Finding]:
    """All findings of all rules, in the order of the rules; those that the intent silences say so."""
    return apply(intent, RULES, list(_findings(intent, plan)))


def _findings(intent: Intent, plan: Plan) -> Iterator[Finding]:
    for rule in RULES:
        yield from rule(intent, plan)
