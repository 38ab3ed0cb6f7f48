# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules over Services have in common: places, and the pools that a Service may get addresses of."""

from __future__ import annotations

from ...addresses.blocks import FAMILIES
from .. import modes
from ..model import Pool
from ..selectors import selected
from ..wishes import ADDRESSES, OLD_PREFIX, PREFIX, ServiceWish
from .rule import Case


def place(wish: ServiceWish, field: str) -> str:
    return f"Service {wish.key}: {field}"


def annotation(wish: ServiceWish, suffix: str) -> str:
    """The place of an annotation, with the prefix under which it was written."""
    old = f"{OLD_PREFIX}/{suffix}"
    return place(wish, f"metadata.annotations[{old if old in wish.old_annotations else f'{PREFIX}/{suffix}'}]")


def asked_at(wish: ServiceWish) -> str:
    return place(wish, "spec.loadBalancerIP") if wish.by_field else annotation(wish, ADDRESSES)


def wishes(case: Case) -> list[ServiceWish]:
    return [case.wishes[key] for key in sorted(case.wishes)]


def pools(case: Case) -> list[Pool]:
    return [case.resources.pools[name] for name in sorted(case.resources.pools)]


def complete(case: Case) -> bool:
    """Whether pools are among the objects, and all of them could be read."""
    return bool(case.resources.pools) and "IPAddressPool" not in case.unread


def families_of(wish: ServiceWish) -> set[str]:
    """The families that a Service certainly has; empty where the cluster decides."""
    return set(FAMILIES) if wish.dual_stack else set(wish.families)


def accepts(case: Case, pool: Pool, wish: ServiceWish) -> bool:
    """Whether serviceAllocation of a pool lets a Service in; yes where the labels of its namespace are not known.

    An empty list restricts nothing (MetalLB `allocator.go` isPoolCompatibleWithService).
    """
    chosen = pool.allocation
    if chosen is None:
        return True
    labels = case.foreign.namespaces.get(wish.namespace)
    named = wish.namespace in chosen.namespaces
    by_label = bool(chosen.namespace_selectors) and (labels is None or selected(chosen.namespace_selectors, labels))
    if (chosen.namespaces or chosen.namespace_selectors) and not (named or by_label):
        return False
    return selected(chosen.service_selectors, wish.labels)


def pools_named(wish: ServiceWish) -> list[str]:
    """The pools that a Service asks for. MetalLB takes one (rule pool-list)."""
    return [name.strip() for name in wish.pool.split(",")] if wish.pool else []


def candidates(case: Case, wish: ServiceWish) -> list[Pool]:
    """The pools of which a Service that asks for no address may get one."""
    if wish.pool is not None:
        names = pools_named(wish) if case.mode == modes.SPEAKER else [wish.pool]
        return [case.resources.pools[name] for name in names if name in case.resources.pools]
    return [pool for pool in pools(case) if pool.auto_assign and accepts(case, pool, wish)]
