# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB 4.3: Services that share an address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from allocating import DUAL, Cluster, pool, service

FAMILIES = ("ipv4", "ipv6")
BLOCK = {"ipv4": "192.0.2.0/29", "ipv6": "2001:db8::/125"}
FIRST = {"ipv4": "192.0.2.1", "ipv6": "2001:db8::1"}
SECOND = {"ipv4": "192.0.2.2", "ipv6": "2001:db8::2"}


def pair(family: str, first: dict[str, Any], second: dict[str, Any]) -> Cluster:
    """Two Services that ask for the same address; the first one has it."""
    cluster = Cluster(pool("a", BLOCK[family]))
    for name, fields in (("k", first), ("l", second)):
        cluster.put(service(name, (family,), addresses=(FIRST[family],), **fields))
    assert cluster.held("k") == [FIRST[family]]
    return cluster


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({"ports": (80,)}, {"ports": (81,)}, "no sharing key"),
        ({"sharing_key": "x"}, {"sharing_key": "y", "ports": (81,)}, "no sharing key"),
        ({"sharing_key": ""}, {"sharing_key": "", "ports": (81,)}, "no sharing key"),
        ({"sharing_key": "x"}, {"sharing_key": "x"}, "both have port 80/TCP"),
        (
            {"sharing_key": "x"},
            {"sharing_key": "x", "ports": (81,), "traffic_policy": "Local"},
            "same externalTrafficPolicy",
        ),
        (
            {"sharing_key": "x", "traffic_policy": "Local", "selector": {"app": "k"}},
            {"sharing_key": "x", "traffic_policy": "Local", "selector": {"app": "l"}, "ports": (81,)},
            "same selector",
        ),
    ],
)
def test_who_may_not_share(family: str, first: dict[str, Any], second: dict[str, Any], why: str) -> None:
    """MetalLB 4.3: the same key, not empty; the same pods for Local; no port in common. The event says which."""
    cluster = pair(family, first, second)
    assert cluster.held("l") == []
    assert f"{FIRST[family]} is in use by default/k" in cluster.message("l") and why in cluster.message("l")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "fields",
    [
        {"traffic_policy": "Cluster", "selector": {"app": "l"}},
        {"traffic_policy": "Local", "selector": {"b": "2", "a": "1"}},
    ],
)
def test_who_may_share(family: str, fields: dict[str, Any]) -> None:
    """MetalLB 4.3: the selector counts for Local only, and not its order.

    MetalLB 2 allow-shared-ip: any text that is not empty is a key.
    """
    first = {**fields, "selector": {"a": "1", "b": "2"}}
    cluster = pair(family, {"sharing_key": "x", **first}, {"sharing_key": "x", "ports": (81,), **fields})
    assert cluster.held("l") == [FIRST[family]]
    assert cluster.allocator.counts()["a"][family] == (1, {"ipv4": 5, "ipv6": 6}[family]), "it counts once"


def test_protocols_are_different_ports() -> None:
    """MetalLB 4.3: 53/TCP and 53/UDP do not clash; namespaces do not matter."""
    cluster = Cluster(pool("a", "192.0.2.1/32"), namespaces={"default": {}, "other": {}})
    cluster.put(service("dns", ("ipv4",), sharing_key="dns", ports=(53,)))
    [port] = cluster.wishes["default/dns"].ports
    udp = service("other/dns", ("ipv4",), sharing_key="dns")
    cluster.put(replace(udp, ports=(port._replace(protocol="UDP"),)))
    assert cluster.held("other/dns") == cluster.held("dns") == ["192.0.2.1"]


