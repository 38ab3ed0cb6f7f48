# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rendered router accepts and sends, read back from its text as FRR would read it."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from dialects import Frr
from fabrics import plan_of

from dualstack.render import frr

FAMILIES = ["ipv4", "ipv6"]
ALL = {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:c1::/64"}


def session(plan: dict[str, Any], router: str, other: str, family: str) -> str:
    for entry in plan["sessions"]:
        ends = {end["host"]: end["address"] for end in entry["ends"]}
        if set(ends) == {router, other} and family in entry["families"]:
            return str(ends[other])
    raise AssertionError(f"no session {router} {other}")


def inbound(plan: dict[str, Any], router: str, other: str, family: str) -> tuple[Frr, str]:
    view = Frr(frr.render(plan, router))
    return view, view.policy(session(plan, router, other, family), family, "in")


def outbound(plan: dict[str, Any], router: str, other: str, family: str) -> tuple[Frr, str]:
    view = Frr(frr.render(plan, router))
    return view, view.policy(session(plan, router, other, family), family, "out")


VIP = {"ipv4": "192.168.100.1/32", "ipv6": "2001:db8:1::1/128"}
REFUSED = {
    "ipv4": ["192.168.100.0/25", "192.168.100.0/31", "192.168.101.1/32", "10.0.1.200/32", "0.0.0.0/0", "10.0.0.0/8"],
    "ipv6": ["2001:db8:1::/65", "2001:db8:1::/127", "2001:db8:2::1/128", "2001:db8:dc:1::200/128", "::/0"],
}
RACK1 = {"ipv4": "10.0.1.0/24", "ipv6": "2001:db8:dc:1::/64"}
RACK2 = {"ipv4": "10.0.2.0/24", "ipv6": "2001:db8:dc:2::/64"}
PODS = {"ipv4": "10.244.3.0/24", "ipv6": "fd00:10:244:3::/64"}


@pytest.mark.parametrize("family", FAMILIES)
def test_nodes_may_announce_planned_pools_at_planned_length_only(family: str) -> None:
    view, name = inbound(plan_of(), "tor1", "node1", family)
    assert view.passes(name, VIP[family])[0]
    assert [prefix for prefix in [*REFUSED[family], RACK1[family], PODS[family]] if view.passes(name, prefix)[0]] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_nodes_are_sent_nothing(family: str) -> None:
    view, name = outbound(plan_of(), "tor1", "node1", family)
    assert [p for p in [VIP[family], RACK1[family], ALL[family], "::/0"] if view.passes(name, p)[0]] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_from_below_comes_what_lies_below(family: str) -> None:
    view, name = inbound(plan_of(), "br1", "tor1", family)
    assert view.passes(name, VIP[family])[0]
    assert view.passes(name, RACK1[family])[0]
    assert [p for p in [*REFUSED[family], RACK2[family], ALL[family], PODS[family]] if view.passes(name, p)[0]] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_from_above_comes_everything_but_our_own(family: str) -> None:
    view, name = inbound(plan_of(), "br1", "isp1", family)
    assert view.passes(name, ALL[family])[0]
    assert view.passes(name, {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}[family])[0]
    own = [
        VIP[family],
        RACK1[family],
        RACK2[family],
        PODS[family],
        {"ipv4": "10.0.0.2/32", "ipv6": "2001:db8:dc::2/128"}[family],
    ]
    assert [prefix for prefix in own if view.passes(name, prefix)[0]] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_rack_may_be_reached_through_the_router_above(family: str) -> None:
    view, name = inbound(plan_of(), "tor1", "br1", family)
    assert view.passes(name, RACK2[family])[0]
    assert not view.passes(name, RACK1[family])[0]
    assert not view.passes(name, VIP[family])[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_to_above_goes_our_own_alone(family: str) -> None:
    view, name = outbound(plan_of(), "br1", "isp1", family)
    assert view.passes(name, VIP[family])[0]
    assert view.passes(name, RACK2[family])[0]
    assert not view.passes(name, {"ipv4": "203.0.113.0/24", "ipv6": "2001:db8:c2::/64"}[family])[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_routers_beside_us_with_our_asn_share_everything(family: str) -> None:
    plan = plan_of()
    for view, name in (inbound(plan, "br1", "br2", family), outbound(plan, "br1", "br2", family)):
        assert view.passes(name, VIP[family]) == (True, None)
        assert view.passes(name, ALL[family])[0]
    assert f"neighbor {session(plan, 'br1', 'br2', family)} next-hop-self" in frr.render(plan, "br1")


@pytest.mark.parametrize("family", FAMILIES)
def test_routers_beside_us_with_another_asn_get_our_cone(family: str) -> None:
    def change(data: Any, hosts: Any) -> None:
        hosts["routers"]["br2"]["asn"] = 64511

    plan = plan_of(change=change)
    for view, name in (inbound(plan, "br1", "br2", family), outbound(plan, "br1", "br2", family)):
        assert view.passes(name, VIP[family])[0]
        assert view.passes(name, RACK2[family])[0]
        assert not view.passes(name, ALL[family])[0]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("router", "preference"), [("br1", 200), ("br2", 100)])
def test_community_becomes_local_preference(router: str, preference: int, family: str) -> None:
    plan = plan_of()
    community = plan["advertisements"][0]["preferences"][router]["community"]
    view, name = inbound(plan, router, {"br1": "tor1", "br2": "tor2"}[router], family)
    assert view.passes(name, VIP[family], community) == (True, preference)
    assert view.passes(name, VIP[family], "64512:1") == (True, None)
    assert not view.passes(name, REFUSED[family][0], community)[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_rack_router_can_prefer_too(family: str) -> None:
    def change(data: Any, hosts: Any) -> None:
        data["advertise"][0]["bgp"]["local_preference"] = {"tor1": 300}

    plan = plan_of(change=change)
    community = plan["advertisements"][0]["preferences"]["tor1"]["community"]
    view, name = inbound(plan, "tor1", "node1", family)
    assert view.passes(name, VIP[family], community) == (True, 300)


def test_large_communities_for_four_octet_asns() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["node_asn"] = 4200000000

    text = frr.render(plan_of(change=change), "br1")
    assert "bgp large-community-list standard preference-large-4200000000-0-100 seq 5 permit 4200000000:0:100" in text
    assert " match large-community preference-large-4200000000-0-100" in text


@pytest.mark.parametrize("router", ["tor1", "br1", "isp1"])
def test_ipv6_next_hops_are_global(router: str) -> None:
    view = Frr(frr.render(plan_of(), router))
    maps = {line.split()[1] for line in view.lines if line.startswith("route-map from-")}
    for name in maps:
        for clause in view.clauses(name):
            wanted = clause.permit and name.endswith("ipv6")
            assert ("ipv6 next-hop prefer-global" in clause.settings) == wanted


def test_pool_ranges_become_cidrs() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["pools"].append({"name": "odd", "blocks": ["192.168.7.10-192.168.7.12", "2001:db8:7::a-2001:db8:7::c"]})
        data["advertise"].append({"pools": ["odd"], "bgp": {}})

    plan = plan_of(change=change)
    for family, inside, outside in (
        ("ipv4", ["192.168.7.10/32", "192.168.7.12/32"], ["192.168.7.9/32", "192.168.7.13/32", "192.168.7.10/31"]),
        ("ipv6", ["2001:db8:7::a/128", "2001:db8:7::c/128"], ["2001:db8:7::9/128", "2001:db8:7::d/128"]),
    ):
        view, name = inbound(plan, "tor1", "node1", family)
        assert [prefix for prefix in inside if not view.passes(name, prefix)[0]] == []
        assert [prefix for prefix in outside if view.passes(name, prefix)[0]] == []


@pytest.mark.parametrize(
    ("length", "accepted", "refused"),
    [
        (30, ["192.168.100.4/30"], ["192.168.100.4/32", "192.168.100.0/25", "192.168.101.0/30"]),
        (25, ["192.168.100.0/25"], ["192.168.100.1/32", "192.168.100.0/24"]),
        (24, ["192.168.100.0/24"], ["192.168.100.0/25", "192.168.100.1/32"]),
    ],
)
def test_aggregates_are_accepted_at_their_length(length: int, accepted: list[str], refused: list[str]) -> None:
    plan = copy.deepcopy(plan_of())
    plan["advertisements"] = [entry for entry in plan["advertisements"] if entry["name"] == "production"]
    plan["advertisements"][0]["aggregation"]["ipv4"] = length
    view, name = inbound(plan, "tor1", "node1", "ipv4")
    assert [prefix for prefix in accepted if not view.passes(name, prefix)[0]] == []
    assert [prefix for prefix in refused if view.passes(name, prefix)[0]] == []


def test_limits_follow_the_pools_and_have_bounds() -> None:
    text = frr.render(plan_of(), "tor1")
    assert "neighbor 10.0.1.11 maximum-prefix 256 restart 5" in text
    assert "neighbor 2001:db8:dc:1::11 maximum-prefix 4096 restart 5" in text

    def change(data: Any, hosts: Any) -> None:
        data["pools"] = [{"name": "few", "blocks": ["192.168.7.0/30", "2001:db8:7::/126"]}]
        data["advertise"] = [{"pools": ["few"], "bgp": {}}]
        data["services"] = []

    small = frr.render(plan_of(change=change), "tor1")
    assert set(re.findall(r"maximum-prefix (\d+)", small)) == {"100"}


def test_one_more_pool_only_adds_lines() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["pools"].append({"name": "more", "blocks": ["192.168.200.0/24", "2001:db8:200::/64"]})
        data["advertise"].append({"pools": ["more"], "bgp": {}})

    for router in ("tor1", "br1", "isp1"):
        before = frr.render(plan_of(), router).splitlines()
        after = frr.render(plan_of(change=change), router).splitlines()
        assert [line for line in before if line not in after and "maximum-prefix" not in line] == []
        assert len(after) > len(before)


def test_different_asns_at_equal_length_are_used_together_only_where_needed() -> None:
    relax = " bgp bestpath as-path multipath-relax"
    assert relax not in frr.render(plan_of(), "br1").splitlines()

    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["racks"]["rack1"]["routers"].append("tor2")
        hosts["routers"]["tor2"]["asn"] = 64501
        data["fabric"]["links"].append(["br1", "tor2"])

    assert relax in frr.render(plan_of(change=change), "br1").splitlines()


def test_rack_routers_with_one_asn_hear_of_each_other_from_above_alone() -> None:
    allowed = [line.split()[1] for line in frr.render(plan_of(), "tor1").splitlines() if "allowas-in" in line]
    assert allowed == ["172.16.0.6", "2001:db8:ff::6"], "the sessions to br1, in both families"
    assert "allowas-in" not in frr.render(plan_of(), "br1"), "br1 and br2 share an ASN and a session"
    own = plan_of(change=lambda data, hosts: hosts["routers"]["tor2"].update(asn=64501))
    assert "allowas-in" not in frr.render(own, "tor1")


def test_fewer_paths_than_frr_has_are_stated() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["maximum_paths"] = 256

    assert "  maximum-paths 64" in frr.render(plan_of(), "tor1").splitlines()
    assert "  maximum-paths ibgp 64" in frr.render(plan_of(), "tor1").splitlines()
    assert "maximum-paths" not in frr.render(plan_of(change=change), "tor1")


@pytest.mark.parametrize("transport", FAMILIES)
def test_one_session_can_carry_both_families(transport: str) -> None:
    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["sessions"] = f"over-{transport}"

    plan = plan_of(change=change)
    assert session(plan, "tor1", "node1", "ipv4") == session(plan, "tor1", "node1", "ipv6")
    for family in FAMILIES:
        view, name = inbound(plan, "tor1", "node1", family)
        assert name == f"from-node-{family}"
        assert view.passes(name, VIP[family])[0]


def test_secrets_are_named_never_written() -> None:
    plan = plan_of()
    text = frr.render(plan, "tor1")
    assert len(re.findall(r"password @secret:bgp-auth@$", text, re.M)) == text.count("remote-as")

    def change(data: Any, hosts: Any) -> None:
        del data["fabric"]["password"]

    assert "password" not in frr.render(plan_of(change=change), "tor1")


@pytest.mark.parametrize("router", ["isp1", "isp2", "br1", "br2", "tor1", "tor2"])
def test_every_name_that_is_used_is_defined_once_and_the_other_way(router: str) -> None:
    lines = frr.render(plan_of(), router).splitlines()
    used = {line.split()[-1] for line in lines if line.startswith((" match ip", " match community"))}
    listed = {line.split()[2 if "prefix-list" in line else 3] for line in lines if " seq " in line}
    assert used == listed
    attached = {line.split()[3] for line in lines if re.search(r"neighbor \S+ route-map ", line)}
    assert attached == {line.split()[1] for line in lines if line.startswith("route-map ")}
    starts = [line for line in lines if line.startswith(("route-map ", "router bgp", "ip prefix", "ipv6 prefix"))]
    assert len(starts) == len(set(starts))
    assert lines.index(next(line for line in lines if line.startswith("router bgp"))) > max(
        index for index, line in enumerate(lines) if line.startswith("route-map")
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_no_list_has_a_cidr_twice(family: str) -> None:
    """A pool is advertised at two lengths: both are accepted, by two lists with a route map's entry each."""
    plan = copy.deepcopy(plan_of())
    short = {"ipv4": 25, "ipv6": 65}[family]
    plan["advertisements"].append(copy.deepcopy(plan["advertisements"][0]))
    plan["advertisements"][-1]["aggregation"][family] = short
    text = frr.render(plan, "tor1")
    for name in (f"pools-1-{family}", f"pools-2-{family}"):
        cidrs = re.findall(rf"^ip(?:v6)? prefix-list {name} seq \d+ permit (\S+)", text, re.M)
        assert cidrs and len(cidrs) == len(set(cidrs))
    assert f"prefix-list pools-{family} " not in text
    assert re.findall(rf"^route-map from-node-{family} permit (\d+)$", text, re.M) == ["11", "12"]
    view, name = inbound(plan, "tor1", "node1", family)
    block = {"ipv4": "192.168.100.0", "ipv6": "2001:db8:1::"}[family]
    assert view.passes(name, VIP[family])[0] and view.passes(name, f"{block}/{short}")[0]
    assert not view.passes(name, f"{block}/{short + 2}")[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_lists_without_repetition_are_not_split(family: str) -> None:
    assert f"prefix-list pools-{family} seq 5 permit " in frr.render(plan_of(), "tor1")
