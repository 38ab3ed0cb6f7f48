# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route maps: one pair per relation and family, named ``from-<relation>-<family>`` and ``to-<relation>-<family>``.

Every path of IPv6 gets the global address as next hop: FRR prefers the link-local one, whose neighbour entry nothing
keeps alive. Over an unnumbered link both are the link-local address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...addresses.blocks import IPV6
from ..policy import Clause, Policy
from . import filters

SEQUENCE_STEP = 10


def route_maps(policies: Mapping[str, Policy], family: str) -> Iterator[str]:
    """The lines of all route maps of a family."""
    for relation, policy in policies.items():
        yield from _map(f"from-{relation}-{family}", family, policy.inbound, inbound=True)
        yield from _map(f"to-{relation}-{family}", family, policy.outbound, inbound=False)


def _map(name: str, family: str, clauses: Sequence[Clause], inbound: bool) -> Iterator[str]:
    word = "ipv6" if family == IPV6 else "ip"
    for number, clause in enumerate(clauses, 1):
        yield f"route-map {name} {'permit' if clause.permit else 'deny'} {number * SEQUENCE_STEP}"
        if clause.community:
            yield f" match {filters.community_match(clause.community)}"
        if clause.prefixes:
            yield f" match {word} address prefix-list {filters.list_name(clause.prefixes, family)}"
        if clause.permit and inbound and family == IPV6:
            yield " set ipv6 next-hop prefer-global"
        if clause.local_preference is not None:
            yield f" set local-preference {clause.local_preference}"
        yield "exit"
        yield "!"
