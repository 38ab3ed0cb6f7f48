# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Six cuts of the evidence chain: exactly the link that is cut turns red, in exactly the family that it concerns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from driver import Fabric, breaks

from dualstack.announcing.expected import expected

pytestmark = [pytest.mark.root, pytest.mark.lab]

FAMILIES = ("ipv4", "ipv6")
FAMILY = pytest.mark.parametrize("family", FAMILIES)


@contextmanager
def mended(fabric: Fabric) -> Iterator[None]:
    """Afterwards all evidence is green again: a router that starts takes its time, and what it causes looks alike.

    What the other cuts leave is seen by the next test, which waits until nothing is red but what it has cut itself.
    """
    try:
        yield
    finally:
        fabric.settle()


def configure(fabric: Fabric, router: str, *lines: str) -> None:
    """Type lines into a router's configuration mode."""
    fabric.on(router, "vtysh", "-c", "configure terminal", *(word for line in lines for word in ("-c", line)))


def vip_of(fabric: Fabric, service: str, family: str) -> dict[str, Any]:
    found = [vip for vip in expected(fabric.plan()) if vip["service"] == service and vip["family"] == family]
    return dict(found[0])


def red_until(fabric: Fabric, expected: dict[tuple[str, str], set[str]], attempts: int = 12) -> dict[str, Any]:
    """The evidence once it shows ``expected``: routers apply a policy, or miss a peer, some seconds late."""
    for _attempt in range(attempts):
        evidence = fabric.evidence()
        if breaks(evidence) == expected:
            return evidence
        time.sleep(3)
    assert breaks(evidence) == expected
    raise AssertionError


@FAMILY
def test_a_route_map_that_does_not_match(fabric: Fabric, family: str) -> None:
    entry = f"route-map from-below-{family} permit 10"
    configure(fabric, "br1", entry, "match community nothing-has-this")
    try:
        evidence = red_until(fabric, {("bgp", family): {"bgp table"}})
        red = {vip["service"] for vip in evidence["vips"] if vip["state"] == "red"}
        assert red == {"default/shop", "default/pay"}, "only the pool with a preference depends on the route map"
    finally:
        fabric.playbook("site").require()


@pytest.mark.soak
def test_a_router_without_its_daemon(fabric: Fabric) -> None:
    with mended(fabric):
        fabric.on("br1", "systemctl", "stop", "frr.service")
        try:
            evidence = red_until(
                fabric,
                {
                    ("bgp", "ipv4"): {"bgp table"},
                    ("bgp", "ipv6"): {"bgp table"},
                    ("layer2", "ipv4"): {"answers"},
                    ("layer2", "ipv6"): {"answers"},
                },
            )
            reasons = [
                link["reason"] for vip in evidence["vips"] for link in vip["links"] if link["link"] == "bgp table"
            ]
            assert all("br1" in reason for reason in reasons)
        finally:
            fabric.on("br1", "systemctl", "start", "frr.service")


@pytest.mark.soak
def test_a_rack_s_router_without_its_daemon_is_named_first(fabric: Fabric) -> None:
    with mended(fabric):
        fabric.on("tor1", "systemctl", "stop", "frr.service")
        try:
            bgp = {("bgp", family): {"announced"} for family in FAMILIES}
            layer2 = {("layer2", family): {"answers"} for family in FAMILIES}
            evidence = red_until(fabric, {**bgp, **layer2})
            red = [link for vip in evidence["vips"] for link in vip["links"] if link["state"] == "red"]
            assert all(link["reason"].startswith("tor1 could not be asked: bgpd does not answer.") for link in red)
            assert not any("password" in link["reason"] for link in red)
            assert {link["places"]["tor1"] for link in red} == {"red"}
        finally:
            fabric.on("tor1", "systemctl", "start", "frr.service")


def test_a_stopped_speaker_beside_a_wire_that_goes_on(fabric: Fabric) -> None:
    fabric.on("node3", "systemctl", "stop", "dualstack-speaker.service")
    try:
        evidence = red_until(fabric, {("bgp", family): {"announced"} for family in FAMILIES})
        (reason,) = {link["reason"] for vip in evidence["vips"] for link in vip["links"] if link["reason"]}
        assert reason.startswith("node3: the process speaker does not answer, but wire goes on without it")
    finally:
        fabric.on("node3", "systemctl", "start", "dualstack-speaker.service")


