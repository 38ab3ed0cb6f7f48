# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the schema that describes what is served: pools, pairs, advertisements and Services."""

from __future__ import annotations

from .shapes import ADDRESS, BLOCK, NETWORK, Either, Integer, Key, ListOf, MapOf, PerFamily, Struct, Text
from .words import COMMUNITY_OR_ALIAS, FAMILY, HOST, INTERFACE, NAME, PREFIX_LENGTHS, SELECTOR, SELECTORS, SWITCH

CLUSTER_NAME = Key("cluster", NAME, "the cluster that it belongs to; default: dualstack.cluster")

SERVICE_ALLOCATION = Struct(
    (
        Key("priority", Integer(0, 2147483647), "lower numbers are asked first; 0: last", default=0),
        Key("namespaces", ListOf(NAME, least=0), "namespaces whose Services may have addresses", default=[]),
        Key("namespace_selectors", SELECTORS, "the same by the namespaces' labels", default=[]),
        Key("service_selectors", SELECTORS, "only Services with these labels", default=[]),
    ),
    words="service allocation",
)
POOL = Struct(
    (
        Key("name", NAME, "name of the pool", required=True),
        Key("from", PerFamily(NETWORK), "supernet of each family that the pool is taken from"),
        Key("take", Text(choices=("all", "first-half", "second-half")), "which part of the supernets", default="all"),
        Key(
            "size",
            Integer(1, 2**64),
            "take the first free CIDR of at least so many addresses, in the order of the pools, instead of `take`",
        ),
        Key("prefix_length", PREFIX_LENGTHS, "take the first free CIDR of this length instead of `take`"),
        Key("blocks", ListOf(BLOCK), "explicit CIDRs and ranges of either family"),
        Key(
            "reserve",
            ListOf(BLOCK, least=0),
            "holes: addresses of the blocks that are never given out (gateways, DHCP scopes)",
            default=[],
        ),
        Key("auto_assign", SWITCH, "whether Services get addresses without asking for the pool", default=True),
        Key("avoid_buggy_ips", SWITCH, "leave out IPv4 addresses that end in .0 or .255", default=False),
        Key("labels", MapOf(Text()), "labels of the pool", default={}),
        Key("node_selectors", SELECTORS, "only these nodes announce its addresses", default=[]),
        Key("service_allocation", SERVICE_ALLOCATION, "which Services may have addresses of the pool"),
        CLUSTER_NAME,
    ),
    one_of=("from", "blocks"),
    located=True,
)
PAIR = Struct(
    (
        Key("name", NAME, "name of the pair", required=True),
        Key("ipv4", NAME, "the pool of the IPv4 addresses", required=True),
        Key("ipv6", NAME, "the pool of the IPv6 addresses", required=True),
    ),
    words="pair",
    located=True,
)

LOCAL_PREFERENCE = Integer(0, 4294967295)
BGP = Struct(
    (
        Key(
            "local_preference",
            Either(LOCAL_PREFERENCE, MapOf(LOCAL_PREFERENCE)),
            "preference that each named router sets where the prefixes enter it from below; a number: that the nodes "
            "send to iBGP peers",
            default={},
        ),
        Key(
            "communities",
            ListOf(COMMUNITY_OR_ALIAS, least=0),
            "communities on every prefix, or their names: in dualstack.communities, or well-known ones (no-export)",
            default=[],
        ),
        Key("aggregation", PREFIX_LENGTHS, "prefix length that is announced; default: 32 and 128"),
        Key("peers", ListOf(HOST), "only these routers and peers get the prefixes"),
    ),
    words="bgp",
)
PREFERRED = Struct(
    (
        Key("weight", Integer(1, 100), "weight of the nodes", required=True),
        Key("selector", SELECTOR, "nodes by their labels", required=True),
    ),
    words="preferred nodes",
)
LAYER2 = Struct(
    (
        Key(
            "interfaces",
            ListOf(INTERFACE, least=0),
            "interfaces that answer; none named: those on the pool's segment",
            default=[],
        ),
        Key("preferred_nodes", ListOf(PREFERRED, least=0), "nodes that the election prefers", default=[]),
    ),
    words="layer2",
)
ADVERTISE = Struct(
    (
        Key("name", NAME, "name of the advertisement; default: the first pool's name"),
        Key("pools", ListOf(NAME), "pools that are advertised", required=True),
        Key("nodes", ListOf(HOST), "only these nodes announce"),
        Key("node_selectors", SELECTORS, "only nodes with these labels announce", default=[]),
        Key("service_selectors", SELECTORS, "only VIPs of Services with these labels", default=[]),
        Key("bgp", BGP, "announce by BGP to every router of the node's racks"),
        Key("layer2", LAYER2, "announce by ARP and NDP"),
        CLUSTER_NAME,
    ),
    one_of=("bgp", "layer2"),
    located=True,
)

PORT = Struct(
    (
        Key("name", NAME, "name of the port"),
        Key("port", Integer(1, 65535), "port of the VIP", required=True),
        Key("protocol", Text(choices=("TCP", "UDP", "SCTP")), "its protocol", default="TCP"),
        Key("target_port", Integer(1, 65535), "port of the pods; default: the same"),
    ),
    words="port",
)
SERVICE = Struct(
    (
        Key("name", NAME, "name of the Service", required=True),
        Key("namespace", NAME, "its namespace", default="default"),
        Key("pool", NAME, "pool or pair that its addresses come from", required=True),
        Key("port", Integer(1, 65535), "TCP port"),
        Key("ports", ListOf(PORT), "several ports, or another protocol"),
        Key("families", ListOf(FAMILY, most=2), "families in order (ipFamilies); default: the cluster's"),
        Key(
            "policy",
            Text(choices=("SingleStack", "PreferDualStack", "RequireDualStack")),
            "ipFamilyPolicy; default: RequireDualStack for two families, else SingleStack",
        ),
        Key("addresses", PerFamily(ADDRESS), "pinned addresses, one per family"),
        Key("sharing_key", Text(), "Services with the same key may have the same addresses for different ports"),
        Key(
            "traffic_policy",
            Text(choices=("Cluster", "Local")),
            "externalTrafficPolicy: any node forwards, or only nodes with an endpoint announce",
            default="Cluster",
        ),
        Key("labels", MapOf(Text()), "labels of the Service", default={}),
        Key(
            "annotations",
            MapOf(Text()),
            "annotations of the Service for others, such as external-dns; those of the load balancer follow from the "
            "other keys",
            default={},
        ),
        Key("selector", MapOf(Text()), "labels of its pods", default={}),
        CLUSTER_NAME,
    ),
    one_of=("port", "ports"),
    located=True,
)
