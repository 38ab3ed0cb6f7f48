# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the intent and the plan; each is a function that yields findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..findings import Finding
from ..intent.load import Intent
from . import asns, families, names, overlaps

RULES = (
    names.unknown_hosts,
    names.unknown_pools,
    names.twice,
    families.complete,
    asns.reserved,
    asns.timers,
    overlaps.blocks_overlap,
    overlaps.addresses_twice,
    overlaps.identifiers_twice,
    overlaps.pool_holds_host,
)


def run(intent: Intent, plan: Mapping[str, Any]) -> list[Finding]:
    """All findings of all rules, in the order of the rules."""
    return [finding for rule in RULES for finding in rule(intent, plan)]
