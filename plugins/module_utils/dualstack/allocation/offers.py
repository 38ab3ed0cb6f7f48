# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pools serve a Service, in which order.

MetalLB `internal/allocator`: pools with a serviceAllocation that fits come first, by priority (0 last), then those
without one; autoAssign counts only for who asks for nothing. Unlike MetalLB: the name decides between equals (there:
at random), namespaceSelectors that match nothing let nobody in, the annotation may name several pools, and the two
pools of a pair belong together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..resources.model import Labels, Pool
from ..resources.selectors import selected
from ..resources.wishes import ServiceWish

Groups = Sequence[Sequence[Pool]]
_LAST = 2**64  # priority 0 comes behind all others


class Offers:
    """All pools and the labels of all namespaces."""

    def __init__(self, pools: Mapping[str, Pool], namespaces: Mapping[str, Labels]) -> None:
        self.pools = pools
        self._namespaces = namespaces
        given = [pools[name] for name in sorted(pools)]
        automatic = [pool for pool in given if pool.auto_assign]
        self._by_label = any(pool.allocation is not None and pool.allocation.namespace_selectors for pool in given)
        self._open = tuple(pool for pool in automatic if pool.allocation is None)
        self._pinned = tuple(sorted((pool for pool in automatic if pool.allocation is not None), key=_priority))
        both = {pool.name for pool in given if len({block.family for block in pool.blocks}) == 2}
        self.together = both | {pool.name for pool in given if pool.pair}  # may give both families
        self._pairs: dict[str, list[Pool]] = {}
        for pool in given:
            if pool.pair:
                self._pairs.setdefault(pool.pair, []).append(pool)

    def moved(self, pools: Mapping[str, Pool], namespaces: Mapping[str, Labels]) -> set[str]:
        """The namespaces whose Services other pools may serve than before, because of their labels."""
        if not self._by_label and not Offers(pools, {})._by_label:
            return set()
        names = {*self._namespaces, *namespaces}
        return {name for name in names if self._namespaces.get(name) != namespaces.get(name)}

    def accepts(self, pool: Pool, wish: ServiceWish) -> bool:
        """Whether the serviceAllocation of a pool lets a Service in."""
        chosen = pool.allocation
        if chosen is None:
            return True
        if (chosen.namespaces or chosen.namespace_selectors) and wish.namespace not in chosen.namespaces:
            labels = self._namespaces.get(wish.namespace)
            if labels is None or not any(selector.matches(labels) for selector in chosen.namespace_selectors):
                return False
        return selected(chosen.service_selectors, wish.labels)

    def partners(self, pool: Pool) -> list[Pool]:
        """The other pools of the pair of a pool."""
        if not pool.pair:
            return []
        return [other for other in self._pairs[pool.pair] if other is not pool]

    def related(self, names: Iterable[str]) -> set[str]:
        """The pools of these names and their partners."""
        there = [self.pools[name] for name in names if name in self.pools]
        return {entry.name for pool in there for entry in (pool, *self.partners(pool))}

    def named(self, wish: ServiceWish) -> tuple[str, ...]:
        """The pools that a Service asks for, as written."""
        return tuple(filter(None, (name.strip() for name in (wish.pool or "").split(","))))

    def groups(self, wish: ServiceWish) -> Groups:
        """The pools in the order in which they are tried; those of an earlier group come before a combination."""
        if wish.pool is not None:
            named = [self.pools[name] for name in self.named(wish) if name in self.pools]
            listed = {pool.name: pool for pool in named}
            listed.update({other.name: other for pool in named for other in self.partners(pool)})
            return (tuple(pool for pool in listed.values() if self.accepts(pool, wish)),)
        pinned = tuple(pool for pool in self._pinned if self.accepts(pool, wish)) if self._pinned else ()
        return (pinned, self._open) if pinned else (self._open,)

    def beside(self, pool: Pool, wish: ServiceWish) -> tuple[Pool, ...]:
        """Where the other family of a Service comes from first: the same pool, then its partners.

        A pool without autoAssign counts only where the Service asked for addresses or pools.
        """
        if not pool.pair:
            return (pool,) if self.accepts(pool, wish) else ()
        asked = wish.pool is not None or bool(wish.addresses)
        partners = [other for other in self.partners(pool) if other.auto_assign or asked]
        return tuple(near for near in (pool, *partners) if self.accepts(near, wish))


def _priority(pool: Pool) -> int:
    return (pool.allocation.priority if pool.allocation else 0) or _LAST
