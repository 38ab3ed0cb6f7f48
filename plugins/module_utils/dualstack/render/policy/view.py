# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One router of the plan with everything that its configuration says, in no language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...addresses.blocks import FAMILIES
from . import prefixes
from .clauses import COUNTED, Policy, Preference, policy, preferences
from .fabric import ABOVE, NODE, Fabric, Neighbour, Plan
from .prefixes import Entry


@dataclass(frozen=True)
class View:
    """What a router is told. Keys of the maps are families; policies and limits are then by relation.

    ``lists`` holds the prefix lists by name, some of them empty. ``paths_differ``: equally long AS paths with different
    ASNs are to be used together. ``own_asn_above``: own ASN is accepted once in what comes from above over eBGP:
    routers of several racks may share an ASN, and the racks could not reach each other otherwise.
    """

    name: str
    facts: Mapping[str, Any]
    families: list[str]
    neighbours: list[Neighbour]
    lists: dict[str, dict[str, list[Entry]]]
    policies: dict[str, dict[str, Policy]]
    limits: dict[str, dict[str, int]]
    preferred: list[Preference]
    bfd_profiles: dict[str, Mapping[str, Any]]
    paths_differ: bool
    own_asn_above: bool

    def originates(self, family: str) -> list[str]:
        """The prefixes that the router announces as its own."""
        return list(self.facts["originates"].get(family, []))

    def carrying(self, family: str) -> list[Neighbour]:
        """The neighbours whose session carries a family."""
        return [neighbour for neighbour in self.neighbours if family in neighbour.families]

    def used_lists(self, family: str) -> dict[str, list[Entry]]:
        """The prefix lists that a policy of the family names; none of them is empty."""
        clauses = (clause for each in self.policies[family].values() for part in each for clause in part)
        used = {clause.prefixes for clause in clauses}
        return {name: entries for name, entries in self.lists[family].items() if name in used}

    def used_preferences(self) -> list[Preference]:
        """The preferences that a policy applies."""
        matched = {
            clause.community
            for policies in self.policies.values()
            for each in policies.values()
            for clause in each.inbound
        }
        return [each for each in self.preferred if each.community in matched]

    @property
    def reflects(self) -> bool:
        """Whether the router passes iBGP routes on (RFC 4456)."""
        return any(neighbour.client for neighbour in self.neighbours)

    def next_hop_self(self, neighbour: Neighbour) -> bool:
        """Whether the router names itself as next hop, also of what it reflects. eBGP does so anyway."""
        return neighbour.internal and neighbour.direction != NODE

    def allows_own_asn(self, neighbour: Neighbour) -> bool:
        """Whether the router's own ASN may stand once in an AS path from this neighbour."""
        return self.own_asn_above and neighbour.direction == ABOVE and not neighbour.internal


def view(plan: Plan, router: str, fabric: Fabric | None = None) -> View:
    """The view of a router of the plan. Raises KeyError for an unknown one.

    ``fabric``: that of the plan, when several routers are looked at.
    """
    facts = plan["routers"][router]
    fabric = fabric or Fabric(plan)
    around = fabric.neighbours(router)
    families = [family for family in FAMILIES if family in plan["cluster"]["families"]]
    lists = {family: prefixes.entries(fabric, router, family) for family in families}
    preferred = preferences(plan, router)
    policies: dict[str, dict[str, Policy]] = {}
    limits: dict[str, dict[str, int]] = {}
    for family in families:
        relations = list(dict.fromkeys(each.relation for each in around if family in each.families))
        filled = [name for name, entries in lists[family].items() if entries]
        policies[family] = {relation: policy(relation, filled, preferred) for relation in relations}
        planned = fabric.once(f"planned {family}", partial(prefixes.planned, plan, family))
        limits[family] = {
            relation: prefixes.limit(
                planned, lists[family][prefixes.POOLS], sum(len(lists[family][name]) for name in COUNTED[relation])
            )
            for relation in relations
            if relation in COUNTED
        }
    watched = {each.session["bfd"] for each in around if each.session["bfd"]}
    return View(
        name=router,
        facts=facts,
        families=families,
        neighbours=around,
        lists=lists,
        policies=policies,
        limits=limits,
        preferred=preferred,
        bfd_profiles={name: profile for name, profile in plan["bfd_profiles"].items() if name in watched},
        paths_differ=fabric.paths_differ(router),
        own_asn_above=fabric.has_far_namesake(router),
    )
