# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of a plan: as objects, and as what node selectors select."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...plan.segments import RACK
from ...plan.selecting import HOSTNAME, read, selector
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


class Selecting:
    """Node selectors for chosen nodes of a cluster."""

    def __init__(self, plan: Mapping[str, Any], cluster: str) -> None:
        nodes = {name: facts for name, facts in plan["nodes"].items() if facts["cluster"] == cluster}
        self._labels = {name: {HOSTNAME: name, **facts["labels"]} for name, facts in nodes.items()}
        self._all = set(nodes)
        self._called: dict[str, list[str]] = {}
        for name, labels in self._labels.items():
            self._called.setdefault(labels[HOSTNAME], []).append(name)

    def of(self, chosen: Sequence[str], stated: Sequence[Mapping[str, Any]]) -> tuple[Selector, ...]:
        """Selectors for the ``chosen`` nodes; none when these are all of the cluster.

        The ``stated`` ones are kept as long as they select exactly these: nodes that join later are then selected
        without a new plan.
        """
        selectors = tuple(selector(each) for each in read(stated))
        if selectors and {name for each in selectors for name in self._selected(each)} == set(chosen):
            return selectors
        if set(chosen) == self._all:
            return ()
        return (Selector((Requirement(HOSTNAME, IN, tuple(sorted(chosen))),)),)

    def _selected(self, one: Selector) -> Iterator[str]:
        """The nodes that a selector matches; one that names nodes is not tried on the others."""
        named = next((each for each in one.requirements if each.key == HOSTNAME and each.operator == IN), None)
        candidates = (
            self._all if named is None else [name for value in named.values for name in self._called.get(value, ())]
        )
        yield from (name for name in candidates if one.matches(self._labels[name]))
