# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route maps of a router: one pair per relation and family, named ``from-<relation>-<family>`` and ``to-…``.

    relation   accepted from it                               sent to it
    node       pools                                          nothing
    below      pools, what lies below                         everything
    peer       pools, what the two cones originate            pools, what our cone originates
    mesh       everything (it has been filtered at its door)  everything, ourselves as next hop
    above      everything but our own space                   pools, what our cone originates

Every path of IPv6 gets the global address as next hop: FRR prefers the link-local one, whose neighbour entry nothing
keeps alive. Left out: prepending, MED, policies per neighbour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...addresses.blocks import IPV6
from . import filters
from .fabric import ABOVE, NODE, Plan
from .fabric import BELOW as FROM_BELOW

SEQUENCE_STEP = 10
LARGE = "large:"

ACCEPTED = {
    NODE: (filters.POOLS,),
    FROM_BELOW: (filters.POOLS, filters.BELOW),
    "peer": (filters.POOLS, filters.INSIDE),
    "mesh": (),
}
SENT = {
    FROM_BELOW: (),
    "peer": (filters.POOLS, filters.INSIDE),
    "mesh": (),
    ABOVE: (filters.POOLS, filters.INSIDE),
}


@dataclass(frozen=True)
class Clause:
    """One entry of a route map; without a prefix list it matches everything."""

    permit: bool
    prefixes: str = ""
    community: str = ""
    settings: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Preference:
    """The local preference that this router gives to pool prefixes with ``community`` where they come from below."""

    community: str
    local_preference: int

    @property
    def list_name(self) -> str:
        """The name of the community list that matches it."""
        return "preference-" + self.community.replace(":", "-")

    def line(self) -> str:
        """The community list (RFC 1997), or the large community list (RFC 8092)."""
        kind = "large-community" if self._large else "community"
        value = self.community[len(LARGE) :] if self._large else self.community
        return f"bgp {kind}-list standard {self.list_name} seq 5 permit {value}"

    def match(self) -> str:
        """The condition of a route map."""
        return f"{'large-community' if self._large else 'community'} {self.list_name}"

    @property
    def _large(self) -> bool:
        return self.community.startswith(LARGE)


def preferences(plan: Plan, router: str) -> list[Preference]:
    """What this router is to prefer, without repetitions, in the order of the plan."""
    found = (advert["preferences"].get(router) for advert in plan["advertisements"] if advert["kind"] == "bgp")
    return list(dict.fromkeys(Preference(each["community"], each["local_preference"]) for each in found if each))


def route_maps(
    relations: Collection[str], family: str, filled: Collection[str], preferred: Sequence[Preference]
) -> Iterator[str]:
    """The lines of all route maps for ``relations``. ``filled``: the prefix lists that have entries in this family."""
    for relation in relations:
        yield from _map(f"from-{relation}-{family}", family, _inbound(relation, family, filled, preferred))
        yield from _map(f"to-{relation}-{family}", family, _outbound(relation, filled))


def _inbound(relation: str, family: str, filled: Collection[str], preferred: Sequence[Preference]) -> list[Clause]:
    if relation == ABOVE:
        refused = [Clause(False, filters.OWN)] if filters.OWN in filled else []
        clauses = [*refused, Clause(True)]
    else:
        known = preferred if relation in (NODE, FROM_BELOW) and filters.POOLS in filled else ()
        clauses = [
            Clause(True, filters.POOLS, each.match(), (f"local-preference {each.local_preference}",)) for each in known
        ]
        clauses += _allowed(ACCEPTED[relation], filled)
    settings = ("ipv6 next-hop prefer-global",) if family == IPV6 else ()
    return [replace(each, settings=(*settings, *each.settings)) if each.permit else each for each in clauses]


def _outbound(relation: str, filled: Collection[str]) -> list[Clause]:
    return [Clause(False)] if relation == NODE else _allowed(SENT[relation], filled)


def _allowed(lists: Sequence[str], filled: Collection[str]) -> list[Clause]:
    """Everything for no lists; nothing when all of the lists are empty."""
    if not lists:
        return [Clause(True)]
    return [Clause(True, name) for name in lists if name in filled] or [Clause(False)]


def _map(name: str, family: str, clauses: Sequence[Clause]) -> Iterator[str]:
    word = "ipv6" if family == IPV6 else "ip"
    for number, clause in enumerate(clauses, 1):
        yield f"route-map {name} {'permit' if clause.permit else 'deny'} {number * SEQUENCE_STEP}"
        if clause.community:
            yield f" match {clause.community}"
        if clause.prefixes:
            yield f" match {word} address prefix-list {filters.list_name(clause.prefixes, family)}"
        for setting in clause.settings:
            yield f" set {setting}"
        yield "exit"
        yield "!"
