# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CIDRs of clusters: what kube-apiserver and kube-controller-manager are told with their flags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILIES, FAMILY_NAME, Block, parse_network
from ..findings import HINT, WARNING
from ..intent.load import Intent
from ..plan.clusters import places
from .rule import Plan, Problem, rule

SERVICE_RANGE = "--service-cluster-ip-range"
CLUSTER_CIDR = "--cluster-cidr"


class Cidr(NamedTuple):
    """One CIDR of a cluster: its place, cluster, family, text and block."""

    path: str
    cluster: dict[str, Any]
    family: str
    text: str
    block: Block


@rule("cidr-order", WARNING)
def order(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Pod and service CIDRs stand in the order of the cluster's families: the first one makes a family the primary one.

    Source: kube-apiserver takes the default family of Services from the first --service-cluster-ip-range,
    kube-controller-manager compares --cluster-cidr with the podCIDRs of Nodes by position.
    """
    del plan
    for path, cluster in places(intent):
        families = cluster["families"] or intent.families
        for key, flag in (("pods", CLUSTER_CIDR), ("services", SERVICE_RANGE)):
            given = cluster[key] or {}
            wanted = [family for family in families if family in given]
            held = [family for family in given if family in families]
            if held != wanted:
                reason = f"begins with {FAMILY_NAME[held[0]]}, the cluster with {FAMILY_NAME[wanted[0]]}"
                fix = f"Write {','.join(given[family] for family in wanted)}, here and in {flag}, or turn `families`."
                yield Problem(f"{path}.{key}", ", ".join(given.values()), reason, fix)


@rule("cluster-cidr-missing", HINT)
def missing(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The pod and service CIDRs of a cluster with Services are stated, so that nothing else is put into them.

    Source: neither Kubernetes nor MetalLB compares pools and node networks with these CIDRs.
    """
    served = {each["cluster"] for each in plan["services"]}
    for path, cluster in places(intent):
        for key, flag in (("pods", CLUSTER_CIDR), ("services", SERVICE_RANGE)):
            if cluster["name"] in served and not cluster[key]:
                reason = "is not stated, so that overlaps with it stay unseen"
                yield Problem(f"{path}.{key}", "", reason, f"Copy it from {flag}.")


RULES = (order, missing)


def cidrs(intent: Intent, key: str) -> Iterator[Cidr]:
    """The CIDRs of all clusters under a key, ``pods`` or ``services``."""
    for path, cluster in places(intent):
        for family in FAMILIES:
            if family in (cluster[key] or {}):
                text = cluster[key][family]
                yield Cidr(f"{path}.{key}", cluster, family, text, parse_network(text))
