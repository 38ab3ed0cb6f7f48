# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a cluster gets out of a plan, in an order to apply it. Secrets are not among it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..plan import clusters
from ..render import resources
from ..resources.modes import SPEAKER
from ..resources.words import NAMESPACE
from . import applying, rbac, secrets, workloads
from .crds import crds

Object = dict[str, Any]
IMAGE = "localhost/dualstack:1.0.0"


def objects(
    plan: Mapping[str, Any],
    cluster: str | None = None,
    namespace: str = NAMESPACE,
    secret_names: Iterable[str] = (),
    services: bool = False,
    pods: workloads.Workloads | None = None,
) -> list[Object]:
    """Namespace, definitions, rights and the plan's metallb.io resources; with ``services`` its Services as well.

    Where MetalLB is the load balancer, the resources alone: namespace, definitions and rights are its own.

    ``secret_names``: further Secrets that sessions which are not the plan's name. ``pods``: our daemons run inside the
    cluster. Raises KeyError for an unknown cluster.
    """
    chosen = clusters.named(plan, cluster or plan["cluster"]["name"])
    name = chosen["name"]
    if chosen["load_balancer"] != SPEAKER:
        return applying.labelled(list(_rendered(plan, name, namespace, services)), name)
    named = {*secrets.named(plan, name), *secret_names}
    home: Object = {"name": namespace}
    if pods is not None:
        home["labels"] = workloads.namespace_labels()
    items = [
        {"apiVersion": "v1", "kind": applying.NAMESPACE, "metadata": home},
        *crds(),
        *rbac.objects(namespace, named),
        *_rendered(plan, name, namespace, services),
        *(workloads.objects(plan, name, namespace, pods) if pods is not None else ()),
    ]
    return applying.labelled(items, name)


def inside(plan: Mapping[str, Any], cluster: str) -> list[Object]:
    """The same, of a cluster that runs our daemons, for people who apply it themselves: without the definitions, which
    are the same for all (``crds``), and with an image of their own making."""
    found = objects(plan, cluster, pods=workloads.Workloads(IMAGE))
    return [item for item in found if item["kind"] != applying.CRD]


def _rendered(plan: Mapping[str, Any], cluster: str, namespace: str, services: bool) -> Iterator[Object]:
    for item in resources.render(plan, cluster):
        if item["kind"] == "Service":
            if services:
                yield {key: value for key, value in item.items() if key != "status"}  # the controller writes it
        elif item["kind"] != "Node":
            yield {**item, "metadata": {**item["metadata"], "namespace": namespace}}
