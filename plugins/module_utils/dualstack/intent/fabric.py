# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the schema that describes the fabric: racks, links, peers, and how their sessions run."""

from __future__ import annotations

from typing import Any

from .shapes import ADDRESS, NETWORK, Integer, JsonSchema, Key, ListOf, MapOf, PerFamily, Shape, Struct, Text
from .words import ASN, HOST, INTERFACE, NAME, SECRET, SELECTORS, SWITCH

_TIMERS = (
    ("keepalive", Integer(1, 21845), "seconds between KEEPALIVE messages", 3),
    ("hold", Integer(3, 65535), "seconds of silence after which a peer counts as dead (RFC 4271 section 4.2)", 9),
    ("connect", Integer(1, 65535), "seconds between attempts to connect", 5),
)
TIMERS = Struct(tuple(Key(*entry[:3], default=entry[3]) for entry in _TIMERS), words="timers")
GROUP_TIMERS = Struct(tuple(Key(*entry[:3]) for entry in _TIMERS), words="timers")
DEFAULT_TIMERS = {key.name: key.default for key in TIMERS.keys}
SESSIONS = Text(choices=("per-family", "over-ipv4", "over-ipv6"))
_SESSIONS = "one session per family, or one session for both over the named transport (RFC 4760)"
_BFD = "profile of dualstack.bfd_profiles that watches the sessions (RFC 5882)"
_RESTART = "routes survive a restart of the other end's BGP process (RFC 4724)"
PEER_GROUP_NAME = Key("peer_group", NAME, "the peer group of fabric.peer_groups that its sessions belong to")

BFD_PROFILE = Struct(
    (
        Key("receive_interval", Integer(10, 60000), "milliseconds between packets that are expected", default=300),
        Key("transmit_interval", Integer(10, 60000), "milliseconds between packets that are sent", default=300),
        Key("detect_multiplier", Integer(2, 255), "lost packets until the peer counts as down", default=3),
        Key("echo", SWITCH, "echo packets (RFC 5880 section 6.4)", default=False),
        Key("echo_interval", Integer(10, 60000), "milliseconds between echo packets", default=50),
        Key("minimum_ttl", Integer(1, 254), "lowest TTL that is accepted on multi-hop sessions (RFC 5883)"),
        Key("passive", SWITCH, "wait until the other end begins", default=False),
    ),
    words="BFD profile",
)

PEER_GROUP = Struct(
    (
        Key("timers", GROUP_TIMERS, "timers in place of fabric.timers", default={}),
        Key("password", SECRET, "TCP MD5 password in place of fabric.password"),
        Key("authenticated", SWITCH, "false: the sessions have no password", default=True),
        Key("bfd", NAME, f"{_BFD}; in place of fabric.bfd"),
        Key("graceful_restart", SWITCH, f"{_RESTART}; in place of fabric.graceful_restart"),
        Key("ttl_security", Integer(1, 254), "hops; packets that come from farther are dropped (RFC 5082)"),
        Key(
            "dynamic_asn", SWITCH, "each end accepts any ASN but its own (eBGP), or only its own (iBGP)", default=False
        ),
        Key("sessions", SESSIONS, f"{_SESSIONS}; in place of fabric.sessions"),
    ),
    words="peer group",
)

RACK = Struct(
    (
        Key("network", PerFamily(NETWORK), "subnet of the rack's segment, one per family", required=True),
        Key(
            "routers",
            ListOf(HOST, least=0),
            "routers on the segment; each takes the next host address from .1 (::1) on",
            default=[],
        ),
        Key(
            "gateways",
            ListOf(ADDRESS, least=0),
            "addresses on the segment that are others' (gateways, switches): no pool and no host may have them",
            default=[],
        ),
        Key("interface", INTERFACE, "name of the interface by which the rack's nodes stand on the segment"),
        Key("node_asn", ASN, "ASN of the rack's nodes where it differs from fabric.node_asn"),
        Key("node_selectors", SELECTORS, "only these nodes of the rack have sessions with its routers", default=[]),
        PEER_GROUP_NAME,
    )
)

