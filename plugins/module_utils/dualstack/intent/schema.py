# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of an intent: documentation, defaults and validation in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shapes import (
    ADDRESS,
    BLOCK,
    INVALID,
    MISSING,
    NETWORK,
    Boolean,
    Integer,
    Key,
    ListOf,
    MapOf,
    PerFamily,
    Shape,
    Struct,
    Text,
    error,
)

NAME = Text(
    pattern=r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    like="a DNS label (lower case letters, digits and dashes, at most 63)",
)
HOST = Text(pattern=r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?", like="a host name of the inventory")
INTERFACE = Text(pattern=r"[^\s/]{1,15}", like="an interface name of at most 15 characters")
COMMUNITY = Text(
    pattern=r"\d{1,5}:\d{1,5}|large:\d{1,10}:\d{1,10}:\d{1,10}",
    like='a community "ASN:number" or "large:A:B:C" (in quotes: YAML reads 1:20 as a number)',
)
FAMILY = Text(choices=("ipv4", "ipv6"))
ASN = Integer(1, 4294967295)


class SecretName(Shape):
    """``{secret: NAME}``: an intent names a secret and never holds it; messages do not repeat what stands there."""

    @property
    def kind(self) -> str:
        return "{secret: NAME}"

    def read(self, value: Any, path: str, report: Any) -> Any:
        if not isinstance(value, Mapping):
            fix = f"Write {self.kind} and keep the value in the variable dualstack_secrets, in a vault."
            return error(report, "clear-secret", path, MISSING, "a secret in clear does not belong into an intent", fix)
        name = value.get("secret")
        if name is not None and NAME.read(name, path, lambda finding: None) is INVALID:
            fix = f"Name a secret of dualstack_secrets: {NAME.like}."
            return error(report, "syntax", f"{path}.secret", MISSING, "is not the name of a secret", fix)
        return Struct((Key("secret", NAME, "name of the secret in dualstack_secrets", required=True),)).read(
            value, path, report
        )


SECRET = SecretName()

TIMERS = Struct(
    (
        Key("keepalive", Integer(1, 21845), "seconds between KEEPALIVE messages", default=3),
        Key(
            "hold",
            Integer(3, 65535),
            "seconds of silence after which a peer counts as dead (RFC 4271 section 4.2)",
            default=9,
        ),
        Key("connect", Integer(1, 3600), "seconds between attempts to connect", default=5),
    ),
    words="timers",
)
DEFAULT_TIMERS = {key.name: key.default for key in TIMERS.keys}

CLUSTER = Struct(
    (
        Key("name", NAME, "name of the cluster; artifacts are kept under it", required=True),
        Key("families", ListOf(FAMILY, most=2), "families in order; the first is the primary one", required=True),
        Key("pods", PerFamily(NETWORK), "pod CIDR of each family"),
        Key("services", PerFamily(NETWORK), "service CIDR of each family (kube-apiserver --service-cluster-ip-range)"),
    )
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
        Key("interface", INTERFACE, "name of the interface by which the rack's nodes stand on the segment"),
        Key("node_asn", ASN, "ASN of the rack's nodes where it differs from fabric.node_asn"),
    )
)

LINK = Struct(
    (
        Key("between", ListOf(HOST, least=2, most=2), "the two routers", required=True),
        Key("network", PerFamily(NETWORK), "subnet of the link instead of the next one of links_from"),
    )
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
        Key(
            "sessions",
            Text(choices=("per-family", "over-ipv4", "over-ipv6")),
            "one session per family, or one session for both over the named transport (RFC 4760)",
            default="per-family",
        ),
        Key("maximum_paths", Integer(1, 256), "equal paths that a router uses at once", default=64),
        Key("racks", MapOf(RACK), "racks by name", default={}),
        Key(
            "links",
            ListOf(LinkShape(), least=0),
            "links between routers; each carries a BGP session per family",
            default=[],
        ),
    )
)