@pytest.mark.parametrize("family", FAMILIES)
def test_first_free_or_shareable_address(family: str) -> None:
    """MetalLB 4.3: without a requested address the first one in order that is free or can be shared.

    So a lower address that was freed is taken before one that could be shared.
    """
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("k", (family,)))
    cluster.put(service("l", (family,), sharing_key="x"))
    cluster.put(service("m", (family,), sharing_key="x", ports=(81,)))
    assert cluster.held("l") == cluster.held("m") == [SECOND[family]]
    cluster.drop("k")
    cluster.put(service("n", (family,), sharing_key="x", ports=(82,)))
    assert cluster.held("n") == [FIRST[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_full_pool_is_shared(family: str) -> None:
    """MetalLB 4.3, 4.4: who waits is served when somebody comes to share."""
    single = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8::1/128"}[family]
    cluster = Cluster(pool("a", single))
    cluster.put(service("k", (family,)))
    cluster.put(service("l", (family,), sharing_key="x", ports=(81,)))
    assert cluster.held("l") == []
    cluster.change("k", sharing_key="x")
    assert cluster.held("l") == cluster.held("k") == [FIRST[family]]


@pytest.mark.parametrize("family", FAMILIES)
def test_sole_user_changes_its_key(family: str) -> None:
    """MetalLB 4.3: in place."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("k", (family,), sharing_key="x"))
    cluster.change("k", sharing_key="y")
    assert cluster.held("k") == [FIRST[family]] and cluster.reasons("k") == ["IPAllocated"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fields", [{"sharing_key": "y"}, {"ports": ()}, {"traffic_policy": "Local"}])
def test_one_of_two_users_changes(family: str, fields: dict[str, Any]) -> None:
    """MetalLB 4.3: who changes so that it can share no more is moved; the other one keeps the address."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(service("k", (family,), sharing_key="x", ports=(80,)))
    cluster.put(service("l", (family,), sharing_key="x", ports=(81,)))
    if "ports" in fields:
        fields = {"ports": cluster.wishes["default/k"].ports}
    cluster.change("l", **fields)
    assert cluster.held("k") == [FIRST[family]] and cluster.held("l") == [SECOND[family]]
    assert cluster.reasons("l") == ["IPAllocated", "ClearAssignment", "IPAllocated"]


@pytest.mark.parametrize("family", FAMILIES)
def test_all_users_change_their_key_at_once(family: str) -> None:
    """MetalLB 4.3 moves the first one that it looks at; here nobody, when all of them change in one turn."""
    cluster = Cluster(pool("a", BLOCK[family]))
    cluster.put(*(service(name, (family,), sharing_key="x", ports=(port,)) for name, port in (("k", 80), ("l", 81))))
    cluster.put(*(service(name, (family,), sharing_key="y", ports=(port,)) for name, port in (("k", 80), ("l", 81))))
    assert cluster.held("k") == cluster.held("l") == [FIRST[family]]
    cluster.put(service("m", (family,), sharing_key="y", ports=(82,)), service("n", (family,), sharing_key="x"))
    assert cluster.held("m") == [FIRST[family]] and cluster.held("n") == [SECOND[family]]


def test_both_addresses_must_pass() -> None:
    """MetalLB 4.3: each address of a dual-stack Service is shared for itself; here the other one may differ."""
    cluster = Cluster(pool("a", "192.0.2.0/29", "2001:db8::/125"))
    cluster.put(service("k", ("ipv4",), sharing_key="x", ports=(80,)))
    cluster.put(service("l", DUAL, sharing_key="x", ports=(81,)))
    assert cluster.held("l") == ["192.0.2.1", "2001:db8::1"]
    cluster.change("l", ports=cluster.wishes["default/k"].ports)
    assert cluster.held("l") == ["192.0.2.2", "2001:db8::1"], "MetalLB gives up the IPv6 address as well"


@pytest.mark.parametrize("family", FAMILIES)
def test_last_user_frees(family: str) -> None:
    """MetalLB 4.3: an address is free when its last user is gone, and its ports are when theirs is."""
    cluster = pair(family, {"sharing_key": "x"}, {"sharing_key": "x", "ports": (81,)})
    cluster.put(service("m", (family,), sharing_key="x", ports=(80,), addresses=(FIRST[family],)))
    assert cluster.held("m") == []
    cluster.drop("k")
    assert cluster.held("m") == [FIRST[family]]
    for name in "lm":
        assert cluster.allocator.counts()["a"][family].assigned == 1
        cluster.drop(name)
    assert cluster.allocator.counts()["a"][family].assigned == 0
