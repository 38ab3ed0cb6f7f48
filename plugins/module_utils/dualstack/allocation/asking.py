# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Service wants, family by family, and whether it is for us at all.

Rules: MetalLB `controller/service.go` convergeBalancer (0.16). Otherwise: the status follows ipFamilies, and a status
that somebody else wrote is left alone.
"""

from __future__ import annotations

from ..addresses.blocks import family_of, parse_address
from ..resources.wishes import PREFER, REQUIRE, ServiceWish
from .verdict import CLEARED, FAILED, NO_CLUSTER_IPS, NORMAL, TOO_FEW_CLUSTER_IPS, WARNING, Event


def families_of(wish: ServiceWish) -> tuple[str, ...]:
    """The families of the ClusterIPs in the order of ipFamilies."""
    there = wish.cluster_families
    if wish.families == there or len(there) < 2:
        return there
    return (*(family for family in wish.families if family in there), *(f for f in there if f not in wish.families))


def asked_of(wish: ServiceWish) -> dict[str, int]:
    """The addresses that a Service asks for, by family."""
    return {family_of(text): parse_address(text).first for text in wish.addresses}


def needs_all(wish: ServiceWish) -> bool:
    """Whether one address of two is not enough. A missing policy counts as SingleStack."""
    return wish.policy != PREFER


def noted(wish: ServiceWish) -> list[str]:
    """The pools of the annotation ip-allocated-from-pool."""
    return (wish.allocated_from or "").split(",")


def speaks_to_us(wish: ServiceWish) -> bool:
    """Whether a Service was written for this load balancer: by class or by an annotation."""
    return bool(wish.load_balancer_class or wish.pool or (wish.addresses and not wish.by_field))


def unfit(wish: ServiceWish, pools: bool) -> Event | None:
    """Why a Service can't have an address whatever the pools hold; an event without a text is not told.

    ``pools``: whether there are any.
    """
    if not wish.load_balancer:
        return Event(NORMAL, CLEARED, "")
    if wish.problem:
        return None
    if not pools:
        return Event(WARNING, FAILED, f'Failed to allocate IP for "{wish.key}": there is no IPAddressPool. Create one.')
    if not wish.cluster_families:
        return Event(WARNING, NO_CLUSTER_IPS, "The Service has no ClusterIP, so that it has no family.")
    if wish.policy == REQUIRE and len(wish.cluster_families) < 2:
        message = f"{REQUIRE} needs ClusterIPs of both families, and the Service has one: write PreferDualStack."
        return Event(WARNING, TOO_FEW_CLUSTER_IPS, message)
    return None
