# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""metallb.io resources of a plan, and its Nodes and Services, as plain Kubernetes objects in an order to apply them.

Each cluster has its own. Left out on purpose: Secrets, which are named and never rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...plan import clusters
from ...resources import modes, write
from ...resources.model import Resources
from ...resources.words import NAMESPACE
from ...resources.write import Object
from . import announcing, hosts, peers, serving
from .peers import PeerNames

__all__ = ["NAMESPACE", "Object", "PeerNames", "configuration", "render"]


def render(plan: Mapping[str, Any], cluster: str | None = None) -> list[Object]:
    """All objects of a cluster (default: the first one), Services last. Raises KeyError for an unknown cluster.

    Where MetalLB announces, Nodes are not among them, and Services have no status: both belong to the cluster.
    """
    chosen = clusters.named(plan, cluster or plan["cluster"]["name"])
    name, mode = chosen["name"], chosen["load_balancer"]
    return [
        *(hosts.nodes(plan, name) if mode == modes.SPEAKER else ()),
        *write.objects(configuration(plan, name)),
        *(write.service(wish) for wish in serving.services(plan, name, mode)),
    ]


def configuration(plan: Mapping[str, Any], cluster: str) -> Resources:
    """The metallb.io kinds of a cluster as the model has them, without Nodes, Secrets and Services."""
    mode = clusters.named(plan, cluster)["load_balancer"]
    names = PeerNames(plan, cluster)
    return Resources(
        pools=serving.pools(plan, cluster, mode),
        peers=peers.peers(plan, names, mode),
        bfd_profiles=peers.bfd_profiles(plan, names),
        communities=announcing.communities(plan, cluster),
        bgp_advertisements=announcing.bgp(plan, names),
        l2_advertisements=announcing.layer2(plan, cluster),
    )
