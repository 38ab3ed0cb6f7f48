# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rendering for EOS: only commands of the manual as far as our grammar has them (no EOS runs here), all that is
planned. That its route maps mean what FRR's mean is shown in test_dialects."""

from __future__ import annotations

import re
from typing import Any

import eos_grammar
import fabrics
import pytest
from fabrics import plan_of

from dualstack.render import eos
from dualstack.render.tree import tree

FAMILIES = ["ipv4", "ipv6"]


def of(text: str, neighbour: str) -> list[str]:
    """What is said of a neighbour outside the address families, without its name."""
    return re.findall(rf"^ {{3}}neighbor {re.escape(neighbour)} (.*)$", text, re.M)


def terms(data: Any, hosts: Any) -> None:
    """Everything that a session can have."""
    data["bfd_profiles"] = {"fast": {"receive_interval": 100, "transmit_interval": 200, "echo": True}}
    data["fabric"]["peer_groups"] = {
        "up": {"bfd": "fast", "dynamic_asn": True, "graceful_restart": True, "sessions": "over-ipv6"},
        "near": {"bfd": "fast", "ttl_security": 2, "sessions": "over-ipv4"},
    }
    data["fabric"]["node_asn"] = 4200000000
    hosts["routers"]["br1"]["route_reflector"] = True
    for pair, group in ((["br1", "tor1"], "near"), (["br1", "br2"], "up")):
        data["fabric"]["links"][data["fabric"]["links"].index(pair)] = {"between": pair, "peer_group": group}


@pytest.mark.parametrize("example", fabrics.names())
def test_every_router_of_every_example_is_in_the_grammar(example: str) -> None:
    plan = plan_of(name=example)
    for router in plan["routers"]:
        assert list(eos_grammar.problems(eos.render(plan, router))) == []


def test_everything_that_a_session_can_have_is_in_the_grammar() -> None:
    plan = plan_of(change=terms)
    for router in plan["routers"]:
        assert list(eos_grammar.problems(eos.render(plan, router))) == []
    text = eos.render(plan, "br1")
    near, mesh = of(text, "172.16.0.7"), of(text, "2001:db8:ff::5")
    for line in ("ttl maximum-hops 2", "bfd", "bfd interval 200 min-rx 100 multiplier 3", "auto-local-addr"):
        assert line in near
    for line in ("route-reflector-client", "next-hop-self", "graceful-restart", "remote-as 64510"):
        assert line in mesh
    comments = [line.strip() for line in text.splitlines() if line.startswith("   ! ")]
    assert [comment.split(":")[0] for comment in comments] == [
        "! Any internal ASN is planned for br2.",
        "! BFD echo is planned",
        "! With TTL security, FRR at the other end watches by multi-hop BFD",
        "! BFD echo is planned",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "   neighbor 10.0.1.11 remote-as many",
        "   neighbor 10.0.1.11 passwort 0 @secret:x@",
        "   neighbor 10.0.1.11 password 0 clear",
        "  router-id 10.0.0.1",
        "      network 10.0.0.1/32",
        "   neighbor 10.0.1.11 timers 3 2",
        "route-map x allow 10",
    ],
)
def test_the_grammar_refuses(wrong: str) -> None:
    text = eos.render(plan_of(), "tor1")
    assert len(list(eos_grammar.problems(text.replace("   router-id 10.0.0.3", wrong)))) >= 1


def test_the_grammar_misses_names() -> None:
    text = eos.render(plan_of(), "tor1")
    assert (
        len(list(eos_grammar.problems(text.replace("ip prefix-list pools-ipv4\n", "ip prefix-list pool-ipv4\n")))) > 0
    )
    assert (
        len(list(eos_grammar.problems(text.replace("route-map to-node-ipv6 deny", "route-map to-nodes-ipv6 deny")))) > 0
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_node_s_session(family: str) -> None:
    text = eos.render(plan_of(), "tor1")
    node = {"ipv4": "10.0.1.11", "ipv6": "2001:db8:dc:1::11"}[family]
    assert of(text, node) == [
        "remote-as 64512",
        "description node1",
        "rib-in pre-policy retain all",
        "password 0 @secret:bgp-auth@",
        "timers 3 9",
        "send-community standard large",
        f"maximum-routes {256 if family == 'ipv4' else 4096}",
        "idle-restart-timer 300",
    ]
    part = text.split(f"   address-family {family}\n")[1].split("   !\n")[0]
    assert f"      neighbor {node} activate\n" in part
    assert f"      neighbor {node} route-map from-node-{family} in\n" in part


def test_no_limit_is_stated_for_eos_has_one_of_its_own() -> None:
    assert "maximum-routes 0" in of(eos.render(plan_of(), "br1"), "172.16.0.0")


def test_bfd_is_no_faster_than_eos_can() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["bfd_profiles"] = {"fast": {"receive_interval": 20, "transmit_interval": 60, "detect_multiplier": 2}}
        data["fabric"]["peer_groups"] = {"up": {"bfd": "fast"}}
        index = data["fabric"]["links"].index(["br1", "tor1"])
        data["fabric"]["links"][index] = {"between": ["br1", "tor1"], "peer_group": "up"}

    text = eos.render(plan_of(change=change), "br1")
    assert "bfd interval 60 min-rx 50 multiplier 3" in of(text, "172.16.0.7")
    assert "   ! 60 ms, 20 ms and 2 packets are planned: EOS has no less than these.\n" in text
    assert list(eos_grammar.problems(text)) == []


def test_an_unnumbered_neighbour_is_an_interface_with_its_own_peer_group() -> None:
    text = eos.render(plan_of(name="unnumbered"), "spine")
    assert "   neighbor interface swp1 peer-group link-swp1 remote-as 64511\n" in text
    assert "interface swp1\n   no switchport\n   ipv6 enable\n!\n" in text
    assert "\nip routing ipv6 interfaces\n!\nipv6 unicast-routing\n" in text
    for family in FAMILIES:
        part = text.split(f"   address-family {family}\n")[1].split("   !\n")[0]
        assert "      neighbor link-swp1 activate\n" in part
        assert ("neighbor link-swp1 next-hop address-family ipv6 originate" in part) == (family == "ipv4")


def test_only_what_is_needed_is_routed() -> None:
    assert "ipv6" not in eos.render(plan_of(name="ipv4-only"), "tor").replace("ipv4", "")
    assert "ip routing" not in eos.render(plan_of(name="ipv6-only"), "tor")


def test_own_asn_from_above_where_racks_share_it() -> None:
    text = eos.render(plan_of(), "tor1")
    assert [line.split()[1] for line in text.splitlines() if line.endswith("allowas-in 1")] == [
        "172.16.0.6",
        "2001:db8:ff::6",
    ]


def test_it_stands_in_the_tree_of_an_eos_alone() -> None:
    plan = plan_of(change=lambda data, hosts: hosts["routers"]["br1"].update(platform="eos"))
    files = tree(plan)
    assert files["routers/br1/eos.conf"] == eos.render(plan, "br1")
    assert "routers/br1/frr.conf" not in files and "routers/br1/peering.txt" in files
    assert [path for path in files if path.endswith("eos.conf")] == ["routers/br1/eos.conf"]
