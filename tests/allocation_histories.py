# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random histories of a cluster: Services, pools, namespaces, time, writes that arrive or fail, restarts.

A history is a list of steps, each a function of the two worlds that are compared; the same seed makes the same history.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from allocation_oracle import Answer, Oracle, all_of, number

from dualstack.addresses.blocks import parse
from dualstack.allocation.allocator import Allocator
from dualstack.allocation.verdict import ALLOCATED, CLEARED, Verdict
from dualstack.resources.metallb import ranges_of
from dualstack.resources.model import Allocation, Pool
from dualstack.resources.selectors import EXISTS, IN, Requirement, Selector
from dualstack.resources.wishes import ServicePort, ServiceWish

ENTRIES = (
    *("10.0.0.248/29", "10.0.1.0/30", "10.0.1.0/29", "10.0.1.4-10.0.1.6", "10.0.0.254-10.0.1.1", "10.0.1.8/31"),
    *("10.0.1.8-10.0.1.11", "10.0.1.12/30", "10.0.1.255/32", "10.0.0.252/30"),
    *("fd00::/126", "fd00::4/126", "fd00::8-fd00::9", "fd00::4-fd00::7", "fd00::c/127", "fd00::10/128", "fd00::/125"),
)
POOLS = ("a", "b", "c", "d")
NAMESPACES = ("one", "two")
KEYS = tuple((namespace, name) for namespace in NAMESPACES for name in "klmn")
PORTS = ((), (ServicePort(80),), (ServicePort(443),), (ServicePort(80, "UDP"), ServicePort(443)))
ADDRESSES = (
    "10.0.0.249",
    "10.0.1.0",
    "10.0.1.1",
    "10.0.1.5",
    "10.0.1.9",
    "fd00::",
    "fd00::1",
    "fd00::5",
    "fd00::8",
    "10.9.9.9",
)


def selector(key: str, value: str | None) -> Selector:
    return Selector((Requirement(key, EXISTS) if value is None else Requirement(key, IN, (value,)),))


