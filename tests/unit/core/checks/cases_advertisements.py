# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about advertisements, communities, preferences and aggregates."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, append, put, steps
from edits import FABRIC, NEAR, of, one_asn, peer

ADVERTISE = "dualstack.advertise"
FIRST = f"{ADVERTISE}[0]"
AGGREGATION = f"{FIRST}.bgp.aggregation"
ZONE_Z = [{"matchLabels": {"zone": "z"}}]
FOUR, SIX = f"{ADVERTISE}[3].bgp.aggregation.ipv4", f"{ADVERTISE}[3].bgp.aggregation.ipv6"

CASES = [
    Case("advertise-nobody", BOTH, put(f"{FIRST}.node_selectors", ZONE_Z), FIRST),
    Case("advertise-nobody", BOTH, put("dualstack.pools[1].node_selectors", ZONE_Z), f"{ADVERTISE}[1]"),
    Case(
        "advertise-other-cluster",
        BOTH,
        steps(put("dualstack.clusters", [{"name": "green"}]), put("dualstack.pools[0].cluster", "green")),
        f"{FIRST}.pools",
    ),
    *(
        Case(
            "advertise-no-session",
            family,
            put(
                f"{FABRIC}.racks",
                {
                    "rack1": {
                        "network": [of(other, ["10.0.1.0/24", "fd4c:9e02:7ab1:1::/64"])],
                        "routers": ["tor1", "tor2"],
                    },
                    "rack2": {
                        "network": [of(other, ["10.0.2.0/24", "fd4c:9e02:7ab1:2::/64"])],
                        "routers": ["tor1", "tor2"],
                    },
                },
            ),
            FIRST,
        )
        for family, other in ((IPV4, IPV6), (IPV6, IPV4))
    ),
    *(
        Case(
            "advertise-no-session",
            family,
            steps(peer(addresses=[of(other, NEAR)]), put(f"{FIRST}.bgp.peers", ["firewall"])),
            FIRST,
        )
        for family, other in ((IPV4, IPV6), (IPV6, IPV4))
    ),
    *(
        Case(
            "advertise-silent-node",
            family,
            put("node1: dualstack_host.racks.rack1", [of(other, ["10.0.1.11", "fd4c:9e02:7ab1:1::11"])]),
            f"{ADVERTISE}[1]",
        )
        for family, other in ((IPV4, IPV6), (IPV6, IPV4))
    ),
    Case("advertise-one-node", BOTH, put(f"{FIRST}.nodes", ["node1"]), FIRST),
    Case("advertise-one-node", BOTH, put(f"{ADVERTISE}[2].nodes", ["node1"]), f"{ADVERTISE}[2]"),
    Case("advertise-one-router", BOTH, put(f"{FIRST}.bgp.peers", ["tor1"]), FIRST),
    Case(
        "advertise-both-ways",
        BOTH,
        append(ADVERTISE, {"name": "edge-bgp", "pools": ["edge"], "bgp": {}}),
        f"{ADVERTISE}[2].pools",
    ),
    Case(
        "advertise-no-service",
        BOTH,
        put(f"{FIRST}.service_selectors", [{"matchLabels": {"app": "none"}}]),
        f"{FIRST}.service_selectors",
    ),
    # Communities
    Case("community-range", BOTH, put("dualstack.communities.backbone", "70000:1"), "dualstack.communities.backbone"),
    Case("community-range", BOTH, append(f"{FIRST}.bgp.communities", "64512:70000"), f"{FIRST}.bgp.communities[1]"),
    Case(
        "community-range",
        BOTH,
        append(f"{FIRST}.bgp.communities", "large:64512:1:4294967296"),
        f"{FIRST}.bgp.communities[1]",
    ),
    Case("community-reserved", BOTH, append(f"{FIRST}.bgp.communities", "65535:666"), f"{FIRST}.bgp.communities[1]"),
    Case("community-reserved", BOTH, append(f"{FIRST}.bgp.communities", "0:1"), f"{FIRST}.bgp.communities[1]"),
    Case(
        "community-reserved", BOTH, put("dualstack.communities.backbone", "65535:99"), "dualstack.communities.backbone"
    ),
    Case("community-stops", BOTH, append(f"{FIRST}.bgp.communities", "65535:65281"), f"{FIRST}.bgp.communities"),
    Case("community-stops", BOTH, append(f"{FIRST}.bgp.communities", "65535:65282"), f"{FIRST}.bgp.communities"),
    Case(
        "community-stops",
        BOTH,
        steps(one_asn("core", "tor1", "tor2"), put(f"{ADVERTISE}[1].bgp.communities", ["65535:65282"])),
        f"{ADVERTISE}[1].bgp.communities",
    ),
    Case(
        "community-clash",
        BOTH,
        append(f"{ADVERTISE}[1].bgp.communities", "64512:100"),
        f"{ADVERTISE}[1].bgp.communities[0]",
    ),
    Case("community-clash", BOTH, put("dualstack.communities.backbone", "64512:100"), "dualstack.communities.backbone"),
    Case(
        "community-count",
        BOTH,
        append(f"{ADVERTISE}[1].bgp.communities", *(f"64512:{number}" for number in range(1000, 1064))),
        f"{ADVERTISE}[1].bgp.communities",
    ),
    Case(
        "community-foreign", BOTH, put("dualstack.communities.backbone", "65412:300"), "dualstack.communities.backbone"
    ),
    # Preferences
    Case("preference-external", BOTH, put(f"{FIRST}.bgp.local_preference", 200), f"{FIRST}.bgp.local_preference"),
    Case(
        "preference-blind",
        BOTH,
        steps(
            put(f"{FABRIC}.racks.rack1.routers", ["tor1"]),
            put(f"{FIRST}.nodes", ["node1"]),
            put(f"{FIRST}.bgp.local_preference", {"tor2": 200}),
        ),
        f"{FIRST}.bgp.local_preference.tor2",
    ),
    Case(
        "preference-equal", BOTH, put(f"{FIRST}.bgp.local_preference", {"core": 100}), f"{FIRST}.bgp.local_preference"
    ),
    Case(
        "preference-equal",
        BOTH,
        put(f"{FIRST}.bgp.local_preference", {"core": 200, "tor1": 200}),
        f"{FIRST}.bgp.local_preference",
    ),
    Case(
        "preference-contradicts",
        BOTH,
        append(ADVERTISE, {"name": "again", "pools": ["production"], "bgp": {"local_preference": {"core": 150}}}),
        f"{ADVERTISE}[4].bgp.local_preference.core",
    ),
    Case(
        "preference-contradicts",
        BOTH,
        steps(
            one_asn("core", "tor1", "tor2"),
            put(f"{ADVERTISE}[1].bgp.local_preference", 90),
            append(ADVERTISE, {"name": "again", "pools": ["staging"], "bgp": {}}),
        ),
        f"{ADVERTISE}[4].bgp.local_preference",
    ),
    # Aggregates
    Case("aggregation-wide", IPV4, put(FOUR[: -len(".ipv4")], {"ipv4": 25}), FOUR),
    Case("aggregation-wide", IPV6, put(SIX[: -len(".ipv6")], {"ipv6": 111}), SIX),
    Case("aggregation-swallows", IPV4, put(AGGREGATION, {"ipv4": 24}), f"{AGGREGATION}.ipv4"),
    Case("aggregation-swallows", IPV6, put(AGGREGATION, {"ipv6": 64}), f"{AGGREGATION}.ipv6"),
    Case(
        "aggregation-spills",
        IPV4,
        steps(put("dualstack.pools[3].blocks", ["10.1.4.3-10.1.4.62"]), put(FOUR[: -len(".ipv4")], {"ipv4": 28})),
        FOUR,
    ),
    Case(
        "aggregation-spills",
        IPV6,
        steps(
            put("dualstack.pools[4].reserve", ["fd4c:9e02:7ab1:a006::/124"]),
            put(SIX[: -len(".ipv6")], {"ipv6": 120}),
        ),
        SIX,
    ),
    *(
        Case(
            "aggregation-selectors",
            family,
            steps(
                put(AGGREGATION, {family: length}), put(f"{FIRST}.service_selectors", [{"matchLabels": {"app": "a"}}])
            ),
            f"{AGGREGATION}.{family}",
        )
        for family, length in ((IPV4, 25), (IPV6, 65))
    ),
    *(
        Case(
            "aggregation-local",
            family,
            steps(put(AGGREGATION, {family: length}), put("dualstack.services[0].traffic_policy", "Local")),
            f"{AGGREGATION}.{family}",
        )
        for family, length in ((IPV4, 25), (IPV6, 65))
    ),
]
