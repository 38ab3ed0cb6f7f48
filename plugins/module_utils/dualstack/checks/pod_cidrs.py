# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod CIDRs: what kube-controller-manager accepts, and whether there is room for the nodes and their pods.

Where the CNI divides the pod CIDR itself (``--allocate-node-cidrs=false``) the rules about nodes' parts are to be
silenced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ..addresses.blocks import BITS, FAMILY_NAME, network
from ..findings import ERROR, WARNING
from ..intent.load import Intent
from ..plan.clusters import NODE_CIDR_LENGTHS, places
from .kubernetes import CLUSTER_CIDR, Cidr, cidrs
from .rule import Plan, Problem, rule

MOST_MASK_DISTANCE = 16
MOST_PODS = 110
NEARLY_FULL = 0.9


class Share(NamedTuple):
    """A pod CIDR, the prefix length of a node's part, and the number of nodes."""

    cidr: Cidr
    length: int
    nodes: int

    @property
    def room(self) -> int:
        """The number of parts."""
        return 1 << (self.length - (self.cidr.block.prefix_length or 0))

    @property
    def larger(self) -> str:
        """What to use instead: twice as many parts as there are nodes."""
        length = max(0, self.length - (2 * self.nodes - 1).bit_length())
        key = f"node_cidr_lengths.{self.cidr.family}"
        return f"Use a /{length} or larger in {CLUSTER_CIDR}, or a longer {key} ({_flag(self.cidr)})."


@rule("node-mask-short", ERROR)
def mask_short(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node's part of a pod CIDR is not larger than the pod CIDR.

    Source: kube-controller-manager ends with "mask size of cluster CIDR must be less than or equal to
    --node-cidr-mask-size".
    """
    del plan
    for cidr, length in _masks(intent):
        if length < (cidr.block.prefix_length or 0):
            reason = f"a node gets a /{length}, which is larger than the whole pod CIDR"
            fix = f"Set node_cidr_lengths.{cidr.family} to {cidr.block.prefix_length} or more, {_flag(cidr)} too."
            yield Problem(cidr.path, cidr.text, reason, fix)


@rule("node-mask-long", ERROR)
def mask_long(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pod CIDR is divided among at most 65,536 nodes: 16 bits between its length and the nodes'.

    Source: kube-controller-manager (IPv6: "New CIDR set failed; the node CIDR size is too big"), kubeadm (both
    families).
    """
    del plan
    for cidr, length in _masks(intent):
        own = cidr.block.prefix_length or 0
        if length - own > MOST_MASK_DISTANCE:
            reason = f"lies {length - own} bits above the nodes' /{length}; {CLUSTER_CIDR} may lie {MOST_MASK_DISTANCE}"
            part = network(cidr.family, cidr.block.first, length - MOST_MASK_DISTANCE)
            fix = f"Use {part}, or set node_cidr_lengths.{cidr.family} to {own + MOST_MASK_DISTANCE} or less."
            yield Problem(cidr.path, cidr.text, reason, fix)


@rule("pod-cidr-small", ERROR)
def pods_small(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pod CIDR has a part for each node of the cluster.

    Source: kube-controller-manager: CIDRNotAvailable; the pods of the last nodes never start.
    """
    for share in _shares(intent, plan):
        if share.nodes > share.room:
            reason = f"has parts for {share.room} nodes, and the cluster has {share.nodes}"
            yield Problem(share.cidr.path, share.cidr.text, reason, share.larger)


@rule("pod-cidr-nearly-full", WARNING)
def pods_nearly_full(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pod CIDR has parts for more nodes than there are today: it can't be changed in a running cluster.

    Source: Node.spec.podCIDRs are immutable, and --cluster-cidr has to hold all of them.
    """
    for share in _shares(intent, plan):
        if share.room * NEARLY_FULL <= share.nodes <= share.room:
            reason = f"has parts for {share.room} nodes, {share.nodes} of which are taken"
            yield Problem(share.cidr.path, share.cidr.text, reason, share.larger)


@rule("node-cidr-small", WARNING)
def node_small(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node's part of a pod CIDR has an address for each pod that the kubelet admits.

    Source: kubelet --max-pods is 110 by default; host-local IPAM keeps the network's addresses and the gateway's.
    """
    del plan
    for cidr, length in _masks(intent):
        room = (1 << (BITS[cidr.family] - length)) - 3
        if room < MOST_PODS:
            reason = f"a node's /{length} holds {max(room, 0)} pods; the kubelet admits {MOST_PODS}"
            fix = (
                f"Set node_cidr_lengths.{cidr.family} to {BITS[cidr.family] - 7} or less ({_flag(cidr)}), "
                "or lower --max-pods."
            )
            yield Problem(cidr.path, cidr.text, reason, fix)


@rule("node-mask-idle", WARNING)
def mask_idle(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The nodes' prefix length is given for families that have a pod CIDR.

    Source: kube-controller-manager refuses --node-cidr-mask-size-ipv4 on an IPv6-only cluster, and the other way round.
    """
    del plan
    for path, cluster in places(intent):
        for family, length in (cluster["node_cidr_lengths"] or {}).items():
            if length is not None and family not in (cluster["pods"] or {}):
                reason = f"the cluster has no {FAMILY_NAME[family]} pod CIDR"
                fix = f"Remove it, and --node-cidr-mask-size-{family}, or add the pod CIDR."
                yield Problem(f"{path}.node_cidr_lengths.{family}", str(length), reason, fix)


RULES = (mask_short, mask_long, pods_small, pods_nearly_full, node_small, mask_idle)


def _masks(intent: Intent) -> Iterator[tuple[Cidr, int]]:
    """Each pod CIDR with the prefix length of a node's part."""
    for cidr in cidrs(intent, "pods"):
        yield cidr, (cidr.cluster["node_cidr_lengths"] or {}).get(cidr.family) or NODE_CIDR_LENGTHS[cidr.family]


def _shares(intent: Intent, plan: Plan) -> Iterator[Share]:
    nodes = Counter(node["cluster"] for node in plan["nodes"].values())
    for cidr, length in _masks(intent):
        if length >= (cidr.block.prefix_length or 0):
            yield Share(cidr, length, nodes[cidr.cluster["name"]])


def _flag(cidr: Cidr) -> str:
    return f"--node-cidr-mask-size-{cidr.family}"
