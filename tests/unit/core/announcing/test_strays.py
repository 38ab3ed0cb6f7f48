# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses whose pool is taken away while Services hold them: announced as before, until the controller has acted.

MetalLB 3.5: a speaker refuses the whole new configuration while an announced address fits none of its pools. Here that
holds for the address alone, and the rest of the new configuration counts at once.
"""

from __future__ import annotations

import pytest
from deciding import FACTS, FULL, NODES, PEER4, PEER6, POOLS, SHOP, VIP, Object, both, metallb, one, service

from dualstack.announcing import reasons
from dualstack.announcing.decide import Decider, Decision
from dualstack.resources.collection import Collection, key_of

KINDS = pytest.mark.parametrize("kind", ["BGPAdvertisement", "L2Advertisement"])


class Live:
    """A cluster that changes."""

    def __init__(self, *objects: Object) -> None:
        self.collection, self.decider = Collection(), Decider()
        self.decision = self.put(*objects)

    def put(self, *objects: Object) -> Decision:
        for given in objects:
            self.collection.put(given)
        return self.decide()

    def drop(self, *objects: Object) -> Decision:
        for given in objects:
            self.collection.drop(key_of(given))
        return self.decide()

    def decide(self) -> Decision:
        self.decision = self.decider.decide(self.collection.resources(), FACTS)
        return self.decision


def start(kind: str) -> Live:
    return Live(*NODES, PEER4, PEER6, POOLS, metallb(kind, "a"), SHOP)


def strays(decision: Decision) -> set[str]:
    return {finding.value for finding in decision.findings if finding.id == "stray-address"}


@both
@KINDS
def test_a_pool_that_is_removed_or_shrinks_is_no_outage(family: str, kind: str) -> None:
    other = {"ipv4": "2001:db8:1::/64", "ipv6": "192.0.2.0/24"}[family]
    for change in (
        lambda live: live.drop(POOLS),
        lambda live: live.put(metallb("IPAddressPool", "prod", addresses=[other])),
    ):
        live = start(kind)
        decision = change(live)
        assert decision.changes == {}
        assert not one(decision, VIP[family]).reason
        assert VIP[family] in strays(decision)


@both
@KINDS
def test_the_address_goes_when_its_service_lets_go_of_it(family: str, kind: str) -> None:
    live = start(kind)
    live.drop(POOLS)
    decision = live.put(service("shop"))
    gone = {"BGPAdvertisement": {"routes": FULL}, "L2Advertisement": {"layer2": VIP}}[kind]
    assert {part: items[gone[part][family]] for part, items in decision.changes.items()} == dict.fromkeys(gone)
    assert not strays(decision)
    decision = live.put(SHOP)
    assert one(decision, VIP[family]).reason == reasons.NO_POOL
    assert decision.changes == {}


@both
def test_the_rest_of_the_new_configuration_counts(family: str) -> None:
    live = start("BGPAdvertisement")
    live.drop(POOLS)
    decision = live.put(metallb("BGPAdvertisement", "a", communities=["1:1"]))
    assert decision.desired["routes"][FULL[family]][0]["communities"] == ["1:1"]
    decision = live.drop(PEER4, PEER6)
    assert not decision.desired["routes"] and not decision.desired["peers"]


@both
def test_another_pool_takes_the_address_over(family: str) -> None:
    live = start("BGPAdvertisement")
    live.drop(POOLS)
    again = metallb("IPAddressPool", "anew", addresses=POOLS["spec"]["addresses"])
    decision = live.put(again)
    assert not strays(decision)
    assert FULL[family] in decision.desired["routes"]
    decision = live.put(metallb("BGPAdvertisement", "a", ipAddressPools=["prod"]))
    assert one(decision, VIP[family]).reason == reasons.NO_ADVERTISEMENT


@both
def test_labels_of_the_lost_pool_still_count(family: str) -> None:
    live = start("BGPAdvertisement")
    live.drop(POOLS)
    gold = metallb("BGPAdvertisement", "a", ipAddressPoolSelectors=[{"matchLabels": {"tier": "gold"}}])
    assert FULL[family] in live.put(gold).desired["routes"]
    iron = metallb("BGPAdvertisement", "a", ipAddressPoolSelectors=[{"matchLabels": {"tier": "iron"}}])
    assert FULL[family] not in live.put(iron).desired["routes"]


@both
def test_a_new_address_without_a_pool_is_not_announced(family: str) -> None:
    live = start("BGPAdvertisement")
    live.drop(POOLS)
    decision = live.put(service("late", {"ipv4": "192.0.2.77", "ipv6": "2001:db8:1::77"}[family]))
    entry = next(entry for entry in decision.announcements if entry.service == "default/late")
    assert entry.reason == reasons.NO_POOL


@both
def test_a_fresh_speaker_knows_nothing_of_it(family: str) -> None:
    """As MetalLB: after a start there is no configuration that fitted."""
    live = start("BGPAdvertisement")
    live.drop(POOLS)
    fresh = Decider().decide(live.collection.resources(), FACTS)
    assert one(fresh, VIP[family]).reason == reasons.NO_POOL
