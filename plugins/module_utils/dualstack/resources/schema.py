# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the metallb.io kinds, with the defaults and bounds of MetalLB's CRDs (0.16)."""

from __future__ import annotations

from dataclasses import replace

from ..intent.shapes import ADDRESS, Boolean, Integer, Key, ListOf, Struct, Text
from .model import BGP_PORT, EXTERNAL, INTERNAL
from .shapes import ANY_TEXT, NAME, SELECTORS, Community, Duration, Hidden, PoolEntry, SelectorShape

ASN = Integer(1, 4294967295)


def _names(doc: str, key: str) -> Key:
    return Key(key, ListOf(NAME, least=0), doc, default=[])


_SELECTION = (
    _names("names of the pools; empty: all", "ipAddressPools"),
    Key("ipAddressPoolSelectors", SELECTORS, "pools by their labels", default=[]),
    Key("nodeSelectors", SELECTORS, "nodes that announce; empty: all", default=[]),
    Key("serviceSelectors", SELECTORS, "Services of the pools; empty: all", default=[]),
)

ALLOCATION = Struct(
    (
        Key("priority", Integer(-(2**63), 2**63 - 1), "lower numbers first, 0 last", default=0),
        _names("namespaces that the pool serves", "namespaces"),
        Key("namespaceSelectors", SELECTORS, "namespaces by their labels", default=[]),
        Key("serviceSelectors", SELECTORS, "Services by their labels", default=[]),
    ),
    words="serviceAllocation of an IPAddressPool",
)
POOL = Struct(
    (
        Key("addresses", ListOf(PoolEntry()), "CIDRs and ranges", required=True),
        Key("autoAssign", Boolean(), "whether Services get addresses without asking for the pool", default=True),
        Key("avoidBuggyIPs", Boolean(), "leave out IPv4 addresses that end in .0 and .255", default=False),
        Key("serviceAllocation", ALLOCATION, "which Services may have addresses of the pool"),
    ),
    words="spec of an IPAddressPool",
)
L2_ADVERTISEMENT = Struct(
    (
        *_SELECTION,
        Key("interfaces", ListOf(ANY_TEXT, least=0), "interfaces that answer; empty: all", default=[]),
        Key(
            "preferredNodeSelectors",
            ListOf(
                Struct(
                    (
                        Key("weight", Integer(1, 100), "weight of the nodes", required=True),
                        Key("preference", SelectorShape(), "nodes by their labels", required=True),
                    )
                ),
                least=0,
            ),
            "weights for the election",
            default=[],
        ),
    ),
    words="spec of an L2Advertisement",
)
BGP_ADVERTISEMENT = Struct(
    (
        *_SELECTION,
        Key("aggregationLength", Integer(1, 32), "length of the IPv4 prefixes", default=32),
        Key("aggregationLengthV6", Integer(1, 128), "length of the IPv6 prefixes", default=128),
        Key("localPref", Integer(0, 4294967295), "LOCAL_PREF towards iBGP peers; 0: none", default=0),
        Key("communities", ListOf(Community(alias=True), least=0), "communities of the prefixes", default=[]),
        _names("BGPPeers that get the prefixes; empty: all", "peers"),
    ),
    words="spec of a BGPAdvertisement",
)
PEER = Struct(
    (
        Key("myASN", ASN, "the node's ASN", required=True),
        Key("peerASN", ASN, "the router's ASN"),
        Key("dynamicASN", Text(choices=(INTERNAL, EXTERNAL)), "the router's ASN is not checked"),
        Key("localASN", ASN, "another ASN of the node towards this peer"),
        Key("peerAddress", ADDRESS, "the router's address"),
        Key("interface", ANY_TEXT, "interface of a peer without an address"),
        Key("sourceAddress", ADDRESS, "the node's address of the session"),
        Key("peerPort", Integer(1, 16384), "TCP port of the router", default=BGP_PORT),
        Key("holdTime", Duration(0, 65535), "time without messages after which the session ends"),
        Key("keepaliveTime", Duration(0, 21845), "time between keepalives"),
        Key("connectTime", Duration(1, 65535, whole=True), "time between attempts to connect"),
        Key("routerID", ADDRESS, "the node's router ID"),
        Key("nodeSelectors", SELECTORS, "nodes that have the session; empty: all", default=[]),
        Key("password", Hidden(), "TCP MD5 password in clear"),
        Key(
            "passwordSecret",
            Struct(
                (
                    Key("name", NAME, "name of a Secret of the type kubernetes.io/basic-auth", required=True),
                    Key("namespace", ANY_TEXT, "not used"),
                )
            ),
            "where the TCP MD5 password is",
        ),
        Key("bfdProfile", ANY_TEXT, "name of a BFDProfile"),
        Key("enableGracefulRestart", Boolean(), "graceful restart", default=False),
        Key("ebgpMultiHop", Boolean(), "the peer is more than one hop away", default=False),
        Key("vrf", ANY_TEXT, "VRF of the session"),
        Key("disableMP", Boolean(), "without effect, as in MetalLB", default=False),
        Key("dualStackAddressFamily", Boolean(), "carry both families", default=False),
    ),
    words="spec of a BGPPeer",
)
_OLD = (
    *("myASN", "peerASN", "peerAddress", "sourceAddress", "peerPort", "holdTime", "keepaliveTime", "routerID"),
    *("nodeSelectors", "password", "bfdProfile", "ebgpMultiHop"),
)
PEER_V1BETA1 = Struct(
    (
        *(
            replace(key, required=key.required or key.name in ("peerASN", "peerAddress"))
            for key in PEER.keys
            if key.name in _OLD and key.name != "peerPort"
        ),
        Key("peerPort", Integer(0, 16384), "TCP port of the router; 0: 179", default=0),
    ),
    words="spec of a BGPPeer of the version v1beta1",
)
COMMUNITY = Struct(
    (
        Key(
            "communities",
            ListOf(
                Struct(
                    (
                        Key("name", ANY_TEXT, "name to use in advertisements", required=True),
                        Key("value", Community(alias=False), "the community", required=True),
                    )
                ),
                least=0,
            ),
            "names of communities",
            default=[],
        ),
    ),
    words="spec of a Community",
)
BFD_PROFILE = Struct(
    (
        Key("receiveInterval", Integer(10, 60000), "milliseconds"),
        Key("transmitInterval", Integer(10, 60000), "milliseconds"),
        Key("echoInterval", Integer(10, 60000), "milliseconds"),
        Key("detectMultiplier", Integer(2, 255), "lost packets until the peer counts as down"),
        Key("minimumTtl", Integer(1, 254), "lowest TTL that is accepted, multi-hop only"),
        Key("echoMode", Boolean(), "echo packets", default=False),
        Key("passiveMode", Boolean(), "wait for the peer to begin", default=False),
    ),
    words="spec of a BFDProfile",
)
