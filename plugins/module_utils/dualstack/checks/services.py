# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: names, families, pinned addresses, ports and traffic policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, IPV4, IPV6
from ..allocation.family_policy import PREFER, SINGLE
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from . import serving
from .rule import Plan, Problem, rule


@rule("service-name", ERROR)
def name(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The name of a Service begins with a letter.

    Source: kube-apiserver, metadata.name of a Service: a DNS-1035 label.
    """
    del plan
    for entry in intent.services:
        if not entry["name"][0].isalpha():
            reason = "begins with a digit, which the API server refuses for a Service"
            yield Problem(f"{entry['at']}.name", entry["name"], reason, f"Call it svc-{entry['name'][:59]}.")


@rule("service-cluster", ERROR, absence=True)
def cluster(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A Service takes addresses of its own cluster's pools.

    Source: each cluster's load balancer knows its own pools; another one would give the address out again.
    """
    cluster_of = {planned["name"]: planned["cluster"] for planned in plan["pools"]}
    for entry, planned in serving.services(intent, plan):
        for pool in dict.fromkeys(planned["pools"].values()):
            if cluster_of[pool] != planned["cluster"]:
                reason = f"pool {pool} belongs to cluster {cluster_of[pool]}, the Service to {planned['cluster']}"
                own = sorted(other for other, holder in cluster_of.items() if holder == planned["cluster"])
                fix = f"Choose of: {', '.join(own)}." if own else f"Add a pool for cluster {planned['cluster']}."
                yield Problem(f"{entry['at']}.pool", entry["pool"], reason, fix)


@rule("pin-one-family", WARNING)
def pin_one_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A Service of both families pins both addresses or none.

    Source: MetalLB `allocator.go`: the families of the requested addresses must be those of the Service.
    """
    for entry, planned in serving.services(intent, plan):
        pinned = entry["addresses"] or {}
        missing = [family for family in planned["families"] if family not in pinned]
        if pinned and missing and len(missing) < len(planned["families"]):
            planned_one = next((text for text in planned["addresses"] if blocks.family_of(text) == missing[0]), None)
            reason = f"pins no {FAMILY_NAME[missing[0]]} address; MetalLB refuses one address for two families"
            fix = f"Add {planned_one}, which the plan chose." if planned_one else "Add one."
            yield Problem(f"{entry['at']}.addresses", ", ".join(pinned.values()), reason, fix)


@rule("pin-unused", ERROR)
def pin_unused(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pinned address is of a family that the Service has.

    Source: MetalLB `allocator.go` refuses requested addresses of another family; here it would be passed over.
    """
    families = {name: each["families"] for name, each in serving.clusters(plan).items()}
    for entry, planned in serving.services(intent, plan):
        for family, text in (entry["addresses"] or {}).items():
            if family in plan["cluster"]["families"] and family not in _wanted(entry, planned, families):
                reason = f"the Service has no {FAMILY_NAME[family]}"
                fix = f"Remove it, or add {family} to the Service's families."
                yield Problem(f"{entry['at']}.addresses", text, reason, fix)


@rule("pin-avoided", ERROR)
def pin_avoided(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pinned address does not end in .0 or .255 where its pool avoids these.

    Source: MetalLB `allocator.go`: such an address counts as not in the pool.
    """
    avoiding = {planned["name"] for planned in plan["pools"] if planned["avoid_buggy_ips"]}
    for entry, planned in serving.services(intent, plan):
        text = (entry["addresses"] or {}).get(IPV4)
        if text and planned["pools"].get(IPV4) in avoiding and blocks.parse_address(text).first & 0xFF in (0, 255):
            reason = f"pool {planned['pools'][IPV4]} has avoid_buggy_ips and gives out no such address"
            fix = "Pin another one, or set avoid_buggy_ips: false."
            yield Problem(f"{entry['at']}.addresses", text, reason, fix)


@rule("port-twice", ERROR)
def port_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The ports of a Service differ in number or protocol, and in name.

    Source: kube-apiserver, spec.ports of a Service.
    """
    for entry, planned in serving.services(intent, plan):
        for key, shown in (("number", "{port}/{protocol}"), ("name", "{name}")):
            seen = set()
            for index, port in enumerate(planned["ports"]):
                text = shown.format(**port)
                if text in seen:
                    fix = f"Give each port its own {key}."
                    yield Problem(f"{entry['at']}.ports[{index}]", text, "stands twice in the Service", fix)
                seen.add(text)


@rule("local-traffic", WARNING)
def local_traffic(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """externalTrafficPolicy Local is served by a load balancer that knows endpoints.

    Source: our speaker knows EndpointSlices when it reads the API server. From files of a plan it does not: every node
    announces then, also one that drops what comes for want of a pod.
    """
    metallb = serving.metallb(plan)
    for entry, planned in serving.services(intent, plan):
        if planned["traffic_policy"] == "Local" and planned["cluster"] not in metallb:
            reason = "speakers that read files announce from nodes without a pod of the Service too: it is lost there"
            fix = "Let speakers read the API server, use Cluster, or run a pod on all announcing nodes (a DaemonSet)."
            yield Problem(f"{entry['at']}.traffic_policy", "Local", reason, fix)


@rule("single-by-default", HINT)
def single_by_default(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A Service that names one family of a dual-stack cluster states its policy.

    Source: kube-apiserver takes SingleStack where nothing is said, so that half of the clients are left out by accident
    as easily as on purpose.
    """
    families = {name: each["families"] for name, each in serving.clusters(plan).items()}
    for entry, planned in serving.services(intent, plan):
        if entry["policy"] is not None or not entry["families"] or len(planned["families"]) != 1:
            continue
        if len(families.get(planned["cluster"], ())) == 2:
            reason = f"the Service has {FAMILY_NAME[planned['families'][0]]} alone, in a cluster of both families"
            fix = "Write policy: SingleStack if that is meant, else remove `families`."
            yield Problem(f"{entry['at']}.families", planned["families"][0], reason, fix)


@rule("prefer-single", WARNING)
def prefer_single(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A Service that prefers both families has a pool of both.

    Source: with PreferDualStack MetalLB gives what the pool has and tells AdditionalAssignFailed at every turn.
    """
    families = {name: each["families"] for name, each in serving.clusters(plan).items()}
    for entry, planned in serving.services(intent, plan):
        wanted = _wanted(entry, planned, families)
        missing = [FAMILY_NAME[family] for family in wanted if family not in planned["families"]]
        if planned["policy"] == PREFER and planned["families"] and missing:
            reason = f"the Service prefers both families, and pool {entry['pool']} has no {missing[0]}"
            fix = f"Add an {missing[0]} block to the pool, or choose a pool of both."
            yield Problem(f"{entry['at']}.pool", entry["pool"], reason, fix)


@rule("status-order", HINT)
def status_order(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The order of a Service's families is its clients' business: MetalLB writes the IPv4 address first.

    Source: MetalLB `allocator.go`: status.loadBalancer.ingress is IPv4, IPv6 whatever ipFamilies says, and the layer-2
    election looks at the first.
    """
    metallb = serving.metallb(plan)
    for entry, planned in serving.services(intent, plan):
        if entry["families"] and planned["families"] == [IPV6, IPV4] and planned["cluster"] in metallb:
            reason = "MetalLB puts the IPv4 address first into the status all the same"
            fix = "Don't let anything take the first address of the status for the preferred one."
            yield Problem(f"{entry['at']}.families", "ipv6, ipv4", reason, fix)


RULES = (
    name,
    cluster,
    pin_one_family,
    pin_unused,
    pin_avoided,
    port_twice,
    local_traffic,
    single_by_default,
    prefer_single,
    status_order,
)


def _wanted(entry: serving.Entry, planned: serving.Entry, families: Mapping[str, Sequence[str]]) -> list[str]:
    """The families that a Service asks for, whether or not its pool has them."""
    own = list(families.get(planned["cluster"], ()))
    if planned["policy"] != SINGLE:
        return own
    return list(entry["families"] or own[:1])
