# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How BIRD is told to run its sessions. That it does what it is told is seen on real BIRD (tests/interop/bird)."""

from __future__ import annotations

import re
from typing import Any

import fabrics
import pytest
from fabrics import plan_of

from dualstack.plan.build import make
from dualstack.render import bird
from dualstack.render.tree import tree

FAMILIES = ["ipv4", "ipv6"]


def protocol(text: str, address: str) -> str:
    """The session with an address."""
    found = [part for part in text.split("\nprotocol bgp ")[1:] if f"    neighbor {address} " in part]
    assert len(found) == 1, address
    return found[0].split("\n}\n")[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_node_s_session(family: str) -> None:
    own, node = {"ipv4": ("10.0.1.1", "10.0.1.11"), "ipv6": ("2001:db8:dc:1::1", "2001:db8:dc:1::11")}[family]
    session = protocol(bird.render(plan_of(), "tor1"), node)
    for line in (
        f"local {own} as 64500;",
        f"neighbor {node} as 64512;",
        "direct;",
        'password "@secret:bgp-auth@";',
        "hold time 9;",
        "keepalive time 3;",
        f"import filter from_node_{family};",
        f"export filter to_node_{family};",
        f"import limit {256 if family == 'ipv4' else 4096} action restart;",
        "import table on;",
    ):
        assert f"    {line}\n" in session + "\n", line
    assert "next hop self" not in session and "bfd" not in session


@pytest.mark.parametrize("family", FAMILIES)
def test_ibgp_between_routers(family: str) -> None:
    other = {"ipv4": "172.16.0.5", "ipv6": "2001:db8:ff::5"}[family]
    session = protocol(bird.render(plan_of(), "br1"), other)
    assert "    direct;\n" in session and "        next hop self;\n" in session
    assert "rr client" not in session and "import limit" not in session


def test_a_reflector_s_clients() -> None:
    plan = plan_of(name="ibgp-reflectors")
    clients = {
        other["address"]
        for session in plan["sessions"]
        for own, other in (session["ends"], session["ends"][::-1])
        if own["host"] == "spine1" == session["reflector"]
    }
    text = bird.render(plan, "spine1")
    assert {address for address in clients if "    rr client;\n" in protocol(text, address)} == clients
    assert text.count("rr client;") == len(clients)


def test_an_unnumbered_neighbour_is_waited_for() -> None:
    text = bird.render(plan_of(name="unnumbered"), "leaf1")
    session = protocol(text, "range fe80::/10")
    for line in ("neighbor range fe80::/10 as 64502;", 'interface "swp9";', "local as 64511;"):
        assert f"    {line}\n" in session
    assert session.count("extended next hop yes;") == 2
    assert '    interface "swp9" {\n' in text.split("protocol radv")[1].split("protocol bgp")[0]


def test_a_node_behind_an_interface_is_waited_for_too() -> None:
    data, hosts = fabrics.read("unnumbered")
    hosts["routers"]["leaf2"]["platform"] = "bird"
    plan, findings = make(data, hosts)
    assert plan is not None and not any(finding.severity in ("error", "warning") for finding in findings)
    node = bird.render(plan, "leaf2").split('description "node2";')[1].split("\n}\n")[0]
    for line in ("neighbor range fe80::/10 as 64512;", 'interface "swp1";', "import filter from_node_ipv4;"):
        assert f"    {line}\n" in node
    assert node.count("extended next hop yes;") == 2
    assert "prefer global" not in node, "the node's global address may stand on a subnet that the router does not have"


def test_two_birds_on_an_unnumbered_link_are_refused() -> None:
    plan = plan_of(name="unnumbered")
    for router in ("leaf1", "spine"):
        plan["routers"][router]["platform"] = "bird"
    for router, other, interface in (("leaf1", "spine", "swp9"), ("spine", "leaf1", "swp1")):
        text = bird.render(plan, router)
        assert f"# No session with {other} on {interface}:" in text
        assert f'"{interface}"' not in text
    assert 'interface "swp9"' in bird.render(plan, "spine"), "edge is not BIRD"


def test_what_bird_has_no_words_for_is_told() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["bfd_profiles"] = {"fast": {"echo": True}}
        data["fabric"]["peer_groups"] = {"up": {"bfd": "fast", "ttl_security": 2}}
        link = data["fabric"]["links"].index(["br1", "tor1"])
        data["fabric"]["links"][link] = {"between": ["br1", "tor1"], "peer_group": "up"}

    session = protocol(bird.render(plan_of(change=change), "br1"), "172.16.0.7")
    comments = [line.strip() for line in session.splitlines() if line.strip().startswith("#")]
    assert len(comments) == 3
    assert "2 hops are planned" in comments[0] and "multi-hop BFD" in comments[1] and "Echo" in comments[2]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_announced_as_own_comes_from_an_interface(family: str) -> None:
    text = bird.render(plan_of(), "br1")
    name = family.upper()
    own = {"ipv4": "10.0.0.1/32", "ipv6": "2001:db8:dc::1/128"}[family]
    assert f"define ORIGINATED_{name} = [\n    {own}\n];\n" in text
    guard = f"    if source != RTS_BGP && !(source = RTS_DEVICE && net ~ ORIGINATED_{name}) then reject;\n"
    for part in text.split("\nfilter to_")[1:]:
        sends = "accept;" in part.split("\n}\n")[0]
        if part.split(" ")[0].endswith(family):
            assert (guard in part.split("\n}\n")[0]) == sends


def test_equal_paths_in_the_kernel() -> None:
    assert bird.render(plan_of(), "br1").count("    merge paths on limit 64;\n") == 2

    def change(data: Any, hosts: Any) -> None:
        hosts["routers"]["br1"]["maximum_paths"] = 1

    assert bird.render(plan_of(change=change), "br1").count("    merge paths off;\n") == 2


def test_sets_and_filters_that_are_used_are_defined_once_and_the_other_way() -> None:
    for name in fabrics.names():
        plan = plan_of(name=name)
        for router in plan["routers"]:
            text = bird.render(plan, router)
            sets, filters = re.findall(r"^define (\w+)", text, re.M), re.findall(r"^filter (\w+)", text, re.M)
            assert sorted(sets) == sorted(set(re.findall(r"net ~ (\w+)", text)))
            assert sorted(filters) == sorted(set(re.findall(r"port filter (\w+);", text)))
            protocols = re.findall(r"^protocol \w+ (\w+) ", text, re.M)
            assert len(protocols) == len(set(protocols)) and max(map(len, protocols)) <= 64


def test_names_stay_when_another_node_comes() -> None:
    def change(data: Any, hosts: Any) -> None:
        first = {"node0": {"racks": {"rack1": ["10.0.1.10", "2001:db8:dc:1::10"]}}}
        hosts["nodes"] = {**first, **hosts["nodes"]}

    before, after = (
        re.findall(r"^protocol bgp (\w+)", bird.render(plan_of(change=each), "tor1"), re.M) for each in (None, change)
    )
    assert set(before) < set(after) and len(after) == len(before) + 2


def test_secrets_are_named() -> None:
    text = bird.render(plan_of(), "tor1")
    assert len(re.findall(r'password "@secret:bgp-auth@";', text)) == text.count("protocol bgp")


def test_it_stands_in_the_tree_of_a_bird_alone() -> None:
    plan = plan_of(change=lambda data, hosts: hosts["routers"]["br1"].update(platform="bird"))
    files = tree(plan)
    assert files["routers/br1/bird.conf"] == bird.render(plan, "br1")
    assert "routers/br1/frr.conf" not in files and "routers/br1/peering.txt" in files
    assert [path for path in files if path.endswith("bird.conf")] == ["routers/br1/bird.conf"]
