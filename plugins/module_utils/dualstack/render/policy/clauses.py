# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router accepts from each neighbour and sends to it, as clauses: the first one that matches decides.

    relation   accepted from it                               sent to it
    node       pools                                          nothing
    below      pools, what lies below                         everything
    peer       pools, what the two cones originate            pools, what our cone originates
    mesh       everything (it has been filtered at its door)  everything, ourselves as next hop
    above      everything but our own space                   pools, what our cone originates

What matches no clause is refused. Left out: prepending, MED, policies per neighbour.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from . import fabric, prefixes
from .fabric import ABOVE, MESH, NODE, PEER, Plan

LARGE = "large:"

ACCEPTED: dict[str, tuple[str, ...]] = {
    NODE: (prefixes.POOLS,),
    fabric.BELOW: (prefixes.POOLS, prefixes.BELOW),
    PEER: (prefixes.POOLS, prefixes.INSIDE),
    MESH: (),
}
SENT: dict[str, tuple[str, ...]] = {
    fabric.BELOW: (),
    PEER: (prefixes.POOLS, prefixes.INSIDE),
    MESH: (),
    ABOVE: (prefixes.POOLS, prefixes.INSIDE),
}
# Whose prefixes are counted, and which lists may come on top of the pools.
COUNTED: dict[str, tuple[str, ...]] = {NODE: (), fabric.BELOW: (prefixes.BELOW,), PEER: (prefixes.INSIDE,)}


class Clause(NamedTuple):
    """Without a prefix list (``prefixes``) it matches everything; ``community``: the path must carry it."""

    permit: bool
    prefixes: str = ""
    community: str = ""
    local_preference: int | None = None


class Preference(NamedTuple):
    """The local preference that a router gives to pool prefixes with ``community`` where they come from below."""

    community: str
    local_preference: int


class Policy(NamedTuple):
    """What is accepted from and sent to the neighbours of one relation, in one family."""

    inbound: list[Clause]
    outbound: list[Clause]


def is_large(community: str) -> bool:
    """Whether a community of the plan is a large one (RFC 8092), written ``large:A:B:C``."""
    return community.startswith(LARGE)


def value(community: str) -> str:
    """A community of the plan as routers write it: numbers and colons."""
    return community[len(LARGE) :] if is_large(community) else community


def preferences(plan: Plan, router: str) -> list[Preference]:
    """What this router is to prefer, without repetitions, in the order of the plan."""
    found = (advert["preferences"].get(router) for advert in plan["advertisements"] if advert["kind"] == "bgp")
    return list(dict.fromkeys(Preference(each["community"], each["local_preference"]) for each in found if each))


def policy(relation: str, filled: Collection[str], preferred: Sequence[Preference]) -> Policy:
    """The policy of a relation. ``filled``: the prefix lists that have entries in the family."""
    outbound = [Clause(False)] if relation == NODE else _allowed(SENT[relation], filled)
    if relation == ABOVE:
        refused = [Clause(False, prefixes.OWN)] if prefixes.OWN in filled else []
        return Policy([*refused, Clause(True)], outbound)
    known = preferred if relation in (NODE, fabric.BELOW) and prefixes.POOLS in filled else ()
    inbound = [Clause(True, prefixes.POOLS, each.community, each.local_preference) for each in known]
    return Policy([*inbound, *_allowed(ACCEPTED[relation], filled)], outbound)


def _allowed(lists: Sequence[str], filled: Collection[str]) -> list[Clause]:
    """Everything for no lists; nothing when all of the lists are empty."""
    if not lists:
        return [Clause(True)]
    return [Clause(True, name) for name in lists if name in filled] or [Clause(False)]