POOL = Struct(
    (
        Key("name", NAME, "name of the pool", required=True),
        Key("from", PerFamily(NETWORK), "supernet of each family that the pool is taken from"),
        Key("take", Text(choices=("all", "first-half", "second-half")), "which part of the supernets", default="all"),
        Key("blocks", ListOf(BLOCK), "explicit CIDRs and ranges of either family"),
        Key("auto_assign", Boolean(), "whether Services get addresses without asking for the pool", default=True),
        Key("avoid_buggy_ips", Boolean(), "leave out IPv4 addresses that end in .0 or .255", default=False),
        Key("labels", MapOf(Text()), "labels of the pool", default={}),
    ),
    one_of=("from", "blocks"),
)

BGP = Struct(
    (
        Key(
            "local_preference",
            MapOf(Integer(0, 4294967295)),
            "preference that each named router sets where the prefixes enter it from below",
            default={},
        ),
        Key("communities", ListOf(COMMUNITY, least=0), "communities on every prefix", default=[]),
    ),
    words="bgp",
)
LAYER2 = Struct(
    (
        Key(
            "interfaces",
            ListOf(INTERFACE, least=0),
            "interfaces that answer; none named: those on the pool's segment",
            default=[],
        ),
    ),
    words="layer2",
)
ADVERTISE = Struct(
    (
        Key("name", NAME, "name of the advertisement; default: the first pool's name"),
        Key("pools", ListOf(NAME), "pools that are advertised", required=True),
        Key("nodes", ListOf(HOST), "only these nodes announce"),
        Key("bgp", BGP, "announce by BGP to every router of the node's racks"),
        Key("layer2", LAYER2, "announce by ARP and NDP"),
    ),
    one_of=("bgp", "layer2"),
)

SERVICE = Struct(
    (
        Key("name", NAME, "name of the Service", required=True),
        Key("namespace", NAME, "its namespace", default="default"),
        Key("pool", NAME, "pool that its addresses come from", required=True),
        Key("port", Integer(1, 65535), "TCP port", required=True),
        Key("families", ListOf(FAMILY, most=2), "families in order (ipFamilies); default: the cluster's"),
        Key(
            "policy",
            Text(choices=("SingleStack", "PreferDualStack", "RequireDualStack")),
            "ipFamilyPolicy; default: RequireDualStack for two families, else SingleStack",
        ),
        Key("addresses", PerFamily(ADDRESS), "pinned addresses, one per family"),
    )
)

INTENT = Struct(
    (
        Key("cluster", CLUSTER, "the cluster", required=True),
        Key("fabric", FABRIC, "racks, routers' links and sessions", required=True),
        Key("pools", ListOf(POOL, least=0), "address pools of LoadBalancer Services", default=[]),
        Key("advertise", ListOf(ADVERTISE, least=0), "which pools are announced how", default=[]),
        Key(
            "services",
            ListOf(SERVICE, least=0),
            "Services whose VIPs the plan allocates and the evidence probes",
            default=[],
        ),
    )
)

ROUTER_HOST = Struct(
    (
        Key("asn", ASN, "ASN of the router", required=True),
        Key("loopback", PerFamily(ADDRESS), "its loopback instead of the next one of fabric.loopbacks"),
        Key(
            "network",
            PerFamily(NETWORK),
            "a network behind the router, that it originates and clients stand in; it takes the first host address",
        ),
        Key(
            "router_id",
            ADDRESS,
            "BGP identifier; default: the IPv4 loopback, without one a number derived from the name",
        ),
        Key("managed", Boolean(), "false: somebody else configures the router", default=True),
    )
)
NODE_HOST = Struct(
    (
        Key("racks", MapOf(PerFamily(ADDRESS)), "the node's addresses in each of its racks", required=True),
        Key("asn", ASN, "ASN of this node where it differs"),
        Key(
            "router_id",
            ADDRESS,
            "BGP identifier; default: the IPv4 address in its first rack, without one a number derived from the name",
        ),
        Key("labels", MapOf(Text()), "node labels", default={}),
    )
)
CLIENT_HOST = Struct(
    (
        Key("behind", HOST, "the router whose network the client stands in", required=True),
        Key("addresses", PerFamily(ADDRESS), "its addresses", required=True),
    )
)
