# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the clusters and the segments of a plan come from."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import KUBERNETES, Entry
from .kubernetes import of_cluster

LINK = "dualstack.fabric.links[{number of the link}]"
PEER = "dualstack.fabric.peers[{number of the peer}]"
_CLUSTER = "dualstack.clusters[{number of the cluster}]"
_RACK = "dualstack.fabric.racks.{rack}"


def _cluster(plan: str, intent: str) -> Iterator[Entry]:
    for key, words in (
        ("pods", "pod CIDR (kube-controller-manager --cluster-cidr)"),
        ("services", "service CIDR (kube-apiserver --service-cluster-ip-range)"),
    ):
        yield Entry(
            f"{plan}.{key}.{{family}}",
            f"The {words}, as written.",
            (f"{intent}.{key}@{{family}}",),
            (f"{plan}.families",),
            KUBERNETES,
        )
        yield Entry(f"{plan}.{key}", f"The {words} of each family.", (f"{intent}.{key}",), whole=True)
    yield Entry(
        f"{plan}.node_cidr_lengths.{{family}}",
        "Prefix length of each node's part of the pod CIDR: as stated, else 24 and 64, the defaults of "
        "kube-controller-manager --node-cidr-mask-size-ipv4 and -ipv6.",
        (f"{intent}.node_cidr_lengths.{{family}}",),
        (f"{plan}.pods.{{family}}",),
        KUBERNETES,
    )
    yield Entry(
        f"{plan}.node_cidr_lengths",
        "One for each family that has a pod CIDR.",
        (),
        (f"{plan}.pods",),
        KUBERNETES,
        whole=True,
    )
    yield Entry(
        f"{plan}.load_balancer",
        "Who announces: our speaker, or MetalLB in one of its modes.",
        (f"{intent}.load_balancer",),
    )
    yield from of_cluster(plan, intent)


SELF = (
    Entry("version", "The version of the plan's format."),
    Entry("hash", "SHA-256 of everything but version, hash and stated: plans of equal hash decide the same."),
    Entry("stated", "The paths that the operator wrote, without values: what explanations go by."),
)

CLUSTERS = (
    Entry("cluster.name", "The name under which artifacts are kept, as written.", ("dualstack.cluster.name",)),
    Entry(
        "cluster.families",
        "The families of the first cluster, which are those of the fabric; the first one is the primary family.",
        ("dualstack.cluster.families",),
        source=KUBERNETES,
    ),
    *_cluster("cluster", "dualstack.cluster"),
    Entry(
        "clusters",
        "Further clusters of the fabric by name.",
        ("dualstack.clusters[*].name ?",),
        whole=True,
    ),
    Entry("clusters.{cluster}", "A further cluster of the fabric.", (f"{_CLUSTER}.name",), whole=True),
    Entry("clusters.{cluster}.name", "The name of the cluster, as written.", (f"{_CLUSTER}.name",)),
    Entry(
        "clusters.{cluster}.families",
        "The cluster's own families, else those of the first cluster.",
        (f"{_CLUSTER}.families | dualstack.cluster.families",),
        source=KUBERNETES,
    ),
    *_cluster("clusters.{cluster}", _CLUSTER),
)

SEGMENTS = (
    Entry(
        "segments",
        "Every rack, link, network behind a router and peer known by address is a segment.",
        ("dualstack.fabric.links[*].between ?", "dualstack.fabric.links[*][*] ?", "dualstack.fabric.peers[*].name ?"),
        whole=True,
    ),
    Entry(
        "segments.{link}", "Named after the two ends, in the order of the link.", ("{ends of the link}",), whole=True
    ),
    Entry("segments.{remote}", "A peer known by address, and the nodes that reach it.", (f"{PEER}.name",), whole=True),
    Entry("segments.{rack}.kind", "An entry of fabric.racks.", (_RACK,)),
    Entry("segments.{link}.kind", "An entry of fabric.links.", (LINK,)),
    Entry("segments.{lan}.kind", "The network behind a router.", ("{router of the network}: dualstack_host.network",)),
    Entry("segments.{remote}.kind", "An entry of fabric.peers.", (PEER,)),
    Entry(
        "segments.{rack}.networks.{family}",
        "The subnet of the rack, as written.",
        (f"{_RACK}.network@{{family}}",),
        ("cluster.families",),
    ),
    Entry(
        "segments.{link}.networks.{family}",
        "The link's own subnet, else the /31 or /127 of links_from with the number of the link in its list.",
        (f"{LINK}.network@{{family}} | dualstack.fabric.links_from@{{family}}",),
        ("cluster.families",),
        "RFC 3021, RFC 6164",
    ),
    Entry(
        "segments.{lan}.networks.{family}",
        "The network behind the router, as written.",
        ("{router of the network}: dualstack_host.network@{family}",),
        ("cluster.families",),
    ),
    Entry(
        "segments.{link}.networks",
        "A subnet of each family; none on an unnumbered link, whose session runs between link-local addresses.",
        (f"{LINK}.unnumbered ?",),
        ("cluster.families",),
        "RFC 8950",
        whole=True,
    ),
    Entry("segments.{remote}.networks", "Empty: the subnets on the way to a router of others are not planned."),
    Entry(
        "segments.{rack}.node_selectors",
        "Which nodes of the rack have sessions with its routers; none: all.",
        (f"{_RACK}.node_selectors[*]",),
    ),
    Entry(
        "segments.{remote}.node_selectors",
        "Which nodes have sessions with the peer; none: all.",
        (f"{PEER}.node_selectors[*]",),
        source="MetalLB: BGPPeer nodeSelectors",
    ),
)


