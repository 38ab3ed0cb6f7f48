# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check works with: the plan, and what was gathered of the cluster, by node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import FAMILIES, AddressError, family_of, parse_network
from ...evidence.texts import same

NOTHING = "nothing was gathered from it (was it in the run's --limit?)"


class Case:
    """The plan's first cluster and the observations of it, in the shape of docs/architecture.md."""

    def __init__(self, plan: Mapping[str, Any], observations: Mapping[str, Any]) -> None:
        self.plan = plan
        self.cluster: Mapping[str, Any] = plan["cluster"]
        self.kubernetes: Mapping[str, Any] | None = self.cluster.get("kubernetes")
        self.families: list[str] = list(self.cluster["families"])
        seen = observations.get("kubernetes") or {}
        self.api: Mapping[str, Any] = seen.get("cluster") or {"error": NOTHING}
        self.probe: Mapping[str, Any] = self.api.get("probe") or {}
        self._hosts: Mapping[str, Any] = seen.get("hosts") or {}
        self._paths: Mapping[str, Any] = seen.get("paths") or {}
        self.outside: Mapping[str, Any] = seen.get("outside") or {}
        known = [name for name, node in plan["nodes"].items() if node["cluster"] == self.cluster["name"]]
        self.planned = known
        self.nodes = list(dict.fromkeys([*known, *(self.api.get("nodes") or {})]))

    def node_families(self, node: str) -> list[str]:
        """The families that a node has, in the cluster's order; of one that the plan has not, the cluster's."""
        planned = self.plan["nodes"].get(node)
        return [family for family in self.families if planned is None or family in planned["families"]]

    def node(self, node: str) -> Mapping[str, Any] | None:
        """The Node as the API has it."""
        found: Mapping[str, Any] | None = (self.api.get("nodes") or {}).get(node)
        return found

    def host(self, node: str) -> Mapping[str, Any]:
        """What the host says of itself; ``error`` where it says nothing."""
        found: Mapping[str, Any] = self._hosts.get(node) or {"error": NOTHING}
        return found

    def path(self, node: str) -> Mapping[str, Any]:
        """``{"probes", "error"}``: what became of the probes from a node and its pod."""
        found: Mapping[str, Any] = self._paths.get(node) or {"error": NOTHING}
        return found

    def pod(self, node: str) -> Mapping[str, Any] | None:
        """The pod of the check on a node."""
        found: Mapping[str, Any] | None = (self.probe.get("pods") or {}).get(node)
        return found

    def stated(self, what: str) -> list[str]:
        """The cluster's ``pods`` or ``services`` in the order of its families."""
        return [self.cluster[what][family] for family in self.families if self.cluster[what].get(family)]

    def control_planes(self) -> list[str]:
        """The nodes on which a kube-apiserver runs, by plan or by what was seen."""
        planned = [
            name for name in self.planned if (self.plan["nodes"][name].get("kubernetes") or {}).get("control_plane")
        ]
        seen = [name for name in self.nodes if "kube-apiserver" in (self.host(name).get("processes") or {})]
        return list(dict.fromkeys([*planned, *seen]))


def by_family(addresses: Any) -> dict[str, list[str]]:
    """Addresses or CIDRs by family, in their one form."""
    found: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for text in addresses or ():
        found[family_of(text)].append(canonical(text))
    return found


def canonical(text: str) -> str:
    """An address or a CIDR in its one form; anything else as it is."""
    if "/" not in text:
        return same(text)
    try:
        return str(parse_network(text))
    except AddressError:
        return text
