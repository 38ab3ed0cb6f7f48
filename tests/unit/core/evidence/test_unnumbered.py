# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers without link addresses are judged by the interface that leads to the next hop, in both tables."""

from __future__ import annotations

from typing import Any

import observed
import pytest

from dualstack.evidence import judge

FAMILIES = ("ipv4", "ipv6")
SPINE = {"fe80::%swp1", "fe80::%swp2"}


def vip(verdict: dict[str, Any], family: str) -> dict[str, Any]:
    return next(one for one in verdict["vips"] if one["family"] == family and one["service"] == "default/shop")


def links(verdict: dict[str, Any], family: str) -> dict[str, dict[str, Any]]:
    return {link["link"]: link for link in vip(verdict, family)["links"]}


@pytest.mark.parametrize("family", FAMILIES)
def test_as_planned(family: str) -> None:
    plan = observed.plan_of("unnumbered")
    assert set(plan["routes"]["web"][family]["routers"]["spine"]["next_hops"]) == SPINE
    verdict = judge(plan, observed.healthy(plan), observed.TIME)
    found = links(verdict, family)
    assert found["bgp table"]["state"] == found["fib"]["state"] == "green"
    places = found["bgp table"]["places"]
    assert {places[name] for name in ("edge--spine", "leaf1--spine", "leaf2--spine")} == {"green"}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("table", ["bgp table", "fib"])
def test_a_missing_link_is_named_by_the_router_behind_it(table: str, family: str) -> None:
    plan = observed.plan_of("unnumbered")
    seen = observed.healthy(plan)
    prefix = vip(judge(plan, seen, observed.TIME), family)["vip"] + {"ipv4": "/32", "ipv6": "/128"}[family]
    spine = seen["routers"]["spine"]
    if table == "fib":
        spine["fib"][family][prefix].remove("fe80::%swp2")
    else:
        paths = spine["bgp"][family][prefix]
        spine["bgp"][family][prefix] = [path for path in paths if path["next_hop"] != "fe80::%swp2"]
    link = links(judge(plan, seen, observed.TIME), family)[table]
    assert link["state"] == "red" and "fe80::%swp2" in link["reason"]
    assert link["places"]["leaf2--spine"] == "red"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_path_over_another_interface_is_red(family: str) -> None:
    plan = observed.plan_of("unnumbered")
    seen = observed.healthy(plan)
    for hops in seen["routers"]["spine"]["fib"][family].values():
        hops[:] = [hop.replace("swp2", "swp7") for hop in hops]
    assert links(judge(plan, seen, observed.TIME), family)["fib"]["state"] == "red"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ("Idle", "interface uplink has no carrier", "See `ip -6 address show dev uplink` on node2"),
        ("Idle", "no router advertisement on uplink yet", "Does leaf2 know node2 as `neighbor swp1 interface`"),
        ("Connect", "no answer from fe80::1%uplink port 179", "show bgp neighbors swp1"),
    ],
)
def test_a_session_of_a_node_is_judged_by_its_interface(state: str, error: str, words: str, family: str) -> None:
    plan = observed.plan_of("unnumbered")
    seen = observed.healthy(plan)
    observed.cut(plan, seen, "node2", "leaf2")
    (session,) = seen["nodes"]["node2"]["status"]["sessions"]
    session.update(state=state, last_error=error, address=None)
    seen["routers"]["leaf2"]["sessions"] = None
    announced = links(judge(plan, seen, observed.TIME), family)["announced"]
    assert announced["state"] == "red"
    assert announced["places"]["leaf2--node2"] == "red"
    assert error in announced["reason"] and words in announced["reason"]


def test_what_the_router_says_of_it_is_told() -> None:
    plan = observed.plan_of("unnumbered")
    seen = observed.healthy(plan)
    observed.cut(plan, seen, "node2", "leaf2")
    seen["routers"]["leaf2"]["sessions"]["swp1"].update(asn=64999, state="Active")
    reason = links(judge(plan, seen, observed.TIME), "ipv4")["announced"]["reason"]
    assert "leaf2 expects AS 64999, not 64512" in reason