def _member(segment: str, host: str, because: str, member: tuple[str, ...], interface: str = "") -> Iterator[Entry]:
    """A host on a segment and its interface; ``interface`` is the path that states it, "" where the intent can't."""
    where = f"segments.{{{segment}}}.members.{{{host}}}"
    yield Entry(where, because, member, whole=True)
    yield Entry(
        f"{where}.interface",
        "The name of its interface on the segment; null where the intent does not say it.",
        (interface,) if interface else (),
    )


def _addresses(segment: str, host: str, decision: str, intent: tuple[str, ...], plan: tuple[str, ...] = ()) -> Entry:
    where = f"segments.{{{segment}}}.members.{{{host}}}.addresses.{{family}}"
    return Entry(where, decision, intent, (*plan, "cluster.families"))


MEMBERS = (
    *_member("rack", "router", "A router of the rack.", (f"{_RACK}.routers",)),
    _addresses(
        "rack",
        "router",
        "The rack's first router has the first host address of its subnet, the second one the second, and so on.",
        (f"{_RACK}.routers",),
        ("segments.{rack}.networks.{family}",),
    ),
    *_member(
        "rack",
        "node",
        "A node that names the rack among its racks.",
        ("{node}: dualstack_host.racks.{rack}",),
        f"{_RACK}.interface",
    ),
    _addresses("rack", "node", "As written with the node.", ("{node}: dualstack_host.racks.{rack}@{family}",)),
    *_member("rack", "client", "A client that names the rack.", ("{client}: dualstack_host.rack",)),
    _addresses("rack", "client", "As written with the client.", ("{client}: dualstack_host.addresses@{family}",)),
    *_member("link", "router", "An end of the link.", ("{ends of the link}",), f"{LINK}.interfaces.{{router}}"),
    _addresses(
        "link",
        "router",
        "The first end has the first address of the link's subnet, the second end the second one.",
        ("{ends of the link}",),
        ("segments.{link}.networks.{family}",),
    ),
    *_member("link", "node", "The node at an end of the link.", ("{ends of the link}",), f"{LINK}.interfaces.{{node}}"),
    Entry(
        "segments.{link}.members.{node}.addresses",
        "None: a link to a node is unnumbered.",
        source="RFC 8950",
        whole=True,
    ),
    Entry(
        "segments.{link}.members.{router}.addresses",
        "An address in each subnet of the link; none on an unnumbered link.",
        (f"{LINK}.unnumbered ?",),
        ("segments.{link}.networks",),
        "RFC 8950",
        whole=True,
    ),
    *_member("lan", "router", "The router of this network.", ("{router}: dualstack_host.network",)),
    _addresses(
        "lan",
        "router",
        "The router has the first host address of the network behind it.",
        (),
        ("segments.{lan}.networks.{family}",),
    ),
    *_member("lan", "client", "A client that stands behind the router.", ("{client}: dualstack_host.behind",)),
    _addresses("lan", "client", "As written with the client.", ("{client}: dualstack_host.addresses@{family}",)),
    *_member("remote", "peer", "The peer itself.", (f"{PEER}.name",)),
    _addresses("remote", "peer", "As written with the peer.", (f"{PEER}.addresses@{{family}}",)),
    Entry(
        "segments.{remote}.members",
        "The peer, and the nodes of its cluster that its selectors choose.",
        (f"{PEER}.cluster ?",),
        ("segments.{remote}.node_selectors", "nodes.*.cluster", "nodes.{nodes to select}.labels"),
        "MetalLB: BGPPeer nodeSelectors",
        whole=True,
    ),
    *_member("remote", "node", "A node that the peer's selectors choose.", (f"{PEER}.cluster ?",), f"{PEER}.interface"),
    _addresses(
        "remote",
        "node",
        "The peer's source_address; else the node's address on the rack whose subnet holds the peer's address, else on "
        "its first rack, else its own address.",
        (f"{PEER}.source_address@{{family}} ?", "{node}: dualstack_host.addresses@{family} ?"),
        (
            "segments.{racks of the node}.members.{node}.addresses.{family}",
            "segments.{racks of the node}.networks.{family}",
            "segments.{remote}.members.{peer of the segment}.addresses.{family}",
        ),
    ),
    Entry(
        "segments.{remote}.members.{host}.addresses",
        "None where the peer is found behind an interface.",
        (f"{PEER}.addresses ?", f"{PEER}.interface ?"),
        source="RFC 8950",
        whole=True,
    ),
)
