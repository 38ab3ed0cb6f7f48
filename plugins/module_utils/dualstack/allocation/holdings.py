# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every Service has, on which terms, and what a pool could give it next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..addresses.blocks import FAMILIES
from ..resources.model import Pool
from .ledger import Address, Ledger
from .offers import Groups
from .places import Places
from .sharing import ALONE, Terms, may_join
from .supply import Supply, spans_of


class Held(NamedTuple):
    """What a Service has, and how it shares it."""

    addresses: tuple[Address, ...]
    terms: Terms


NOTHING = Held((), ALONE)


class Holdings:
    """Changes only by ``set``, ``expire`` and ``configure``; ``news`` tells what that may mean for those who wait."""

    def __init__(self, rest: float) -> None:
        self._ledger = Ledger(rest)
        self._held: dict[str, Held] = {}
        self._shared: dict[tuple[str, str], dict[tuple[str, int], None]] = {}
        self._shared_blocks: dict[str, list[object]] = {}
        self._pools: Mapping[str, Pool] = {}
        self.places = Places(())
        self.supplies: dict[str, dict[str, Supply]] = {}
        self._freed: set[str] = set()
        self._regrouped: set[tuple[str, str]] = set()

    def configure(self, pools: Mapping[str, Pool]) -> set[str]:
        """Other pools. Returns the names of those that are new, gone or changed."""
        changed = {name for name in {*pools, *self._pools} if pools.get(name) != self._pools.get(name)}
        if not changed:
            return changed
        overlaps = [self.places.shared(family) for family in FAMILIES]
        self.places = Places(pools.values())
        anew = changed if overlaps == [self.places.shared(family) for family in FAMILIES] else set(pools)
        self.supplies = {
            name: self._supply(pool) if name in anew else self.supplies[name] for name, pool in pools.items()
        }
        self._ledger.configure(self.supplies, self.places, anew)
        self._pools = dict(pools)
        return changed

    def _supply(self, pool: Pool) -> dict[str, Supply]:
        there = {block.family for block in pool.blocks}
        return {
            family: Supply(spans_of(pool, family, self.places.shared(family)), pool.avoid_buggy_ips)
            for family in FAMILIES
            if family in there
        }

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def of(self, key: str) -> Held:
        """What a Service has."""
        return self._held.get(key, NOTHING)

    def by_family(self, key: str) -> dict[str, Address]:
        """The addresses of a Service."""
        return {address.family: address for address in self.of(key).addresses}

    def holders(self, pools: set[str]) -> list[str]:
        """The Services that have addresses of these pools."""
        return [key for key, held in self._held.items() if any(address.pool in pools for address in held.addresses)]

    def others(self, key: str, family: str, value: int) -> list[str]:
        """The other Services that have an address."""
        return [user for user in self._ledger.users(family, value) if user != key]

    @property
    def next_end(self) -> float | None:
        """When the next address ends its rest."""
        return self._ledger.next_end

    def expire(self, now: float) -> None:
        """End the rest of those whose time has come."""
        self._freed |= self._ledger.expire(now)

    def news(self) -> tuple[set[str], set[tuple[str, str]]]:
        """Since the last time: families of which an address became free, and groups that share otherwise."""
        news = self._freed, self._regrouped
        if self._freed or self._regrouped:
            self._freed, self._regrouped = set(), set()
        return news

    def set(self, key: str, addresses: Iterable[Address], terms: Terms, now: float) -> None:
        """What a Service has from now on; the rest of what it had becomes free."""
        before, held = self.of(key), Held(tuple(addresses), terms)
        if held == before:
            return
        for address in before.addresses:
            self._unshare(key, address, before.terms)
        stay = {address[:2] for address in held.addresses}
        for address in before.addresses:
            if address[:2] not in stay and self._ledger.free(address, key, now):
                self._freed.add(address.family)
        for address in held.addresses:
            self._ledger.take(address, key)
            if terms.key:
                self._shared.setdefault(terms[:2], {})[address[:2]] = None
        self._regrouped.update(each[:2] for each in (before.terms, terms) if each.key)
        if held.addresses:
            self._held[key] = held
        else:
            self._held.pop(key, None)

    def _unshare(self, key: str, address: Address, terms: Terms) -> None:
        """Called before ``key`` loses the address or its terms."""
        if not terms.key:
            return
        others = self.others(key, address.family, address.value)
        if not any(self._held[user].terms[:2] == terms[:2] for user in others):
            group = self._shared[terms[:2]]
            del group[address[:2]]
            if not group:
                del self._shared[terms[:2]]

    def first(self, pool: Pool, family: str, terms: Terms) -> Address | None:
        """The first address of a pool that is free or may be shared."""
        supply = self.supplies[pool.name].get(family)
        if supply is None:
            return None
        place = self._ledger.first(supply, family)
        if terms.key:
            for kind, value in self._shared.get(terms[:2], ()):
                there = supply.place(value) if kind == family else None
                if there is None or (place is not None and place < there):
                    continue
                if may_join(terms, (self._held[user].terms for user in self._ledger.users(kind, value))):
                    place = there
        return None if place is None else Address(family, place[1], pool.name)

    def own(self, key: str, family: str, groups: Groups) -> Address | None:
        """The address of these pools that the Service had before, while it rests; the last one it had."""
        for value in self._ledger.former(key, family):
            for pool in (pool for group in groups for pool in group):
                supply = self.supplies[pool.name].get(family)
                if supply is not None and supply.place(value) is not None:
                    return Address(family, value, pool.name)
        return None
