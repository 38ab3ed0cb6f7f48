# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix lists and community lists as FRR writes them itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...addresses.blocks import IPV4
from ..policy import Preference, clauses
from ..policy.prefixes import Entry, length

SEQUENCE_STEP = 5


def lines(name: str, family: str, listed: Iterable[Entry]) -> Iterator[str]:
    """A prefix list: bounds only where they differ from the length of the CIDR."""
    word = "ip" if family == IPV4 else "ipv6"
    for number, entry in enumerate(listed, 1):
        least = f" ge {entry.least}" if entry.least > length(entry.cidr) else ""
        most = f" le {entry.most}" if entry.most > length(entry.cidr) else ""
        head = f"{word} prefix-list {list_name(name, family)} seq {number * SEQUENCE_STEP}"
        yield f"{head} permit {entry.cidr}{least}{most}"


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