_BETWEEN = ListOf(HOST, least=2, most=2)
LINK = Struct(
    (
        Key("between", _BETWEEN, "the two routers; of an unnumbered link, one of them may be a node", required=True),
        Key("network", PerFamily(NETWORK), "subnet of the link instead of the next one of links_from"),
        Key("interfaces", MapOf(INTERFACE), "name of the interface of either end on the link", default={}),
        Key(
            "unnumbered",
            SWITCH,
            "no subnet: one session for both families between link-local addresses (RFC 8950); needs interfaces",
            default=False,
        ),
        PEER_GROUP_NAME,
    ),
    words="link",
    located=True,
)


class LinkShape(Shape):
    """A link: ``[a, b]``, or a mapping with ``between``."""

    @property
    def kind(self) -> str:
        return "[router, router] or {between: [router, router], network: ...}"

    def read(self, value: Any, path: str, report: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return LINK.read({"between": value}, path, report)
        return LINK.read(value, path, report)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [_BETWEEN.json_schema(), LINK.json_schema()]}


PEER = Struct(
    (
        Key("name", NAME, "name of the peer", required=True),
        Key("asn", ASN, "its ASN"),
        Key("dynamic_asn", Text(choices=("external", "internal")), "accept any ASN but ours, or only ours"),
        Key("addresses", PerFamily(ADDRESS), "its addresses, one per family"),
        Key("interface", INTERFACE, "unnumbered: the nodes' interface behind which it is found"),
        Key("node_selectors", SELECTORS, "only these nodes have sessions with it", default=[]),
        Key("cluster", NAME, "only nodes of this cluster; default: the first"),
        Key("port", Integer(1, 65535), "TCP port", default=179),
        Key("multihop", Integer(2, 255), "TTL of a peer that is not on the nodes' segment (eBGP)"),
        Key("both_families", SWITCH, "each session carries both families", default=False),
        Key("source_address", ADDRESS, "the node's end of the session"),
        Key("local_asn", ASN, "ASN that the nodes show to this peer in place of their own"),
        Key("router_id", ADDRESS, "BGP identifier that the nodes show to this peer"),
        Key("vrf", INTERFACE, "VRF of the session"),
        PEER_GROUP_NAME,
    ),
    words="peer",
    one_of=("asn", "dynamic_asn"),
    located=True,
)

FABRIC = Struct(
    (
        Key("node_asn", ASN, "ASN of the nodes' speakers"),
        Key(
            "loopbacks",
            PerFamily(NETWORK),
            "where router loopbacks come from: the router's number in the group is the host number",
        ),
        Key(
            "links_from",
            PerFamily(NETWORK),
            "where link subnets come from: /31 and /127, in the order of links (RFC 3021, RFC 6164)",
        ),
        Key("password", SECRET, "TCP MD5 password of every session (RFC 2385)"),
        Key("timers", TIMERS, "timers of every session", default=DEFAULT_TIMERS),
        Key("bfd", NAME, _BFD),
        Key("graceful_restart", SWITCH, _RESTART, default=False),
        Key("sessions", SESSIONS, _SESSIONS, default="per-family"),
        Key("maximum_paths", Integer(1, 256), "equal paths that a router uses at once", default=64),
        Key(
            "peer_groups",
            MapOf(PEER_GROUP, lenient=True),
            "what sessions of a group have in place of the fabric's",
            default={},
        ),
        Key("racks", MapOf(RACK, lenient=True), "racks by name", default={}),
        Key(
            "links",
            ListOf(LinkShape(), least=0, lenient=True),
            "links between routers; each carries a BGP session per family",
            default=[],
        ),
        Key(
            "peers",
            ListOf(PEER, least=0, lenient=True),
            "routers of others that the nodes peer with, known by their addresses alone",
            default=[],
        ),
    ),
    lenient=True,
)
