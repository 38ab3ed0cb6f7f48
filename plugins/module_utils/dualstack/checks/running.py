# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters whose components the collection runs: their place, what is stated, what is planned, what holds for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..components.versions import NEWEST, OLDEST, Rules, Version, nearest
from ..intent.load import Intent
from ..plan.clusters import every, places
from .rule import Plan


class Running(NamedTuple):
    """A cluster that is run by us. ``path`` is that of its ``kubernetes``, ``stated`` what stands there.

    ``rules`` are those of its version, or of the nearest one that is known.
    """

    path: str
    stated: Mapping[str, Any]
    cluster: Mapping[str, Any]
    version: Version
    rules: Rules
    nodes: dict[str, Mapping[str, Any]]

    @property
    def planned(self) -> Mapping[str, Any]:
        """What the plan has under ``kubernetes``."""
        found: Mapping[str, Any] = self.cluster["kubernetes"]
        return found

    @property
    def families(self) -> list[str]:
        """The families of the cluster, the primary one first."""
        return list(self.cluster["families"])

    @property
    def known(self) -> bool:
        """Whether the table of versions has its version."""
        return OLDEST <= self.version.minor <= NEWEST

    @property
    def by_kubeadm(self) -> bool:
        """Whether kubeadm reads what we write."""
        return bool(self.planned["run_by"] == "kubeadm")

    @property
    def control_planes(self) -> list[str]:
        """Its control planes, the first one first."""
        return [name for name, node in self.nodes.items() if node["kubernetes"]["control_plane"]]


def running(intent: Intent, plan: Plan) -> Iterator[Running]:
    """The clusters that have ``kubernetes``, the first one first."""
    by_name = {cluster["name"]: cluster for cluster in reversed(list(every(plan)))}
    for path, given in places(intent):
        if given["kubernetes"] is not None:
            version = Version.parse(given["kubernetes"]["version"])
            nodes = {name: node for name, node in plan["nodes"].items() if node["cluster"] == given["name"]}
            cluster = by_name[given["name"]]
            if cluster["kubernetes"] is None:
                continue  # another cluster has the same name, which a rule tells
            yield Running(f"{path}.kubernetes", given["kubernetes"], cluster, version, nearest(version), nodes)