@pytest.mark.soak
@FAMILY
def test_a_wrong_password_on_one_side(fabric: Fabric, family: str) -> None:
    address = fabric.plan()["segments"]["rack1"]["members"]["node1"]["addresses"][family]
    configure(fabric, "tor1", "router bgp 64500", f"neighbor {address} password not-the-password")
    try:
        evidence = red_until(fabric, {("bgp", family): {"announced"}})
        reasons = [link["reason"] for vip in evidence["vips"] for link in vip["links"] if link["state"] == "red"]
        assert reasons and all("node1" in reason for reason in reasons)
    finally:
        configure(fabric, "tor1", "router bgp 64500", f"neighbor {address} password {fabric.secret('bgp-auth')}")


@pytest.mark.soak
def test_a_service_that_is_stopped(fabric: Fabric) -> None:
    nodes = list(fabric.plan()["nodes"])
    for node in nodes:
        fabric.on(node, "systemctl", "stop", "lab-backend.service")
    try:
        expected = {(mode, family): {"answers"} for mode in ("bgp", "layer2") for family in FAMILIES}
        red_until(fabric, expected)
    finally:
        for node in nodes:
            fabric.on(node, "systemctl", "start", "lab-backend.service")


@FAMILY
def test_a_service_that_is_unreachable_in_one_family(fabric: Fabric, family: str) -> None:
    nodes = list(fabric.plan()["nodes"])
    rule = {"ipv4": "meta nfproto ipv4 tcp dport 80 drop", "ipv6": "meta nfproto ipv6 tcp dport 80 drop"}[family]
    for node in nodes:
        filtered(fabric, node, rule)
    try:
        red_until(fabric, {("bgp", family): {"answers"}, ("layer2", family): {"answers"}})
    finally:
        for node in nodes:
            fabric.on(node, "nft", "delete", "table", "inet", "cut")


@FAMILY
def test_blocked_neighbour_resolution(fabric: Fabric, family: str) -> None:
    addresses = [vip["vip"] for vip in fabric.plan()["vips"] if vip["mode"] == "layer2" and vip["family"] == family]
    if family == "ipv6":
        # The target of a neighbour advertisement stands 8 octets into it; the demo's pool is 2001:db8:dc:1::2xx.
        filtered(fabric, "tor1", "icmpv6 type nd-neighbor-advert @th,64,120 0x20010db800dc000100000000000002 drop")
    else:
        fabric.on("tor1", "nft", "add table arp cut")
        fabric.on("tor1", "nft", "add chain arp cut input { type filter hook input priority 0; }")
        for address in addresses:
            fabric.on("tor1", "nft", f"add rule arp cut input arp saddr ip {address} drop")
    try:
        for address in addresses:
            fabric.on("tor1", "sh", "-c", f"ip neigh flush to {address}")
        red_until(fabric, {("layer2", family): {"neighbour"}})
    finally:
        fabric.on("tor1", "nft", "delete", "table", "inet" if family == "ipv6" else "arp", "cut")


@pytest.mark.soak
@FAMILY
def test_a_next_hop_that_is_missing(fabric: Fabric, family: str) -> None:
    vip = vip_of(fabric, "default/pay", family)
    ip = ["ip", "-4" if family == "ipv4" else "-6"]
    keep = vip["routers"]["tor1"]["next_hops"][0]
    with mended(fabric):
        fabric.on("tor1", *ip, "route", "replace", vip["prefix"], "via", keep, "proto", "bgp", "metric", "20")
        try:
            evidence = red_until(fabric, {("bgp", family): {"fib"}})
            assert [row["vip"] for row in evidence["vips"] if row["state"] == "red"] == [vip["vip"]]
        finally:
            fabric.on("tor1", *ip, "route", "del", vip["prefix"])
            fabric.on("tor1", "systemctl", "restart", "frr.service")


def filtered(fabric: Fabric, host: str, rule: str) -> None:
    """Drop what ``rule`` matches on its way into ``host``."""
    fabric.on(host, "nft", "add table inet cut")
    fabric.on(host, "nft", "add chain inet cut input { type filter hook input priority 0; }")
    fabric.on(host, "nft", f"add rule inet cut input {rule}")
