# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How routes travel: preference, path length, eBGP before iBGP, loops."""

from __future__ import annotations

from typing import Any

import fabrics
import pytest

from dualstack.announcing.expected import expected
from dualstack.plan.build import make


def plan_of(change: Any = None) -> dict[str, Any]:
    data, hosts = fabrics.read("demo")
    if change:
        change(data, hosts)
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    return plan


def hops(plan: dict[str, Any], service: str, family: str) -> dict[str, list[str]]:
    vip = next(vip for vip in expected(plan) if vip["service"] == f"default/{service}" and vip["family"] == family)
    owner = {
        address: host
        for segment in plan["segments"].values()
        for host, member in segment["members"].items()
        for address in member["addresses"].values()
    }
    return {router: [owner[hop] for hop in entry["next_hops"]] for router, entry in vip["routers"].items()}


FAMILY = pytest.mark.parametrize("family", ["ipv4", "ipv6"])


@FAMILY
def test_the_preferred_border_router_draws_the_traffic(family: str) -> None:
    assert hops(plan_of(), "shop", family) == {
        "br1": ["tor1"],
        "br2": ["br1"],
        "tor1": ["node1", "node2"],
        "tor2": ["node2", "node3"],
        "isp1": ["br1"],
        "isp2": ["br2"],
    }


@FAMILY
def test_without_a_preference_each_border_router_uses_its_own_side(family: str) -> None:
    assert hops(plan_of(), "shop-staging", family)["br2"] == ["tor2"]


@FAMILY
def test_a_router_without_announcers_below_learns_through_its_neighbour(family: str) -> None:
    plan = plan_of(lambda data, hosts: data["advertise"][1].update(nodes=["node1"]))
    found = hops(plan, "shop-staging", family)
    assert found == {"br1": ["tor1"], "br2": ["br1"], "tor1": ["node1"], "isp1": ["br1"], "isp2": ["br2"]}
    assert "tor2" not in found, "both ToRs have one ASN: the loop check refuses the route"


@FAMILY
def test_equal_paths_over_two_routers_are_used_together(family: str) -> None:
    def one_border(data: dict[str, Any], hosts: dict[str, Any]) -> None:
        data["fabric"]["links"] = [["isp1", "br1"], ["isp2", "br1"], ["br1", "tor1"], ["br1", "tor2"]]
        del hosts["routers"]["br2"]
        data["advertise"][0]["bgp"] = {}

    assert hops(plan_of(one_border), "shop", family)["br1"] == ["tor1", "tor2"]


@FAMILY
def test_ibgp_between_node_and_router_keeps_the_route_in_the_as(family: str) -> None:
    def one_asn(data: dict[str, Any], hosts: dict[str, Any]) -> None:
        data["fabric"]["node_asn"] = 64500

    found = hops(plan_of(one_asn), "shop", family)
    assert found["tor1"] == ["node1", "node2"] and found["br1"] == ["tor1"]


@FAMILY
@pytest.mark.parametrize("sessions", ["over-ipv4", "over-ipv6"])
def test_one_session_for_both_families_has_the_same_next_hops(family: str, sessions: str) -> None:
    plan = plan_of(lambda data, hosts: data["fabric"].update(sessions=sessions))
    assert len(plan["sessions"]) == 9 and all(session["families"] == ["ipv4", "ipv6"] for session in plan["sessions"])
    assert hops(plan, "shop", family) == hops(plan_of(), "shop", family)
