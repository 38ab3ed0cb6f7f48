# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fabric document says about the ways of traffic, and how it draws the fabric in text and in boxes."""

from __future__ import annotations

import re
from typing import Any

import fabrics
import observed
import pytest
import reading

from dualstack.document import markdown
from dualstack.document.sketch import lines
from dualstack.page.fold import MOST, fold
from dualstack.plan.build import make

Data = dict[str, Any]
FAMILIES = pytest.mark.parametrize("families", [["ipv4", "ipv6"], ["ipv6", "ipv4"], ["ipv4"], ["ipv6"]], ids="-".join)


def planned(intent: Data, hosts: Data) -> Data:
    plan, findings = make(intent, hosts)
    assert plan is not None, findings
    return plan


def said(plan: Data, advertisement: str) -> str:
    """All that is said about an advertisement."""
    return " ".join(reading.markdown(markdown(plan)).texts[f"advertisement-{advertisement}"])


def of_families(families: list[str]) -> tuple[Data, Data]:
    """The demo in these families only."""
    intent, hosts = fabrics.read("demo")
    intent["cluster"]["families"] = families
    drop = {"ipv4": r"^[\d./-]+$", "ipv6": "^[0-9a-f:./-]*:[0-9a-f:./-]*$"}
    for family in {"ipv4", "ipv6"} - set(families):
        intent, hosts = (_without(data, re.compile(drop[family])) for data in (intent, hosts))
    for service in intent["services"]:
        service.pop("families", None)
    hosts["clients"] = {name: facts for name, facts in hosts["clients"].items() if facts["addresses"]}
    return intent, hosts


