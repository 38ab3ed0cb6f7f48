# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Services may have addresses of a pool, and from which pool a Service gets its own when it names none.

Most of it is MetalLB's: our speaker gives out no addresses by itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..plan.selecting import matches
from . import serving
from .rule import Plan, Problem, rule

LISTS = ("namespaces", "namespace_selectors", "service_selectors")


@rule("allocation-refuses", ERROR)
def refuses(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The pools of a Service are open to its namespace and its labels.

    Source: MetalLB `allocator.go` isPoolCompatibleWithService: the Service stays pending, also when it asks for the
    pool. Namespace selectors are not judged: the labels of namespaces are not known here.
    """
    allocations = {entry["name"]: entry["service_allocation"] for entry in intent.pools if entry["service_allocation"]}
    for entry, planned in serving.services(intent, plan) if allocations else ():
        for pool in dict.fromkeys(planned["pools"].values()):
            allocation = allocations.get(pool)
            if not allocation:
                continue
            open_to = allocation["namespaces"]
            if open_to and not allocation["namespace_selectors"] and entry["namespace"] not in open_to:
                reason = f"pool {pool} is for the namespaces {', '.join(open_to)} alone, not for {entry['namespace']}"
                fix = "Add the namespace to the pool's service_allocation, or choose another pool."
                yield Problem(f"{entry['at']}.pool", entry["pool"], reason, fix)
            if not matches(allocation["service_selectors"], entry["labels"]):
                reason = f"the service_selectors of pool {pool} do not match the Service's labels"
                fix = "Give the Service the labels that the pool asks for, or choose another pool."
                yield Problem(f"{entry['at']}.pool", entry["pool"], reason, fix)


@rule("allocation-twice", ERROR)
def allocation_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """service_allocation repeats neither namespaces nor selectors, nor an expression its values.

    Source: MetalLB `config.go` addressPoolServiceAllocationsFromCR refuses the whole configuration.
    """
    del plan
    for entry in intent.pools:
        for key in LISTS:
            entries = (entry["service_allocation"] or {}).get(key, [])
            for index, each in enumerate(entries):
                place, fix = f"{entry['at']}.service_allocation.{key}[{index}]", "Remove one of them."
                text, expressions = (each, []) if isinstance(each, str) else ("", each["matchExpressions"])
                if each in entries[:index]:
                    yield Problem(place, text, "stands twice: MetalLB refuses the pool", fix)
                if any(len(set(part["values"])) < len(part["values"]) for part in expressions):
                    yield Problem(place, text, "an expression repeats a value: MetalLB refuses the pool", fix)


@rule("allocation-nobody", WARNING)
def for_nobody(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """service_allocation names namespaces or selectors; a priority alone takes the pool out of what is given freely.

    Source: MetalLB `allocator.go`: pools with serviceAllocation are only asked for the namespaces and Services that
    they name, and pools for all Services are those without it.
    """
    metallb = serving.metallb(plan)
    for entry, planned in serving.pools(intent, plan):
        allocation = entry["service_allocation"]
        if not allocation or not entry["auto_assign"] or planned["cluster"] not in metallb:
            continue
        if not any(allocation[key] for key in LISTS):
            reason = "names nobody, so MetalLB gives its addresses only to Services that ask for the pool"
            fix = "Name namespaces or selectors, or remove service_allocation."
            yield Problem(f"{entry['at']}.service_allocation", "", reason, fix)


@rule("allocation-open", WARNING)
def fails_open(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Namespaces are named, not only selected by labels: selectors that match none restrict nothing.

    Source: MetalLB `config.go` addressPoolServiceAllocationsFromCR: an empty set of namespaces counts as no
    restriction, so that a missing label opens the pool to all.
    """
    metallb = serving.metallb(plan)
    for entry, planned in serving.pools(intent, plan):
        allocation = entry["service_allocation"]
        if not allocation or planned["cluster"] not in metallb:
            continue
        if allocation["namespace_selectors"] and not allocation["namespaces"]:
            reason = "while no namespace has these labels, the pool is open to Services of every namespace"
            fix = "Name a namespace in `namespaces` too."
            yield Problem(f"{entry['at']}.service_allocation.namespace_selectors", "", reason, fix)


@rule("allocation-idle", HINT)
def idle(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The service_selectors of a pool match a Service of the intent.

    Source: a mistyped label keeps a pool empty, and the Services that were meant get addresses elsewhere.
    """
    for entry, planned in serving.pools(intent, plan):
        selectors = (entry["service_allocation"] or {}).get("service_selectors")
        served = (each["labels"] for each in plan["services"] if each["cluster"] == planned["cluster"])
        if selectors and not any(matches(selectors, labels) for labels in served):
            reason = "match no Service of the intent"
            fix = "Compare them with the Services' labels."
            yield Problem(f"{entry['at']}.service_allocation.service_selectors", "", reason, fix)


@rule("priority-idle", WARNING)
def priority_idle(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A priority belongs to a pool that gives addresses by itself.

    Source: MetalLB `allocator.go` pinnedPoolsForService passes over pools with autoAssign false.
    """
    del plan
    for entry in intent.pools:
        priority = (entry["service_allocation"] or {}).get("priority")
        if priority and not entry["auto_assign"]:
            reason = "has no effect: with auto_assign false the pool is never chosen, only asked for"
            fix = "Remove it, or set auto_assign: true."
            yield Problem(f"{entry['at']}.service_allocation.priority", str(priority), reason, fix)


@rule("auto-assign-chance", HINT)
def by_chance(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Of the pools that give addresses by themselves, only one is for the same Services at the same priority.

    Source: MetalLB `allocator.go` walks a Go map, in an order that changes from call to call.
    """
    metallb = serving.metallb(plan)
    seen: dict[Hashable, str] = {}
    for entry, planned in serving.pools(intent, plan):
        if not entry["auto_assign"] or planned["cluster"] not in metallb:
            continue
        allocation = entry["service_allocation"] or {"namespaces": [], "service_selectors": None, "priority": None}
        terms = (planned["cluster"], repr(allocation["service_selectors"]), allocation["priority"])
        for namespace in allocation["namespaces"] or [None]:
            firsts = {
                family: seen.setdefault((terms, namespace, family), entry["name"]) for family in planned["blocks"]
            }
            clashing = [family for family, first in firsts.items() if first != entry["name"]]
            if clashing:
                families = " and ".join(FAMILY_NAME[family] for family in clashing)
                whom = f"of namespace {namespace}" if namespace else "that name no pool"
                reason = f"Services {whom} get {families} from it or from pool {firsts[clashing[0]]}, by chance"
                fix = "Leave auto_assign to one of them, or give them priorities."
                yield Problem(f"{entry['at']}.auto_assign", "true", reason, fix)


@rule("auto-assign-single", WARNING)
def single(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Of the pools of a dual-stack cluster that give addresses by themselves, one has both families.

    Source: MetalLB takes all addresses of a Service from one pool: RequireDualStack stays pending, PreferDualStack gets
    one address.
    """
    for name, cluster in serving.clusters(plan).items():
        giving = [
            (entry, planned)
            for entry, planned in serving.pools(intent, plan)
            if entry["auto_assign"] and planned["cluster"] == name
        ]
        if len(cluster["families"]) < 2 or not giving or cluster["load_balancer"] == serving.SPEAKER:
            continue
        if not any(len(planned["blocks"]) > 1 for _unused, planned in giving):
            entry, planned = giving[0]
            missing = [FAMILY_NAME[each] for each in cluster["families"] if each not in planned["blocks"]]
            reason = "no pool that gives addresses by itself has both families, and MetalLB never joins two pools"
            fix = f"Add an {' and an '.join(missing)} block to it."
            yield Problem(entry["at"], entry["name"], reason, fix)


@rule("auto-assign-none", HINT)
def nothing_given(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A cluster with pools has one that gives addresses by itself.

    Source: with autoAssign false everywhere MetalLB leaves Services pending that name no pool.
    """
    for name, cluster in serving.clusters(plan).items():
        own = [entry for entry, planned in serving.pools(intent, plan) if planned["cluster"] == name]
        if own and cluster["load_balancer"] != serving.SPEAKER and not any(entry["auto_assign"] for entry in own):
            reason = f"no pool of cluster {name} gives addresses by itself: a Service that names none stays pending"
            fix = "Set auto_assign: true on the pool that is for everybody, if there is one."
            yield Problem(f"{own[0]['at']}.auto_assign", "false", reason, fix)


RULES = (
    refuses,
    allocation_twice,
    for_nobody,
    fails_open,
    idle,
    priority_idle,
    by_chance,
    single,
    nothing_given,
)
