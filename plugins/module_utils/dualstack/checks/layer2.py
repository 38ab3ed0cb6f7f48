# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer-2 advertisements: that whoever is elected can answer where clients ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..plan.clusters import every, named
from ..plan.selecting import HOSTNAME, matches, nodes_of, read
from ..plan.vips import selects
from ..resources.modes import refuses_shared
from .places import FABRIC, advertised, among
from .rule import Plan, Problem, rule

# MetalLB's default list (ConfigMap metallb-excludel2); the speaker has the same.
EXCLUDED = re.compile(r"docker|cbr|dummy|virbr|lxcbr|veth|lo$|cali|tunl|flannel|kube-ipvs|cni|nodelocaldns|lxc")

Advert = Mapping[str, Any]


@rule("layer2-racks", ERROR, absence=True)
def racks(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every node that may be elected stands on the segments of all blocks of the pools.

    Source: MetalLB elects among the nodes without looking at their interfaces: a winner in another rack answers nobody.
    """
    for path, advert in _adverts(intent, plan):
        outside = [
            (node, segment)
            for segment in advert["segments"]
            for node in advert["nodes"]
            if node not in plan["segments"][segment]["members"]
        ]
        if outside:
            node, segment = outside[0]
            reason = (
                f"the pools lie on {among(advert['segments'])}; when {node} is elected, nobody answers on {segment}"
            )
            fix = "Use a pool and an advertisement for each rack, or select nodes that stand in all of them."
            yield Problem(f"{path}.pools", ", ".join(advert["pools"]), reason, fix)


@rule("layer2-elsewhere", WARNING)
def elsewhere(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Nodes that a layer-2 advertisement names stand on the pools' segment.

    Source: ARP and NDP are answered on the segment alone (RFC 826, RFC 4861); here such nodes are left out.
    """
    for path, advert in _adverts(intent, plan):
        entry = advertised(intent, plan)[advert["name"]]
        if not advert["segments"] or not (entry["nodes"] or entry["node_selectors"]):
            continue
        chosen = [
            node
            for node in nodes_of(entry["node_selectors"], plan["nodes"], advert["cluster"])
            if entry["nodes"] is None or node in entry["nodes"]
        ]
        lost = [
            node
            for node in chosen
            if not any(node in plan["segments"][segment]["members"] for segment in advert["segments"])
        ]
        if lost and len(lost) < len(chosen):
            racks = among(advert["segments"])
            reason = f"not on {racks}, where the pool's addresses are asked for, and so never elected: {among(lost)}"
            key = "nodes" if entry["nodes"] else "node_selectors"
            yield Problem(f"{path}.{key}", among(lost), reason, "Leave them out, or use another pool for their rack.")


@rule("layer2-preferred", WARNING)
def preferred(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every selector of preferred_nodes matches a node that may be elected.

    Source: MetalLB's preferredNodeSelectors add weight to nodes that match, and are silent when none does.
    """
    for path, advert in _adverts(intent, plan):
        labels = [{HOSTNAME: node, **plan["nodes"][node]["labels"]} for node in advert["nodes"]]
        for index, each in enumerate(advert["preferred_nodes"]):
            if labels and not any(matches(read([each["selector"]]), given) for given in labels):
                where = f"{path}.layer2.preferred_nodes[{index}].selector"
                reason = f"matches none of the nodes that may be elected ({among(advert['nodes'])})"
                yield Problem(where, "", reason, "Correct the labels here or at the nodes.")


@rule("layer2-interface", WARNING)
def interface(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Interfaces that are to answer are those of segments with clients.

    Source: MetalLB never answers on those of its ConfigMap metallb-excludel2 (lo, docker, veth, cali, flannel, …).
    """
    used: set[str] = set()
    for path, advert in _adverts(intent, plan):
        for name in advert["interfaces"]:
            if EXCLUDED.match(name):
                reason = "is on MetalLB's list of interfaces that answer nobody"
                yield Problem(f"{path}.layer2.interfaces", name, reason, "Name the interface of the pool's segment.")
        used.update(() if advert["interfaces"] else advert["segments"])
    for name, rack in intent.fabric["racks"].items():
        if name in used and rack["interface"] is not None and EXCLUDED.match(rack["interface"]):
            reason = "the rack has layer-2 pools, and this is on the list of interfaces that answer nobody"
            fix = "Name the interface by which the nodes stand on the segment."
            yield Problem(f"{FABRIC}.racks.{name}.interface", rack["interface"], reason, fix)


@rule("layer2-shared", ERROR)
def shared(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Services that share an address are advertised by layer 2 without service_selectors.

    Source: MetalLB's speaker announces such Services from nobody (reason sharedIPWithServiceSelector); ours asks only
    the advertisements whose service_selectors match the Service.
    """
    for path, advert in _adverts(intent, plan):
        mode = named(plan, advert["cluster"])["load_balancer"]
        names = [
            f"{service['namespace']}/{service['name']}"
            for service in plan["services"]
            if service["sharing_key"]
            and set(service["pools"].values()) & set(advert["pools"])
            and refuses_shared(mode, bool(advert["service_selectors"]), selects(advert, service))
        ]
        if names:
            reason = f"with service_selectors nobody answers for Services with a sharing_key: {among(names)}"
            yield Problem(f"{path}.service_selectors", "", reason, "Use another pool for them, or no selectors.")


@rule("layer2-family", WARNING)
def family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every node that may be elected has an address of the pools' families on their segment.

    Source: MetalLB answers NDP on interfaces with an IPv6 address, and one node answers for both families of a Service.
    """
    pools = {pool["name"]: pool for pool in plan["pools"]}
    for path, advert in _adverts(intent, plan):
        for kind in dict.fromkeys(name for pool in advert["pools"] if pool in pools for name in pools[pool]["blocks"]):
            without = [
                node
                for segment in advert["segments"]
                for node in advert["nodes"]
                if kind not in plan["segments"][segment]["members"].get(node, {"addresses": {kind: ""}})["addresses"]
            ]
            if without:
                reason = f"no {FAMILY_NAME[kind]} address on {among(advert['segments'])}: {among(without)}"
                yield Problem(path, advert["name"], reason, "Give them one, or leave them out.")


@rule("layer2-strict-arp", HINT)
def strict_arp(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """With kube-proxy in IPVS mode, strictARP is on where layer 2 is used.

    Source: IPVS keeps the VIPs on kube-ipvs0, and every node would answer ARP for them (Kubernetes: ipvs.strictARP).
    """
    told = {cluster["name"] for cluster in every(plan) if cluster["kubernetes"]}  # where we set it ourselves
    for path, advert in _adverts(intent, plan):
        if advert["cluster"] not in told:
            told.add(advert["cluster"])
            reason = f"if kube-proxy of cluster {advert['cluster']} runs in IPVS mode, every node answers for its VIPs"
            fix = "Set ipvs.strictARP: true in kube-proxy's configuration; silence this when it is, or with nftables."
            yield Problem(f"{path}.layer2", "", reason, fix)


RULES = (racks, elsewhere, preferred, interface, shared, family, strict_arp)


def _adverts(intent: Intent, plan: Plan) -> Iterator[tuple[str, Advert]]:
    entries = advertised(intent, plan)
    for advert in plan["advertisements"]:
        if advert["kind"] == "layer2":
            yield entries[advert["name"]]["at"], advert