def _without(data: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(data, dict):
        return {key: _without(value, pattern) for key, value in data.items()}
    if isinstance(data, list):
        return [_without(item, pattern) for item in data if not (isinstance(item, str) and pattern.match(item))]
    return data


@FAMILIES
def test_prefix_lengths_of_the_families_that_there_are(families: list[str]) -> None:
    lengths = {"ipv4": "IPv4 /32", "ipv6": "IPv6 /128"}
    text = said(planned(*of_families(families)), "staging")
    assert f"as a prefix of its own ({' and '.join(lengths[family] for family in families)})" in text
    assert "3 nodes (node1, node2, node3) announce every VIP of pool staging" in text


@pytest.mark.parametrize(("family", "length", "said_as"), [("ipv4", 27, "IPv4 /27"), ("ipv6", 112, "IPv6 /112")])
def test_aggregates(family: str, length: int, said_as: str) -> None:
    intent, hosts = fabrics.read("demo")
    intent["advertise"][1]["bgp"] = {"aggregation": {family: length}}
    text = said(planned(intent, hosts), "staging")
    assert "as part of an aggregate" in text and said_as in text and "as long as one of its VIPs is in use" in text


def test_preferences_stand_by_as_best_first() -> None:
    intent, hosts = fabrics.read("demo")
    intent["advertise"][0]["bgp"]["local_preference"] = {"br2": 300, "br1": 100, "isp1": 50}
    text = said(planned(intent, hosts), "production")
    assert (
        "In AS 64510 traffic to the VIPs goes down by br2 (local preference 300); when that has no path left, by br1"
        in text
    )
    assert "In AS 65001 the VIPs have isp1 (local preference 50), which no other router is told." in text
    assert "They know the prefixes by the community 64512:100." in text


def test_peers_communities_and_policies_that_narrow() -> None:
    intent, hosts = fabrics.read("demo")
    intent["communities"] = {"backbone": "64512:7"}
    intent["advertise"][1]["bgp"] = {"peers": ["tor1"], "communities": ["backbone", "64512:8"]}
    intent["services"][2]["traffic_policy"] = "Local"
    text = said(planned(intent, hosts), "staging")
    assert "to tor1 alone, and as long as it is in use" in text
    assert "Every prefix carries the communities 64512:7 (backbone), 64512:8." in text
    assert "announce the VIPs of default/shop-staging: fewer paths are no fault" in text


def test_bfd_tells_how_long_a_dead_node_draws_traffic() -> None:
    plan = observed.plan_of("demo")
    plan["bfd_profiles"] = {"fast": {"receive_interval": 50, "transmit_interval": 100, "detect_multiplier": 3}}
    plan["sessions"] = [{**session, "bfd": "fast"} for session in plan["sessions"]]
    assert "after 0.3 s at the most" in " ".join(reading.markdown(markdown(plan)).texts["traffic"])


@FAMILIES
def test_layer2_speaks_of_the_families_that_there_are(families: list[str]) -> None:
    plan = planned(*of_families(families))
    document = reading.markdown(markdown(plan))
    protocols = {"ipv4": "ARP", "ipv6": "NDP"}
    assert f"edge: {' and '.join(protocols[family] for family in families)}" in document.headings
    text = said(plan, "edge")
    assert ("ARP (IPv4)" in text, "gratuitous ARP" in text) == ("ipv4" in families,) * 2
    assert ("neighbour discovery (IPv6)" in text, "unsolicited" in text) == ("ipv6" in families,) * 2


def test_next_hops_on_unnumbered_links_name_the_neighbour() -> None:
    plan = observed.plan_of("unnumbered")
    document = reading.markdown(markdown(plan))
    hops = {line for row in document.table("router-spine", "advertisement") for line in row[3].split("\n")}
    assert hops == {"fe80::%swp1 leaf1", "fe80::%swp2 leaf2"}
    assert "fe80::%eth0 stands for the link-local address" in document.texts["prefixes"][0]


def test_clusters_are_told_apart() -> None:
    plan = observed.plan_of("two-clusters")
    document = reading.markdown(markdown(plan))
    for advert in plan["advertisements"]:
        assert f"of cluster {advert['cluster']} " in said(plan, advert["name"])
    assert [row[1].partition(" of ")[2] for row in document.table("vips", "VIP")] == [
        service["cluster"] for service in plan["services"] for _address in service["addresses"]
    ]
    assert "of cluster" not in said(observed.plan_of("demo"), "staging")


def test_layer2_names_segments_interfaces_and_candidates() -> None:
    plan = observed.plan_of("demo")
    plan["advertisements"][2]["interfaces"] = ["eth1"]
    text = said(plan, "edge")
    assert "one node answers ARP (IPv4) and neighbour discovery (IPv6) on rack1 by the interfaces eth1" in text
    assert "elected, per VIP, among node1, node2" in text


@pytest.mark.parametrize("example", fabrics.names())
def test_the_drawing_in_text_names_every_host_and_connection(example: str) -> None:
    plan = observed.plan_of(example)
    drawn = lines(plan)
    words = set(re.findall(r"[^\s,()]+", " ".join(drawn)))
    assert {*plan["routers"], *plan["nodes"], *plan["clients"]} <= words
    assert max(map(len, drawn)) <= 110
    text = " ".join(drawn)
    for segment in plan["segments"].values():
        if segment["kind"] == "link":
            one, other = segment["members"]
            assert re.search(rf"{one} \(AS \d+\)[^()]* {other}\b|{other} \(AS \d+\)[^()]* {one}\b", text)


def many(nodes: int) -> Data:
    """The demo with more nodes."""
    intent, hosts = fabrics.read("demo")
    for number in range(nodes):
        rack, third = (("rack1", 1), ("rack2", 2))[number % 2]
        addresses = [f"10.0.{third}.{100 + number}", f"2001:db8:dc:{third}::{100 + number}"]
        hosts["nodes"][f"many{number}"] = {"racks": {rack: addresses}}
    return planned(intent, hosts)


def test_nodes_that_stand_alike_share_a_box_when_there_are_many() -> None:
    few = many(MOST - 3)
    assert fold(few) == (few, {})
    plan = many(MOST - 2)
    small, further = fold(plan)
    assert list(small["nodes"]) == ["node1", "node2", "node3"], "node2 stands in both racks"
    gone = {name for names in further.values() for name in names}
    assert sorted([*small["nodes"], *gone]) == sorted(plan["nodes"])
    for name, segment in small["segments"].items():
        assert set(segment["members"]) == set(plan["segments"][name]["members"]) - gone
    assert len(plan["nodes"]) == MOST + 1, "the plan itself stays"
