# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of a plan: as objects, and as what a list of node selectors selects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...plan.segments import RACK
from ...plan.selecting import HOSTNAME, nodes_of, read, selector
from ...resources.selectors import IN, Requirement, Selector
from ...resources.write import Object


def nodes(plan: Mapping[str, Any], cluster: str) -> Iterator[Object]:
    """The Nodes of a cluster with their labels and addresses."""
    for name, facts in plan["nodes"].items():
        if facts["cluster"] == cluster:
            yield {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {HOSTNAME: name, **facts["labels"]}},
                "status": {"addresses": [{"type": "InternalIP", "address": text} for text in addresses(plan, name)]},
            }


def addresses(plan: Mapping[str, Any], node: str) -> list[str]:
    """The addresses of a node: those in its racks, then its own."""
    found = [
        address
        for segment in plan["segments"].values()
        if segment["kind"] == RACK and node in segment["members"]
        for address in segment["members"][node]["addresses"].values()
    ]
    return list(dict.fromkeys([*found, *plan["nodes"][node]["addresses"].values()]))


def selecting(
    plan: Mapping[str, Any], cluster: str, chosen: Sequence[str], stated: Sequence[Mapping[str, Any]]
) -> tuple[Selector, ...]:
    """Node selectors for the ``chosen`` nodes of a cluster; none when these are all of them.

    The ``stated`` ones are kept as long as they select exactly these: nodes that join later are then selected without
    a new plan.
    """
    if stated and set(nodes_of(read(stated), plan["nodes"], cluster)) == set(chosen):
        return tuple(selector(each) for each in read(stated))
    if set(chosen) == {name for name, facts in plan["nodes"].items() if facts["cluster"] == cluster}:
        return ()
    return (Selector((Requirement(HOSTNAME, IN, tuple(sorted(chosen))),)),)
