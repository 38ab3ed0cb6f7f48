# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix lists, community lists and route maps: those of FRR in the words of EOS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...addresses.blocks import IPV4
from ..policy import Clause, View, clauses
from ..policy.prefixes import Entry, length

SEQUENCE_STEP = 10


def lines(view: View) -> Iterator[str]:
    """The lists that are used, then the route maps."""
    for family in view.families:
        for name, entries in view.used_lists(family).items():
            yield f"{'ip' if family == IPV4 else 'ipv6'} prefix-list {list_name(name, family)}"
            for number, entry in enumerate(entries, 1):
                yield f"   seq {number * SEQUENCE_STEP} permit {entry.cidr}{_lengths(entry)}"
            yield "!"
    for preference in view.used_preferences():
        community = preference.community
        yield f"ip {_kind(community)}-list {_name(community)} permit {clauses.value(community)}"
        yield "!"
    for family in view.families:
        for relation, policy in view.policies[family].items():
            yield from _map(f"from-{relation}-{family}", family, policy.inbound)
            yield from _map(f"to-{relation}-{family}", family, policy.outbound)


def list_name(name: str, family: str) -> str:
    """The name of a prefix list."""
    return f"{name}-{family}"


def _map(name: str, family: str, listed: Sequence[Clause]) -> Iterator[str]:
    for number, clause in enumerate(listed, 1):
        yield f"route-map {name} {'permit' if clause.permit else 'deny'} {number * SEQUENCE_STEP}"
        if clause.community:
            yield f"   match {_kind(clause.community)} {_name(clause.community)}"
        if clause.prefixes:
            word = "ip" if family == IPV4 else "ipv6"
            yield f"   match {word} address prefix-list {list_name(clause.prefixes, family)}"
        if clause.local_preference is not None:
            yield f"   set local-preference {clause.local_preference}"
        yield "!"


def _lengths(entry: Entry) -> str:
    own = length(entry.cidr)
    if entry.least == entry.most:
        return f" eq {entry.most}" if entry.most > own else ""
    return f"{f' ge {entry.least}' if entry.least > own else ''} le {entry.most}"


def _kind(community: str) -> str:
    return "large-community" if clauses.is_large(community) else "community"


def _name(community: str) -> str:
    return "preference-" + community.replace(":", "-")
