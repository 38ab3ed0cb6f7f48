# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the addresses that Services ask for. Source: MetalLB `controller/service.go`, `allocator.go`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ...addresses.blocks import FAMILIES, FAMILY_NAME, family_of
from ...findings import ERROR, WARNING
from .. import modes
from ..wishes import ADDRESSES, LOCAL, POOL, PREFIX, REQUIRE, SHARING, ServiceWish
from .asking import asked_at, complete, families_of, wishes
from .rule import Case, Problem, rule


@rule("field-address", WARNING)
def field_address(case: Case) -> Iterator[Problem]:
    """Addresses are asked for with the annotation loadBalancerIPs.

    Source: Kubernetes deprecates spec.loadBalancerIP since 1.24: it holds one address, so never both families.
    """
    for wish in wishes(case):
        if wish.by_field:
            fix = f"Write the annotation {PREFIX}/{ADDRESSES}."
            yield Problem(asked_at(wish), wish.addresses[0], "is deprecated, and holds one family only", fix)


@rule("addresses-and-families", ERROR)
def addresses_and_families(case: Case) -> Iterator[Problem]:
    """A Service asks for addresses of just the families that it has.

    Source: MetalLB `allocator.go` assign: the families of the addresses equal those of the ClusterIPs, else
    AllocationFailed. Our controller is content when one of them is.
    """
    for wish in wishes(case):
        asked, families = {family_of(text) for text in wish.addresses}, families_of(wish)
        value = ",".join(wish.addresses)
        if case.mode == modes.SPEAKER and not asked.isdisjoint(families):
            continue
        if asked and families and asked != families:
            missing = " and ".join(FAMILY_NAME[family] for family in FAMILIES if family in families)
            yield Problem(asked_at(wish), value, f"the Service has {missing}", f"Ask for {missing}, each once.")
        elif len(asked) == 2 and not families:
            reason = "without ipFamilyPolicy the Service has one family"
            yield Problem(asked_at(wish), value, reason, f"Write ipFamilyPolicy: {REQUIRE}.")


@rule("address-in-no-pool", ERROR)
def address_in_no_pool(case: Case) -> Iterator[Problem]:
    """The addresses that a Service asks for are in a pool.

    Source: MetalLB `allocator.go` assign: "is not allowed in config".
    """
    for wish in wishes(case):
        for text in wish.addresses:
            if complete(case) and case.pool_of(text) is None:
                yield Problem(asked_at(wish), text, "is in no pool", "Ask for an address of a pool, or extend one.")


@rule("address-outside-pool", ERROR)
def address_outside_pool(case: Case) -> Iterator[Problem]:
    """The addresses that a Service asks for are in the pool that it asks for.

    Source: MetalLB `controller/service.go`: the pool of the address must be the pool of the annotation.
    """
    for wish in wishes(case):
        for text in wish.addresses:
            pool = case.pool_of(text)
            if pool is not None and wish.pool in case.resources.pools and pool.name != wish.pool:
                reason = f"is in the pool {pool.name}, and the Service asks for {wish.pool}"
                yield Problem(asked_at(wish), text, reason, f"Remove the annotation {POOL}, or ask for {pool.name}.")


@rule("addresses-of-two-pools", ERROR, only=modes.METALLB)
def addresses_of_two_pools(case: Case) -> Iterator[Problem]:
    """The addresses that a Service asks for are in one pool.

    Source: MetalLB `allocator.go` assign: all addresses of a Service are of one pool.
    """
    for wish in wishes(case):
        names = sorted({pool.name for text in wish.addresses for pool in [case.pool_of(text)] if pool is not None})
        if len(names) > 1:
            reason = f"they are in {' and '.join(names)}: a Service has one pool"
            fix = "Put the blocks of both families into one pool."
            yield Problem(asked_at(wish), ",".join(wish.addresses), reason, fix)


@rule("address-asked-twice", ERROR)
def address_asked_twice(case: Case) -> Iterator[Problem]:
    """Services that ask for the same address share it rightly.

    Same non-empty key, same backends where externalTrafficPolicy is Local, no port in common.
    Source: MetalLB `allocator.go` checkSharing.
    """
    asking: dict[str, list[ServiceWish]] = {}
    for wish in wishes(case):
        for text in wish.addresses:
            asking.setdefault(text, []).append(wish)
    for text, users in asking.items():
        for one, two in combinations(users, 2):
            problem = _sharing_problem(one, two)
            if problem:
                reason = f"Service {one.key} asks for it too, and {problem}"
                fix = f"Ask for another address, or share it: the same {PREFIX}/{SHARING}, and other ports."
                yield Problem(asked_at(two), text, reason, fix)


def _sharing_problem(one: ServiceWish, two: ServiceWish) -> str:
    if not one.sharing_key or one.sharing_key != two.sharing_key:
        return "they have no sharing key in common"
    if _backends(one) != _backends(two):
        return "their traffic policies or their pods differ"
    ports = {(port.protocol, port.port) for port in one.ports} & {(port.protocol, port.port) for port in two.ports}
    return f"both have port {min(ports)[1]}" if ports else ""


def _backends(wish: ServiceWish) -> list[tuple[str, str]]:
    return [("local", ""), *sorted(wish.selector.items())] if wish.traffic_policy == LOCAL else []


RULES = (
    field_address,
    addresses_and_families,
    address_in_no_pool,
    address_outside_pool,
    addresses_of_two_pools,
    address_asked_twice,
)
