# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of an intent: documentation, defaults and validation in one place."""

from __future__ import annotations

from .fabric import BFD_PROFILE, FABRIC
from .kubernetes import KUBERNETES, TAINT
from .serving import ADVERTISE, PAIR, POOL, SERVICE
from .shapes import ADDRESS, NETWORK, Integer, Key, ListOf, MapOf, PerFamily, Struct, Text
from .words import ASN, COMMUNITY, FAMILY, HOST, NAME, PREFIX_LENGTHS, REASON, SWITCH

LOAD_BALANCERS = ("speaker", "metallb-native", "metallb-frr", "metallb-frr-k8s")

_CLUSTER = (
    Key("pods", PerFamily(NETWORK), "pod CIDR of each family"),
    Key("services", PerFamily(NETWORK), "service CIDR of each family (kube-apiserver --service-cluster-ip-range)"),
    Key(
        "node_cidr_lengths",
        PREFIX_LENGTHS,
        "prefix length of each node's part of the pod CIDRs (kube-controller-manager --node-cidr-mask-size-*); "
        "default: 24 and 64",
    ),
    Key(
        "load_balancer",
        Text(choices=LOAD_BALANCERS),
        "who announces: our speaker, or MetalLB in one of its modes",
        default="speaker",
    ),
    Key(
        "kubernetes",
        KUBERNETES,
        "Kubernetes itself, where the collection runs it; without it nothing of a component is touched",
    ),
)
CLUSTER = Struct(
    (
        Key("name", NAME, "name of the cluster; artifacts are kept under it", required=True),
        Key("families", ListOf(FAMILY, most=2), "families in order; the first is the primary one", required=True),
        *_CLUSTER,
    ),
    lenient=True,
)
FURTHER_CLUSTER = Struct(
    (
        Key("name", NAME, "name of the cluster", required=True),
        Key("families", ListOf(FAMILY, most=2), "its families in order; default: those of dualstack.cluster"),
        *_CLUSTER,
        Key("node_asn", ASN, "ASN of its nodes where it differs from fabric.node_asn"),
    ),
    words="cluster",
    located=True,
)
SILENCE = Struct(
    (
        Key("rule", NAME, "id of the rule", required=True),
        Key("path", Text(), "only findings whose place begins so; default: all of the rule"),
        Key("reason", REASON, "why it does not matter here; the report shows it", required=True),
    ),
    words="silence",
    located=True,
)

INTENT = Struct(
    (
        Key("cluster", CLUSTER, "the cluster", required=True),
        Key(
            "clusters",
            ListOf(FURTHER_CLUSTER, least=0, lenient=True),
            "further clusters on the same fabric",
            default=[],
        ),
        Key("fabric", FABRIC, "racks, routers' links and sessions", required=True),
        Key("bfd_profiles", MapOf(BFD_PROFILE, lenient=True), "BFD profiles by name", default={}),
        Key("communities", MapOf(COMMUNITY, lenient=True), "communities by name, for advertisements", default={}),
        Key("pools", ListOf(POOL, least=0, lenient=True), "address pools of LoadBalancer Services", default=[]),
        Key(
            "pairs",
            ListOf(PAIR, least=0, lenient=True),
            "pairs of an IPv4 pool and an IPv6 pool that serve together",
            default=[],
        ),
        Key("advertise", ListOf(ADVERTISE, least=0, lenient=True), "which pools are announced how", default=[]),
        Key(
            "services",
            ListOf(SERVICE, least=0, lenient=True),
            "Services whose VIPs the plan allocates and the evidence probes",
            default=[],
        ),
        Key(
            "silence",
            ListOf(SILENCE, least=0, lenient=True),
            "findings that do not matter here, with the reason",
            default=[],
        ),
        Key(
            "lab",
            SWITCH,
            "true: documentation and benchmarking addresses are meant, local ones need not be random",
            default=False,
        ),
    ),
    lenient=True,
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
        Key("maximum_paths", Integer(1, 256), "equal paths in place of fabric.maximum_paths"),
        Key("route_reflector", SWITCH, "passes iBGP routes on to its iBGP neighbours (RFC 4456)", default=False),
        Key("managed", SWITCH, "false: somebody else configures the router", default=True),
        Key(
            "platform",
            Text(choices=("frr", "bird", "eos", "other")),
            "what it runs: frr is configured by us, for bird and eos the configuration is rendered, for all others "
            "the peering sheet is what their team gets",
            default="frr",
        ),
    )
)
NODE_HOST = Struct(
    (
        Key("racks", MapOf(PerFamily(ADDRESS)), "the node's addresses in each of its racks", default={}),
        Key("addresses", PerFamily(ADDRESS), "addresses of a node that stands in no rack of the intent"),
        Key("asn", ASN, "ASN of this node where it differs"),
        Key(
            "router_id",
            ADDRESS,
            "BGP identifier; default: the IPv4 address in its first rack, without one a number derived from the name",
        ),
        Key("labels", MapOf(Text()), "node labels", default={}),
        Key("taints", ListOf(TAINT, least=0), "taints of the Node, where the collection runs its cluster", default=[]),
        Key("cluster", NAME, "the cluster that it belongs to; default: dualstack.cluster"),
    )
)
CLIENT_HOST = Struct(
    (
        Key("behind", HOST, "the router whose network the client stands in"),
        Key("rack", Text(), "the rack whose segment it stands on, beside the nodes"),
        Key("addresses", PerFamily(ADDRESS), "its addresses", required=True),
    ),
    one_of=("behind", "rack"),
)
