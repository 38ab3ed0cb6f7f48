# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding what changed gives what deciding from scratch gives, and tells exactly what is different."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from deciding import FACTS, PEER4, PEER6, Object, both, endpoints, metallb, node, on, service
from hypothesis import given as drawn
from hypothesis.strategies import integers

from dualstack.announcing import layer2
from dualstack.announcing.decide import Decider, Decision, decide, nothing
from dualstack.announcing.facts import OF_ALL, OF_LOCAL, UNKNOWN, NodeFacts, Speaker
from dualstack.resources.collection import Collection, key_of
from dualstack.resources.model import Key

EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
SHOP = [{"matchLabels": {"app": "shop"}}]


def variants(chooser: random.Random) -> Object:
    """An object in one of its shapes: few names, so that histories come back to them."""
    kind = chooser.choice(
        [
            "service",
            "service",
            "service",
            "service",
            "slice",
            "slice",
            "node",
            "bgp",
            "layer2",
            "pool",
            "peer",
            "community",
        ]
    )
    number = chooser.randrange(6)
    if kind == "service":
        first = chooser.choice(["192.0.2.%d", "203.0.113.%d"]) % chooser.randrange(1, 5)
        addresses = [first, f"2001:db8:1::{chooser.randrange(1, 4):x}"][: chooser.choice([1, 2, 2])]
        chooser.shuffle(addresses)
        return service(
            f"s{number}",
            *addresses[: chooser.choice([0, 2, 2, 2])],
            labels={"app": chooser.choice(["shop", "mail"])},
            annotations=chooser.choice([{}, {}, {"metallb.io/allow-shared-ip": "x"}]),
            externalTrafficPolicy=chooser.choice(["Local", "Cluster"]),
        )
    if kind == "slice":
        family = chooser.choice(["ipv4", "ipv6"])
        nodes = {f"node{each}": chooser.choice([True, False]) for each in chooser.sample(range(1, 5), 2)}
        return endpoints(f"s{number}", family, nodes, suffix=chooser.choice("ab"))
    if kind == "node":
        labels = chooser.choice([{}, {}, {"zone": "a"}, {EXCLUDE: ""}])
        ready = {"type": "Ready", "status": chooser.choice(["True", "False"])}
        lost = {"type": "NetworkUnavailable", "status": chooser.choice(["True", "False", "False"])}
        address = {"type": "InternalIP", "address": f"10.0.1.{chooser.choice([11, 12])}"}
        found = node(f"node{number + 1}", labels, conditions=[ready, lost], addresses=[address])
        found["metadata"]["annotations"] = chooser.choice([{}, {}, {"baremetal.dualstack/drain": "5"}])
        return found
    chosen: Any = {"nodeSelectors": on("node1", "node3")} if chooser.random() < 0.3 else {}
    if kind in ("bgp", "layer2"):
        chosen.update(chooser.choice([{}, {"ipAddressPools": ["one"]}, {"serviceSelectors": SHOP}]))
    if kind == "bgp":
        chosen.update(chooser.choice([{}, {"communities": ["1:1"]}, {"communities": ["gold"]}, {"localPref": 200}]))
        if "serviceSelectors" not in chosen:
            chosen.update(chooser.choice([{}, {"aggregationLength": 30, "aggregationLengthV6": 126}]))
        return metallb("BGPAdvertisement", f"a{number % 3}", **chosen)
    if kind == "layer2":
        weights = [{"weight": 5, "preference": {"matchLabels": {"zone": "a"}}}]
        chosen.update(chooser.choice([{}, {"interfaces": ["eth1"]}, {"preferredNodeSelectors": weights}]))
        return metallb("L2Advertisement", f"a{number % 3}", **chosen)
    if kind == "pool":
        blocks = chooser.choice([["192.0.2.0/24", "2001:db8:1::/64"], ["192.0.2.0/24"], ["192.0.2.0/31"]])
        return metallb("IPAddressPool", "one", addresses=blocks) if number else POOL_TWO
    if kind == "community":
        value = chooser.choice(["64512:1", "64512:2"])
        return metallb("Community", "names", communities=[{"name": "gold", "value": value}])
    return chooser.choice([PEER4, PEER6, {**PEER4, "spec": {**PEER4["spec"], "dualStackAddressFamily": True}}])


POOL_TWO = metallb("IPAddressPool", "two", addresses=["203.0.113.0/29"])
START = [
    metallb("IPAddressPool", "one", addresses=["192.0.2.0/24", "2001:db8:1::/64"]),
    POOL_TWO,
    PEER4,
    PEER6,
    metallb("BGPAdvertisement", "a0"),
    metallb("L2Advertisement", "a0"),
    *(node(f"node{each}") for each in range(1, 5)),
]


HEARD = Speaker(frozenset({"eth1"}), True)
SPEAKERS = [None, {}, {"node2": HEARD}, {"node2": HEARD, "node3": Speaker(frozenset({"eth2"}), False), "node4": HEARD}]


