# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about pools and pairs."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, Edit, append, drop, put, steps, two

POOLS = "dualstack.pools"
EDGE4, EDGE6 = "10.0.1.200-10.0.1.219", "fd4c:9e02:7ab1:1::200-fd4c:9e02:7ab1:1::21f"
TEN = "10.1.4.1-10.1.4.10"
TEN6 = "fd4c:9e02:7ab1:a006::1-fd4c:9e02:7ab1:a006::a"
GREEN = {"name": "green"}


def edge(*blocks: str) -> Edit:
    return put(f"{POOLS}[2].blocks", list(blocks))


def nine(family: str, pool: str) -> Edit:
    services = [{"name": f"s{n}", "pool": pool, "port": 80, "families": [family]} for n in range(9)]
    return append("dualstack.services", *services)


def carved(supernet: str) -> Edit:
    return steps(
        drop(f"{POOLS}[0].take"),
        put(f"{POOLS}[0].from", [supernet]),
        put(f"{POOLS}[0].prefix_length", {"ipv4": 26, "ipv6": 80}),
    )


def single(cluster_family: str) -> Edit:
    return append("dualstack.clusters", {**GREEN, "families": [cluster_family]})


CASES = [
    *two(
        "pool-holds-edge",
        f"{POOLS}[2]",
        edge("10.0.1.200-10.0.1.255", EDGE6),
        edge(EDGE4, "fd4c:9e02:7ab1:1::/120"),
    ),
    Case("pool-holds-edge", IPV4, edge("10.0.1.0/29", EDGE6), f"{POOLS}[2]"),
    *two(
        "pool-emptied",
        f"{POOLS}[2].reserve",
        put(f"{POOLS}[2].reserve", ["10.0.1.192/26"]),
        put(f"{POOLS}[2].reserve", ["fd4c:9e02:7ab1:1::/116"]),
    ),
    *two(
        "hole-outside",
        f"{POOLS}[2].reserve[0]",
        put(f"{POOLS}[2].reserve", ["10.0.1.220"]),
        put(f"{POOLS}[2].reserve", ["fd4c:9e02:7ab1:1::220"]),
    ),
    *two(
        "hole-outside",
        f"{POOLS}[0].reserve[0]",
        put(f"{POOLS}[0].reserve", ["10.1.0.130"]),
        put(f"{POOLS}[0].reserve", ["fd4c:9e02:7ab1:a000:8000::/112"]),
    ),
    *two(
        "pool-nearly-full",
        f"{POOLS}[3]",
        steps(put(f"{POOLS}[3].blocks", [TEN]), nine("ipv4", "four")),
        steps(put(f"{POOLS}[3].blocks", [TEN6]), put(f"{POOLS}[4].blocks", ["10.9.0.0/26"]), nine("ipv6", "four")),
    ),
    *two(
        "pool-lopsided",
        f"{POOLS}[2]",
        edge("10.0.1.200-10.0.1.203", EDGE6),
        edge(EDGE4, "fd4c:9e02:7ab1:1::200-fd4c:9e02:7ab1:1::202"),
    ),
    *two(
        "pool-lopsided",
        "dualstack.pairs[0]",
        steps(put(f"{POOLS}[3].blocks", ["10.1.4.0/29"]), put(f"{POOLS}[4].blocks", ["fd4c:9e02:7ab1:a006::/120"])),
        put(f"{POOLS}[4].blocks", ["fd4c:9e02:7ab1:a006::/125"]),
    ),
    Case("pool-asked-twice", BOTH, put(f"{POOLS}[0].size", 64), f"{POOLS}[0].take"),
    Case("pool-asked-twice", BOTH, put(f"{POOLS}[3].size", 64), f"{POOLS}[3].size"),
    Case("prefix-length-unused", IPV4, carved("fd4c:9e02:7ab1:a000::/64"), f"{POOLS}[0].prefix_length.ipv4"),
    Case("prefix-length-unused", IPV6, carved("10.2.0.0/24"), f"{POOLS}[0].prefix_length.ipv6"),
    *two(
        "avoid-buggy-ips",
        f"{POOLS}[3].avoid_buggy_ips",
        steps(put(f"{POOLS}[3].avoid_buggy_ips", True), append(f"{POOLS}[3].blocks", "10.1.5.255/32")),
        steps(put(f"{POOLS}[3].avoid_buggy_ips", True), put(f"{POOLS}[3].blocks", ["fd4c:9e02:7ab1:a007::/112"])),
    ),
    Case(
        "pool-idle",
        BOTH,
        append(POOLS, {"name": "spare", "blocks": ["10.1.7.0/26"], "auto_assign": False}),
        f"{POOLS}[5]",
    ),
    Case("pool-unadvertised", BOTH, append(POOLS, {"name": "spare", "blocks": ["10.1.7.0/26"]}), f"{POOLS}[5]"),
    *two(
        "pool-cluster-family",
        f"{POOLS}[5]",
        steps(single("ipv6"), append(POOLS, {"name": "g", "blocks": ["10.1.7.0/26"], "cluster": "green"})),
        steps(
            single("ipv4"),
            append(POOLS, {"name": "g", "blocks": ["fd4c:9e02:7ab1:a007::/112"], "cluster": "green"}),
        ),
    ),
    Case("pair-family", IPV4, put("dualstack.pairs[0].ipv4", "six"), "dualstack.pairs[0].ipv4"),
    Case("pair-family", IPV6, put("dualstack.pairs[0].ipv6", "four"), "dualstack.pairs[0].ipv6"),
    Case(
        "pair-clusters",
        BOTH,
        steps(append("dualstack.clusters", GREEN), put(f"{POOLS}[4].cluster", "green")),
        "dualstack.pairs[0]",
    ),
    Case(
        "pair-of-one",
        BOTH,
        steps(put("dualstack.pairs[0].ipv4", "staging"), put("dualstack.pairs[0].ipv6", "staging")),
        "dualstack.pairs[0]",
    ),
    Case("pair-of-one", BOTH, put("dualstack.pairs[0].ipv4", "staging"), "dualstack.pairs[0].ipv4"),
    Case(
        "pair-joined",
        BOTH,
        put("dualstack.cluster.load_balancer", "metallb-frr-k8s"),
        "dualstack.services[4].pool",
    ),
    Case("pair-half-open", IPV4, put(f"{POOLS}[3].auto_assign", True), "dualstack.pairs[0].ipv4"),
    Case("pair-half-open", IPV6, put(f"{POOLS}[4].auto_assign", True), "dualstack.pairs[0].ipv6"),
    *[
        Case(
            "pair-half-open",
            family,
            append("dualstack.services", {"name": "half", "pool": pool, "port": 80, "families": [family]}),
            f"dualstack.pairs[0].{family}",
        )
        for family, pool in (("ipv4", "four"), ("ipv6", "six"))
    ],
]
