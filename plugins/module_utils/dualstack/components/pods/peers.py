# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who of a cluster reaches whom how: by an address on a segment that both stand on, or through the VXLAN device.

A route by such an address costs nothing and needs no router that knows of pods. Behind a router it would be lost, as no
router is told of pods' addresses; so what has no segment in common is carried between the nodes' own addresses. A node
with addresses on several common segments is reached by the one that its kubelet has.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from ...addresses.blocks import family_of


class Peers:
    """The nodes of one cluster that run Kubernetes, in the order of the plan."""

    def __init__(self, plan: Mapping[str, Any], cluster: str) -> None:
        self.nodes: dict[str, Mapping[str, Any]] = {
            name: node for name, node in plan["nodes"].items() if node["cluster"] == cluster and node.get("kubernetes")
        }
        self._segments: dict[tuple[str, str], dict[str, str]] = {}  # node and family → its address by segment
        for segment, facts in plan["segments"].items():
            for member, has in facts["members"].items():
                if member in self.nodes:
                    for family in facts["networks"]:
                        if family in has["addresses"]:
                            self._segments.setdefault((member, family), {})[segment] = has["addresses"][family]

    def on_link(self, node: str, peer: str, family: str) -> str | None:
        """The address of ``peer`` on a segment where both have one of the family; None where there is no such one."""
        here, there = self._segments.get((node, family), {}), self._segments.get((peer, family), {})
        common = [there[segment] for segment in here if segment in there]
        own = self.own(peer).get(family)
        return own if own in common else next(iter(common), None)

    def own(self, node: str) -> dict[str, str]:
        """The addresses of a node's kubelet by family, the first family of its cluster first."""
        return {family_of(address): address for address in self.nodes[node]["kubernetes"]["node_ip"]}

    def addresses(self, node: str, family: str) -> list[str]:
        """All addresses of a node that the plan knows, its kubelet's first."""
        stated = self.nodes[node]["addresses"]
        found = [self.own(node).get(family), stated.get(family), *self._segments.get((node, family), {}).values()]
        return list(dict.fromkeys(address for address in found if address))

    def tunnelled(self) -> bool:
        """Whether any two nodes lack a segment in common in one of their families.

        The MTU of all pods of the cluster follows from it: what leaves one node must fit wherever it goes.
        """
        families = {family for node in self.nodes.values() for family in node["families"]}
        places = [{name: set(self._segments.get((name, family), {})) for name in self.nodes} for family in families]
        return any(of[one].isdisjoint(of[other]) for of in places for one, other in combinations(self.nodes, 2))
