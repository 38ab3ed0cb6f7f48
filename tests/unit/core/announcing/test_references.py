# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that name others which are not there: what was in force stays, what never was is left out."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from deciding import BASE, FACTS, FULL, PEER4, PEER6, VIP, Object, both, metallb, run, service

from dualstack.announcing.decide import Decider, Decision
from dualstack.resources.collection import Collection, key_of

PEER = {"ipv4": PEER4, "ipv6": PEER6}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "key", "namespace": "metallb-system"},
    "type": "kubernetes.io/basic-auth",
    "stringData": {"password": "x"},
}
GOLD = metallb("Community", "names", communities=[{"name": "gold", "value": "64512:7"}])
PROFILE = metallb("BFDProfile", "fast")


class Speaker:
    """A decider that is fed object by object."""

    def __init__(self, *objects: Object) -> None:
        self._collection, self._decider = Collection(), Decider()
        for given in objects:
            self._collection.put(given)
        self.decision: Decision = self._decide()

    def put(self, given: Object) -> Decision:
        self._collection.put(given)
        return self._decide()

    def drop(self, given: Object) -> Decision:
        self._collection.drop(key_of(given))
        return self._decide()

    def _decide(self) -> Decision:
        self.decision = self._decider.decide(self._collection.resources(), FACTS, self._collection.touched())
        return self.decision


def state(decision: Decision) -> Any:
    return deepcopy({part: decision.desired[part] for part in ("peers", "routes")})


def ids(decision: Decision) -> set[str]:
    return {finding.id for finding in decision.findings}


def advertisement(**spec: Any) -> Object:
    return metallb("BGPAdvertisement", "prod", **spec)


@both
def test_an_advertisement_stays_as_it_was_while_a_community_of_it_is_unknown(family: str) -> None:
    """MetalLB 3.3.18, 3.5: an alias that is not defined is transient, the last good configuration is kept."""
    vip = VIP[family]
    speaker = Speaker(*BASE, GOLD, service("shop", vip), advertisement(communities=["gold"]))
    good = state(speaker.decision)
    assert [path["communities"] for path in good["routes"][FULL[family]]] == [["64512:7"]]

    speaker.put(advertisement(communities=["gould"], ipAddressPools=["elsewhere"]))
    assert state(speaker.decision) == good
    assert "unknown-community" in ids(speaker.decision)
    assert any("stays as it was" in finding.reason for finding in speaker.decision.findings)

    speaker.put(advertisement(communities=["gold"]))
    assert state(speaker.decision) == good
    assert "unknown-community" not in ids(speaker.decision)

    speaker.drop(GOLD)
    assert state(speaker.decision) == good
    speaker.drop(advertisement())
    assert not speaker.decision.desired["routes"]


@both
@pytest.mark.parametrize(
    ("needed", "spec", "rule"),
    [
        (SECRET, {"passwordSecret": {"name": "key"}}, "no-secret"),
        (PROFILE, {"bfdProfile": "fast"}, "no-bfd-profile"),
    ],
)
def test_a_session_stays_while_its_secret_or_profile_is_gone(
    family: str, needed: Object, spec: dict[str, Any], rule: str
) -> None:
    """MetalLB 3.4.25, 3.4.26: a Secret or BFDProfile that is missing is transient. Deleting the peer ends it."""
    peer = {**PEER[family], "spec": {**PEER[family]["spec"], **spec}}
    objects = [*BASE, service("shop", VIP[family]), advertisement()]
    speaker = Speaker(*objects, needed, peer)
    good = state(speaker.decision)
    name = peer["metadata"]["name"]
    assert name in good["peers"]

    speaker.drop(needed)
    assert state(speaker.decision) == good
    assert rule in ids(speaker.decision)
    speaker.put({**peer, "spec": {**peer["spec"], "holdTime": "30s"}})
    assert state(speaker.decision) == good

    speaker.put(needed)
    assert speaker.decision.desired["peers"][name]["hold_time"] == 30
    speaker.drop(needed)
    speaker.drop(peer)
    assert name not in speaker.decision.desired["peers"]


@both
def test_what_was_never_good_is_left_out(family: str) -> None:
    peer = {**PEER[family], "spec": {**PEER[family]["spec"], "bfdProfile": "fast"}}
    decision = run(*BASE, peer, service("shop", VIP[family]), advertisement(communities=["gold"]))
    assert peer["metadata"]["name"] not in decision.desired["peers"]
    assert not decision.desired["routes"]
    assert {"no-bfd-profile", "unknown-community"} <= ids(decision)
