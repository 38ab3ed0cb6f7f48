# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about gateways, networks that are too long, parts of a fabric, and preferences apart."""

from __future__ import annotations

from cases import BOTH, IPV6, Case, host, put, steps, two
from edits import FABRIC

RACK = f"{FABRIC}.racks.rack1"
ALONE = host("routers", "alone", {"asn": 64699, "network": ["10.9.9.0/24", "fd4c:9e02:7ab1:99::/64"]})
EMPTY = put(f"{FABRIC}.racks.rack3", {"network": ["10.0.3.0/24", "fd4c:9e02:7ab1:3::/64"], "routers": ["alone"]})

ONE_FAMILY = {"network-length": (IPV6, "IPv4 networks have the length that their hosts need")}
CASES = [
    Case("network-length", IPV6, put(f"{RACK}.network", ["10.0.1.0/24", "fd4c:9e02:7ab1:1::/65"]), f"{RACK}.network"),
    Case(
        "network-length",
        IPV6,
        put("core: dualstack_host.network[1]", "fd4c:9e02:7ab1:9::/80"),
        "core: dualstack_host.network",
    ),
    *two(
        "gateway-outside",
        f"{RACK}.gateways[0]",
        put(f"{RACK}.gateways", ["10.0.2.1"]),
        put(f"{RACK}.gateways", ["fd4c:9e02:7ab1:2::1"]),
    ),
    *two(
        "gateway-taken",
        f"{RACK}.gateways[0]",
        put(f"{RACK}.gateways", ["10.0.1.201"]),
        put(f"{RACK}.gateways", ["fd4c:9e02:7ab1:1::201"]),
    ),
    *two(
        "gateway-taken",
        f"{RACK}.gateways[0]",
        put(f"{RACK}.gateways", ["10.0.1.11"]),
        put(f"{RACK}.gateways", ["fd4c:9e02:7ab1:1::11"]),
    ),
    Case("gateway-unknown", BOTH, put(f"{RACK}.routers", []), f"{RACK}.gateways"),
    Case("fabric-split", BOTH, steps(ALONE, EMPTY), f"{FABRIC}.links"),
    Case(
        "preference-apart",
        BOTH,
        put("dualstack.advertise[0].bgp.local_preference", {"tor1": 200, "tor2": 100}),
        "dualstack.advertise[0].bgp.local_preference",
    ),
    Case(
        "asn-of-others",
        BOTH,
        steps(put("core: dualstack_host.managed", False), put("core: dualstack_host.asn", 64611)),
        "tor1: dualstack_host.asn",
    ),
]
