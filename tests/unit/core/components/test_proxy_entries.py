# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of Services in what nft and iptables list, in both families, and which Services must be among them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from dualstack.components.proof import reading
from dualstack.components.proxy_entries import KEPT, of_iptables, of_nftables, port, sampled, told

NOW = datetime(2026, 5, 6, 12, 0, 0, tzinfo=timezone.utc)
ADDRESSES = {"ipv4": ["10.96.0.10", "10.96.0.11"], "ipv6": ["fd00:96::a", "fd00:96::b"]}


@pytest.mark.parametrize("family", ADDRESSES)
@pytest.mark.parametrize("names", [("udp", "tcp", "sctp"), (17, 6, 132)])
def test_keys_of_maps_with_names_or_numbers_of_protocols(family: str, names: tuple[Any, ...]) -> None:
    first, second = ADDRESSES[family]
    plain = [[{"concat": [first, name, 53]}, {"goto": {"target": "x"}}] for name in names]
    refused = {"elem": {"val": {"concat": [second, names[1], 80]}, "comment": "default/empty"}}
    listed = {"nftables": [{"metainfo": {}}, {"map": {"elem": [*plain, [refused, {"drop": None}]]}}]}
    wanted = {f"{first} udp 53", f"{first} tcp 53", f"{first} sctp 53", f"{second} tcp 80"}
    assert of_nftables(json.dumps(listed)) == wanted
    assert of_nftables('{"nftables": [{"map": {"name": "service-ips"}}]}') == set()


@pytest.mark.parametrize(("family", "length"), [("ipv4", 32), ("ipv6", 128)])
def test_rules_of_iptables(family: str, length: int) -> None:
    first, second = ADDRESSES[family]
    text = f""":KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d {first}/{length} -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp --dport 53 -j A
-A KUBE-SERVICES -d {first}/{length} -p 132 -m comment --comment "default/calls cluster IP" -m sctp --dport 5060 -j B
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-A -d 192.0.2.1/32 -p udp -m comment --comment "x cluster IP" -m udp --dport 99 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -d {second}/{length} -p tcp -m comment --comment "default/empty" -m tcp --dport 80 -j DROP
"""
    assert of_iptables(text) == {f"{first} udp 53", f"{first} sctp 5060", f"{second} tcp 80"}


def test_what_a_node_tells_is_bounded_and_a_sample_is_the_same_everywhere() -> None:
    few = {port("10.0.0.1", "TCP", number) for number in range(KEPT)}
    assert told(few) == {"one_of": 1, "ports": sorted(few)}
    many = {port("fd00::1", 6, number) for number in range(20 * KEPT)}
    found = told(many)
    assert 0 < len(found["ports"]) <= KEPT
    assert set(found["ports"]) == {each for each in many if sampled(each, found["one_of"])}


def service(name: str, made: str = "11:00:00", **more: Any) -> dict[str, Any]:
    namespace, short = name.split("/")
    spec = {
        "type": "ClusterIP",
        "clusterIPs": ["10.96.0.10", "fd00:96:0::a"],
        "ports": [{"port": 53, "protocol": "UDP"}],
    }
    meta = {"namespace": namespace, "name": short, "creationTimestamp": f"2026-05-06T{made}Z"}
    meta["labels"] = more.pop("labels", {})
    return {"metadata": meta, "spec": {**spec, **more}}


def proxied(*services: dict[str, Any], namespace: str = "") -> dict[str, dict[str, str]]:
    return reading.proxied(services, namespace, NOW)


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_each_port_of_each_address_is_expected(kind: str) -> None:
    name = "kube-system/kube-dns"
    assert proxied(service(name, type=kind)) == {
        "ipv4": {"10.96.0.10 udp 53": name},
        "ipv6": {"fd00:96::a udp 53": name},
    }


@pytest.mark.parametrize(
    "other",
    [
        service("a/headless", clusterIPs=["None"]),
        service("a/elsewhere", type="ExternalName", clusterIPs=[]),
        service("a/theirs", labels={"service.kubernetes.io/service-proxy-name": "theirs"}),
        service("a/marked", labels={"service.kubernetes.io/headless": ""}),
        service("a/new", "11:59:59"),
    ],
    ids=lambda other: str(other["metadata"]["name"]),
)
def test_what_kube_proxy_does_not_know_or_not_yet_is_not_expected(other: dict[str, Any]) -> None:
    assert proxied(other) == {"ipv4": {}, "ipv6": {}}


def test_of_a_check_with_a_service_of_its_own_those_before_it_are_expected() -> None:
    """By the clock of the API alone."""
    own = service("dualstack-proof-1/dualstack-proof", "12:30:00")
    found = proxied(own, service("a/before", "12:29:49"), service("a/late", "12:29:55"), namespace="dualstack-proof-1")
    assert set(found["ipv4"].values()) == {"a/before"} == set(found["ipv6"].values())
