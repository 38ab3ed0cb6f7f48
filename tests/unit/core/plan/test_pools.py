# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools: carving, holes, pairs, and who shares an address."""

from __future__ import annotations

from typing import Any

import fabrics
import pytest

from dualstack.addresses import blocks
from dualstack.plan.build import make

SUPERNETS = {"ipv4": "10.77.0.0/24", "ipv6": "fd77:1::/112"}
FAMILIES = ("ipv4", "ipv6")


def planned(*pools: dict[str, Any], services: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    """The plan of the smallest fabric with these pools, all advertised."""
    data, hosts = fabrics.read("small")
    data["pools"] = list(pools)
    data["services"] = list(services)
    data["advertise"] = [{"pools": [pool["name"] for pool in pools], "bgp": {}}]
    data.update(more)
    plan, findings = make(data, hosts)
    assert plan is not None, [str(finding) for finding in findings]
    return plan


def refused(*pools: dict[str, Any], services: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, str]:
    """Path of each error, and its id."""
    data, hosts = fabrics.read("small")
    data["pools"] = list(pools)
    data["services"] = list(services)
    data["advertise"] = [{"pools": [pool["name"] for pool in pools], "bgp": {}}]
    data.update(more)
    plan, findings = make(data, hosts)
    assert plan is None
    return {finding.path: finding.id for finding in findings if finding.severity == "error"}


@pytest.mark.parametrize("family", FAMILIES)
def test_pools_by_size_and_length_share_a_supernet_in_order(family: str) -> None:
    lengths = {"ipv4": 27, "ipv6": 123}
    supernet = SUPERNETS[family]
    plan = planned(
        {"name": "a", "from": [supernet], "size": 20},
        {"name": "b", "from": [supernet], "prefix_length": {family: lengths[family]}},
        {"name": "c", "from": [supernet], "size": 64},
        {"name": "d", "from": [supernet], "size": 1},
    )
    found = [blocks.parse(pool["blocks"][family][0]) for pool in plan["pools"]]
    assert [block.size for block in found] == [32, 32, 64, 1]
    assert [block.first - blocks.parse(supernet).first for block in found] == [0, 32, 64, 128]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_carved_pool_gives_way_to_what_stands_above_it_and_to_nothing_below(family: str) -> None:
    stated = {"name": "stated", "blocks": [{"ipv4": "10.77.0.0/28", "ipv6": "fd77:1::/124"}[family]]}
    carved = {"name": "carved", "from": [SUPERNETS[family]], "size": 16}
    plan = planned(stated, carved)
    assert plan["pools"][1]["blocks"][family] == [{"ipv4": "10.77.0.16/28", "ipv6": "fd77:1::10/124"}[family]]
    assert refused(carved, stated) == {"dualstack.pools[1]": "overlap"}


@pytest.mark.parametrize("family", FAMILIES)
def test_supernets_may_lie_in_each_other(family: str) -> None:
    wide = {"ipv4": "10.77.0.0/23", "ipv6": "fd77:1::/111"}[family]
    plan = planned(
        {"name": "a", "from": [SUPERNETS[family]], "size": 16},
        {"name": "b", "from": [wide], "size": 16},
        {"name": "c", "from": [SUPERNETS[family]], "size": 16},
    )
    found = [blocks.parse(pool["blocks"][family][0]).first - blocks.parse(wide).first for pool in plan["pools"]]
    assert found == [0, 16, 32]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_supernet_that_is_used_up_is_said_at_the_pool(family: str) -> None:
    found = refused(
        {"name": "a", "from": [SUPERNETS[family]], "size": 200 if family == "ipv4" else 40000},
        {"name": "b", "from": [SUPERNETS[family]], "size": 200 if family == "ipv4" else 40000},
    )
    assert found["dualstack.pools[1].size"] == "pool-take"


@pytest.mark.parametrize(
    ("block", "reserve", "left"),
    [
        ("10.77.0.0/24", ["10.77.0.0/25"], ["10.77.0.128-10.77.0.254"]),
        ("10.77.0.0/24", ["10.77.0.1"], ["10.77.0.2-10.77.0.254"]),
        ("10.77.0.0/24", ["10.77.0.2-10.77.0.9"], ["10.77.0.1/32", "10.77.0.10-10.77.0.254"]),
        ("10.77.0.10-10.77.0.20", ["10.77.0.15-10.77.0.16"], ["10.77.0.10-10.77.0.14", "10.77.0.17-10.77.0.20"]),
        ("10.77.0.0/24", ["10.78.0.0/24"], ["10.77.0.0/24"]),
        ("fd77:1::/112", ["fd77:1::/113"], ["fd77:1::8000-fd77:1::ffff"]),
        ("fd77:1::/126", ["fd77:1::2"], ["fd77:1::1/128", "fd77:1::3/128"]),
        ("fd77:1::a-fd77:1::f", ["fd77:1::c"], ["fd77:1::a-fd77:1::b", "fd77:1::d-fd77:1::f"]),
        ("fd77:1::/64", ["fd77:1:0:0:8000::/65"], ["fd77:1::1-fd77:1::7fff:ffff:ffff:ffff"]),
    ],
)
def test_holes_are_cut_out(block: str, reserve: list[str], left: list[str]) -> None:
    plan = planned({"name": "a", "blocks": [block], "reserve": reserve})
    (found,) = plan["pools"][0]["blocks"].values()
    assert found == left


def test_no_service_gets_an_address_of_a_hole() -> None:
    services = tuple({"name": f"s{number}", "pool": "a", "port": 80} for number in range(3))
    plan = planned(
        {"name": "a", "blocks": ["10.77.0.0/28", "fd77:1::/124"], "reserve": ["10.77.0.1-10.77.0.8", "fd77:1::/126"]},
        services=services,
    )
    assert [service["addresses"] for service in plan["services"]] == [
        ["10.77.0.9", "fd77:1::4"],
        ["10.77.0.10", "fd77:1::5"],
        ["10.77.0.11", "fd77:1::6"],
    ]


def test_a_pair_serves_each_family_from_its_pool() -> None:
    pools = ({"name": "four", "blocks": ["10.77.0.0/24"]}, {"name": "six", "blocks": ["fd77:1::/112"]})
    pairs = [{"name": "both", "ipv4": "four", "ipv6": "six"}]
    services = (
        {"name": "a", "pool": "both", "port": 80},
        {"name": "b", "pool": "both", "port": 80, "families": ["ipv6", "ipv4"]},
        {"name": "c", "pool": "both", "port": 80, "addresses": ["10.77.0.9", "fd77:1::9"]},
    )
    plan = planned(*pools, services=services, pairs=pairs)
    assert [service["addresses"] for service in plan["services"]] == [
        ["10.77.0.1", "fd77:1::1"],
        ["fd77:1::2", "10.77.0.2"],
        ["10.77.0.9", "fd77:1::9"],
    ]
    assert {vip["vip"]: vip["pool"] for vip in plan["vips"]}["fd77:1::2"] == "six"


def shared(**second: Any) -> tuple[dict[str, Any], ...]:
    one = {"name": "one", "pool": "a", "sharing_key": "k", "ports": [{"port": 80}]}
    return one, {"name": "two", "pool": "a", "sharing_key": "k", "ports": [{"port": 443}], **second}


POOL = {"name": "a", "blocks": ["10.77.0.0/24", "fd77:1::/112"]}


@pytest.mark.parametrize(
    ("second", "together"),
    [
        ({}, True),
        ({"ports": [{"port": 80, "protocol": "UDP"}, {"port": 81}]}, True),
        ({"ports": [{"port": 80}]}, False),
        ({"sharing_key": "other"}, False),
        ({"traffic_policy": "Local"}, False),
        ({"addresses": ["10.77.0.1", "fd77:1::1"]}, True),
    ],
)
def test_who_shares(second: dict[str, Any], together: bool) -> None:
    plan = planned(POOL, services=shared(**second))
    one, two = plan["services"]
    assert (one["addresses"] == two["addresses"]) is together
    assert together or not set(one["addresses"]) & set(two["addresses"])


@pytest.mark.parametrize("address", ["10.77.0.1", "fd77:1::1"])
def test_a_pinned_address_is_shared_only_with_key_and_free_port(address: str) -> None:
    other = {"10.77.0.1": "fd77:1::77", "fd77:1::1": "10.77.0.77"}[address]
    path = "dualstack.services[1].addresses"
    same_port = shared(addresses=[address, other], ports=[{"port": 80}])
    assert refused(POOL, services=same_port)[path] == "sharing-port"
    no_key = shared(addresses=[address, other], sharing_key="x")
    assert refused(POOL, services=no_key)[path] == "pin-taken"


@pytest.mark.parametrize("short", FAMILIES)
def test_prefer_takes_one_family_when_the_other_is_used_up(short: str) -> None:
    small = {"ipv4": ["10.77.0.1/32", "fd77:1::/112"], "ipv6": ["10.77.0.0/24", "fd77:1::1/128"]}[short]
    services = tuple({"name": f"s{n}", "pool": "a", "port": 80, "policy": "PreferDualStack"} for n in (1, 2))
    plan = planned({"name": "a", "blocks": small}, services=services)
    assert [service["families"] for service in plan["services"]] == [
        ["ipv4", "ipv6"],
        [family for family in FAMILIES if family != short],
    ]
    assert len(plan["services"][1]["addresses"]) == 1
    require = tuple({**service, "policy": "RequireDualStack"} for service in services)
    assert refused({"name": "a", "blocks": small}, services=require)["dualstack.services[1].pool"] == "pool-full"