class Follower:
    """What a link would make of the changes alone."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, Any]] = {"peers": {}, "routes": {}, "layer2": {}, "nodes": {}}

    def follow(self, decision: Decision) -> None:
        for part, items in decision.changes.items():
            assert items, "a part without changes is left out"
            for name, item in items.items():
                assert self.parts[part].get(name) != item, "what is told has changed"
                self.parts[part].pop(name, None)
                if item is not None:
                    self.parts[part][name] = item


def by_service(decision: Decision) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for entry in decision.announcements:
        found.setdefault(entry.service, []).append(entry)
    return found


def history(seed: int, steps: int) -> Iterator[tuple[Decision, Decision, Decision, Follower]]:
    """Random changes; each step as the incremental, the looking and the fresh decider see it."""
    chooser = random.Random(seed)
    collection, steady, looking, follower = Collection(), Decider(), Decider(), Follower()
    touched: list[Key] = []
    put: list[Object] = []
    facts = replace(FACTS, endpoints=OF_LOCAL)
    for given in START:
        collection.put(given)
    for _step in range(steps):
        for _change in range(chooser.choice([1, 1, 1, 3])):
            if put and chooser.random() < 0.2:
                given = put.pop(chooser.randrange(len(put)))
                collection.drop(key_of(given))
            else:
                given = variants(chooser)
                collection.put(given)
                put.append(given)
            touched.append(key_of(given))
        if chooser.random() < 0.03:
            facts = replace(facts, endpoints=chooser.choice([UNKNOWN, OF_LOCAL, OF_ALL]))
        if chooser.random() < 0.02:
            facts = replace(facts, ignore_exclude_label=not facts.ignore_exclude_label)
        if chooser.random() < 0.1:
            facts = replace(facts, speakers=chooser.choice(SPEAKERS))
        resources = collection.resources()
        decision = steady.decide(resources, facts, touched)
        follower.follow(decision)
        yield decision, looking.decide(resources, facts), decide(resources, facts), follower
        touched = []


def check(seed: int, steps: int) -> None:
    known: dict[str, list[Any]] = {}
    for steady, looking, scratch, follower in history(seed, steps):
        remembered = {finding.id for finding in steady.findings} & {"stray-address", "unknown-community"}
        assert follower.parts == steady.desired == looking.desired
        assert by_service(steady) == by_service(looking)
        assert sorted(map(str, steady.findings)) == sorted(map(str, looking.findings))
        if not remembered:
            assert steady.desired == scratch.desired
            assert by_service(steady) == by_service(scratch)
            assert steady.findings == scratch.findings
        assert steady.desired["peers"] == scratch.desired["peers"]
        assert steady.desired["nodes"] == scratch.desired["nodes"]
        now = by_service(steady)
        differing = {key for key in {*now, *known} if now.get(key) != known.get(key)}
        assert differing <= steady.changed
        known = deepcopy(now)


@pytest.mark.parametrize(("enough", "seats"), [(2, 16), (8, layer2.SEATS)])
@pytest.mark.parametrize("seed", range(5))
def test_what_changed_gives_what_scratch_gives(
    seed: int, enough: int, seats: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few candidates told, so that the readiness of few nodes matters, and with as many as there are."""
    monkeypatch.setattr(layer2, "ENOUGH", enough)
    monkeypatch.setattr(layer2, "SEATS", seats)
    check(seed, 150)


@pytest.mark.soak
@drawn(seed=integers(min_value=0))
def test_any_history(seed: int) -> None:
    check(seed, 15)


def test_nothing_changed_tells_nothing() -> None:
    collection, decider = Collection(), Decider()
    for given in [*START, service("s", "192.0.2.1", "2001:db8:1::1")]:
        collection.put(given)
    first = decider.decide(collection.resources(), FACTS)
    assert set(first.changes) == {"peers", "routes", "layer2", "nodes"}
    again = decider.decide(collection.resources(), FACTS)
    assert (again.changes, again.changed) == ({}, frozenset())


@both
def test_one_service_costs_only_itself(family: str) -> None:
    """One Service more is told alone, and no other one is looked at: the mapping refuses to be walked."""

    class Unwalkable(dict):  # type: ignore[type-arg]
        def __iter__(self) -> Any:
            raise AssertionError("walked over all Services")

        items = keys = values = __iter__

    collection, decider = Collection(), Decider()
    for given in [*START, *(service(f"s{each}", f"192.0.2.{each}") for each in range(1, 50))]:
        collection.put(given)
    decider.decide(collection.resources(), FACTS)
    vip = {"ipv4": "192.0.2.99", "ipv6": "2001:db8:1::99"}[family]
    more = service("more", vip)
    collection.put(more)
    resources = collection.resources()
    decision = decider.decide(
        replace(resources, services=Unwalkable(resources.services)), FACTS, [Key("Service", "default", "more")]
    )
    bits = {"ipv4": 32, "ipv6": 128}[family]
    assert {part: list(items) for part, items in decision.changes.items()} == {
        "routes": [f"{vip}/{bits}"],
        "layer2": [vip],
    }
    assert decision.changed == {"default/more"}


def test_a_new_password_changes_its_session_only() -> None:
    collection, decider = Collection(), Decider()
    for given in [*START, service("s", "192.0.2.1")]:
        collection.put(given)
    decider.decide(collection.resources(), FACTS)
    collection.put({**PEER4, "spec": {**PEER4["spec"], "password": "x"}})
    decision = decider.decide(collection.resources(), FACTS, [])
    assert {part: list(items) for part, items in decision.changes.items()} == {"peers": ["tor1-ipv4"]}
    assert decision.changed == frozenset()


def test_readiness_changes_the_nodes_only() -> None:
    collection, decider = Collection(), Decider()
    for given in [*START, service("s", "192.0.2.1")]:
        collection.put(given)
    decider.decide(collection.resources(), FACTS)
    collection.put(node("node2", conditions=[{"type": "Ready", "status": "Unknown"}]))
    decision = decider.decide(collection.resources(), FACTS, [])
    assert decision.changes == {"nodes": {"node2": {"addresses": [], "ready": False}}}


def test_nothing_is_decided_before_anything_is_known() -> None:
    decision = decide(Collection().resources(), NodeFacts("node1"))
    assert decision.desired == nothing().desired == {"peers": {}, "routes": {}, "layer2": {}, "nodes": {}}
    assert (list(nothing().announcements), nothing().findings) == ([], [])
