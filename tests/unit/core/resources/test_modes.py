# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each mode refuses and what it passes over."""

from __future__ import annotations

from typing import Any

import pytest
from manifests import bfd, bgp, community, layer2, peer, pool

from dualstack.findings import ERROR, WARNING
from dualstack.resources import modes
from dualstack.resources.collection import parse
from dualstack.resources.modes import FRR, FRR_K8S, NATIVE, SPEAKER

EVERY = set(modes.MODES)
ROUTER = {"ipv4": ("10.0.1.1", "10.0.1.9"), "ipv6": ("2001:db8::1", "2001:db8::9")}


def told(mode: str, *objects: Any) -> dict[str, str]:
    """Severities by place."""
    resources, findings = parse(objects)
    assert not findings
    return {finding.path: finding.severity for finding in modes.check(resources, mode)}


@pytest.mark.parametrize("family", ROUTER)
@pytest.mark.parametrize(
    ("spec", "field", "refusing", "ignoring"),
    [
        ({"dynamicASN": "external", "peerASN": None}, "dynamicASN", {NATIVE}, set()),
        ({"interface": "eth1", "peerAddress": None}, "interface", {NATIVE}, set()),
        ({"localASN": 64999}, "localASN", {NATIVE}, {FRR_K8S}),
        ({"vrf": "red"}, "vrf", {SPEAKER, NATIVE}, set()),
        ({"bfdProfile": "fast"}, "bfdProfile", {NATIVE}, set()),
        ({"enableGracefulRestart": True}, "enableGracefulRestart", {NATIVE}, set()),
        ({"connectTime": "5s"}, "connectTime", {NATIVE}, set()),
        ({"keepaliveTime": "5s"}, "keepaliveTime", {NATIVE}, set()),
        ({"dualStackAddressFamily": True}, "dualStackAddressFamily", {NATIVE}, set()),
        ({"disableMP": True}, "disableMP", {NATIVE}, EVERY - {NATIVE}),
        ({"ebgpMultiHop": True}, "ebgpMultiHop", set(), {NATIVE}),
        ({"passwordSecret": {"name": "s", "namespace": "n"}}, "passwordSecret.namespace", set(), EVERY),
        ({"holdTime": "9s", "routerID": "10.0.0.1", "passwordSecret": {"name": "s"}}, "", set(), set()),
        ({"keepaliveTime": "0s", "holdTime": "0s"}, "", set(), set()),
        ({"peerPort": 1179, "nodeSelectors": [{"matchLabels": {"a": "b"}}]}, "", set(), set()),
    ],
)
def test_fields_of_peers(family: str, spec: Any, field: str, refusing: set[str], ignoring: set[str]) -> None:
    for mode in modes.MODES:
        found = told(mode, peer("t", **{"address": ROUTER[family][0], **spec}))
        if mode == NATIVE and family == "ipv6" and "interface" not in spec:
            assert found.pop("BGPPeer t: spec.peerAddress") == ERROR
        severity = ERROR if mode in refusing else WARNING if mode in ignoring else None
        assert found == ({f"BGPPeer t: spec.{field}": severity} if severity else {})


@pytest.mark.parametrize("family", ROUTER)
def test_source_addresses(family: str) -> None:
    address, source = ROUTER[family]
    for mode in (SPEAKER, FRR, FRR_K8S):
        found = told(mode, peer("t", address, sourceAddress=source))
        assert found == ({"BGPPeer t: spec.sourceAddress": WARNING} if mode == FRR_K8S else {})


@pytest.mark.parametrize(
    ("objects", "place"),
    [
        ([bfd("fast")], "BFDProfile fast"),
        ([community("c", a="1:1", b="large:1:2:3")], "Community c: spec.communities[1].value"),
        ([bgp(communities=["1:1", "large:1:2:3"])], "BGPAdvertisement bgp: spec.communities[1]"),
        ([pool("p", "192.0.2.0/24", "2001:db8::/64"), bgp()], "IPAddressPool p: spec.addresses[1]"),
        ([pool("p", "2001:db8::/64"), bgp(ipAddressPools=["p"])], "IPAddressPool p: spec.addresses[0]"),
        ([pool("p", "2001:db8::/64"), layer2()], ""),
        ([pool("p", "192.0.2.0/24"), bgp()], ""),
        ([pool("p", "2001:db8::/64"), pool("q", "192.0.2.0/24"), bgp(ipAddressPools=["q"])], ""),
        ([community("c", a="1:1")], ""),
    ],
)
def test_what_native_mode_refuses_beside_peers(objects: list[Any], place: str) -> None:
    assert told(NATIVE, *objects) == ({place: ERROR} if place else {})
    for mode in (SPEAKER, FRR, FRR_K8S):
        assert not told(mode, *objects)


@pytest.mark.parametrize(
    ("spec", "field", "severity"),
    [
        ({"receiveInterval": 49}, "receiveInterval", ERROR),
        ({"transmitInterval": 10}, "transmitInterval", ERROR),
        ({"echoMode": True}, "echoMode", WARNING),
        ({"receiveInterval": 50, "transmitInterval": 1000, "passiveMode": True, "minimumTtl": 250}, "", ""),
    ],
)
def test_what_our_bfd_does_not_do(spec: Any, field: str, severity: str) -> None:
    assert told(SPEAKER, bfd("fast", **spec)) == ({f"BFDProfile fast: spec.{field}": severity} if field else {})
    for mode in (FRR, FRR_K8S):
        assert not told(mode, bfd("fast", **spec))


def test_short_intervals_of_a_stored_profile_are_lengthened() -> None:
    """MetalLB 1.6: with FRR it takes 10 ms; who takes over from it loses no session by that."""
    resources, findings = parse([bfd("fast", receiveInterval=10, transmitInterval=49)], modes.speaker)
    assert {found.path: found.severity for found in findings} == {
        f"BFDProfile fast: spec.{field}": WARNING for field in ("receiveInterval", "transmitInterval")
    }
    assert all("50 ms count" in found.reason for found in findings)
    assert resources.bfd_profiles["fast"].receive_interval == 10


def test_preferences_are_newer_than_the_release() -> None:
    advert = layer2(preferredNodeSelectors=[{"weight": 1, "preference": {}}])
    for mode in modes.METALLB:
        assert told(mode, advert) == {"L2Advertisement l2: spec.preferredNodeSelectors": WARNING}
    assert not told(SPEAKER, advert)
