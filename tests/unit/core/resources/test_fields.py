# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field of every kind is read; the old version of a BGPPeer is converted."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.addresses.blocks import parse as block
from dualstack.findings import ERROR, WARNING
from dualstack.resources import schema
from dualstack.resources.collection import parse
from dualstack.resources.model import (
    Allocation,
    BFDProfile,
    BGPAdvertisement,
    L2Advertisement,
    Peer,
    Pool,
    Preference,
)
from dualstack.resources.selectors import Requirement, Selector

Object = dict[str, Any]

GOLD = {"matchLabels": {"tier": "gold"}}
NEAR = {"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["b", "a"]}]}
GOLD_READ = Selector((Requirement("tier", "In", ("gold",)),))
NEAR_READ = Selector((Requirement("zone", "NotIn", ("a", "b")),))


def metallb(kind: str, spec: Object, version: str = "v1beta1", **metadata: Any) -> Object:
    metadata = {"name": "x", "namespace": "metallb-system", **metadata}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def fields(struct: Any) -> set[str]:
    return {key.name for key in struct.keys}


POOL = {
    "addresses": ["192.0.2.0/24", "2001:db8::1-2001:db8::9"],
    "autoAssign": False,
    "avoidBuggyIPs": True,
    "serviceAllocation": {
        "priority": 5,
        "namespaces": ["shop"],
        "namespaceSelectors": [GOLD],
        "serviceSelectors": [NEAR, {}],
    },
}
ADVERTISEMENT = {
    "ipAddressPools": ["p2", "p1"],
    "ipAddressPoolSelectors": [GOLD],
    "nodeSelectors": [NEAR],
    "serviceSelectors": [GOLD, NEAR],
}
L2 = {
    **ADVERTISEMENT,
    "interfaces": ["eth1", "eth0"],
    "preferredNodeSelectors": [{"weight": 7, "preference": NEAR}],
}
BGP = {
    **{key: value for key, value in ADVERTISEMENT.items() if key != "serviceSelectors"},
    "aggregationLength": 24,
    "aggregationLengthV6": 64,
    "localPref": 200,
    "communities": ["64512:1", "gold", "large:1:2:3"],
    "peers": ["tor2", "tor1"],
}
BFD = {
    "receiveInterval": 100,
    "transmitInterval": 110,
    "echoInterval": 60,
    "detectMultiplier": 4,
    "minimumTtl": 250,
    "echoMode": True,
    "passiveMode": True,
}


def test_a_pool() -> None:
    assert fields(schema.POOL) == set(POOL)
    assert fields(schema.ALLOCATION) == set(POOL["serviceAllocation"])
    resources, findings = parse([metallb("IPAddressPool", POOL, labels={"a": "b"})])
    assert not findings
    blocks = (block("192.0.2.0/24"), block("2001:db8::1-2001:db8::9"))
    allocation = Allocation(5, ("shop",), (GOLD_READ,), (NEAR_READ, Selector()))
    assert resources.pools["x"] == Pool("x", {"a": "b"}, blocks, False, True, allocation)


def test_an_empty_allocation_is_not_none() -> None:
    with_it, _unused = parse([metallb("IPAddressPool", {"addresses": ["2001:db8::/64"], "serviceAllocation": {}})])
    without, _unused = parse([metallb("IPAddressPool", {"addresses": ["2001:db8::/64"]})])
    assert with_it.pools["x"].allocation == Allocation()
    assert without.pools["x"].allocation is None


def test_a_layer_2_advertisement() -> None:
    assert fields(schema.L2_ADVERTISEMENT) == set(L2)
    resources, findings = parse([metallb("L2Advertisement", L2)])
    assert not findings
    assert resources.l2_advertisements["x"] == L2Advertisement(
        "x",
        ("p2", "p1"),
        (GOLD_READ,),
        (NEAR_READ,),
        (GOLD_READ, NEAR_READ),
        interfaces=("eth1", "eth0"),
        preferences=(Preference(7, NEAR_READ),),
    )


def test_a_bgp_advertisement() -> None:
    assert fields(schema.BGP_ADVERTISEMENT) == {*BGP, "serviceSelectors"}
    resources, findings = parse([metallb("BGPAdvertisement", BGP)])
    assert not findings
    assert resources.bgp_advertisements["x"] == BGPAdvertisement(
        "x",
        ("p2", "p1"),
        (GOLD_READ,),
        (NEAR_READ,),
        (),
        lengths={"ipv4": 24, "ipv6": 64},
        local_preference=200,
        communities=("64512:1", "gold", "large:1:2:3"),
        peers=("tor2", "tor1"),
    )


def test_a_bfd_profile() -> None:
    assert fields(schema.BFD_PROFILE) == set(BFD)
    resources, findings = parse([metallb("BFDProfile", BFD)])
    assert not findings
    assert resources.bfd_profiles["x"] == BFDProfile("x", 100, 110, 60, 4, 250, True, True)


# --- peers


def numbered(address: str, source: str) -> Object:
    return {
        "myASN": 64512,
        "peerASN": 64500,
        "localASN": 64999,
        "peerAddress": address,
        "sourceAddress": source,
        "peerPort": 1179,
        "holdTime": "1m30s",
        "keepaliveTime": "10s",
        "connectTime": "7s",
        "routerID": "10.0.0.9",
        "nodeSelectors": [GOLD, NEAR],
        "passwordSecret": {"name": "bgp", "namespace": "elsewhere"},
        "bfdProfile": "fast",
        "enableGracefulRestart": True,
        "ebgpMultiHop": True,
        "vrf": "red",
        "disableMP": True,
        "dualStackAddressFamily": True,
    }


@pytest.mark.parametrize(("address", "source"), [("10.0.1.1", "10.0.1.9"), ("2001:DB8::1", "2001:db8::9")])
def test_a_numbered_peer(address: str, source: str) -> None:
    spec = numbered(address, source)
    assert fields(schema.PEER) == {*spec, "dynamicASN", "interface", "password"}
    resources, findings = parse([metallb("BGPPeer", spec, "v1beta2")])
    assert not findings
    assert resources.peers["x"] == Peer(
        name="x",
        my_asn=64512,
        peer_asn=64500,
        local_asn=64999,
        address=address.lower(),
        source_address=source,
        port=1179,
        hold_time=90,
        keepalive_time=10,
        connect_time=7,
        router_id="10.0.0.9",
        node_selectors=(GOLD_READ, NEAR_READ),
        password_secret="bgp",
        password_secret_namespace="elsewhere",
        bfd_profile="fast",
        graceful_restart=True,
        multihop=True,
        vrf="red",
        disable_mp=True,
        both_families=True,
    )


@pytest.mark.parametrize("dynamic", ["internal", "external"])
def test_an_unnumbered_peer(dynamic: str) -> None:
    spec = {"myASN": 64512, "dynamicASN": dynamic, "interface": "eth1", "password": "hunter2"}
    resources, findings = parse([metallb("BGPPeer", spec, "v1beta2")])
    assert not findings
    peer = resources.peers["x"]
    assert peer == Peer("x", 64512, dynamic_asn=dynamic, interface="eth1", password="hunter2")
    assert peer.internal == (dynamic == "internal")


@pytest.mark.parametrize("field", ["vrf", "bfdProfile", "interface"])
def test_empty_text_is_what_is_not_stated(field: str) -> None:
    spec = {"myASN": 1, "peerASN": 2, "peerAddress": "2001:db8::1"}
    assert parse([metallb("BGPPeer", {**spec, field: ""}, "v1beta2")]) == parse([metallb("BGPPeer", spec, "v1beta2")])


@pytest.mark.parametrize("address", ["10.0.1.1", "2001:db8::1"])
def test_an_old_peer_without_timers_has_them_off(address: str) -> None:
    spec = {"myASN": 64512, "peerASN": 64500, "peerAddress": address, "peerPort": 0}
    resources, findings = parse([metallb("BGPPeer", spec, "v1beta1")])
    assert resources.peers["x"] == Peer(
        "x", 64512, peer_asn=64500, address=address, hold_time=0, keepalive_time=0, port=179
    )
    assert [(finding.id, finding.severity) for finding in findings] == [
        ("old-version", WARNING),
        ("timer-off", WARNING),
        ("timer-off", WARNING),
    ]


def test_an_old_peer_keeps_all_that_it_can_have() -> None:
    spec = {key: value for key, value in numbered("10.0.1.1", "10.0.1.9").items() if key in schema._OLD}
    spec["password"] = "hunter2"
    assert set(spec) == set(schema._OLD)
    resources, findings = parse([metallb("BGPPeer", spec, "v1beta1")])
    assert [finding.id for finding in findings] == ["old-version"]
    assert parse([metallb("BGPPeer", spec, "v1beta2")])[0] == resources


def test_newer_fields_of_an_old_peer_are_dropped() -> None:
    spec = numbered("2001:db8::1", "2001:db8::9")
    resources, findings = parse([metallb("BGPPeer", spec, "v1beta1")])
    assert resources.peers["x"].password_secret is None
    dropped = {finding.path.rpartition(".")[2] for finding in findings if finding.id == "pruned"}
    assert dropped == set(spec) - set(schema._OLD)


@pytest.mark.parametrize("missing", ["myASN", "peerASN", "peerAddress"])
def test_what_an_old_peer_needs(missing: str) -> None:
    spec = {"myASN": 64512, "peerASN": 64500, "peerAddress": "10.0.1.1"}
    del spec[missing]
    resources, findings = parse([metallb("BGPPeer", spec, "v1beta1")])
    assert not resources.peers
    assert [finding.path for finding in findings if finding.severity == ERROR] == [
        f"BGPPeer metallb-system/x: spec.{missing}"
    ]


# --- bounds


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("BFDProfile", "receiveInterval", 9),
        ("BFDProfile", "transmitInterval", 60001),
        ("BFDProfile", "echoInterval", 9),
        ("BFDProfile", "detectMultiplier", 1),
        ("BFDProfile", "minimumTtl", 255),
        ("BGPAdvertisement", "aggregationLength", 33),
        ("BGPAdvertisement", "aggregationLengthV6", 129),
        ("BGPAdvertisement", "localPref", -1),
        ("IPAddressPool", "serviceAllocation", {"namespace": ["a"]}),
        ("L2Advertisement", "preferredNodeSelectors", [{"weight": 101, "preference": {}}]),
    ],
)
def test_what_is_out_of_bounds(kind: str, field: str, value: Any) -> None:
    """MetalLB 3.4.30: BFD bounds again, profile names once."""
    spec = {"addresses": ["2001:db8::/64"]} if kind == "IPAddressPool" else {}
    _unused, findings = parse([metallb(kind, {**spec, field: value})])
    assert [finding.severity for finding in findings] == [ERROR]
    assert f"spec.{field}" in findings[0].path
