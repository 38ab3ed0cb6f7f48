# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about address space."""

from __future__ import annotations

from cases import IPV4, IPV6, Case, Edit, append, put, steps, two

ONE_FAMILY = {
    "address-transition": (IPV6, "6to4 and Teredo are IPv6"),
    "address-shared": (IPV4, "shared address space is IPv4"),
    "address-not-random": (IPV6, "only unique local addresses have a global ID"),
}
POOL = "dualstack.pools[3]"
PEER = "dualstack.fabric.peers[0].addresses"


def pool(block: str) -> Edit:
    return put("dualstack.pools[3].blocks", [block])


def peer(address: str) -> Edit:
    return append("dualstack.fabric.peers", {"name": "theirs", "asn": 64999, "addresses": [address]})


def everywhere(rule: str, ipv4: str, ipv6: str) -> list[Case]:
    """A network and a block of a pool."""
    return [
        *two(rule, POOL, pool(ipv4), pool(ipv6)),
        *two(
            rule,
            "core: dualstack_host.network",
            put("core: dualstack_host.network", [ipv4, "fd4c:9e02:7ab1:9::/64"]),
            put("core: dualstack_host.network", ["10.0.9.0/24", ipv6]),
        ),
    ]


CASES = [
    *everywhere("address-multicast", "239.1.0.0/24", "ff08::/64"),
    *everywhere("address-link-local", "169.254.9.0/24", "fe80:0:0:9::/64"),
    *two("address-link-local", PEER, peer("169.254.0.1"), peer("fe80::1")),
    *everywhere("address-loopback", "127.9.0.0/16", "::1/128"),
    *everywhere("address-unspecified", "0.1.0.0/16", "::/64"),
    *everywhere("address-unassigned", "240.0.9.0/24", "4000:9::/64"),
    *two("address-unassigned", PEER, peer("255.255.255.254"), peer("::fffe:a00:1")),
    *everywhere("address-withdrawn", "192.88.99.0/25", "fec0:0:0:9::/64"),
    *everywhere("address-protocol", "192.0.0.0/28", "64:ff9b::/112"),
    Case("address-transition", IPV6, pool("2002:a00:1::/64"), POOL),
    *everywhere("address-benchmark", "198.19.9.0/24", "2001:2:0:9::/64"),
    *everywhere("address-documentation", "203.0.113.0/24", "2001:db8:9::/64"),
    *two(
        "address-documentation",
        "dualstack.cluster.pods",
        put("dualstack.cluster.pods", ["198.51.100.0/24", "fd4c:9e02:7ab1:4000::/56"]),
        put("dualstack.cluster.pods", ["10.244.0.0/16", "3fff:0:0:4000::/56"]),
    ),
    Case("address-shared", IPV4, pool("100.64.0.0/24"), POOL),
    Case("address-not-random", IPV6, pool("fd00::/64"), POOL),
    Case("address-not-random", IPV6, pool("fc4c:9e02:7ab1::/64"), POOL),
    *two(
        "cluster-cidr-public",
        "dualstack.cluster.services",
        put("dualstack.cluster.services", ["172.32.0.0/16", "fd4c:9e02:7ab1:5000::/112"]),
        put("dualstack.cluster.services", ["10.96.0.0/16", "2a10:9e02:7ab1:5000::/112"]),
    ),
    *two(
        "cluster-cidr-public",
        "dualstack.cluster.pods",
        put("dualstack.cluster.pods", ["192.168.0.0/15", "fd4c:9e02:7ab1:4000::/56"]),
        steps(put("dualstack.cluster.pods", ["10.244.0.0/16", "2a10:9e02:7ab1:4000::/56"]), put("dualstack.lab", True)),
    ),
]
