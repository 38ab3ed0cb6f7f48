# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the nodes, routers, clients, BFD profiles and names of communities of a plan come from."""

from __future__ import annotations

from .entry import KUBERNETES, METALLB, Entry
from .kubernetes import OF_NODES
from .segments import PEER

_NODE = "{node}: dualstack_host"
_ROUTER = "{router}: dualstack_host"

NODES = (
    Entry("nodes", "The hosts of the groups kube_control_plane and kube_node that have dualstack_host.", whole=True),
    Entry(
        "nodes.{node}.asn",
        "The node's own ASN, else that of its racks, else that of its cluster, else that of all nodes; 0 when nobody "
        "states one.",
        (
            f"{_NODE}.asn | dualstack.fabric.racks.{{racks of the node}}.node_asn | "
            "dualstack.clusters[{number of the node's cluster}].node_asn | dualstack.fabric.node_asn",
        ),
        ("nodes.{node}.cluster",),
    ),
    Entry(
        "nodes.{node}.router_id",
        "The BGP identifier: as stated, else the IPv4 address in the node's first rack or of its own, else a number "
        "made of the CRC-32 of its name.",
        (
            f"{_NODE}.router_id | {_NODE}.racks.{{rack of the identifier}}@ipv4 | "
            "{node of the identifier}: dualstack_host.addresses@ipv4",
        ),
        source="RFC 6286 section 2.1",
    ),
    Entry("nodes.{node}.labels", "The node's labels.", (f"{_NODE}.labels",), whole=True),
    Entry("nodes.{node}.labels.{label}", "A label of the node, as written.", (f"{_NODE}.labels.{{label}}",)),
    Entry(
        "nodes.{node}.cluster",
        "The cluster that the node names, else the first one.",
        (f"{_NODE}.cluster | dualstack.cluster.name",),
    ),
    Entry(
        "nodes.{node}.families",
        "The families of the node's cluster, else those of the first one.",
        ("dualstack.clusters[{number of the node's cluster}].families | dualstack.cluster.families",),
        ("nodes.{node}.cluster",),
        KUBERNETES,
    ),
    Entry("nodes.{node}.addresses", "Only of a node that stands in no rack.", (f"{_NODE}.addresses",), whole=True),
    Entry(
        "nodes.{node}.addresses.{family}",
        "The node's own address, as written.",
        (f"{_NODE}.addresses@{{family}}",),
        ("cluster.families",),
    ),
    *OF_NODES,
)