class World:
    """The allocator and the oracle, given the same; ``statuses`` is what a cluster would hold."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.rest = random.choice([0.0, 0.0, 20.0])
        self.load_balancer_class = random.choice([None, None, None, "ours"])
        self.overlaps = random.random() < 0.3
        self.now = 0.0
        self.pools: dict[str, Pool] = {}
        self.namespaces: dict[str, dict[str, str]] = {name: {} for name in NAMESPACES}
        self.unreadable: frozenset[str] = frozenset()
        self.services: dict[str, ServiceWish] = {}
        self.unwritten: dict[str, Verdict] = {}
        self.put_now: set[str] = set()
        self.start()
        for _number in range(random.randint(1, 3)):
            self.change_pool()
        self.configure()

    def start(self) -> None:
        self.allocator = Allocator(self.load_balancer_class, self.rest)
        self.oracle = Oracle(self.load_balancer_class, self.rest)

    # Steps

    def restart(self) -> None:
        """Whoever has just what its status says has it afterwards, perhaps with what was at rest until now."""
        self.settle()
        had = {}
        if not self.unwritten:  # else two may claim an address, which the order of writes prevents
            held = {key: self.allocator.addresses(key) for key in self.services}
            had = {key: w.assigned for key, w in self.services.items() if w.assigned == held[key]}
            left = {text for key, w in self.services.items() if w.problem for text in {*w.assigned} - {*held[key]}}
            had = {key: texts for key, texts in had.items() if not left & {*texts}}  # the same, where one can't be read
        self.start()
        self.unwritten = {}
        self.configure()
        for wish in self.services.values():
            self.put(wish)
        self.settle()
        for key, addresses in had.items():
            now = self.allocator.addresses(key)
            moved = bool(self.services[key].addresses or self.services[key].pool) and len(now) >= len(addresses)
            assert moved or set(addresses) <= set(now), f"{key} had {addresses} before the restart and has {now}"

    def configure(self) -> None:
        self.allocator.configure(self.pools, self.namespaces, self.unreadable)
        self.oracle.configure(self.pools, self.namespaces, self.unreadable)

    def put(self, wish: ServiceWish) -> None:
        self.services[wish.key] = wish
        self.put_now.add(wish.key)
        self.allocator.put(wish)
        self.oracle.put(wish)

    def change_pool(self) -> None:
        random = self.random
        name = random.choice(POOLS)
        pool = self.pools.get(name)
        kind = random.random()
        if pool is None or kind < 0.4:
            pool = self.new_pool(name)
        elif kind < 0.6:
            del self.pools[name]
            self.unreadable = frozenset([name]) if random.random() < 0.15 else frozenset()
            return
        elif kind < 0.7:  # renamed
            del self.pools[name]
            other = random.choice(POOLS)
            if other in self.pools:
                return
            pool = replace(pool, name=other)
        elif kind < 0.8:
            pool = replace(pool, auto_assign=not pool.auto_assign)
        elif kind < 0.9:
            pool = replace(pool, avoid_buggy_ips=not pool.avoid_buggy_ips)
        else:
            pool = replace(pool, pair=random.choice([None, "x"]))
        self.unreadable -= {pool.name}
        self.pools[pool.name] = pool

    def new_pool(self, name: str) -> Pool:
        random = self.random
        texts = random.sample(ENTRIES, random.randint(1, 3))
        if not self.overlaps:
            taken = {a for other in self.pools.values() if other.name != name for a in all_of(other)}
            texts = [text for text in texts if not taken & set(all_of(Pool(name, blocks=(parse(text),))))]
        blocks = tuple(map(parse, texts))
        allocation = None
        if random.random() < 0.35:
            allocation = Allocation(
                priority=random.choice([0, 1, 2]),
                namespaces=tuple(random.choice([(), (), ("one",), ("two",)])),
                namespace_selectors=random.choice([(), (selector("team", "x"),), (selector("team", None),)]),
                service_selectors=random.choice([(), (), (selector("app", "web"),)]),
            )
        return Pool(
            name=name,
            blocks=blocks,
            ranges=ranges_of(texts, blocks),
            auto_assign=random.random() < 0.85,
            avoid_buggy_ips=random.random() < 0.2,
            allocation=allocation,
            pair=random.choice([None, None, "x"]),
            use_edges=random.random() < 0.2,
        )

    def change_namespace(self) -> None:
        self.namespaces = dict(self.namespaces)
        self.namespaces[self.random.choice(NAMESPACES)] = self.random.choice([{}, {"team": "x"}, {"team": "y"}])

    def new_service(self, key: tuple[str, str]) -> ServiceWish:
        random = self.random
        order = random.choice([("ipv4",), ("ipv6",), ("ipv4", "ipv6"), ("ipv6", "ipv4")])
        policy = random.choice(["PreferDualStack", "PreferDualStack", "RequireDualStack"])
        if len(order) == 1:
            policy = random.choice([None, "SingleStack", "PreferDualStack"])
        return ServiceWish(
            namespace=key[0],
            name=key[1],
            labels=random.choice([{}, {"app": "web"}]),
            load_balancer_class=self.load_balancer_class,
            policy=policy,
            families=random.choice([order, order, ()]),
            cluster_families=order,
            **self.asking(),
        )

    def asking(self) -> dict[str, Any]:
        random = self.random
        sharing = random.random() < 0.4
        addresses: tuple[str, ...] = ()
        if random.random() < 0.3:
            picked = random.sample(ADDRESSES, random.randint(1, 2))
            addresses = tuple({number(text)[0]: text for text in picked}.values())
        return {
            "pool": random.choice([None, None, None, *POOLS, "a,b", "b, c", "nowhere", "d,a"]),
            "addresses": addresses,
            "by_field": len(addresses) == 1 and random.random() < 0.2,
            "sharing_key": random.choice(["k", "k", "l", ""]) if sharing else None,
            "traffic_policy": random.choice(["Cluster", "Cluster", "Local"]),
            "selector": random.choice([{}, {"app": "x"}]),
            "ports": random.choice(PORTS),
        }

    def change_service(self) -> None:
        random = self.random
        key = random.choice(KEYS)
        wish, kind = self.services.get("/".join(key)), random.random()
        if wish is None:
            self.put(self.new_service(key))
        elif kind < 0.25:
            del self.services[wish.key]
            self.unwritten.pop(wish.key, None)
            self.allocator.drop(wish.key)
            self.oracle.drop(wish.key)
        elif kind < 0.5:
            new = self.new_service(key)
            self.put(replace(wish, policy=new.policy, families=new.families, cluster_families=new.cluster_families))
        elif kind < 0.8:
            self.put(replace(wish, **self.asking()))
        elif kind < 0.85:
            self.put(replace(wish, load_balancer=not wish.load_balancer))
        elif kind < 0.9:
            self.put(replace(wish, labels={} if wish.labels else {"app": "web"}))
        elif kind < 0.93:
            self.put(replace(wish, problem="" if wish.problem else "can't be read"))
        elif kind < 0.96:  # somebody edits the status
            held = tuple(random.sample(ADDRESSES, random.randint(0, 2)))
            self.put(replace(wish, assigned=held, allocated_from=random.choice([None, wish.allocated_from, "a"])))
        else:
            self.put(replace(wish, ip_mode=random.choice(["VIP", "Proxy"])))

    def trade(self) -> None:
        """Some Services ask for the addresses of each other, in a circle or nearly."""
        random = self.random
        keys = [key for key in sorted(self.services) if self.allocator.addresses(key)]
        keys = random.sample(keys, min(len(keys), random.randint(2, 4)))
        for key, other in zip(keys, keys[1:] + keys[:1]):
            asked = self.allocator.addresses(other)
            self.put(
                replace(self.services[key], addresses=asked, by_field=False, pool=random.choice([None, None, "a"]))
            )

    def write(self) -> None:
        for key in sorted(self.unwritten):
            if self.random.random() < 0.9:
                verdict = self.unwritten.pop(key)
                self.put(written(self.services[key], verdict))

    def step(self) -> None:
        kind = self.random.random()
        if kind < 0.5:
            self.change_service()
        elif kind < 0.55:
            self.trade()
        elif kind < 0.72:
            self.change_pool()
            self.configure()
        elif kind < 0.77:
            self.change_namespace()
            self.configure()
        elif kind < 0.85:
            self.now += self.random.choice([1.0, 10.0, 20.0])
        elif kind < 0.9:
            self.restart()
        elif self.unwritten and kind < 0.93:
            key = self.random.choice(sorted(self.unwritten))
            self.put_now.add(key)
            self.allocator.again(key)
            self.oracle.put(self.services[key])

    # What must hold

    def settle(self) -> None:
        """One turn of both; raises AssertionError where they differ or a law is broken."""
        touched, self.put_now = self.put_now, set()
        before = {key: self.allocator.addresses(key) for key in self.services}
        answers = self.oracle.settle(self.now)
        verdicts = self.allocator.settle(self.now)
        assert [verdict.key for verdict in verdicts] == sorted({verdict.key for verdict in verdicts})
        told = {verdict.key: verdict for verdict in verdicts}
        for key, answer in answers.items():
            self.compare(key, answer, told.get(key), key in touched)
            if key not in touched and before[key] != answer.addresses:
                assert key in told, f"{key}: {answer} is not told"
        waiting, waits = set(self.allocator.waiting()), {key for key, answer in answers.items() if answer.waits}
        assert waiting == waits, f"{sorted(waiting)} wait, {sorted(waits)} should"
        assert_counts(self)
        assert_exclusive(self)
        assert self.allocator.settle(self.now) == [], "a second look has news"
        rests = [until for until, _owner, _address in self.oracle.rests]
        wishes = [self.services[key] for key in waits]
        hoping = any(not wish.problem and self.oracle.may_have_any(wish) for wish in wishes)
        assert self.allocator.due == (min(rests) if rests and hoping else None)
        for verdict in verdicts:
            if verdict.write:
                self.unwritten[verdict.key] = verdict
            elif verdict.key in self.unwritten:
                del self.unwritten[verdict.key]

    def compare(self, key: str, answer: Answer, verdict: Verdict | None, touched: bool) -> None:
        held = self.allocator.addresses(key)
        assert held == answer.addresses, f"{key}: {held} is held, {answer} is right"
        reasons = [] if verdict is None else [event.reason for event in verdict.events]
        assert (ALLOCATED in reasons) == (key in self.oracle.got), f"{key}: {reasons}"
        if key in self.oracle.lost:
            assert CLEARED in reasons, f"{key}: {reasons}"
        if verdict is None:
            assert not (answer.write and touched), f"{key}: {answer} is not told"
        else:
            assert (verdict.addresses, verdict.pools, verdict.write) == answer[:3], (
                f"{verdict} is told, {answer} is right"
            )


def written(wish: ServiceWish, verdict: Verdict) -> ServiceWish:
    """A Service after what a verdict says was written."""
    return replace(
        wish,
        assigned=verdict.addresses,
        allocated_from=verdict.note or None,
        held_mode=verdict.ip_mode if verdict.addresses else "VIP",
        hostnames=False,
        old_annotations=(),
    )


def assert_counts(world: World) -> None:
    """Exact, never negative: what is in use, and what could still be handed out."""
    counts, oracle = world.allocator.counts(), world.oracle
    assert set(counts) == set(world.pools)
    for name, pool in world.pools.items():
        for family in {block.family for block in pool.blocks}:
            counted = {a for held in oracle.has.values() for a, home in held.items() if a[0] == family and home == name}
            used = {address for held in oracle.has.values() for address in held}
            free = [a for a in oracle.hands_out[name] if a[0] == family and a not in used]
            if not world.overlaps:
                assert counts[name][family].assigned == len(counted)
            assert counts[name][family].available == len(free)
            assert counts[name][family].assigned >= 0
            resting = {address for _until, _owner, address in oracle.rests} & set(oracle.hands_out[name])
            supply = world.allocator._holdings.supplies[name][family]
            assert supply.resting == sum(address[0] == family for address in resting)


def assert_exclusive(world: World) -> None:
    """No address twice, unless the users may share it."""
    users: dict[str, list[str]] = {}
    for key in world.services:
        for text in world.allocator.addresses(key):
            users.setdefault(text, []).append(key)
    for text, keys in users.items():
        terms = [Oracle.terms_of(world.services[key]) for key in keys]
        for place, one in enumerate(terms):
            for two in terms[place + 1 :]:
                assert Oracle.agree(one, two), f"{text} is given to {keys}"


def run(seed: int, steps: int = 12) -> None:
    """A history: some steps between two turns, then writes that mostly arrive."""
    world = World(seed)
    for _number in range(steps):
        for _part in range(world.random.randint(1, 3)):
            world.step()
        world.settle()
        if world.random.random() < 0.8:
            world.write()
