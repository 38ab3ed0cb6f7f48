# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the pools and families that Services ask for. Source: MetalLB `controller/service.go`, `allocator.go`."""

from __future__ import annotations

from collections.abc import Iterator

from ...addresses.blocks import FAMILIES
from ...findings import ERROR, HINT, WARNING, nearest
from .. import modes
from ..relations import of_pool
from ..selectors import selected
from ..wishes import OLD_PREFIX, POOL, PREFER, PREFIX, REQUIRE, SHARING
from .asking import accepts, annotation, candidates, complete, place, pools_named, wishes
from .rule import Case, Problem, rule


@rule("old-annotation", WARNING)
def old_annotation(case: Case) -> Iterator[Problem]:
    """Annotations have the prefix metallb.io.

    Source: MetalLB since 0.14.9; the old prefix still counts, with the event deprecatedAnnotation.
    """
    for wish in wishes(case):
        for key in wish.old_annotations:
            new = key.replace(OLD_PREFIX, PREFIX)
            yield Problem(place(wish, f"metadata.annotations[{key}]"), "", "is deprecated", f"Write {new}.")


@rule("pool-list", ERROR, only=modes.METALLB)
def pool_list(case: Case) -> Iterator[Problem]:
    """The annotation address-pool names one pool.

    Source: MetalLB has no list syntax: the whole text is the name of a pool, and a Service gets its addresses from one
    pool; it waits for ever. Our controller takes a list.
    """
    for wish in wishes(case):
        if wish.pool is not None and "," in wish.pool:
            reason = "is read as the name of one pool, which does not exist"
            fix = "Put the blocks of both families into one pool, and name that."
            yield Problem(annotation(wish, POOL), wish.pool, reason, fix)


@rule("unknown-pool", ERROR)
def unknown_pool(case: Case) -> Iterator[Problem]:
    """The pool that a Service asks for exists.

    Source: MetalLB: AllocationFailed, the Service waits.
    """
    known = case.resources.pools
    for wish in wishes(case):
        names = pools_named(wish) if known else []
        if len(names) > 1 and case.mode != modes.SPEAKER:
            continue  # pool-list
        for name in names:
            if name not in known and not case.there("IPAddressPool", name):
                fix = f"Correct it: {nearest(name, known)}"
                yield Problem(annotation(wish, POOL), name, "no pool has this name", fix)


@rule("pool-refuses-service", ERROR)
def pool_refuses_service(case: Case) -> Iterator[Problem]:
    """The serviceAllocation of a pool lets in the Services that ask for it.

    Source: MetalLB `allocator.go` isPoolCompatibleWithService, also for requested pools.
    """
    for wish in wishes(case):
        pool = case.resources.pools.get(wish.pool or "")
        if pool is not None and not accepts(case, pool, wish):
            fix = "Add the namespace or the labels to serviceAllocation, or ask for another pool."
            yield Problem(annotation(wish, POOL), pool.name, "the pool's serviceAllocation keeps it out", fix)


@rule("no-pool-for-service", ERROR)
def no_pool_for_service(case: Case) -> Iterator[Problem]:
    """A Service that asks for nothing finds a pool with autoAssign.

    Source: MetalLB `allocator.go` Allocate: only such pools are tried.
    """
    for wish in wishes(case):
        if not complete(case) or wish.pool is not None or wish.addresses:
            continue
        if not candidates(case, wish):
            fix = f"Add the annotation {PREFIX}/{POOL}, or set autoAssign on a pool."
            yield Problem(f"Service {wish.key}", "", "no pool with autoAssign is open to it", fix)


@rule("no-dual-stack-pool", ERROR, only=modes.METALLB)
def no_dual_stack_pool(case: Case) -> Iterator[Problem]:
    """RequireDualStack finds both families in one pool.

    Source: MetalLB `allocator.go`: one Service has one pool; pools of one family never add up.
    """
    yield from _half(case, REQUIRE, "the Service waits for ever")


@rule("half-dual-stack", WARNING, only=modes.METALLB)
def half_dual_stack(case: Case) -> Iterator[Problem]:
    """PreferDualStack finds both families in one pool.

    Source: MetalLB `allocator.go`: it gets one address, and the event AdditionalAssignFailed at every sync.
    """
    yield from _half(case, PREFER, "the Service gets one address only")


def _half(case: Case, policy: str, outcome: str) -> Iterator[Problem]:
    for wish in wishes(case):
        pools = candidates(case, wish)
        if wish.policy != policy or wish.addresses or not pools or not complete(case):
            continue
        if not any({block.family for block in pool.blocks} == set(FAMILIES) for pool in pools):
            names = ", ".join(pool.name for pool in pools)
            reason = f"none of its pools ({names}) holds both families: {outcome}"
            fix = "Put the blocks of both families into one pool."
            yield Problem(place(wish, "spec.ipFamilyPolicy"), policy, reason, fix)


@rule("single-stack-families", ERROR)
def single_stack_families(case: Case) -> Iterator[Problem]:
    """Two ipFamilies go with PreferDualStack or RequireDualStack.

    Source: kube-apiserver: "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified".
    """
    for wish in wishes(case):
        if len(wish.families) == 2 and not wish.dual_stack:
            reason = "the API server refuses two ipFamilies with it"
            yield Problem(
                place(wish, "spec.ipFamilyPolicy"), wish.policy or "", reason, f"Write {PREFER} or {REQUIRE}."
            )


@rule("shared-with-selectors", ERROR)
def shared_with_selectors(case: Case) -> Iterator[Problem]:
    """A Service that shares its address is not in a pool whose L2Advertisement has serviceSelectors.

    Source: MetalLB `speaker/layer2_controller.go` sharedIPWithServiceSelector: then nobody announces.
    """
    layer2 = [case.resources.l2_advertisements[name] for name in sorted(case.resources.l2_advertisements)]
    for wish in wishes(case):
        if wish.sharing_key is None:
            continue
        pools = [pool for text in wish.addresses for pool in [case.pool_of(text)] if pool] or candidates(case, wish)
        for pool in pools:
            refusing = [
                entry
                for entry in of_pool(layer2, pool)
                if modes.refuses_shared(
                    case.mode, bool(entry.service_selectors), selected(entry.service_selectors, wish.labels)
                )
            ]
            advert = next(iter(refusing), None)
            if advert is not None:
                reason = f"L2Advertisement {advert.name} of the pool {pool.name} has serviceSelectors: nobody announces"
                fix = "Remove the serviceSelectors, or don't share the address."
                yield Problem(annotation(wish, SHARING), wish.sharing_key or "", reason, fix)
                break


@rule("other-class", HINT, only=modes.METALLB)
def other_class(case: Case) -> Iterator[Problem]:
    """A Service with loadBalancerClass is for a controller that was started with this class.

    Source: MetalLB `--lb-class`: without it only Services without a class are handled, with it only those of the class.
    """
    for wish in wishes(case):
        if wish.load_balancer_class is not None:
            path = place(wish, "spec.loadBalancerClass")
            reason = "MetalLB passes over it unless it runs with this --lb-class"
            yield Problem(path, wish.load_balancer_class, reason, "Remove it, or start MetalLB with the class.")


RULES = (
    old_annotation,
    pool_list,
    unknown_pool,
    pool_refuses_service,
    no_pool_for_service,
    no_dual_stack_pool,
    half_dual_stack,
    single_stack_families,
    shared_with_selectors,
    other_class,
)
