# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and aggregates that several Services have in common: one owner, gone with the last of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deciding import BASE, FACTS, FULL, VIP, Object, both, endpoints, metallb, on, one, run, service

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decider, Decision
from dualstack.announcing.election import order
from dualstack.announcing.facts import OF_LOCAL
from dualstack.resources import modes, rules
from dualstack.resources.collection import Collection, key_of

NAMES = ["node1", "node2", "node3"]
SHARED = {"metallb.io/allow-shared-ip": "x"}


def sharing(name: str, *addresses: str, **more: Any) -> Object:
    return service(name, *addresses, annotations=SHARED, **more)


def on_each_node(*objects: Object) -> list[Decision]:
    return [run(*BASE, *objects, facts=replace(FACTS, name=name, endpoints=OF_LOCAL)) for name in NAMES]


def candidates(decision: Decision, vip: str) -> set[tuple[str, ...]]:
    return {tuple(name for name, _unused in entry.candidates) for entry in decision.announcements if entry.vip == vip}


@both
def test_services_that_share_an_address_have_the_same_candidates(family: str) -> None:
    """MetalLB 5.1.6: by the same first address. MetalLB 12.10 shared addresses: may be answered by two nodes."""
    objects = [metallb("L2Advertisement", "a"), sharing("one", VIP[family]), sharing("two", VIP[family])]
    for decision in on_each_node(*objects):
        assert candidates(decision, VIP[family]) == {tuple(order(NAMES, VIP[family]))}


@both
def test_one_list_also_where_first_addresses_differ(family: str) -> None:
    """Better than MetalLB 5.1.6, where two nodes would answer: then the address itself decides the order."""
    other = {"ipv4": "ipv6", "ipv6": "ipv4"}[family]
    objects = [metallb("L2Advertisement", "a"), sharing("one", VIP[other], VIP[family]), sharing("two", VIP[family])]
    for decision in on_each_node(*objects):
        assert candidates(decision, VIP[family]) == {tuple(order(NAMES, VIP[family]))}
        assert candidates(decision, VIP[other]) == {tuple(order(NAMES, VIP[other]))}


@both
def test_local_services_that_share_an_address_answer_where_all_are_served(family: str) -> None:
    """Better than MetalLB 5.1.6 (issues 558, 968): different candidates would let two nodes answer."""
    objects = [
        metallb("L2Advertisement", "a"),
        sharing("one", VIP[family], externalTrafficPolicy="Local"),
        sharing("two", VIP[family], externalTrafficPolicy="Local"),
        endpoints("one", family, {"node1": True, "node2": True}),
        endpoints("two", family, {"node2": True, "node3": True}),
    ]
    for decision in on_each_node(*objects):
        assert candidates(decision, VIP[family]) == {("node2",)}
        assert not decision.findings


@both
def test_local_services_that_no_node_serves_together(family: str) -> None:
    objects = [
        metallb("L2Advertisement", "a"),
        sharing("one", VIP[family], externalTrafficPolicy="Local"),
        sharing("two", VIP[family], externalTrafficPolicy="Local"),
        endpoints("one", family, {"node1": True}),
        endpoints("two", family, {"node3": True}),
    ]
    expected = tuple(order(["node1", "node3"], VIP[family]))
    for decision in on_each_node(*objects):
        assert candidates(decision, VIP[family]) == {expected}
        (finding,) = decision.findings
        assert (finding.id, finding.value) == ("shared-endpoints", VIP[family])
        assert "default/one, default/two" in finding.reason


@both
def test_one_without_endpoints_does_not_hinder_the_others(family: str) -> None:
    objects = [
        metallb("L2Advertisement", "a"),
        sharing("one", VIP[family], externalTrafficPolicy="Local"),
        sharing("two", VIP[family]),
    ]
    for decision in on_each_node(*objects):
        told = {entry.service: entry for entry in decision.announcements}
        assert told["default/one"].reason == reasons.NO_ENDPOINTS
        assert len(told["default/two"].candidates) == 3
        assert VIP[family] in decision.desired["layer2"]


@both
def test_one_address_by_different_advertisements(family: str) -> None:
    """Two Services that hold one address without a word of sharing, as a broken status may say."""
    selectors = {name: [{"matchLabels": {"app": name}}] for name in ("one", "two")}
    heavy = [{"weight": 9, "preference": on("node3")[0]}]
    objects = [
        metallb("L2Advertisement", "a", interfaces=["eth1"], serviceSelectors=selectors["one"]),
        metallb(
            "L2Advertisement",
            "b",
            interfaces=["eth2"],
            serviceSelectors=selectors["two"],
            preferredNodeSelectors=heavy,
            nodeSelectors=on("node2", "node3"),
        ),
        service("one", VIP[family], labels={"app": "one"}),
        service("two", VIP[family], labels={"app": "two"}),
    ]
    for decision in on_each_node(*objects):
        (found,) = {entry.candidates for entry in decision.announcements}
        assert found == (("node3", ("eth1", "eth2")), ("node2", ("eth1", "eth2")))


