# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the rules about sessions, the fabric, advertisements and reach stay silent."""

from __future__ import annotations

from cases import IPV4, IPV6, Edit, append, drop, host, put, steps
from edits import FABRIC, FAR, NEAR, NODE1, group, of, one_asn, peer, profile, spine, unnumbered

ADVERTISE = "dualstack.advertise"
FIRST, EDGE = f"{ADVERTISE}[0]", f"{ADVERTISE}[2]"
AGGREGATION = f"{FIRST}.bgp.aggregation"
RACKS, LINKS = f"{FABRIC}.peer_groups.racks", f"{FABRIC}.peer_groups.links"
FAST = steps(group("far", bfd="fast"), peer(addresses=FAR, multihop=4, peer_group="far"))
METALLB = put("dualstack.cluster.load_balancer", "metallb-frr-k8s")
EVERYBODY = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "Exists"}]}]


def _again(**facts: object) -> Edit:
    return append(ADVERTISE, {"name": "again", "pools": ["production"], **facts})


SILENT: list[tuple[str, Edit]] = [
    # ASNs and timers
    ("asn-documentation", steps(put("dualstack.lab", True), put("core: dualstack_host.asn", 65540))),
    ("asn-documentation", steps(peer(asn=64495), put("core: dualstack_host.asn", 65552))),
    ("asn-public", put("core: dualstack_host.asn", 64534)),
    ("asn-public", put("core: dualstack_host.asn", 4200000000)),
    ("asn-public", steps(put("core: dualstack_host.managed", False), put("core: dualstack_host.asn", 3333))),
    ("asn-public", peer(asn=3333)),
    (
        "asn-dynamic-stated",
        steps(group("any", dynamic_asn=True), peer(asn=None, dynamic_asn="external", peer_group="any")),
    ),
    ("asn-dynamic-open", peer(asn=None, dynamic_asn="external")),
    ("asn-local", peer(local_asn=64999)),
    ("hold-long", put(f"{FABRIC}.timers", {"keepalive": 20, "hold": 60})),
    ("hold-long", put(f"{LINKS}.timers", {"keepalive": 60, "hold": 180})),  # with BFD
    ("hold-short", put(f"{FABRIC}.timers", {"keepalive": 2, "hold": 6})),
    ("connect-late", put(f"{FABRIC}.timers.connect", 9)),
    # Sessions and peers
    ("session-missing", put(f"{FABRIC}.racks.rack2.node_selectors", [{"matchLabels": {"zone": "b"}}])),
    ("session-missing", unnumbered()),
    ("session-missing", put(f"{FABRIC}.sessions", "over-ipv6")),
    ("session-next-hop", peer(addresses=NEAR[1:], both_families=True)),
    ("peer-one-family", peer(addresses=NEAR[:1], both_families=True)),
    ("peer-one-family", peer()),
    ("password-missing", steps(group("open", authenticated=False), peer(peer_group="open"))),
    ("router-without-session", put(f"{FABRIC}.racks.rack1.node_selectors", [{"matchLabels": {"zone": "a"}}])),
    ("peer-place", peer()),
    ("peer-place", peer(addresses=None, interface="eth1")),
    ("peer-source", peer(addresses=NEAR[:1], source_address="10.0.1.11", node_selectors=NODE1)),
    ("peer-source", peer(addresses=NEAR[1:], source_address="fd4c:9e02:7ab1:1::11", node_selectors=NODE1)),
    ("peer-router-id", peer(router_id="10.9.9.9", node_selectors=NODE1)),
    # How far
    *[("multihop-missing", peer(addresses=[of(family, FAR)], multihop=2)) for family in (IPV4, IPV6)],
    *[("multihop-missing", peer(addresses=[of(family, NEAR)])) for family in (IPV4, IPV6)],
    ("multihop-missing", peer(addresses=FAR, asn=64512)),  # iBGP is sent with the full TTL
    ("multihop-near", peer(addresses=FAR, multihop=2)),
    ("multihop-near", peer(addresses=NEAR, multihop=2, node_selectors=None)),  # node3 is in the other rack
    ("multihop-internal", peer(addresses=FAR, multihop=3)),
    ("ttl-multihop", steps(group("guarded", ttl_security=2), peer(addresses=FAR, asn=64512, peer_group="guarded"))),
    ("ttl-node", put(f"{LINKS}.ttl_security", 1)),
    ("ttl-loose", put(f"{LINKS}.ttl_security", 1)),
    ("ttl-unnumbered", put(f"{LINKS}.ttl_security", 1)),
    ("reflector-idle", one_asn("core")),
    (
        "reflector-single",
        steps(
            one_asn("core"),
            host("routers", "core2", {"asn": 64512, "route_reflector": True}),
            append(f"{FABRIC}.links", ["core2", "tor1"], ["core2", "tor2"]),
        ),
    ),
    # BFD
    ("bfd-late", profile(transmit_interval=2999)),
    ("bfd-fast", profile(receive_interval=100, transmit_interval=100)),
    ("bfd-echo-ipv6", steps(put(f"{LINKS}.sessions", "over-ipv4"), profile(echo=True))),
    ("bfd-echo-multihop", profile(echo=True)),
    ("bfd-echo-interval", profile(echo=True, echo_interval=100)),
    (
        "bfd-passive",
        steps(drop(f"{LINKS}.bfd"), profile(passive=True), group("far", bfd="fast"), peer(peer_group="far")),
    ),
    ("bfd-ttl-unused", steps(FAST, profile(minimum_ttl=250))),
    ("bfd-ttl", steps(FAST, profile(minimum_ttl=252))),
    ("bfd-ttl", steps(group("far", bfd="fast"), peer(addresses=FAR, multihop=2, peer_group="far"))),
    ("bfd-restart", put(f"{RACKS}.graceful_restart", True)),
    # Platforms
    ("unnumbered-bird", steps(unnumbered(), put("core: dualstack_host.platform", "bird"))),
    ("bfd-ttl-security", put(f"{LINKS}.ttl_security", 1)),
    ("bfd-ttl-security", steps(unnumbered(), put(f"{LINKS}.ttl_security", 1), drop(f"{FABRIC}.links[1]"))),
    ("bfd-ttl-security", put("tor1: dualstack_host.platform", "bird")),
    # Links, routers and racks
    ("link-of-node", unnumbered(between=["tor1", "node1"], interfaces={"tor1": "swp1", "node1": "eth9"})),
    ("unnumbered-interfaces", unnumbered()),
    ("unnumbered-network", put(f"{FABRIC}.links[0].network", ["172.16.9.0/31", "fd4c:9e02:7ab1:fe::/127"])),
    ("interface-twice", put(f"{FABRIC}.links[0].interfaces", {"core": "swp1", "tor1": "swp1"})),
    (
        "router-id-derived",
        put(
            "core: dualstack_host",
            {
                "asn": 64601,
                "router_id": "10.9.9.9",
                "loopback": ["fd4c:9e02:7ab1::9"],
                "network": ["10.0.9.0/24", "fd4c:9e02:7ab1:9::/64"],
            },
        ),
    ),
    (
        "rack-one-router",
        steps(
            put(f"{FABRIC}.racks.rack1.routers", ["tor1"]),
            put(f"{FABRIC}.racks.rack1.node_selectors", EVERYBODY),
            put("node1: dualstack_host.racks.rack2", ["10.0.2.11", "fd4c:9e02:7ab1:2::11"]),
        ),
    ),
    ("node-two-racks", put(EDGE, {"pools": ["edge"], "nodes": ["node1"], "layer2": {}})),
    ("selector-idle", put(f"{FABRIC}.racks.rack1.node_selectors", [{"matchLabels": {"zone": "a"}}])),
    ("entry-twice", put(f"{FIRST}.bgp.communities", ["backbone", "64512:301"])),
    # Advertisements
    ("advertise-nobody", put(f"{FIRST}.node_selectors", [{"matchLabels": {"zone": "b"}}])),
    ("advertise-no-session", put(f"{FIRST}.nodes", ["node1"])),
    ("advertise-silent-node", put(f"{FABRIC}.sessions", "over-ipv4")),
    ("advertise-one-node", put(f"{FIRST}.nodes", ["node1", "node3"])),
    ("advertise-one-router", steps(put(f"{FIRST}.bgp.peers", ["tor1"]), _again(bgp={"peers": ["tor2"]}))),
    ("advertise-both-ways", _again(bgp={})),
    (
        "advertise-no-service",
        steps(
            put("dualstack.services[0].labels", {"app": "shop"}),
            put(f"{FIRST}.service_selectors", [{"matchLabels": {"app": "shop"}}]),
        ),
    ),
    # Communities and preferences
    ("community-range", put("dualstack.communities.backbone", "65535:65535")),
    ("community-range", put("dualstack.communities.backbone", "large:4294967295:0:4294967295")),
    ("community-reserved", append(f"{FIRST}.bgp.communities", "65535:65284")),
    (
        "community-stops",
        steps(one_asn("core", "tor1", "tor2"), append(f"{ADVERTISE}[1].bgp.communities", "65535:65281")),
    ),
    ("community-clash", append(f"{ADVERTISE}[1].bgp.communities", "64512:101")),
    (
        "community-count",
        append(f"{ADVERTISE}[1].bgp.communities", *(f"64512:{number}" for number in range(1000, 1063))),
    ),
    ("community-foreign", put("dualstack.communities.backbone", "64601:1")),
    ("preference-external", steps(one_asn("core", "tor1", "tor2"), put(f"{FIRST}.bgp.local_preference", 200))),
    ("preference-blind", put(f"{FIRST}.bgp.local_preference", {"tor1": 200})),
    ("preference-equal", put(f"{FIRST}.bgp.local_preference", {"tor1": 200, "core": 100})),
    ("preference-contradicts", _again(bgp={"local_preference": {"core": 200}})),
    (
        "preference-contradicts",
        _again(bgp={"local_preference": {"core": 150}, "aggregation": {"ipv4": 26, "ipv6": 66}}),
    ),
    (
        "preference-contradicts",
        steps(put(f"{FIRST}.bgp.peers", ["tor1"]), _again(bgp={"peers": ["tor2"], "local_preference": 90})),
    ),
    (
        "preference-contradicts",
        steps(put(f"{FIRST}.nodes", ["node1"]), _again(nodes=["node3"], bgp={"local_preference": 90})),
    ),
    # Aggregates
    *[
        (rule, put(AGGREGATION, {family: length}))
        for rule in ("aggregation-wide", "aggregation-swallows", "aggregation-spills")
        for family, length in ((IPV4, 25), (IPV6, 65))
    ],
    ("aggregation-selectors", put(f"{FIRST}.service_selectors", [{"matchLabels": {"app": "a"}}])),
    ("aggregation-local", put("dualstack.services[0].traffic_policy", "Local")),
    # Layer 2
    ("layer2-racks", put("dualstack.pools[2].blocks", ["10.0.1.200-10.0.1.209", "10.0.1.220-10.0.1.229"])),
    (
        "layer2-racks",
        steps(put(f"{EDGE}.nodes", ["node2"]), append("dualstack.pools[2].blocks", "10.0.2.200-10.0.2.219")),
    ),
    ("layer2-elsewhere", put(f"{EDGE}.nodes", ["node1", "node2"])),
    (
        "layer2-preferred",
        put(f"{EDGE}.layer2.preferred_nodes", [{"weight": 1, "selector": {"matchLabels": {"zone": "a"}}}]),
    ),
    ("layer2-interface", put(f"{EDGE}.layer2.interfaces", ["lo0"])),
    ("layer2-interface", steps(put(f"{FABRIC}.racks.rack2.interface", "cali1"))),  # no layer-2 pool there
    ("layer2-shared", put("dualstack.services[3].sharing_key", "desk")),
    (
        "layer2-shared",  # they match others than the Service that shares its address
        steps(
            put("dualstack.services[3].sharing_key", "desk"),
            put(f"{EDGE}.service_selectors", [{"matchLabels": {"app": "print"}}]),
        ),
    ),
    # How far prefixes travel, and limits
    ("unreachable", one_asn("core", "tor1", "tor2")),
    ("unreachable", spine()),
    ("prefix-not-above", steps(host("routers", "core2", {"asn": 64602}), append(f"{FABRIC}.links", ["core2", "tor1"]))),
    ("prefix-not-above", steps(peer(), put(f"{FIRST}.bgp.peers", ["firewall", "tor1"]))),
    *[("next-hop-unreachable", peer(addresses=[of(family, NEAR)], both_families=True)) for family in (IPV4, IPV6)],
    ("next-hop-unreachable", unnumbered()),
    ("maximum-paths", put(f"{FABRIC}.maximum_paths", 4)),
    ("prefix-limit", put("dualstack.pools[3].blocks", ["10.3.0.0/21"])),  # 2304 IPv4 prefixes, 2^64 of IPv6
    # Modes
    ("mode-refuses", METALLB),
    ("mode-ignores", steps(METALLB, put(f"{RACKS}.bfd", "fast"), put(f"{RACKS}.graceful_restart", True))),
    ("mode-refuses", steps(METALLB, peer(asn=None, dynamic_asn="external"))),
    ("mode-refuses", peer(addresses=None, interface="eth1")),
    ("mode-refuses", steps(METALLB, peer(addresses=None, interface="eth1"))),
]
