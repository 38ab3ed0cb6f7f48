# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Families: every network must exist in exactly the cluster's families."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR
from ..intent.load import Intent, host_path
from ..plan.clusters import places
from .rule import Plan, Problem, rule


@rule("family-twice", ERROR, silenceable=False)
def family_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A cluster names each family once.

    Source: kube-apiserver refuses two service CIDRs of one family.
    """
    del plan
    for path, cluster in places(intent):
        families = cluster["families"] or []
        if len(set(families)) < len(families):
            reason = "a family stands twice"
            yield Problem(f"{path}.families", ", ".join(families), reason, "Name each family once.")


@rule("family-extra", ERROR, silenceable=False)
def family_extra(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No network, address or cluster has a family that the fabric's first cluster doesn't have.

    Source: nothing would carry it.
    """
    del plan
    for path, value, _unused in _networks(intent):
        for family in value:
            if family not in intent.families:
                fix = "Remove it, or add the family to cluster.families."
                yield Problem(path, value[family], f"the cluster has no {FAMILY_NAME[family]}", fix)
    for path, cluster in places(intent):
        for family in cluster["families"] or []:
            if family not in intent.families:
                fix = "Remove it, or add the family to dualstack.cluster.families."
                yield Problem(f"{path}.families", family, "the fabric does not carry this family", fix)


@rule("family-missing", ERROR, absence=True)
def family_missing(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A family that is missing somewhere on the way breaks that family for every VIP.

    Source: a dual-stack node has an address of each family (Kubernetes dual-stack prerequisites).
    """
    del plan
    for path, value, families in _networks(intent):
        for family in families:
            if family not in value:
                given = ", ".join(value.values())
                yield Problem(path, given, f"has no {FAMILY_NAME[family]} entry", "Add one.")


RULES = (family_twice, family_extra, family_missing)


def _networks(intent: Intent) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Path, what stands there by family, and the families that must."""
    families = intent.families
    for path, cluster in places(intent):
        for key in ("pods", "services"):
            if cluster[key]:
                yield f"{path}.{key}", cluster[key], cluster["families"] or families
    for key in ("loopbacks", "links_from"):
        if intent.fabric[key]:
            yield f"dualstack.fabric.{key}", intent.fabric[key], families
    for name, rack in intent.fabric["racks"].items():
        yield f"dualstack.fabric.racks.{name}.network", rack["network"], families
    of_cluster = {cluster["name"]: cluster["families"] or families for _unused, cluster in places(intent)}
    for node, facts in intent.nodes.items():
        needed = of_cluster.get(facts["cluster"] or intent.cluster["name"], families)
        for rack, addresses in facts["racks"].items():
            yield f"{host_path(node)}.racks.{rack}", addresses, needed
        if facts["addresses"] and not facts["racks"]:
            yield f"{host_path(node)}.addresses", facts["addresses"], needed
    for router, facts in intent.routers.items():
        for key in ("loopback", "network"):
            if facts[key]:
                yield f"{host_path(router)}.{key}", facts[key], []
    for client, facts in intent.clients.items():
        yield f"{host_path(client)}.addresses", facts["addresses"], []
    for entry, key in [
        *((pool, "from") for pool in intent.pools),
        *((service, "addresses") for service in intent.services),
        *((peer, "addresses") for peer in intent.fabric["peers"]),
    ]:
        if entry[key]:
            yield f"{entry['at']}.{key}", entry[key], []
