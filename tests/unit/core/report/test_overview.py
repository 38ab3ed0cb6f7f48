# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in a few lines."""

from __future__ import annotations

import fabrics
import observed
import pytest

from dualstack.report.overview import overview


@pytest.mark.parametrize("example", fabrics.names())
def test_it_counts_what_the_plan_has(example: str) -> None:
    plan = observed.plan_of(example)
    first, sessions, pools, vips = overview(plan)
    assert first.startswith(f"plan {plan['hash'][:12]} of {plan['cluster']['name']}")
    assert f"{len(plan['nodes'])} node" in first and ("not ours" in first) == any(
        not router["managed"] for router in plan["routers"].values()
    )
    of_nodes = sum(session["kind"] == "node" for session in plan["sessions"])
    assert sessions == f"sessions: {of_nodes} of nodes, {len(plan['sessions']) - of_nodes} between routers"
    assert all(pool["name"] in pools for pool in plan["pools"])
    order = [{"ipv4": "IPv4", "ipv6": "IPv6"}[family] for family in plan["cluster"]["families"]]
    assert [name for name in order if name in vips] == order
    for family, name in zip(plan["cluster"]["families"], order):
        assert f"{len({vip['vip'] for vip in plan['vips'] if vip['family'] == family})} {name}" in vips


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_an_address_that_is_announced_in_both_ways_counts_once(family: str) -> None:
    plan = observed.plan_of("demo")
    plan["vips"] = [vip for vip in plan["vips"] if vip["family"] == family and vip["mode"] == "bgp"][:1]
    plan["vips"].append({**plan["vips"][0], "mode": "layer2"})
    other, name = {"ipv4": ("IPv6", "IPv4"), "ipv6": ("IPv4", "IPv6")}[family]
    assert f"1 {name} (1 by BGP, 1 by layer 2)" in overview(plan)[3] and f"0 {other}" in overview(plan)[3]
