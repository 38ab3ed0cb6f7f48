# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the rules about BFD, links and racks."""

from __future__ import annotations

from cases import BOTH, IPV6, Case, append, drop, host, put, steps
from edits import FABRIC, FAR, PEERS, group, peer, profile, unnumbered

FAST = "dualstack.bfd_profiles.fast"
LINKS = f"{FABRIC}.links"
TO_FAR = steps(group("far", bfd="fast"), peer(addresses=FAR, multihop=4, peer_group="far"))

CASES = [
    Case("bfd-late", BOTH, profile(transmit_interval=3000), f"{FABRIC}.peer_groups.links.bfd"),
    Case("bfd-late", BOTH, profile(receive_interval=900, detect_multiplier=10), f"{FABRIC}.peer_groups.links.bfd"),
    Case("bfd-fast", BOTH, profile(receive_interval=50), f"{FAST}.receive_interval"),
    Case("bfd-fast", BOTH, profile(transmit_interval=99), f"{FAST}.transmit_interval"),
    Case("bfd-echo-ipv6", IPV6, profile(echo=True), f"{FAST}.echo"),
    Case("bfd-echo-multihop", BOTH, steps(profile(echo=True), TO_FAR), f"{FAST}.echo"),
    Case("bfd-echo-interval", BOTH, profile(echo_interval=100), f"{FAST}.echo_interval"),
    Case("bfd-passive", BOTH, profile(passive=True), f"{FAST}.passive"),
    Case("bfd-ttl-unused", BOTH, profile(minimum_ttl=250), f"{FAST}.minimum_ttl"),
    Case("bfd-ttl", BOTH, TO_FAR, f"{FAST}.minimum_ttl"),
    Case("bfd-ttl", BOTH, steps(TO_FAR, profile(minimum_ttl=253)), f"{FAST}.minimum_ttl"),
    Case("bfd-restart", BOTH, put(f"{FABRIC}.graceful_restart", True), f"{FABRIC}.graceful_restart"),
    Case(
        "bfd-restart",
        BOTH,
        put(f"{FABRIC}.peer_groups.links.graceful_restart", True),
        f"{FABRIC}.peer_groups.links.graceful_restart",
    ),
    # Links and routers
    Case("link-of-node", BOTH, put(f"{LINKS}[0]", ["core", "node1"]), f"{LINKS}[0]"),
    Case("link-of-node", BOTH, unnumbered(between=["node1", "node2"], interfaces={}), f"{LINKS}[0]"),
    Case("unnumbered-interfaces", BOTH, unnumbered(interfaces={"core": "swp1"}), f"{LINKS}[0].interfaces"),
    Case(
        "unnumbered-interfaces",
        BOTH,
        unnumbered(between=["tor1", "node1"], interfaces={"tor1": "swp1"}),
        f"{LINKS}[0].interfaces",
    ),
    Case("unnumbered-network", BOTH, unnumbered(network=["172.16.9.0/31"]), f"{LINKS}[0].network"),
    Case(
        "interface-twice",
        BOTH,
        steps(put(f"{LINKS}[0].interfaces", {"core": "swp1"}), put(f"{LINKS}[1].interfaces", {"core": "swp1"})),
        f"{LINKS}[1].interfaces.core",
    ),
    Case("router-id-derived", BOTH, drop(f"{FABRIC}.loopbacks"), "core: dualstack_host"),
    Case(
        "router-id-derived",
        BOTH,
        put("tor1: dualstack_host.loopback", ["fd4c:9e02:7ab1::99"]),
        "tor1: dualstack_host",
    ),
    Case("router-unmanaged", BOTH, put("core: dualstack_host.managed", False), "core: dualstack_host.managed"),
    Case("router-unmanaged", BOTH, put("tor2: dualstack_host.platform", "eos"), "tor2: dualstack_host.managed"),
    # Racks
    Case(
        "rack-empty",
        BOTH,
        put(f"{FABRIC}.racks.rack9", {"network": ["10.0.7.0/24", "fd4c:9e02:7ab1:7::/64"], "routers": ["tor1"]}),
        f"{FABRIC}.racks.rack9",
    ),
    Case("rack-one-router", BOTH, put(f"{FABRIC}.racks.rack1.routers", ["tor1"]), f"{FABRIC}.racks.rack1.routers"),
    Case(
        "node-two-racks",
        BOTH,
        steps(
            host(
                "nodes",
                "node9",
                {
                    "racks": {
                        "rack1": ["10.0.1.19", "fd4c:9e02:7ab1:1::19"],
                        "rack2": ["10.0.2.19", "fd4c:9e02:7ab1:2::19"],
                    }
                },
            ),
        ),
        "node9: dualstack_host.racks",
    ),
    # What is said in vain or twice
    Case(
        "selector-idle",
        BOTH,
        put(f"{FABRIC}.racks.rack1.node_selectors", [{"matchLabels": {"zone": "b"}}]),
        f"{FABRIC}.racks.rack1.node_selectors[0]",
    ),
    Case(
        "selector-idle",
        BOTH,
        put("dualstack.advertise[1].node_selectors", [{"matchLabels": {"zone": "a"}}, {"matchLabels": {"zone": "z"}}]),
        "dualstack.advertise[1].node_selectors[1]",
    ),
    Case(
        "selector-idle",
        BOTH,
        put("dualstack.pools[1].node_selectors", [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]),
        "dualstack.pools[1].node_selectors[0]",
    ),
    Case("selector-idle", BOTH, peer(node_selectors=[{"matchLabels": {"zone": "z"}}]), f"{PEERS}[0].node_selectors[0]"),
    Case(
        "entry-twice",
        BOTH,
        put(f"{FABRIC}.racks.rack1.routers", ["tor1", "tor2", "tor1"]),
        f"{FABRIC}.racks.rack1.routers",
    ),
    Case("entry-twice", BOTH, append("dualstack.advertise[0].pools", "production"), "dualstack.advertise[0].pools"),
    Case(
        "entry-twice",
        BOTH,
        append("dualstack.advertise[0].bgp.communities", "64512:300"),
        "dualstack.advertise[0].bgp.communities",
    ),
    Case("never-used", BOTH, put("dualstack.bfd_profiles.slow", {}), "dualstack.bfd_profiles.slow"),
    Case("never-used", BOTH, group("forgotten", bfd="fast"), f"{FABRIC}.peer_groups.forgotten"),
    Case("never-used", BOTH, put("dualstack.communities.spare", "64512:9"), "dualstack.communities.spare"),
]

ONE_FAMILY = {"bfd-echo-ipv6": (IPV6, "IPv4 echo packets are returned by whatever forwards")}
