# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the BGP sessions of a plan come from."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Entry
from .segments import LINK, PEER

_GROUP = "dualstack.fabric.peer_groups.{peer group of the session}"
_LAYOUT = f"{_GROUP}.sessions | dualstack.fabric.sessions"
_RACK = "dualstack.fabric.racks.{segment of the session}"
_GROUP_OF = "sessions.{session}.peer_group"
_MEMBER = "segments.{segment of the session}.members"
_ADDRESSES = (f"{_MEMBER}.{{first end}}.addresses", f"{_MEMBER}.{{second end}}.addresses")
_OPTIONS = ("multihop", "local_asn", "router_id", "vrf", "port", "source_address")


def _term(
    term: str, decision: str, source: str, fabric: str = "", group: str = "", also: tuple[str, ...] = ()
) -> Iterator[Entry]:
    """What both ends agree on: said by the peer group, else by the fabric (``fabric``: "" where it can't)."""
    paths = [f"{_GROUP}.{group or term}", *([f"dualstack.fabric.{fabric}"] if fabric else [])]
    yield Entry(f"sessions.{{session}}.{term}", decision, (" | ".join(paths), *also), (_GROUP_OF,), source)


SESSIONS = (
    Entry(
        "sessions",
        "Each node with each router of its racks, each node with each peer that chooses it, and the two ends of each "
        "link; one per family, or one for both.",
        (
            "dualstack.fabric.racks.*.routers ?",
            "dualstack.fabric.racks.*.peer_group ?",
            "dualstack.fabric.links[*].between ?",
            "dualstack.fabric.links[*][*] ?",
            "dualstack.fabric.links[*].unnumbered ?",
            "dualstack.fabric.links[*].peer_group ?",
            "dualstack.fabric.peers[*].name ?",
            "dualstack.fabric.peers[*].cluster ?",
            "dualstack.fabric.peer_groups.*.sessions ?",
            "dualstack.fabric.sessions",
        ),
        ("segments.*.node_selectors", "nodes.*.labels", "nodes.*.cluster", "nodes.*.families", "routers.*.tier"),
        "RFC 4271, RFC 4760",
        whole=True,
    ),
    Entry(
        "sessions.{session of a rack}",
        "A node of a rack and a router of the rack, in each family that both have, or once for both.",
        (f"{_RACK}.routers", "{first end}: dualstack_host.racks.{segment of the session}", _LAYOUT),
        (
            "segments.{segment of the session}.networks",
            "segments.{segment of the session}.node_selectors",
            "nodes.{node to select}.labels",
            "nodes.{first end}.families",
            _GROUP_OF,
        ),
        "RFC 4271, RFC 4760",
        whole=True,
    ),
    Entry(
        "sessions.{session of a link}",
        "The two ends of a link, in each family that it has a subnet of, or once for both; an unnumbered link has one. "
        "The end nearer to the nodes stands first.",
        ("{ends of the link}", f"{LINK}.unnumbered ?", _LAYOUT),
        (
            "segments.{segment of the session}.networks",
            "routers.{routers at the ends}.tier",
            _GROUP_OF,
        ),
        "RFC 4271, RFC 4760",
        whole=True,
    ),
    Entry(
        "sessions.{session of a peer}",
        "A node that the peer's selectors choose, with each address of the peer, or with its interface.",
        (f"{PEER}.name", f"{PEER}.cluster ?", f"{PEER}.addresses ?", f"{PEER}.interface ?"),
        (
            "segments.{segment of the session}.node_selectors",
            "nodes.{node to select}.labels",
            "nodes.{first end}.cluster",
            "nodes.{first end}.families",
        ),
        "RFC 4271, MetalLB: BGPPeer",
        whole=True,
    ),
    Entry("sessions.{session}.name", "The two ends, and the family that carries the session."),
    Entry("sessions.{session}.kind", "node: a node and a router or peer; fabric: two routers."),
    Entry(
        "sessions.{session}.type",
        "ibgp when both ends have the same ASN, else ebgp.",
        (),
        ("nodes.{node at the first end}.asn", "routers.{routers at the ends}.asn"),
        "RFC 4271 section 1.1",
    ),
    Entry("sessions.{session of a rack}.segment", "The rack on which both ends stand."),
    Entry("sessions.{session of a link}.segment", "The link between the two ends."),
    Entry("sessions.{session of a peer}.segment", "The way to the peer."),
    Entry(
        "sessions.{session without addresses}.transport",
        "An unnumbered session runs between IPv6 link-local addresses.",
        source="RFC 8950, RFC 4291 section 2.5.6",
    ),
    Entry(
        "sessions.{session of a peer}.transport",
        "The family of the peer's address.",
        (f"{PEER}.addresses",),
    ),
    Entry(
        "sessions.{session}.transport",
        "Over each family, or over the one that the peer group or the fabric says.",
        (_LAYOUT,),
        (_GROUP_OF,),
        "RFC 4760",
    ),
    Entry(
        "sessions.{session without addresses}.families",
        "An unnumbered session carries all families of the fabric, or of the node.",
        (),
        ("cluster.families", "nodes.{node at the first end}.families"),
        "RFC 8950",
    ),
    Entry(
        "sessions.{session of a peer}.families",
        "The family of its addresses, or all families of the node when the peer says so.",
        (f"{PEER}.both_families",),
        ("nodes.{first end}.families",),
        "RFC 4760",
    ),
    Entry(
        "sessions.{session}.families",
        "The family of its addresses, or those that both ends have when one session carries both.",
        (_LAYOUT,),
        (_GROUP_OF, *_ADDRESSES, "nodes.{node at the first end}.families"),
        "RFC 4760",
    ),
    Entry("sessions.{session}.ends.{end}.host", "The end nearer to the nodes stands first."),
    Entry("sessions.{session}.ends.{node}.tier", "A node stands below the routers: -1."),
    Entry("sessions.{session}.ends.{node}.asn", "That of the node.", (), ("nodes.{node}.asn",)),
    Entry("sessions.{session}.ends.{end}.tier", "That of the router.", (), ("routers.{end}.tier",)),
    Entry("sessions.{session}.ends.{end}.asn", "That of the router.", (), ("routers.{end}.asn",)),
    Entry(
        "sessions.{session without addresses}.ends.{end}.address",
        "Null: the session runs between link-local addresses.",
        source="RFC 8950",
    ),
    Entry(
        "sessions.{session}.ends.{end}.address",
        "The end's address on the segment, of the family that carries the session.",
        (),
        (f"{_MEMBER}.{{end}}.addresses.{{transport of the session}}", "sessions.{session}.transport"),
    ),
    Entry(
        "sessions.{session}.ends.{end}.interface",
        "The end's interface on the segment.",
        (),
        (f"{_MEMBER}.{{end}}.interface",),
    ),
    Entry(
        "sessions.{session of a link}.unnumbered",
        "Whether the link has no subnet.",
        (f"{LINK}.unnumbered",),
        source="RFC 8950",
    ),
    Entry(
        "sessions.{session of a peer}.unnumbered",
        "Whether the peer is known by the nodes' interface instead of an address.",
        (f"{PEER}.interface",),
        source="RFC 8950, MetalLB: BGPPeer interface",
    ),
    Entry("sessions.{session of a rack}.unnumbered", "A rack has subnets."),
    Entry(
        "sessions.{session}.reflector",
        "On iBGP the end that is a route reflector when the other is its client: none, or of a lower tier.",
        (),
        (
            "sessions.{session}.type",
            "routers.{routers at the ends}.route_reflector",
            "routers.{routers at the ends}.tier",
        ),
        "RFC 4456",
    ),
    Entry(
        "sessions.{session of a rack}.peer_group",
        "The peer group that the rack names.",
        (f"{_RACK}.peer_group",),
    ),
    Entry(
        "sessions.{session of a link}.peer_group",
        "The peer group that the link names.",
        (f"{LINK}.peer_group",),
    ),
    Entry(
        "sessions.{session of a peer}.peer_group",
        "The peer group that the peer names.",
        (f"{PEER}.peer_group",),
    ),
    Entry(
        "sessions.{session}.timers.{timer}",
        "Seconds: those of the peer group, else of the fabric.",
        (f"{_GROUP}.timers.{{timer}} | dualstack.fabric.timers.{{timer}}",),
        (_GROUP_OF,),
        "RFC 4271 sections 4.2, 4.4 and 10",
    ),
    Entry(
        "sessions.{session without authentication}.password",
        "None: the peer group is not authenticated.",
        (f"{_GROUP}.authenticated",),
        (_GROUP_OF,),
        "RFC 2385",
    ),
    *_term(
        "password",
        "The name of the secret: that of the peer group, else of the fabric.",
        "RFC 2385",
        "password.secret",
        "password.secret",
        (f"{_GROUP}.authenticated ?",),
    ),
    *_term("bfd", "The BFD profile: that of the peer group, else of the fabric.", "RFC 5882", "bfd"),
    *_term(
        "graceful_restart",
        "Whether routes survive a restart: as the peer group says, else the fabric.",
        "RFC 4724",
        "graceful_restart",
    ),
    *_term("ttl_security", "Hops from which packets are accepted, as the peer group says.", "RFC 5082"),
    Entry(
        "sessions.{session of a peer}.dynamic_asn",
        "Whether any ASN of the type is accepted: as the peer group or the peer says.",
        (f"{_GROUP}.dynamic_asn ?", f"{PEER}.dynamic_asn"),
        (_GROUP_OF,),
        "MetalLB: BGPPeer dynamicASN",
    ),
    *_term(
        "dynamic_asn",
        "Whether any ASN of the type is accepted, as the peer group says.",
        "FRR: remote-as external, internal",
    ),
    Entry(
        "sessions.{session of a peer}.options.{option}",
        "As written with the peer.",
        (f"{PEER}.{{option}}",),
        source="MetalLB: BGPPeer",
    ),
    Entry(
        "sessions.{session of a peer}.options",
        "What the peer states beyond the usual.",
        tuple(f"{PEER}.{option} ?" for option in _OPTIONS),
        source="MetalLB: BGPPeer",
        whole=True,
    ),
    Entry("sessions.{session}.options", "Empty: only a peer known by address has options."),
)
