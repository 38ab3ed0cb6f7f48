# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about overlaps and identifiers."""

from __future__ import annotations

from cases import BOTH, Case, host, put, two

CASES = [
    *two(
        "overlap",
        "dualstack.cluster.services",
        put("dualstack.cluster.services", ["10.244.128.0/17", "fd4c:9e02:7ab1:5000::/112"]),
        put("dualstack.cluster.services", ["10.96.0.0/16", "fd4c:9e02:7ab1:4000::/112"]),
    ),
    *two(
        "overlap",
        "dualstack.pools[3]",
        put("dualstack.pools[3].blocks", ["10.0.2.64/26"]),
        put("dualstack.pools[3].blocks", ["fd4c:9e02:7ab1:2::ff00/120"]),
    ),
    *two(
        "address-twice",
        "node3: dualstack_host",
        put("node3: dualstack_host.racks.rack2", ["10.0.2.12", "fd4c:9e02:7ab1:2::13"]),
        put("node3: dualstack_host.racks.rack2", ["10.0.2.13", "fd4c:9e02:7ab1:2::12"]),
    ),
    *two(
        "pool-holds-host",
        "dualstack.pools[2]",
        host("nodes", "node4", {"racks": {"rack1": ["10.0.1.205", "fd4c:9e02:7ab1:1::14"]}}),
        host("nodes", "node4", {"racks": {"rack1": ["10.0.1.14", "fd4c:9e02:7ab1:1::205"]}}),
    ),
    Case("router-id-form", BOTH, put("tor1: dualstack_host.router_id", "224.0.0.1"), "tor1: dualstack_host.router_id"),
    Case("router-id-form", BOTH, put("tor1: dualstack_host.router_id", "fd00::1"), "tor1: dualstack_host.router_id"),
    Case("router-id-twice", BOTH, put("tor2: dualstack_host.router_id", "10.0.0.2"), "tor2: dualstack_host.router_id"),
]
