# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions: terms of peer groups, unnumbered links, reflectors, peers that are known by address, clusters."""

from __future__ import annotations

from typing import Any

import fabrics
import pytest

from dualstack.plan.build import make


def planned(example: str, **fabric: Any) -> dict[str, Any]:
    """The plan of an example with these parts of its fabric in place of its own."""
    data, hosts = fabrics.read(example)
    data["fabric"].update(fabric)
    plan, findings = make(data, hosts)
    assert plan is not None, [str(finding) for finding in findings]
    return plan


def session(plan: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in plan["sessions"] if each["name"] == name)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_peer_group_replaces_what_it_states_and_nothing_else(family: str) -> None:
    plan = planned("leaf-spine")
    nodes = session(plan, f"node1--leaf1a--{family}")
    assert nodes["peer_group"] == "nodes"
    assert nodes["timers"] == {"keepalive": 3, "hold": 9, "connect": 2}
    assert nodes["password"] == {"secret": "bgp-nodes"}
    assert nodes["bfd"] is None
    uplink = session(plan, f"border1--internet--{family}")
    assert uplink["timers"] == {"keepalive": 20, "hold": 60, "connect": 5}
    assert uplink["password"] is None
    fabric = session(plan, "leaf1a--spine1--ipv6")
    assert (fabric["bfd"], fabric["families"], fabric["password"]) == (
        "fast",
        ["ipv4", "ipv6"],
        {"secret": "bgp-fabric"},
    )
    assert not [each for each in plan["sessions"] if each["name"] == "leaf1a--spine1--ipv4"]
    assert plan["bfd_profiles"]["fast"]["receive_interval"] == 100


def test_an_unnumbered_link_is_one_session_for_both_families_without_addresses() -> None:
    plan = planned("unnumbered")
    found = session(plan, "leaf1--spine--unnumbered")
    assert found["families"] == ["ipv4", "ipv6"] and found["unnumbered"]
    assert [(end["host"], end["address"], end["interface"]) for end in found["ends"]] == [
        ("leaf1", None, "swp9"),
        ("spine", None, "swp1"),
    ]
    assert plan["segments"]["spine--leaf1"]["networks"] == {}
    for family in ("ipv4", "ipv6"):
        assert plan["routes"]["web"][family]["routers"]["spine"]["next_hops"] == ["fe80::%swp1", "fe80::%swp2"]


def test_a_link_to_a_node_is_a_session_of_the_node() -> None:
    plan = planned("unnumbered")
    found = session(plan, "node2--leaf2--unnumbered")
    assert (found["kind"], found["families"], found["segment"]) == ("node", ["ipv4", "ipv6"], "leaf2--node2")
    assert [(end["tier"], end["address"], end["interface"]) for end in found["ends"]] == [
        (-1, None, "uplink"),
        (0, None, "swp1"),
    ]
    assert not [each for each in plan["sessions"] if each["name"].startswith("node2--leaf1")]
    for family in ("ipv4", "ipv6"):
        assert plan["routes"]["web"][family]["routers"]["leaf2"]["next_hops"] == ["fe80::%swp1"]


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_reflector_passes_on_and_other_routers_do_not(family: str) -> None:
    reached = planned("ibgp-reflectors")["routes"]["web"][family]["routers"]
    assert list(reached) == ["provider", "border", "spine1", "spine2", "leaf1", "leaf2"]
    data, hosts = fabrics.read("ibgp-reflectors")
    data["silence"] = [{"rule": "unreachable", "reason": "this is the test"}]
    for spine in ("spine1", "spine2"):
        hosts["routers"][spine]["route_reflector"] = False
    plan, _findings = make(data, hosts)
    if plan is not None:
        assert "border" not in plan["routes"]["web"][family]["routers"]


