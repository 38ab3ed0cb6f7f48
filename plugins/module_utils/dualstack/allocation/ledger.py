# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has which address, and which addresses rest after they were freed.

Rest: for a while a freed address goes to nobody but the Service that had it, and to who asks for it by address, so that
clients, neighbours and routes forget it first. MetalLB gives it to the next one at once (here: rest 0).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from ..addresses.blocks import FAMILIES
from .places import Places
from .supply import Place, Supply

Supplies = Mapping[str, Mapping[str, Supply]]  # pool → family


class Address(NamedTuple):
    """An address of a Service, and the pool that it is counted in."""

    family: str
    value: int
    pool: str


class Rest(NamedTuple):
    """When it ends (seconds of the caller's clock), and which Service had the address."""

    until: float
    owner: str
    pool: str


class Use(NamedTuple):
    """A Service that has an address, and the pool that it has it of."""

    key: str
    pool: str


class Ledger:
    """All addresses in use (``used``: family → address → uses, in the order in which they came) and at rest.

    An address counts in one pool: that of the first use whose pool still holds it.
    """

    def __init__(self, rest: float) -> None:
        self._rest = rest
        self._supplies: Supplies = {}
        self._places = Places(())
        self._ends: list[tuple[float, str, int]] = []
        self._former: dict[str, list[tuple[str, int]]] = {}
        self.used: dict[str, dict[int, tuple[Use, ...]]] = {family: {} for family in FAMILIES}
        self.resting: dict[str, dict[int, Rest]] = {family: {} for family in FAMILIES}

    def configure(self, supplies: Supplies, places: Places, anew: set[str]) -> None:
        """Other pools; those of ``anew`` are counted anew."""
        before = {
            (family, value): self._pool(family, value)
            for family, used in self.used.items()
            for value, uses in used.items()
            if len(uses) > 1  # what has one user counts in that one's pool, wherever it stands
        }
        self._supplies, self._places = supplies, places
        for family, used in self.used.items():
            for value in used:
                pool = self._pool(family, value)
                old = before.get((family, value), pool)
                if pool in anew or pool != old:
                    self._count(pool, family, value, 1)
                if pool != old and old not in anew:
                    self._count(old, family, value, -1)
        for family, resting in self.resting.items():
            for value in resting:
                self._count_rest(family, value, 1, anew)

    def users(self, family: str, value: int) -> tuple[str, ...]:
        """The Services that have an address, in the order in which they came to it."""
        return tuple(use.key for use in self.used[family].get(value, ()))

    def first(self, supply: Supply, family: str) -> Place | None:
        """The first free address of a pool."""
        return supply.first(self.used[family], self.resting[family])

    def take(self, address: Address, key: str) -> None:
        """A Service has the address from now on, of this pool."""
        family, value, pool = address
        before = self.used[family].get(value, ())
        uses = tuple(Use(key, pool) if use.key == key else use for use in before)
        if not any(use.key == key for use in before):
            uses = (*before, Use(key, pool))
        self._put(family, value, uses)
        rest = self.resting[family].pop(value, None)
        if rest is not None:
            self._end(rest, family, value)

    def free(self, address: Address, key: str, now: float) -> bool:
        """A Service has the address no more; the last one leaves it at rest. Whether it was the last one."""
        family, value, _unused = address
        pool = self._pool(family, value)
        others = tuple(use for use in self.used[family][value] if use.key != key)
        self._put(family, value, others)
        if others:
            return False
        if self._rest > 0:
            until = now + self._rest
            self.resting[family][value] = Rest(until, key, pool)
            self._count_rest(family, value, 1)
            self._former.setdefault(key, []).append((family, value))
            heappush(self._ends, (until, family, value))
        else:
            self._offer(family, value)
        return True

    def former(self, key: str, family: str) -> Iterator[int]:
        """The addresses at rest that the Service had, the last one first."""
        return (value for kind, value in reversed(self._former.get(key, ())) if kind == family)

    def expire(self, now: float) -> set[str]:
        """End the rest of those whose time has come. Returns their families."""
        ended = set()
        while self._ends and self._ends[0][0] <= now:
            until, family, value = heappop(self._ends)
            rest = self.resting[family].get(value)
            if rest is not None and rest.until == until:
                del self.resting[family][value]
                self._end(rest, family, value)
                self._offer(family, value)
                ended.add(family)
        return ended

    @property
    def next_end(self) -> float | None:
        """When the next rest ends."""
        while self._ends:
            until, family, value = self._ends[0]
            rest = self.resting[family].get(value)
            if rest is not None and rest.until == until:
                return until
            heappop(self._ends)
        return None

    def _put(self, family: str, value: int, uses: tuple[Use, ...]) -> None:
        """Other uses of an address, counted."""
        before = self._pool(family, value)
        if uses:
            self.used[family][value] = uses
        else:
            del self.used[family][value]
        after = self._pool(family, value)
        if before != after:
            self._count(before, family, value, -1)
            self._count(after, family, value, 1)

    def _pool(self, family: str, value: int) -> str:
        """The pool that an address counts in, empty for one that nobody has."""
        uses = self.used[family].get(value, ())
        if len(uses) > 1:
            holding = self._places.pools(family, value)
            uses = tuple(use for use in uses if use.pool in holding) or uses
        return uses[0].pool if uses else ""

    def _offer(self, family: str, value: int) -> None:
        for pool in self._places.pools(family, value):
            self._supplies[pool][family].offer(value)

    def _end(self, rest: Rest, family: str, value: int) -> None:
        self._count_rest(family, value, -1)
        self._former[rest.owner].remove((family, value))
        if not self._former[rest.owner]:
            del self._former[rest.owner]

    def _count_rest(self, family: str, value: int, step: int, among: Container[str] | None = None) -> None:
        for pool in self._places.pools(family, value):
            supply = self._supplies[pool][family]
            if (among is None or pool in among) and supply.place(value) is not None:
                supply.resting += step

    def _count(self, pool: str, family: str, value: int, step: int) -> None:
        supply = self._supplies.get(pool, {}).get(family)
        if supply is None:
            return
        if step > 0:
            supply.took(value)
        else:
            supply.left(value)
