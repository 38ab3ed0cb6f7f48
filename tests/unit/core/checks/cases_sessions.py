# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about ASNs, timers, sessions and how far they reach."""

from __future__ import annotations

from cases import BOTH, IPV4, IPV6, Case, drop, host, put, steps, two
from edits import FABRIC, FAR, NEAR, NODE1, PEERS, group, of, one_asn, peer, unnumbered

CASES = [
    # ASNs
    Case("asn-documentation", BOTH, put("core: dualstack_host.asn", 64500), "core: dualstack_host.asn"),
    Case("asn-documentation", BOTH, peer(asn=65551), f"{PEERS}[0].asn"),
    Case("asn-public", BOTH, put(f"{FABRIC}.node_asn", 3333), f"{FABRIC}.node_asn"),
    Case("asn-public", BOTH, put("tor1: dualstack_host.asn", 4199999999), "tor1: dualstack_host.asn"),
    Case("asn-dynamic-stated", BOTH, steps(group("any", dynamic_asn=True), peer(peer_group="any")), f"{PEERS}[0].asn"),
    Case(
        "asn-dynamic-open",
        BOTH,
        steps(drop(f"{FABRIC}.password"), peer(asn=None, dynamic_asn="external")),
        f"{PEERS}[0].dynamic_asn",
    ),
    Case(
        "asn-dynamic-open",
        BOTH,
        put(f"{FABRIC}.peer_groups.racks", {"dynamic_asn": True, "authenticated": False}),
        f"{FABRIC}.peer_groups.racks.dynamic_asn",
    ),
    Case("asn-local", BOTH, peer(local_asn=64512), f"{PEERS}[0].local_asn"),
    Case("asn-local", BOTH, peer(local_asn=64700), f"{PEERS}[0].local_asn"),
    Case("asn-local", BOTH, peer(asn=64512, local_asn=64999), f"{PEERS}[0].local_asn"),
    # Timers
    Case(
        "hold-long", BOTH, put(f"{FABRIC}.peer_groups.racks.timers.hold", 61), f"{FABRIC}.peer_groups.racks.timers.hold"
    ),
    Case(
        "hold-short", BOTH, put(f"{FABRIC}.timers", {"keepalive": 1, "hold": 5, "connect": 2}), f"{FABRIC}.timers.hold"
    ),
    Case("connect-late", BOTH, put(f"{FABRIC}.timers.connect", 10), f"{FABRIC}.timers.connect"),
    # Sessions
    *two(
        "session-missing",
        f"{FABRIC}.racks.rack2",
        steps(
            put(f"{FABRIC}.peer_groups.racks.sessions", "over-ipv4"),
            put("node3: dualstack_host.racks.rack2", ["fd4c:9e02:7ab1:2::13"]),
        ),
        steps(
            put(f"{FABRIC}.peer_groups.racks.sessions", "over-ipv6"),
            put("node3: dualstack_host.racks.rack2", ["10.0.2.13"]),
        ),
    ),
    *(
        Case(
            "session-next-hop",
            family,
            steps(
                put("node1: dualstack_host.racks.rack1", [of(other, ["10.0.1.11", "fd4c:9e02:7ab1:1::11"])]),
                peer(addresses=[of(other, NEAR)], both_families=True),
            ),
            "node1: dualstack_host",
        )
        for family, other in ((IPV4, IPV6), (IPV6, IPV4))
    ),
    *(
        Case("peer-one-family", family, peer(addresses=[of(other, NEAR)]), f"{PEERS}[0].addresses")
        for family, other in ((IPV4, IPV6), (IPV6, IPV4))
    ),
    Case("password-missing", BOTH, drop(f"{FABRIC}.password"), f"{FABRIC}.password"),
    Case(
        "router-without-session",
        BOTH,
        steps(
            host("routers", "tor9", {"asn": 64609}),
            put(f"{FABRIC}.racks.rack9", {"network": ["10.0.7.0/24", "fd4c:9e02:7ab1:7::/64"], "routers": ["tor9"]}),
        ),
        "tor9: dualstack_host",
    ),
    # Peers
    Case("peer-place", BOTH, peer(addresses=None), f"{PEERS}[0]"),
    Case("peer-place", BOTH, peer(interface="eth1"), f"{PEERS}[0]"),
    *two(
        "peer-source",
        f"{PEERS}[0].source_address",
        peer(source_address="10.0.1.11"),
        peer(source_address="fd4c:9e02:7ab1:1::11"),
    ),
    *two(
        "peer-source",
        f"{PEERS}[0].source_address",
        peer(source_address="10.0.1.99", node_selectors=NODE1),
        peer(source_address="fd4c:9e02:7ab1:1::99", node_selectors=NODE1),
    ),
    *two(
        "peer-source",
        f"{PEERS}[0].source_address",
        peer(source_address="10.0.1.11", node_selectors=NODE1, addresses=NEAR[1:]),
        peer(source_address="fd4c:9e02:7ab1:1::11", node_selectors=NODE1, addresses=NEAR[:1]),
    ),
    Case("peer-router-id", BOTH, peer(router_id="fd00::1", node_selectors=NODE1), f"{PEERS}[0].router_id"),
    Case("peer-router-id", BOTH, peer(router_id="10.9.9.9"), f"{PEERS}[0].router_id"),
    *(
        Case("address-twice", family, peer(addresses=[address]), f"{PEERS}[0]")
        for family, address in ((IPV4, "10.0.1.1"), (IPV6, "fd4c:9e02:7ab1:1::11"))
    ),
    # How far
    *(
        Case("multihop-missing", family, peer(addresses=[of(family, FAR)]), f"{PEERS}[0].addresses")
        for family in (IPV4, IPV6)
    ),
    *(
        Case(
            "multihop-missing", family, peer(addresses=[of(family, NEAR)], node_selectors=None), f"{PEERS}[0].addresses"
        )
        for family in (IPV4, IPV6)
    ),
    *(
        Case("multihop-near", family, peer(addresses=[of(family, NEAR)], multihop=2), f"{PEERS}[0].multihop")
        for family in (IPV4, IPV6)
    ),
    Case("multihop-internal", BOTH, peer(asn=64512, addresses=FAR, multihop=3), f"{PEERS}[0].multihop"),
    Case(
        "multihop-internal",
        BOTH,
        peer(asn=None, dynamic_asn="internal", addresses=FAR, multihop=3),
        f"{PEERS}[0].multihop",
    ),
    Case(
        "ttl-multihop",
        BOTH,
        steps(group("guarded", ttl_security=2), peer(addresses=FAR, multihop=2, peer_group="guarded")),
        f"{PEERS}[0].multihop",
    ),
    Case(
        "ttl-node",
        BOTH,
        steps(
            put(f"{FABRIC}.peer_groups.racks.ttl_security", 1),
            put("dualstack.cluster.load_balancer", "metallb-frr-k8s"),
        ),
        f"{FABRIC}.racks.rack1.peer_group",
    ),
    Case(
        "ttl-loose",
        BOTH,
        put(f"{FABRIC}.peer_groups.racks.ttl_security", 3),
        f"{FABRIC}.peer_groups.racks.ttl_security",
    ),
    Case(
        "ttl-loose",
        BOTH,
        put(f"{FABRIC}.peer_groups.links.ttl_security", 2),
        f"{FABRIC}.peer_groups.links.ttl_security",
    ),
    Case(
        "ttl-unnumbered",
        BOTH,
        steps(unnumbered(), put(f"{FABRIC}.peer_groups.links.ttl_security", 1)),
        f"{FABRIC}.peer_groups.links.ttl_security",
    ),
    # Reflectors
    Case(
        "reflector-idle",
        BOTH,
        put("core: dualstack_host.route_reflector", True),
        "core: dualstack_host.route_reflector",
    ),
    Case("reflector-single", BOTH, one_asn("core"), "core: dualstack_host.route_reflector"),
]