def test_which_end_reflects() -> None:
    plan = planned("ibgp-reflectors")
    assert session(plan, "node1--leaf1--ipv4")["reflector"] == "leaf1"
    assert session(plan, "leaf1--spine1--ipv6")["reflector"] == "spine1"
    assert session(plan, "spine1--border--ipv6")["reflector"] == "spine1"
    assert session(plan, "border--provider--ipv4")["reflector"] is None


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_peer_is_known_by_its_addresses(family: str) -> None:
    plan = planned("existing-routers")
    found = session(plan, f"node1--backup--{family}")
    assert found["options"] == {"multihop": 2} and found["bfd"] == "production"
    assert [end["address"] for end in found["ends"]] == {
        "ipv4": ["10.0.1.11", "10.0.2.1"],
        "ipv6": ["2001:db8:d1::11", "2001:db8:d2::1"],
    }[family]
    assert plan["routers"]["backup"]["managed"] is False
    to_backup = plan["routes"]["to-backup"][family]["routers"]
    assert list(to_backup) == ["backup"] and len(to_backup["backup"]["next_hops"]) == 2


def test_a_peer_in_a_rack_is_reached_from_the_address_in_that_rack() -> None:
    peers = [{"name": "firewall", "asn": 64999, "addresses": ["10.0.2.254", "2001:db8:dc:2::fe"], "multihop": 2}]
    plan = planned("demo", peers=peers)
    assert session(plan, "node2--firewall--ipv4")["ends"][0]["address"] == "10.0.2.12"
    assert session(plan, "node2--firewall--ipv6")["ends"][0]["address"] == "2001:db8:dc:2::12"


def test_clusters_share_the_fabric_and_nothing_else() -> None:
    plan = planned("two-clusters")
    assert plan["nodes"]["green1"]["asn"] == 64522 and plan["nodes"]["blue1"]["asn"] == 64512
    assert [each["families"] for each in plan["sessions"] if "green1" in each["name"]] == [["ipv6"]]
    assert plan["routes"]["blue"]["ipv6"]["announcers"] == ["blue1", "blue2"]
    assert plan["routes"]["green"]["ipv6"]["announcers"] == ["green1", "green2"]
    assert plan["routes"]["green"]["ipv4"]["announcers"] == []
    assert [(each["cluster"], each["families"]) for each in plan["services"]] == [
        ("blue", ["ipv4", "ipv6"]),
        ("green", ["ipv6"]),
    ]


def test_pools_with_nodes_of_their_own_split_an_advertisement() -> None:
    data, hosts = fabrics.read("demo")
    hosts["nodes"]["node1"]["labels"] = {"edge": "yes"}
    data["pools"][0]["node_selectors"] = [{"matchLabels": {"edge": "yes"}}]
    data["advertise"] = [{"name": "all", "pools": ["production", "staging"], "bgp": {}}, data["advertise"][2]]
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    assert {each["name"]: each["nodes"] for each in plan["advertisements"]} == {
        "all-production": ["node1"],
        "all-staging": ["node1", "node2", "node3"],
        "edge": ["node1", "node2"],
    }


def test_a_preferred_node_wins_the_election() -> None:
    data, hosts = fabrics.read("layer2-only")
    plan, _findings = make(data, hosts)
    assert plan is not None
    assert {vip["announcer"] for vip in plan["vips"]} <= {"node1", "node3"}
    data["advertise"][0]["layer2"]["preferred_nodes"][0]["selector"] = {"matchLabels": {"uplink": "slow"}}
    plan, _findings = make(data, hosts)
    assert plan is not None
    assert {vip["announcer"] for vip in plan["vips"]} == {"node2"}


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_link_to_a_peer_is_refused_and_no_crash(family: str) -> None:
    data, hosts = fabrics.read("demo")
    address = {"ipv4": "10.0.2.254", "ipv6": "2001:db8:dc:2::fe"}[family]
    data["fabric"]["peers"] = [{"name": "gate", "asn": 64999, "addresses": [address]}]
    data["fabric"]["links"].append(["gate", "br1"])
    plan, findings = make(data, hosts)
    assert plan is None
    assert ("unknown-router", "dualstack.fabric.links[5]") in [(finding.id, finding.path) for finding in findings]
