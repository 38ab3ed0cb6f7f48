# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the intent and the plan; each is a function with an id, a severity and its source."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import ERROR, Finding
from ..intent.load import Intent
from . import (
    addresses,
    advertisements,
    aggregates,
    allocation,
    asns,
    beside,
    bfd,
    communities,
    components,
    control_planes,
    families,
    kubernetes,
    labels,
    layer2,
    limits,
    links,
    listening,
    modes,
    names,
    nodes,
    overlaps,
    pairs,
    peers,
    platforms,
    pod_cidrs,
    pod_network,
    pools,
    preferences,
    racks,
    reach,
    reflectors,
    selectors,
    service_cidrs,
    services,
    sessions,
    sharing,
    timers,
    ttl,
)
from .rule import Plan, Rule
from .silencing import apply

REFERENCES: tuple[Rule, ...] = names.RULES
RULES: tuple[Rule, ...] = (
    *REFERENCES,
    names.never_announced,
    *families.RULES,
    *overlaps.RULES,
    *addresses.RULES,
    *kubernetes.RULES,
    *service_cidrs.RULES,
    *pod_cidrs.RULES,
    *components.RULES,
    *beside.RULES,
    *listening.RULES,
    *control_planes.RULES,
    *pod_network.RULES,
    *nodes.RULES,
    *labels.RULES,
    *pools.RULES,
    *allocation.RULES,
    *pairs.RULES,
    *services.RULES,
    *sharing.RULES,
    *asns.RULES,
    *timers.RULES,
    *sessions.RULES,
    *peers.RULES,
    *ttl.RULES,
    *bfd.RULES,
    *platforms.RULES,
    *links.RULES,
    *racks.RULES,
    *reflectors.RULES,
    *advertisements.RULES,
    *selectors.RULES,
    *communities.RULES,
    *preferences.RULES,
    *aggregates.RULES,
    *layer2.RULES,
    *reach.RULES,
    *limits.RULES,
    *modes.RULES,
)


def references(intent: Intent, plan: Plan) -> bool:
    """Whether every name that the intent uses exists, so that routes can be followed."""
    return not any(True for rule in REFERENCES for _unused in rule(intent, plan))


def run(intent: Intent, plan: Plan) -> list[Finding]:
    """All findings of all rules, in the order of the rules; those that the intent silences say so."""
    return apply(intent, RULES, list(_findings(intent, plan)))


def _findings(intent: Intent, plan: Plan) -> Iterator[Finding]:
    """Of a fabric that could not be read as a whole only what stays true when the rest is mended."""
    for rule in RULES:
        if not intent.torn or (rule.severity == ERROR and not rule.absence):
            yield from rule(intent, plan)