ROUTERS = (
    Entry(
        "routers",
        "The hosts of the group routers, then the peers of the intent.",
        ("dualstack.fabric.peers[*].name ?",),
        whole=True,
    ),
    Entry("routers.{router}.asn", "The ASN of the router, as written.", (f"{_ROUTER}.asn",)),
    Entry(
        "routers.{router}.router_id",
        "The BGP identifier: as stated, else the IPv4 loopback, else a number made of the CRC-32 of the router's name.",
        (f"{_ROUTER}.router_id ?",),
        ("routers.{router with a derived identifier}.loopback",),
        "RFC 6286 section 2.1",
    ),
    Entry(
        "routers.{router}.managed",
        "We configure it: it runs FRR, and the intent does not say that somebody else does.",
        (f"{_ROUTER}.managed", f"{_ROUTER}.platform"),
    ),
    Entry("routers.{router}.platform", "What the router runs.", (f"{_ROUTER}.platform",)),
    Entry(
        "routers.{router}.route_reflector",
        "Whether it passes iBGP routes on to its iBGP neighbours.",
        (f"{_ROUTER}.route_reflector",),
        source="RFC 4456",
    ),
    Entry(
        "routers.{router}.tier",
        "Hops to the nodes: 0 for a router of a rack or with a link to a node, else one more than the least tier that "
        "a link leads to.",
        (
            "dualstack.fabric.racks.*.routers ?",
            "dualstack.fabric.links[*].between ?",
            "dualstack.fabric.links[*][*] ?",
        ),
        ("segments.{links nearer to the racks}.kind", "routers.{neighbours nearer to the racks}.tier"),
    ),
    Entry(
        "routers.{router}.loopback",
        "One of each family that the router or fabric.loopbacks states.",
        (f"{_ROUTER}.loopback | dualstack.fabric.loopbacks",),
        ("cluster.families",),
        whole=True,
    ),
    Entry(
        "routers.{router}.loopback.{family}",
        "As stated with the router; else the host of fabric.loopbacks with the number of the router in its group.",
        (f"{_ROUTER}.loopback@{{family}} | dualstack.fabric.loopbacks@{{family}}",),
        ("cluster.families",),
    ),
    Entry(
        "routers.{router}.originates.{family}",
        "Its loopback, the subnets of its racks and the network behind it.",
        ("dualstack.fabric.racks.*.routers ?",),
        (
            "routers.{router}.loopback",
            "segments.{racks and networks of the router}.networks.{family}",
            "cluster.families",
        ),
    ),
    Entry(
        "routers.{router}.maximum_paths",
        "Equal paths in the FIB: as stated with the router, else for the fabric.",
        (f"{_ROUTER}.maximum_paths | dualstack.fabric.maximum_paths",),
    ),
    Entry("routers.{peer}", "A router of others, known by address.", (f"{PEER}.name",), whole=True),
    Entry(
        "routers.{peer of any ASN}.asn",
        "Null: any ASN but that of the nodes is accepted.",
        (f"{PEER}.dynamic_asn",),
        source="MetalLB: BGPPeer dynamicASN external",
    ),
    Entry(
        "routers.{peer}.asn",
        "The peer's ASN as written; that of all nodes where the peer is of the same AS.",
        (f"{PEER}.asn | dualstack.fabric.node_asn", f"{PEER}.dynamic_asn ?"),
        source="MetalLB: BGPPeer peerASN, dynamicASN",
    ),
    Entry(
        "routers.{peer}.router_id",
        "The peer's IPv4 address, else a number made of the CRC-32 of its name: what it really uses is not known.",
        (f"{PEER}.addresses@ipv4",),
    ),
    Entry(
        "routers.{peer}.maximum_paths",
        "That of the fabric: what a peer really uses is not known.",
        ("dualstack.fabric.maximum_paths",),
    ),
    *(
        Entry(f"routers.{{peer}}.{key}", f"{words}: a peer is a router of others, next to the nodes.", (PEER,))
        for key, words in (
            ("managed", "Not configured by us"),
            ("platform", "Not known"),
            ("route_reflector", "Nobody's reflector"),
            ("tier", "As a router of a rack"),
            ("loopback", "Not known"),
            ("originates", "Not known"),
        )
    ),
)

CLIENTS = (
    Entry("clients", "The hosts of the group clients.", whole=True),
    Entry(
        "clients.{client}.families",
        "The families in which the client has an address.",
        ("{client}: dualstack_host.addresses",),
        ("cluster.families",),
    ),
)

PROFILES = (
    Entry("bfd_profiles", "The BFD profiles that sessions use.", (), ("sessions.*.bfd",), whole=True),
    Entry("bfd_profiles.{profile}", "A session uses it.", (), ("sessions.*.bfd",), whole=True),
    Entry(
        "bfd_profiles.{profile}.{setting}",
        "As written in the profile, else the default.",
        ("dualstack.bfd_profiles.{profile}.{setting}",),
        source="RFC 5880, MetalLB: BFDProfile",
    ),
    Entry("communities", "The names that the intent gives to communities.", ("dualstack.communities",), whole=True),
    Entry(
        "communities.{community}",
        "The community of this name, as written.",
        ("dualstack.communities.{community}",),
        source=f"RFC 1997, RFC 8092, {METALLB}: Community",
    ),
)
