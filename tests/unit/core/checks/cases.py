# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a case of a rule is written: an edit of the sound intent, and the place where the rule must object.

Each ``cases_*.py`` beside this file has ``CASES``, and where it has rules that only one family knows, ``ONE_FAMILY``
with the reason: ``{rule: (family, reason)}``. Places are written as findings write them:
``dualstack.pools[0].reserve``, ``tor1: dualstack_host.asn``.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

Data = dict[str, Any]
Hosts = dict[str, dict[str, Any]]
Edit = Callable[[Data, Hosts], None]
IPV4, IPV6 = "ipv4", "ipv6"
BOTH = "both"  # the rule does not look at families


class Case(NamedTuple):
    """``edit`` changes a fresh copy of the base so that ``rule`` objects at ``path``; ``family``: IPV4, IPV6, BOTH."""

    rule: str
    family: str
    edit: Edit
    path: str


def two(rule: str, path: str, ipv4: Edit, ipv6: Edit) -> list[Case]:
    """The case of either family, with the same place."""
    return [Case(rule, IPV4, ipv4, path), Case(rule, IPV6, ipv6, path)]


def put(place: str, value: Any) -> Edit:
    """Set what stands at a place, with the mappings on the way to it."""

    def edit(data: Data, hosts: Hosts) -> None:
        holder, key = _holder(data, hosts, place)
        holder[key] = copy.deepcopy(value)

    return edit


def append(place: str, *values: Any) -> Edit:
    """Append to the list at a place; an absent one begins empty."""

    def edit(data: Data, hosts: Hosts) -> None:
        holder, key = _holder(data, hosts, place)
        if isinstance(holder, dict):
            holder.setdefault(key, [])
        holder[key].extend(copy.deepcopy(values))

    return edit


def drop(place: str) -> Edit:
    """Remove what stands at a place."""

    def edit(data: Data, hosts: Hosts) -> None:
        holder, key = _holder(data, hosts, place)
        del holder[key]

    return edit


def host(group: str, name: str, facts: Mapping[str, Any]) -> Edit:
    """Add a host to a group (``routers``, ``nodes``, ``clients``)."""

    def edit(data: Data, hosts: Hosts) -> None:
        hosts[group][name] = copy.deepcopy(dict(facts))

    return edit


def steps(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(data: Data, hosts: Hosts) -> None:
        for each in edits:
            each(data, hosts)

    return edit


def _holder(data: Data, hosts: Hosts, place: str) -> tuple[Any, Any]:
    """The mapping or list that holds the last part of a place, and its key or index there."""
    host_name, colon, rest = place.partition(": dualstack_host")
    if colon:
        holder: Any = next(group for group in hosts.values() if host_name in group)
        parts: list[Any] = [host_name, *_parts(rest)]
    else:
        holder, parts = {"dualstack": data}, _parts(place)
    for part in parts[:-1]:
        if isinstance(holder, dict):
            holder.setdefault(part, {})
        holder = holder[part]
    return holder, parts[-1]


def _parts(text: str) -> list[Any]:
    return [int(part[1:-1]) if part[0] == "[" else part for part in re.findall(r"\[\d+\]|[^.\[\]]+", text)]
