# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix lists let every VIP pass, and nothing outside the pools, in every sound plan."""

from __future__ import annotations

import fabrics
import pytest

from dualstack.addresses import blocks
from dualstack.addresses.sets import difference
from dualstack.plan.build import make
from dualstack.plan.pools import pool_blocks
from dualstack.render.policy import prefixes


@pytest.mark.parametrize("example", fabrics.names())
def test_prefix_lists_are_the_pools(example: str) -> None:
    plan, findings = make(*fabrics.read(example))
    assert plan is not None, findings
    assert plan["vips"]
    advertised = {name for advert in plan["advertisements"] if advert["kind"] == "bgp" for name in advert["pools"]}
    pools = [block for pool in plan["pools"] if pool["name"] in advertised for block in pool_blocks(pool)]
    for family in plan["cluster"]["families"]:
        listed = [entry for each in prefixes.announced(plan, family) for entry in each.entries]
        for vip in plan["vips"]:
            if vip["family"] == family and vip["prefix"]:
                prefix = blocks.parse_network(vip["prefix"])
                length = prefixes.length(prefix)
                assert any(entry.cidr.contains(prefix) and entry.least <= length <= entry.most for entry in listed)
        assert difference([entry.cidr for entry in listed], pools) == []
