# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of allocation once more, by brute force: every address of a pool is looked at, every Service every time.

Shares no code with the allocator but the data that both are given. An address is a pair of family and number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from dualstack.addresses.blocks import Block
from dualstack.resources.model import Pool
from dualstack.resources.wishes import ServiceWish

Address = tuple[str, int]


class Answer(NamedTuple):
    """What is told of a Service: addresses and pools in order, whether they must be written, whether it waits."""

    addresses: tuple[str, ...]
    pools: tuple[str, ...]
    write: bool
    waits: bool


@lru_cache(maxsize=4096)
def number(text: str) -> Address:
    address = ip_address(text)
    return f"ipv{address.version}", int(address)


@lru_cache(maxsize=4096)
def written(address: Address) -> str:
    family, value = address
    return str(ip_address(value if family == "ipv4" else value.to_bytes(16, "big")))


@lru_cache(maxsize=4096)
def all_in(blocks: tuple[Block, ...]) -> frozenset[Address]:
    return frozenset((b.family, value) for b in blocks for value in range(b.first, b.last + 1))


def all_of(pool: Pool) -> frozenset[Address]:
    return all_in(pool.blocks)


class Oracle:
    """``settle`` answers for every Service that is there."""

    def __init__(self, load_balancer_class: str | None, rest: float) -> None:
        self.load_balancer_class, self.rest = load_balancer_class, rest
        self.pools: dict[str, Pool] = {}
        self.namespaces: dict[str, dict[str, str]] = {}
        self.unreadable: frozenset[str] = frozenset()
        self.services: dict[str, ServiceWish] = {}
        self.has: dict[str, dict[Address, str]] = {}  # and the pool
        self.terms: dict[str, Any] = {}
        self.rests: list[tuple[float, str, Address]] = []
        self.served: set[str] = set()  # got something of us since the start
        self.looked: set[str] = set()  # their status may be taken over in the next turn
        self.lost: set[str] = set()
        self.got: set[str] = set()

    # What comes in

    def configure(
        self, pools: dict[str, Pool], namespaces: dict[str, dict[str, str]], unreadable: frozenset[str]
    ) -> None:
        chosen = [p.allocation for p in (*pools.values(), *self.pools.values()) if p.allocation]
        labels_count = any(allocation.namespace_selectors for allocation in chosen)
        if pools != self.pools or unreadable != self.unreadable or (labels_count and namespaces != self.namespaces):
            self.looked |= set(self.services)
        self.pools, self.namespaces, self.unreadable = dict(pools), dict(namespaces), unreadable
        self.hands_out = {name: self.handed_out(pool) for name, pool in pools.items()}

    def put(self, wish: ServiceWish) -> None:
        self.services[wish.key] = wish
        self.looked.add(wish.key)

    def drop(self, key: str) -> None:
        self.services.pop(key, None)

    # What a pool holds and whom it serves

    def pools_with(self, address: Address) -> list[str]:
        return sorted(name for name, pool in self.pools.items() if address in all_of(pool))

    def handed_out(self, pool: Pool) -> list[Address]:
        """What a pool gives to who asks for no address: in order, no edges, nothing that another pool has too."""
        result: list[Address] = []
        for b in pool.blocks:
            values = list(range(b.first, b.last + 1))
            length = len(values)
            cidr = length & (length - 1) == 0 and b.first % length == 0 and b not in pool.ranges
            if cidr and length > 2 and not pool.use_edges:
                values = values[1:-1] if b.family == "ipv4" else values[1:]
            result += [(b.family, value) for value in values]
        good = [a for a in dict.fromkeys(result) if len(self.pools_with(a)) == 1]
        return [a for a in good if not self.is_buggy(pool, a)]

    @staticmethod
    def is_buggy(pool: Pool, address: Address) -> bool:
        return pool.avoid_buggy_ips and address[0] == "ipv4" and written(address).rsplit(".", 1)[1] in ("0", "255")

    def serves(self, pool: Pool, wish: ServiceWish) -> bool:
        rule = pool.allocation
        if rule is None:
            return True
        inside = set(rule.namespaces)
        for name, labels in self.namespaces.items():
            if any(selector.matches(labels) for selector in rule.namespace_selectors):
                inside.add(name)
        if (rule.namespaces or rule.namespace_selectors) and wish.namespace not in inside:
            return False
        return not rule.service_selectors or any(selector.matches(wish.labels) for selector in rule.service_selectors)

    def pair_of(self, pool: Pool) -> list[Pool]:
        others = [self.pools[name] for name in sorted(self.pools) if name != pool.name]
        return [other for other in others if pool.pair and other.pair == pool.pair]

    def named(self, wish: ServiceWish) -> list[str] | None:
        if wish.pool is None:
            return None
        names = [text.strip() for text in wish.pool.split(",")]
        known = [name for name in names if name in self.pools]
        for name in list(known):
            known += [other.name for other in self.pair_of(self.pools[name])]
        return [name for name in dict.fromkeys(known) if self.serves(self.pools[name], wish)]

    def groups(self, wish: ServiceWish) -> list[list[Pool]]:
        named = self.named(wish)
        if named is not None:
            return [[self.pools[name] for name in named]]
        auto = [self.pools[name] for name in sorted(self.pools) if self.pools[name].auto_assign]
        pinned = [pool for pool in auto if pool.allocation and self.serves(pool, wish)]
        first = [pool for pool in pinned if pool.allocation and pool.allocation.priority]
        first.sort(key=lambda pool: pool.allocation.priority if pool.allocation else 0)
        last = [pool for pool in pinned if pool not in first]
        return [group for group in (first + last, [pool for pool in auto if not pool.allocation]) if group]

    # Sharing

    @staticmethod
    def terms_of(wish: ServiceWish) -> Any:
        local = wish.traffic_policy == "Local"
        pods = sorted(wish.selector.items()) if local else None
        return wish.sharing_key, pods, {(port.protocol, port.port) for port in wish.ports}

    @staticmethod
    def agree(one: Any, two: Any) -> bool:
        return bool(one[0]) and one[:2] == two[:2] and not one[2] & two[2]

    def users(self, address: Address, but: str) -> list[str]:
        return [key for key, held in self.has.items() if address in held and key != but]

    def fits_in(self, wish: ServiceWish, address: Address, apart: Iterable[str] = ()) -> bool:
        mine = self.terms_of(wish)
        return all(self.agree(mine, self.terms[key]) for key in self.users(address, wish.key) if key not in apart)

    # Whose Service it is

    def families(self, wish: ServiceWish) -> list[str]:
        there = list(wish.cluster_families)
        return [f for f in wish.families if f in there] + [f for f in there if f not in wish.families]

    def is_ours(self, wish: ServiceWish) -> bool:
        if not wish.load_balancer:
            told = set((wish.allocated_from or "").split(","))
            return wish.key in self.served or self.load_balancer_class is None or bool(told & set(self.pools))
        if wish.load_balancer_class != self.load_balancer_class:
            return False
        if wish.key in self.served or wish.allocated_from is not None or not (wish.assigned or wish.hostnames):
            return True
        if wish.load_balancer_class or wish.pool or (wish.addresses and not wish.by_field):
            return True
        return any(self.pools_with(number(text)) for text in wish.assigned)

    def may_have_any(self, wish: ServiceWish) -> bool:
        if wish.problem:
            return wish.load_balancer
        if not wish.load_balancer or not (self.pools or self.unreadable) or not wish.cluster_families:
            return False
        return wish.policy != "RequireDualStack" or len(wish.cluster_families) == 2

    # What a Service may have

    def pool_for(self, wish: ServiceWish, address: Address) -> str | None:
        noted = (wish.allocated_from or "").split(",")
        there = self.pools_with(address)
        if not there:
            left = [name for name in noted if name in self.unreadable]
            mine = self.has.get(wish.key, {}).get(address)
            return mine if mine in self.unreadable else left[0] if left else None
        fit = [
            name
            for name in there
            if self.serves(self.pools[name], wish) and not self.is_buggy(self.pools[name], address)
        ]
        for name in (self.has.get(wish.key, {}).get(address), *noted):
            if name in fit:
                return name
        return fit[0] if fit else None

    def as_wanted(self, wish: ServiceWish) -> dict[str, Address]:
        """What it has that contradicts nothing that it asks for."""
        named = self.named(wish)
        asked = dict(map(number, wish.addresses))
        result = {}
        for address, pool in self.has.get(wish.key, {}).items():
            family, value = address
            in_named = named is None or pool in self.unreadable or set(named) & {pool, *self.pools_with(address)}
            if in_named and asked.get(family, value) == value:
                result[family] = address
        return result

    def lacks(self, wish: ServiceWish) -> list[str]:
        good = self.as_wanted(wish)
        return [family for family in self.families(wish) if family not in good]

    # One turn

    def settle(self, now: float) -> dict[str, Answer]:
        self.lost, self.got = set(), set()
        self.rests = [entry for entry in self.rests if entry[0] > now]
        self.served &= set(self.services)
        for key in sorted({*self.has, *self.services}):
            wish = self.services.get(key)
            if wish is None or not self.is_ours(wish) or not self.may_have_any(wish):
                self.give(key, {}, now)
        here = [wish for wish in self.services.values() if self.is_ours(wish) and self.may_have_any(wish)]
        here.sort(
            key=lambda wish: (wish.key not in self.has, wish.allocated_from is None, -len(wish.assigned), wish.key)
        )
        for place, wish in enumerate(here):
            self.keep(wish, here[place + 1 :], now)
        self.looked = set()
        self.fill([wish for wish in here if not wish.problem], now)
        return {key: self.answer(wish) for key, wish in self.services.items()}

    def keep(self, wish: ServiceWish, later: list[ServiceWish], now: float) -> None:
        had = self.has.get(wish.key, {})
        families = self.families(wish)
        if wish.problem:
            families = list(dict.fromkeys(family for family, _value in [*had, *map(number, wish.assigned)]))
        stays: dict[Address, str] = {}
        for family in families:
            options = [address for address in had if address[0] == family]
            if wish.key in self.looked:
                options += [number(text) for text in wish.assigned if number(text)[0] == family]
            for address in options:
                pool = self.pool_for(wish, address)
                yielding = [
                    other.key
                    for other in later
                    if other.key in self.looked and self.agree(self.terms_of(wish), self.terms_of(other))
                ]
                if pool is not None and self.fits_in(wish, address, apart=yielding):
                    stays[address] = pool
                    break
        if set(had) - set(stays):
            self.lost |= set() if wish.problem else {wish.key}
        self.give(wish.key, stays, now)

    def give(self, key: str, held: dict[Address, str], now: float) -> None:
        before = self.has.pop(key, {})
        if held:
            order = [] if self.services[key].problem else self.families(self.services[key])
            self.has[key] = {a: held[a] for a in sorted(held, key=lambda a: order.index(a[0]) if order else 0)}
            self.terms[key] = self.terms_of(self.services[key])
            self.served.add(key)
        for address in before:
            if address not in held and not self.users(address, "") and self.rest > 0:
                self.rests.append((now + self.rest, key, address))
        self.rests = [entry for entry in self.rests if not self.users(entry[2], "")]

    def fill(self, here: list[ServiceWish], now: float) -> None:
        here.sort(key=lambda wish: (not wish.addresses, wish.pool is None, wish.key))
        moving = True
        while moving:
            moving = False
            for wish in here:
                found = self.find(wish)
                if found:
                    self.add(wish, found, now)
                    moving = True
            if not moving:
                moving = self.swap(here, now)

    def add(self, wish: ServiceWish, found: dict[Address, str], now: float) -> None:
        replaced = {family for family, _number in found}
        held = {a: pool for a, pool in self.has.get(wish.key, {}).items() if a[0] not in replaced}
        held.update(found)
        self.got.add(wish.key)
        self.give(wish.key, held, now)

    def find(self, wish: ServiceWish) -> dict[Address, str]:
        """What it lacks and can have now."""
        asked = dict(map(number, wish.addresses))
        families, lacks = self.families(wish), self.lacks(wish)
        found: dict[str, tuple[Address, str]] = {}
        for family in lacks:
            if family in asked:
                address = (family, asked[family])
                pool = self.on_request(wish, address)
                if pool:
                    found[family] = (address, pool)
        open_ones = [family for family in lacks if family not in asked]
        if asked and not set(asked) & set(families):
            open_ones = []
        known = {f: self.has[wish.key][a] for f, a in self.as_wanted(wish).items()}
        known.update({family: pool for family, (_address, pool) in found.items()})
        found.update(self.pick(wish, open_ones, known))
        if wish.policy != "PreferDualStack" and wish.key not in self.has and len(found) < len(families):
            return {}
        return dict(found.values())

    def on_request(self, wish: ServiceWish, address: Address, apart: Iterable[str] = ()) -> str | None:
        pool, named = self.pool_for(wish, address), self.named(wish)
        if pool is None or not self.fits_in(wish, address, apart):
            return None
        if named is None or pool in named:
            return pool
        return next((name for name in self.pools_with(address) if name in named), None)

    def free(self, wish: ServiceWish, pool: Pool, family: str) -> tuple[Address, str] | None:
        """The first address of a pool that nobody has or that it may share."""
        resting = {address for _until, _owner, address in self.rests}
        for address in self.hands_out[pool.name]:
            if address[0] == family and address not in resting and self.fits_in(wish, address):
                return address, pool.name
        return None

    def first(self, wish: ServiceWish, pools: Iterable[Pool], family: str) -> tuple[Address, str] | None:
        return next(filter(None, (self.free(wish, pool, family) for pool in pools)), None)

    def beside(self, wish: ServiceWish, name: str) -> list[Pool]:
        """Where the second family is looked for first: the same pool, its pair."""
        if name not in self.pools:
            return []
        pool = self.pools[name]
        near = [pool] + [p for p in self.pair_of(pool) if p.auto_assign or wish.pool is not None or wish.addresses]
        named = self.named(wish)
        return [p for p in near if self.serves(p, wish) and (named is None or p.name in named)]

    def pick(self, wish: ServiceWish, families: list[str], known: dict[str, str]) -> dict[str, tuple[Address, str]]:
        groups = self.groups(wish)
        found: dict[str, tuple[Address, str]] = {}
        for family in families:
            mine = [address for _until, owner, address in self.rests if owner == wish.key and address[0] == family]
            for address in reversed(mine):
                homes = [p.name for group in groups for p in group if address in self.hands_out[p.name]]
                if homes:
                    found[family] = (address, homes[0])
                    break
        rest = [family for family in families if family not in found]
        if len(rest) == 2:
            return dict(self.pick_two(wish, rest, groups))
        for family in rest:
            others = [pool for f, pool in known.items() if f != family] + [
                p for f, (_a, p) in found.items() if f != family
            ]
            near = self.beside(wish, others[0]) if others else []
            got = self.first(wish, [*near, *(pool for group in groups for pool in group)], family)
            if got:
                found[family] = got
        return found

    def pick_two(
        self, wish: ServiceWish, families: list[str], groups: list[list[Pool]]
    ) -> Iterator[tuple[str, tuple[Address, str]]]:
        """Each family has its first group that can serve it; where that is the same, pools and pairs with both win."""
        where = {f: next((i for i, group in enumerate(groups) if self.first(wish, group, f)), None) for f in families}
        one, two = families
        both = [index for index in where.values() if index is not None]
        firsts = {f: self.first(wish, groups[i], f) for f, i in where.items() if i is not None}
        if len(both) == 2 and both[0] == both[1]:
            group = groups[both[0]]
            for pool in group:
                for start, other in ((one, two), (two, one)):
                    got = self.free(wish, pool, start)
                    near = [p for p in self.beside(wish, pool.name) if p in group]
                    second = self.first(wish, near, other) if got else None
                    if got and second:
                        yield start, got
                        yield other, second
                        return
        elif len(both) == 2:
            start, other = (one, two) if both[0] < both[1] else (two, one)
            got = firsts[start]
            assert got is not None
            near = [p for p in self.beside(wish, got[1]) if p in groups[max(both)]]
            firsts[other] = self.first(wish, near, other) or firsts[other]
        for family, found in firsts.items():
            if found:
                yield family, found

    def swap(self, here: list[ServiceWish], now: float) -> bool:
        """Who asks for what others have moves at once with all of them, if all of them ask to go and can."""
        able = {w.key: w for w in here if w.addresses and w.key in self.has and self.lacks(w)}
        for start in sorted(able):
            circle = {start}
            while True:
                blockers = {key: self.blockers(able[key]) for key in circle}
                if any(not found or not found <= set(able) for found in blockers.values()):
                    break
                bigger = circle.union(*blockers.values())
                if bigger == circle:
                    if self.all_go(circle, able):
                        self.go(circle, able, now)
                        return True
                    break
                circle = bigger
        return False

    def wants(self, wish: ServiceWish) -> list[Address]:
        return [number(text) for text in wish.addresses if number(text)[0] in self.families(wish)]

    def blockers(self, wish: ServiceWish) -> set[str]:
        result: set[str] = set()
        for address in self.wants(wish):
            mine = self.terms_of(wish)
            users = {key for key in self.users(address, wish.key) if not self.agree(mine, self.terms[key])}
            if self.on_request(wish, address, apart=users) is None:
                return set()
            result |= users
        return result

    def all_go(self, circle: set[str], able: dict[str, ServiceWish]) -> bool:
        wanted = [address for key in circle for address in self.wants(able[key])]
        if len(wanted) != len(set(wanted)):
            return False
        for key in circle:
            moving = {family for family, _value in set(self.wants(able[key])) - set(self.has[key])}
            stays = {address for address in self.has[key] if address[0] not in moving}
            others = {address for other in circle if other != key for address in self.wants(able[other])}
            if stays & others:
                return False
        return True

    def go(self, circle: set[str], able: dict[str, ServiceWish], now: float) -> None:
        moves: dict[str, dict[Address, str]] = {}
        for key in circle:
            moves[key] = {}
            for address in self.wants(able[key]):
                pool = self.on_request(able[key], address, apart=circle)
                if address not in self.has[key]:
                    assert pool is not None
                    moves[key][address] = pool
        left = {}
        for key in circle:
            families = {family for family, _value in moves[key]}
            left[key] = {a: pool for a, pool in self.has[key].items() if a[0] not in families}
            self.give(key, left[key], now)
        for key in sorted(circle):
            self.add(able[key], moves[key], now)

    # What is told

    def answer(self, wish: ServiceWish) -> Answer:
        held = self.has.get(wish.key, {})
        texts, pools = tuple(map(written, held)), tuple(dict.fromkeys(held.values()))
        ours = self.is_ours(wish) and not wish.problem
        waits = ours and wish.load_balancer and (not self.may_have_any(wish) or bool(self.lacks(wish)))
        if wish.problem:
            waits = self.is_ours(wish) and wish.load_balancer and not held
        if texts:
            old = any(name.startswith("metallb.universe.tf/ip-allocated") for name in wish.old_annotations)
            same = (texts, ",".join(pools), wish.ip_mode) == (wish.assigned, wish.allocated_from, wish.held_mode)
            return Answer(texts, pools, ours and (not same or wish.hostnames or old), waits)
        clear = wish.allocated_from is not None or (bool(wish.assigned) and wish.key in self.served)
        return Answer((), (), ours and clear, waits)
