# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How FRR is told to run a session: unnumbered, reflected, watched, restarted, from near by, with any ASN."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fabrics import plan_of

from dualstack.render import frr

FAMILIES = ["ipv4", "ipv6"]
TOR1 = {"ipv4": "172.16.0.7", "ipv6": "2001:db8:ff::7"}


def lines_of(text: str, neighbour: str) -> list[str]:
    """What is said of a neighbour, without its name."""
    found = re.findall(rf"^ +neighbor {re.escape(neighbour)} (.*)$", text, re.M)
    return [str(line) for line in found]


def in_family(text: str, family: str) -> str:
    return text.split(f" address-family {family} unicast\n")[1].split(" exit-address-family")[0]


def watched(data: Any, hosts: Any) -> None:
    data["bfd_profiles"] = {
        "fast": {"receive_interval": 150, "transmit_interval": 300, "detect_multiplier": 5, "echo": True},
        "unused": {},
        "plain": {},
    }
    data["fabric"]["bfd"] = "plain"
    data["fabric"]["graceful_restart"] = True
    data["fabric"]["peer_groups"] = {"up": {"bfd": "fast", "ttl_security": 1, "dynamic_asn": True}}
    link = data["fabric"]["links"].index(["br1", "tor1"])
    data["fabric"]["links"][link] = {"between": ["br1", "tor1"], "peer_group": "up"}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_peer_group_s_terms_stand_with_its_sessions(family: str) -> None:
    text = frr.render(plan_of(change=watched), "br1")
    said = lines_of(text, TOR1[family])
    assert said[0] == "remote-as external"
    for line in ("bfd", "bfd profile fast", "ttl-security hops 1", "graceful-restart"):
        assert line in said
    others = [line for line in text.splitlines() if "ttl-security" in line and TOR1[family] in line]
    assert len(others) == 1 and text.count("ttl-security") == 2
    assert text.count(" graceful-restart\n") == text.count("remote-as")


def test_only_profiles_that_the_router_uses_without_frr_s_defaults() -> None:
    text = frr.render(plan_of(change=watched), "br1")
    assert text.split("router bgp")[0].split("\nbfd\n")[1].split("\nexit\n")[0].splitlines() == [
        " profile fast",
        "  detect-multiplier 5",
        "  receive-interval 150",
        "  echo-mode",
        " exit",
        " !",
        " profile plain",
        " exit",
        " !",
    ]
    assert "profile fast" not in frr.render(plan_of(change=watched), "tor2")
    assert "bfd" not in frr.render(plan_of(), "br1")


def test_graceful_restart_of_a_bgpd_not_of_a_router_that_is_gone() -> None:
    lines = {" bgp graceful-restart preserve-fw-state", " no bgp graceful-restart notification"}
    assert lines <= set(frr.render(plan_of(change=watched), "br1").splitlines())
    assert "graceful-restart" not in frr.render(plan_of(), "br1")


def test_a_watched_session_has_no_source_for_frr_10_3_would_take_it_for_multi_hop() -> None:
    assert "update-source" not in frr.render(plan_of(change=watched), "br1")
    assert frr.render(plan_of(), "br1").count("update-source") == frr.render(plan_of(), "br1").count("remote-as")


def test_ibgp_of_any_asn() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["peer_groups"] = {"mesh": {"dynamic_asn": True}}
        link = data["fabric"]["links"].index(["br1", "br2"])
        data["fabric"]["links"][link] = {"between": ["br1", "br2"], "peer_group": "mesh"}

    text = frr.render(plan_of(change=change), "br1")
    assert text.count("remote-as internal") == 2 and text.count("remote-as external") == 0


def test_an_unnumbered_neighbour_is_its_interface_and_carries_both_families() -> None:
    text = frr.render(plan_of(name="unnumbered"), "spine")
    assert set(re.findall(r"neighbor (\S+) interface v6only remote-as (\d+)$", text, re.M)) == {
        ("swp1", "64511"),
        ("swp2", "64521"),
        ("swp9", "64501"),
    }
    assert "update-source" not in text and "None" not in text
    for family in FAMILIES:
        part = in_family(text, family)
        assert "  neighbor swp1 activate\n" in part
        inbound = {"ipv4": "from-below-ipv4", "ipv6": "from-below-link-local-ipv6"}[family]
        assert f"  neighbor swp1 route-map {inbound} in\n" in part


def test_an_unnumbered_neighbour_need_not_send_a_global_next_hop() -> None:
    text = frr.render(plan_of(name="unnumbered"), "spine")
    assert "route-map from-below-link-local-ipv6 permit 10\n" in text and "from-below-ipv6" not in text
    assert "prefer-global" not in text
    leaf = frr.render(plan_of(name="unnumbered"), "leaf1")
    assert "prefer-global" in leaf.split("route-map from-node-ipv6 permit 10\n")[1].split("exit")[0]
    assert "prefer-global" not in leaf.split("route-map from-above-link-local-ipv6 permit 20\n")[1].split("exit")[0]


def test_over_an_unnumbered_link_a_packet_makes_one_hop() -> None:
    """FRR refuses more, and link-local addresses go no farther."""
    plan = plan_of(name="unnumbered")
    for session in plan["sessions"]:
        session["ttl_security"] = 3
    text = frr.render(plan, "leaf1")
    assert "  neighbor swp9 ttl-security hops 1\n" in text.replace("\n neighbor", "\n  neighbor")
    assert text.count("ttl-security hops 3\n") == 2, "the sessions with the node"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reflector_names_itself_as_next_hop_also_of_what_it_reflects(family: str) -> None:
    plan = plan_of(name="ibgp-reflectors")
    reflectors = {session["reflector"] for session in plan["sessions"]} - {None}
    assert reflectors
    for router in sorted(reflectors):
        part = in_family(frr.render(plan, router), family)
        clients = [
            other["address"]
            for session in plan["sessions"]
            for own, other in (session["ends"], session["ends"][::-1])
            if own["host"] == router == session["reflector"] and family in session["families"]
        ]
        assert sorted(re.findall(r"neighbor (\S+) route-reflector-client", part)) == sorted(clients)
        assert "next-hop-self\n" not in part
        assert part.count(" next-hop-self force\n") > 0


def test_without_a_reflector_next_hop_self_is_not_forced() -> None:
    assert "force" not in frr.render(plan_of(), "br1")


def test_own_asn_is_not_looked_for_within_the_own_as() -> None:
    """Leaves that share an ASN with each other and with their reflectors hear of each other by iBGP."""
    plan = plan_of(name="ibgp-reflectors")
    for router, facts in plan["routers"].items():
        if facts["managed"]:
            assert "allowas-in" not in frr.render(plan, router)


def test_paths_of_each_router() -> None:
    plan = plan_of(change=lambda data, hosts: hosts["routers"]["br1"].update(maximum_paths=8))
    assert frr.render(plan, "br1").count("maximum-paths 8\n") == 2
    assert frr.render(plan, "br2").count("maximum-paths 64\n") == 2
