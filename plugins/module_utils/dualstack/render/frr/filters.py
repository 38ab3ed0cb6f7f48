# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix lists and community lists as FRR writes them itself.

A list in which a CIDR stands twice, with different lengths, is split into ``NAME-1``, ``NAME-2`` …, none of which has
it twice: when one of two such entries goes, FRR 8.4 drops the CIDR from the prefix tree of its route maps and refuses
what the other entry permits. ``no route-map … optimization`` is no way out: FRR 10.3 then skips a map's first entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ...addresses.blocks import IPV4, Block
from ..policy import Preference, clauses
from ..policy.prefixes import Entry, length

SEQUENCE_STEP = 5
MOST_PARTS = 9  # what the numbers of a route map have room for


def lines(name: str, family: str, listed: Iterable[Entry]) -> Iterator[str]:
    """A prefix list: bounds only where they differ from the length of the CIDR."""
    word = "ip" if family == IPV4 else "ipv6"
    for number, entry in enumerate(listed, 1):
        least = f" ge {entry.least}" if entry.least > length(entry.cidr) else ""
        most = f" le {entry.most}" if entry.most > length(entry.cidr) else ""
        head = f"{word} prefix-list {list_name(name, family)} seq {number * SEQUENCE_STEP}"
        yield f"{head} permit {entry.cidr}{least}{most}"


def parts(name: str, listed: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The lists that stand for one of the policy, by name; more than one only where a CIDR stands twice."""
    seen: Counter[Block] = Counter()
    split: list[list[Entry]] = []
    for entry in listed:
        number = min(seen[entry.cidr], MOST_PARTS - 1)
        seen[entry.cidr] += 1
        if number == len(split):
            split.append([])
        split[number].append(entry)
    if len(split) < 2:
        return {name: list(listed)}
    return {f"{name}-{number}": part for number, part in enumerate(split, 1)}


def list_name(name: str, family: str) -> str:
    """Prefix lists are named per family, as route maps are."""
    return f"{name}-{family}"


def community_list(preference: Preference) -> str:
    """The list (RFC 1997, RFC 8092) by which a route map knows the prefixes to prefer."""
    kind, community = _kind(preference.community), clauses.value(preference.community)
    return f"bgp {kind}-list standard {_name(preference.community)} seq 5 permit {community}"


def community_match(community: str) -> str:
    """The condition of a route map."""
    return f"{_kind(community)} {_name(community)}"


def _kind(community: str) -> str:
    return "large-community" if clauses.is_large(community) else "community"


def _name(community: str) -> str:
    return "preference-" + community.replace(":", "-")
