# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a router stands and what is its own, before any language: the part that all renderings share."""

from __future__ import annotations

from typing import Any

import pytest
from fabrics import plan_of

from dualstack.render.policy import Clause, prefixes, view
from dualstack.render.policy.clauses import policy, preferences
from dualstack.render.policy.fabric import ABOVE, MESH, NODE, PEER, Fabric

FAMILIES = ["ipv4", "ipv6"]


def test_directions_and_relations() -> None:
    around = {neighbour.host: neighbour.relation for neighbour in Fabric(plan_of()).neighbours("br1")}
    assert around == {"isp1": ABOVE, "br2": MESH, "tor1": "below"}
    other = plan_of(change=lambda data, hosts: hosts["routers"]["br2"].update(asn=64511))
    assert {each.host: each.relation for each in Fabric(other).neighbours("br1")}["br2"] == PEER
    assert {each.relation for each in Fabric(plan_of()).neighbours("tor1")} == {NODE, ABOVE}


def test_a_cone_never_goes_up() -> None:
    fabric = Fabric(plan_of())
    assert fabric.cone("tor1") == {"tor1"}
    assert fabric.cone("br1") == {"br1", "br2", "tor1", "tor2"}
    assert fabric.below("br1") == {"tor1"} and fabric.below("tor1") == set()


def test_a_namesake_is_far_when_ibgp_does_not_reach_it() -> None:
    demo, reflectors = plan_of(), plan_of("ibgp-reflectors")
    assert Fabric(demo).has_far_namesake("tor1") and not Fabric(demo).has_far_namesake("br1")
    assert not any(Fabric(reflectors).has_far_namesake(router) for router in reflectors["routers"])
    for router in ("tor1", "tor2"):
        demo["routers"][router]["asn"] = None
    assert not Fabric(demo).has_far_namesake("tor1"), "any ASN is nobody's"


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_announced_is_told_by_advertisement_and_pool(family: str) -> None:
    plan = plan_of("existing-routers")
    told = [(each.advertisement["name"], each.pool) for each in prefixes.announced(plan, family)]
    assert told == [("to-primary", "production"), ("to-backup", "production"), ("tenants", "tenants")]
    listed = prefixes.pool_entries(plan, family)
    assert len(listed) == 2 and all(entry.least == entry.most == {"ipv4": 32, "ipv6": 128}[family] for entry in listed)


def test_limits_are_between_a_hundred_and_four_thousand() -> None:
    network = {"ipv4": "10.0.0.0/30", "ipv6": "2001:db8::/126"}
    for text, most, wanted in ((network["ipv4"], 32, 100), (network["ipv6"], 128, 100), ("2001:db8::/64", 128, 4096)):
        block = prefixes.blocks.parse_network(text)
        assert prefixes.limit(1, [prefixes.Entry(block, most, most)], 0) == wanted
        assert prefixes.limit(3000, [prefixes.Entry(block, most, most)], 7) == max(wanted, 6000) + 7


def test_a_policy_of_empty_lists_refuses() -> None:
    assert policy(NODE, [], []).inbound == [Clause(False)]
    assert policy(ABOVE, [], []).inbound == [Clause(True)], "nothing is our own"
    assert policy(ABOVE, [], []).outbound == [Clause(False)]
    assert policy(MESH, [], []) == ([Clause(True)], [Clause(True)])


def test_a_preference_counts_where_prefixes_enter_from_below() -> None:
    plan = plan_of()
    preferred = preferences(plan, "br1")
    (community,) = {each.community for each in preferred}
    first = Clause(True, prefixes.POOLS, community, 200)
    assert policy("below", [prefixes.POOLS], preferred).inbound[0] == first
    for relation in (ABOVE, MESH, PEER):
        assert first not in policy(relation, [prefixes.POOLS, prefixes.OWN], preferred).inbound
    assert view(plan, "br1").used_preferences() == preferred and view(plan, "tor1").used_preferences() == []


@pytest.mark.parametrize(
    ("change", "several"),
    [
        ({}, True),
        ({"ttl_security": None}, False),
        ({"bfd": None}, False),
        ({"type": "ibgp"}, False),
        ({"unnumbered": True}, False),
    ],
)
def test_frr_watches_over_several_hops_with_ttl_security(change: dict[str, Any], several: bool) -> None:
    plan = plan_of()
    session = next(each for each in plan["sessions"] if {end["host"] for end in each["ends"]} == {"br1", "tor1"})
    session.update({"ttl_security": 1, "bfd": "fast", **change})
    found = [each for each in Fabric(plan).neighbours("br1") if each.session is session]
    assert found[0].multihop_bfd is several
    for router in ("br1", "tor1"):
        plan["routers"][router]["platform"] = "bird"
    assert not any(each.multihop_bfd for each in Fabric(plan).neighbours("br1"))
