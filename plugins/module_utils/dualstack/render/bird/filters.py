# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix sets, and a filter for each relation, direction and family: ``from_<relation>_<family>`` and ``to_…``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...addresses import blocks
from ..policy import Clause, View, clauses
from ..policy.prefixes import Entry, length

ORIGINATED = "originated"


def lines(view: View) -> Iterator[str]:
    """The sets that are used, then the filters."""
    for family in view.families:
        own = [_exactly(text) for text in view.originates(family)] if _sends(view, family) else []
        used = {name: [_prefix(entry) for entry in entries] for name, entries in view.used_lists(family).items()}
        for name, listed in {**({ORIGINATED: own} if own else {}), **used}.items():
            yield f"define {set_name(name, family)} = ["
            yield from (f"    {each}{',' * (at < len(listed))}" for at, each in enumerate(listed, 1))
            yield "];"
            yield ""
    for family in view.families:
        for relation, policy in view.policies[family].items():
            yield from _filter(f"from_{relation}_{family}", family, [], policy.inbound)
            yield from _filter(f"to_{relation}_{family}", family, _known(view, family), policy.outbound)


def _sends(view: View, family: str) -> bool:
    return any(clause.permit for policy in view.policies[family].values() for clause in policy.outbound)


def set_name(name: str, family: str) -> str:
    """The name of a prefix set."""
    return f"{name.upper()}_{family.upper()}"


def _known(view: View, family: str) -> list[str]:
    """What is sent is what BGP brought and what the router originates, not all that its interfaces have."""
    if not view.originates(family):
        return ["if source != RTS_BGP then reject;"]
    return [f"if source != RTS_BGP && !(source = RTS_DEVICE && net ~ {set_name(ORIGINATED, family)}) then reject;"]


def _filter(name: str, family: str, first: Sequence[str], listed: Sequence[Clause]) -> Iterator[str]:
    yield f"filter {name} {{"
    if any(clause.permit for clause in listed):
        yield from (f"    {line}" for line in first)
    for clause in listed:
        yield f"    {_statement(clause, family)}"
    if listed[-1].prefixes:
        yield "    reject;"
    yield "}"
    yield ""


def _statement(clause: Clause, family: str) -> str:
    conditions = [f"net ~ {set_name(clause.prefixes, family)}"] if clause.prefixes else []
    if clause.community:
        attribute = "bgp_large_community" if clauses.is_large(clause.community) else "bgp_community"
        conditions.append(f"({clauses.value(clause.community).replace(':', ', ')}) ~ {attribute}")
    action = "accept;" if clause.permit else "reject;"
    if clause.local_preference is not None:
        action = f"{{ bgp_local_pref = {clause.local_preference}; {action} }}"
    return f"if {' && '.join(conditions)} then {action}" if conditions else action


def _prefix(entry: Entry) -> str:
    exact = (entry.least, entry.most) == (length(entry.cidr), length(entry.cidr))
    return str(entry.cidr) if exact else f"{entry.cidr}{{{entry.least},{entry.most}}}"


def _exactly(text: str) -> str:
    return str(blocks.parse_network(text))
