# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a Service may have, and which it gets.

MetalLB: `internal/allocator` Allocate and Assign; there all addresses of a Service are of one pool. Here each family
finds its address by itself, where both can come out of one pool or one pair they do, and edges of CIDRs and addresses
at rest are given only to who asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..addresses.blocks import IPV4
from ..resources.model import Pool
from ..resources.wishes import ServiceWish
from .asking import asked_of, noted
from .holdings import Holdings
from .ledger import Address
from .offers import Groups, Offers
from .sharing import Terms, terms_of


def buggy(pool: Pool, family: str, value: int) -> bool:
    """Whether a pool leaves an address out as avoidBuggyIPs says."""
    return pool.avoid_buggy_ips and family == IPV4 and value & 0xFF in (0, 255)


class Chooser:
    """Chooses, and changes nothing. ``unreadable``: pools that are there but not known."""

    def __init__(self, offers: Offers, holdings: Holdings, unreadable: frozenset[str]) -> None:
        self._offers = offers
        self._holdings = holdings
        self._unreadable = unreadable

    def pool_for(self, wish: ServiceWish, family: str, value: int) -> str | None:
        """The pool out of which a Service may have an address, others apart; None: it may not have it.

        Where it stands in several pools, the one that it is counted in, else the one noted, else the first by name.
        """
        names = self._holdings.places.pools(family, value)
        has = self._holdings.by_family(wish.key).get(family)
        notes = [*([has.pool] if has is not None and has.value == value else ()), *noted(wish)]
        if not names:
            return next((name for name in notes if name in self._unreadable), None)
        pools = [self._offers.pools[name] for name in names]
        fit = [pool.name for pool in pools if self._offers.accepts(pool, wish) and not buggy(pool, family, value)]
        return next((name for name in notes if name in fit), fit[0] if fit else None)

    def as_asked(self, wish: ServiceWish) -> dict[str, Address]:
        """What a Service has that is also what it asks for."""
        have = self._holdings.by_family(wish.key)
        if not have or not (wish.addresses or wish.pool):
            return have
        asked = asked_of(wish)
        named = None if wish.pool is None else {pool.name for pool in self._offers.groups(wish)[0]} | self._unreadable
        return {
            family: address
            for family, address in have.items()
            if asked.get(family, address.value) == address.value and (named is None or self._in(address, named))
        }

    def _in(self, address: Address, names: set[str]) -> bool:
        return address.pool in names or not names.isdisjoint(self._holdings.places.pools(address.family, address.value))

    def requested(self, wish: ServiceWish, family: str, value: int, apart: frozenset[str] = frozenset()) -> str | None:
        """The pool out of which a Service may have the address that it asks for now; None: it can't have it.

        ``apart``: Services that are about to leave it.
        """
        pool = self.pool_for(wish, family, value)
        if pool is None or any(user not in apart for user in self.in_the_way(wish, family, value)):
            return None
        if wish.pool is None:
            return pool
        named = {entry.name for entry in self._offers.groups(wish)[0]}
        if pool in named:
            return pool
        return next((name for name in self._holdings.places.pools(family, value) if name in named), None)

    def in_the_way(self, wish: ServiceWish, family: str, value: int) -> list[str]:
        """The Services that have an address and with which this one can't share it."""
        terms, holdings = terms_of(wish), self._holdings
        return [
            user for user in holdings.others(wish.key, family, value) if not terms.goes_with(holdings.of(user).terms)
        ]

    def choose(self, wish: ServiceWish, families: Sequence[str], known: Mapping[str, Address]) -> dict[str, Address]:
        """Addresses of the families, as far as there are any; ``known``: what is settled of the other one."""
        if not families:
            return {}
        groups, terms = self._offers.groups(wish), terms_of(wish)
        found: dict[str, Address] = {}
        for family in families:
            own = self._holdings.own(wish.key, family, groups)
            if own is not None:
                found[family] = own
        left = [family for family in families if family not in found]
        if len(left) == 2:
            return self._both(wish, left, groups, terms)
        for family in left:
            beside = [address for kind, address in (*known.items(), *found.items()) if kind != family]
            near = self._near(beside[0], wish, groups) if beside else ()
            address = self._first([*near, *(pool for group in groups for pool in group)], family, terms)
            if address is not None:
                found[family] = address
        return found

    def _both(self, wish: ServiceWish, families: Sequence[str], groups: Groups, terms: Terms) -> dict[str, Address]:
        """Out of one pool or one pair if the first groups that have them are the same, else each by itself."""
        found: dict[str, Address] = {}
        for group in groups:
            before = dict(found)
            for family in families:
                address = None if family in found else self._first(group, family, terms)
                if address is not None:
                    found[family] = address
            if len(found) == 2:
                return self._together(wish, families, group, terms, before) or found
        return found

    def _together(
        self,
        wish: ServiceWish,
        families: Sequence[str],
        group: Sequence[Pool],
        terms: Terms,
        before: Mapping[str, Address],
    ) -> dict[str, Address] | None:
        """Both families out of a pool or a pair; one may be settled ``before``, the other is of ``group``."""
        starts = before.values() or (
            address
            for pool in group
            if pool.name in self._offers.together
            for family in families
            for address in [self._holdings.first(pool, family, terms)]
            if address is not None
        )
        for one in starts:
            [other] = [family for family in families if family != one.family]
            near = self._near(one, wish, (group,))
            two = self._first([pool for pool in near if pool in group], other, terms)
            if two is not None:
                return {one.family: one, two.family: two}
        return None

    def _near(self, address: Address, wish: ServiceWish, groups: Groups) -> list[Pool]:
        """Where the other family comes from first; where a Service asks for pools, one of these."""
        pool = self._offers.pools.get(address.pool)
        near = () if pool is None else self._offers.beside(pool, wish)
        return [entry for entry in near if wish.pool is None or entry in groups[0]]

    def _first(self, pools: Iterable[Pool], family: str, terms: Terms) -> Address | None:
        for pool in pools:
            address = self._holdings.first(pool, family, terms)
            if address is not None:
                return address
        return None