@both
@pytest.mark.parametrize("value", ["x", ""])
def test_shared_addresses_and_service_selectors_do_not_go_together(family: str, value: str) -> None:
    """MetalLB 5.1.2: whoever carries the annotation, even empty, is announced by nobody then."""
    given = service("one", VIP[family], labels={"app": "one"}, annotations={"metallb.io/allow-shared-ip": value})
    advert = metallb("L2Advertisement", "a", serviceSelectors=[{"matchLabels": {"app": "one"}}])
    for decision in on_each_node(given, advert):
        entry = one(decision, VIP[family])
        assert (entry.reason, entry.candidates) == (reasons.SHARED, ())
        assert not decision.desired["layer2"]


@pytest.mark.parametrize(("label", "refused"), [("one", True), ("two", False)])
def test_the_checker_refuses_what_the_speaker_does(label: str, refused: bool) -> None:
    given = sharing("one", VIP["ipv4"], labels={"app": label})
    chosen = metallb("L2Advertisement", "a", serviceSelectors=[{"matchLabels": {"app": "one"}}])
    objects = [*BASE, given, chosen, metallb("L2Advertisement", "b")]
    found = {finding.id for finding in rules.check(objects, modes.SPEAKER)}
    assert ("shared-with-selectors" in found) == refused
    assert one(run(*objects), VIP["ipv4"]).reason == (reasons.SHARED if refused else "")


# --- by count of users


class Live:
    """A cluster that changes."""

    def __init__(self, *objects: Object) -> None:
        self.collection, self.decider = Collection(), Decider()
        for given in objects:
            self.collection.put(given)
        self.decision = self.decider.decide(self.collection.resources(), FACTS)

    def change(self, put: Object | None = None, drop: Object | None = None) -> Decision:
        given = put or drop
        assert given is not None
        if put:
            self.collection.put(put)
        else:
            self.collection.drop(key_of(given))
        self.decision = self.decider.decide(self.collection.resources(), FACTS, [key_of(given)])
        return self.decision


@both
def test_an_aggregate_stays_until_its_last_service_goes(family: str) -> None:
    """MetalLB 6.2: one address in use is enough for the whole aggregate."""
    second = {"ipv4": "192.0.2.9", "ipv6": "2001:db8:1::9"}[family]
    aggregate = {"ipv4": "192.0.2.0/28", "ipv6": "2001:db8:1::/124"}[family]
    advert = metallb("BGPAdvertisement", "a", aggregationLength=28, aggregationLengthV6=124)
    one_, two = service("one", VIP[family]), service("two", second)
    live = Live(*BASE, advert)
    assert set(live.change(put=one_).changes["routes"]) == {aggregate}
    assert live.change(put=two).changes == {}
    assert live.change(drop=one_).changes == {}
    assert live.change(drop=two).changes == {"routes": {aggregate: None}}


@both
def test_a_shared_address_stays_until_its_last_service_goes(family: str) -> None:
    live = Live(*BASE, metallb("L2Advertisement", "a"), metallb("BGPAdvertisement", "a"))
    first, second = sharing("one", VIP[family]), sharing("two", VIP[family])
    assert set(live.change(put=first).changes) == {"routes", "layer2"}
    assert live.change(put=second).changes == {}
    assert live.change(drop=first).changes == {}
    assert live.change(drop=second).changes == {"routes": {FULL[family]: None}, "layer2": {VIP[family]: None}}


@both
def test_who_shares_is_told_that_its_vip_changed(family: str) -> None:
    other = {"ipv4": "ipv6", "ipv6": "ipv4"}[family]
    live = Live(*BASE, metallb("L2Advertisement", "a"), sharing("one", VIP[other], VIP[family]))
    before = one(live.decision, VIP[family]).candidates
    decision = live.change(put=sharing("two", VIP[family]))
    moved = {entry.candidates for entry in decision.announcements if entry.vip == VIP[family]} != {before}
    assert decision.changed == ({"default/one", "default/two"} if moved else {"default/two"})
    assert moved == (order(NAMES, VIP[family]) != order(NAMES, VIP[other]))
