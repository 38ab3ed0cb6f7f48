# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about families."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, append, put, steps, two

GREEN = {"name": "green", "families": ["ipv4", "ipv6"]}

CASES = [
    Case("family-twice", BOTH, put("dualstack.cluster.families", ["ipv4", "ipv4"]), "dualstack.cluster.families"),
    Case("family-extra", IPV6, put("dualstack.cluster.families", ["ipv4"]), "dualstack.cluster.pods"),
    Case("family-extra", IPV4, put("dualstack.cluster.families", ["ipv6"]), "node1: dualstack_host.racks.rack1"),
    Case(
        "family-extra",
        IPV6,
        steps(put("dualstack.cluster.families", ["ipv4"]), append("dualstack.clusters", GREEN)),
        "dualstack.clusters[0].families",
    ),
    *two(
        "family-missing",
        "dualstack.cluster.services",
        put("dualstack.cluster.services", ["fd4c:9e02:7ab1:5000::/112"]),
        put("dualstack.cluster.services", ["10.96.0.0/16"]),
    ),
    *two(
        "family-missing",
        "node3: dualstack_host.racks.rack2",
        put("node3: dualstack_host.racks.rack2", ["fd4c:9e02:7ab1:2::13"]),
        put("node3: dualstack_host.racks.rack2", ["10.0.2.13"]),
    ),
]
