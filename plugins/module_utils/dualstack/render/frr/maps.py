# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route maps: one pair per relation and family, named ``from-<relation>-<family>`` and ``to-<relation>-<family>``.

Every path of IPv6 gets the global address as next hop: FRR prefers the link-local one, whose neighbour entry nothing
keeps alive. Not over an unnumbered link, where BIRD sends no global one: ``from-<relation>-link-local-ipv6``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...addresses.blocks import IPV6
from ..policy import Clause, Neighbour, View
from . import filters

SEQUENCE_STEP = 10
LINK_LOCAL = "link-local"


def route_maps(view: View, family: str) -> Iterator[str]:
    """The lines of all route maps of a family."""
    for relation, policy in view.policies[family].items():
        around = [neighbour for neighbour in view.carrying(family) if neighbour.relation == relation]
        for name in dict.fromkeys(inbound(neighbour, family) for neighbour in around):
            yield from _map(view, name, family, policy.inbound, prefer_global=LINK_LOCAL not in name)
        yield from _map(view, outbound(around[0], family), family, policy.outbound, prefer_global=False)


def inbound(neighbour: Neighbour, family: str) -> str:
    """The name of the route map for what comes from a neighbour."""
    between = f"-{LINK_LOCAL}" if neighbour.unnumbered and family == IPV6 else ""
    return f"from-{neighbour.relation}{between}-{family}"


def outbound(neighbour: Neighbour, family: str) -> str:
    """The name of the route map for what goes to a neighbour."""
    return f"to-{neighbour.relation}-{family}"


def _map(view: View, name: str, family: str, clauses: Sequence[Clause], prefer_global: bool) -> Iterator[str]:
    word = "ipv6" if family == IPV6 else "ip"
    for sequence, listed, clause in _entries(view, family, clauses):
        yield f"route-map {name} {'permit' if clause.permit else 'deny'} {sequence}"
        if clause.community:
            yield f" match {filters.community_match(clause.community)}"
        if listed:
            yield f" match {word} address prefix-list {filters.list_name(listed, family)}"
        if clause.permit and prefer_global and family == IPV6:
            yield " set ipv6 next-hop prefer-global"
        if clause.local_preference is not None:
            yield f" set local-preference {clause.local_preference}"
        yield "exit"
        yield "!"


def _entries(view: View, family: str, clauses: Sequence[Clause]) -> Iterator[tuple[int, str, Clause]]:
    """Number and prefix list of each entry.

    Entries of a list in parts have numbers of their own: an entry that stays never has its list exchanged, between
    which it would match everything.
    """
    for number, clause in enumerate(clauses, 1):
        sequence = number * SEQUENCE_STEP
        lists = list(filters.parts(clause.prefixes, view.lists[family][clause.prefixes])) if clause.prefixes else [""]
        for part, listed in enumerate(lists, 1):
            yield sequence + (part if len(lists) > 1 else 0), listed, clause
