# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod CIDRs: what kube-controller-manager accepts, and whether there is room for the nodes and their pods.

Where the CNI divides the pod CIDR itself (``--allocate-node-cidrs=false``) and the intent says it, the rules about
nodes' parts are silent, but of Cilium, which divides by the same lengths; else they are to be silenced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..addresses.blocks import BITS, FAMILY_NAME, IPV4, IPV6, network
from ..components.pods.calico import BLOCK_SIZES
from ..findings import ERROR, WARNING
from ..intent.load import Intent
from ..plan.clusters import NODE_CIDR_LENGTHS, places
from ..plan.kubernetes import allocates
from .kubernetes import CLUSTER_CIDR, Cidr, cidrs
from .rule import Plan, Problem, rule

MOST_MASK_DISTANCE = 16
MOST_PODS = 110
KEPT = {IPV4: 3, IPV6: 2}
LEAST_PODS = 14
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
    def enough(self) -> bool:
        """Whether each node gets one."""
        return self.length >= (self.cidr.block.prefix_length or 0) and self.room >= self.nodes

    @property
    def spacious(self) -> int:
        """The prefix length with twice as many parts as there are nodes."""
        return max(0, self.length - (2 * self.nodes - 1).bit_length())

    @property
    def larger(self) -> str:
        """What to use instead."""
        key = f"node_cidr_lengths.{self.cidr.family}"
        return f"Use a /{self.spacious} or larger in {CLUSTER_CIDR}, or a longer {key} ({_flag(self.cidr)})."


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


@rule("pod-cidr-tiny", ERROR)
def pods_tiny(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pod CIDR that kubeadm reads has fourteen addresses and more.

    Source: kubeadm: "subnet with N address(es) is too small, the minimum is 14".
    """
    del plan
    for cidr in cidrs(intent, "pods"):
        kubernetes = cidr.cluster["kubernetes"]
        if kubernetes and kubernetes["run_by"] == "kubeadm" and cidr.block.size < LEAST_PODS:
            reason = f"has {cidr.block.size} addresses; kubeadm wants at least {LEAST_PODS}"
            length = BITS[cidr.family] - LEAST_PODS.bit_length()
            yield Problem(cidr.path, cidr.text, reason, f"Use a /{length} or larger.")


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

    Source: kubelet maxPods is 110 by default, and its flag --max-pods wins over the field; host-local IPAM keeps the
    network's address, the gateway's and, of IPv4, the broadcast address.
    """
    for share in _shares(intent, plan):
        cidr, kept = share.cidr, KEPT[share.cidr.family]
        most = most_pods(cidr.cluster)
        room = max(0, (1 << (BITS[cidr.family] - share.length)) - kept)
        if room < most:
            whose = f"{cidr.cluster['name']}'s kubelets"
            reason = f"a node's /{share.length} holds {room} pods; maxPods of {whose} is {most}"
            wider = share._replace(length=max(0, BITS[cidr.family] - (most + kept - 1).bit_length()))
            fix = f"Set node_cidr_lengths.{cidr.family} to {wider.length} or less ({_flag(cidr)})"
            if not wider.enough:
                fix = f"{fix} with a /{wider.spacious} or larger in {CLUSTER_CIDR}"
            if room:
                fix = f"{fix}, or maxPods of the kubelets to {room} or less"
            yield Problem(cidr.path, cidr.text, reason, f"{fix}.")


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


@rule("calico-pool-small", ERROR)
def calico_small(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pod CIDR that Calico divides is not smaller than one of its blocks.

    Source: Calico refuses an IPPool whose CIDR is smaller than its blockSize; ours are Calico's defaults, /26 and /122.
    """
    del plan
    for cidr, length in _blocks(intent):
        if (cidr.block.prefix_length or 0) > length:
            reason = f"is smaller than a block of Calico, a /{length}"
            yield Problem(cidr.path, cidr.text, reason, f"Use a /{length} or larger, with a block for each node.")


@rule("calico-blocks-few", WARNING)
def calico_few(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A pod CIDR that Calico divides has a block for each node.

    Source: Calico IPAM: a node without a block of its own borrows addresses out of other nodes' blocks, with a route to
    each, until they are used up; the pods of strictAffinity then never start.
    """
    nodes = Counter(node["cluster"] for node in plan["nodes"].values())
    for cidr, length in _blocks(intent):
        share = Share(cidr, length, nodes[cidr.cluster["name"]])
        if (cidr.block.prefix_length or 0) <= length and share.room < share.nodes:
            reason = f"has {share.room} of Calico's blocks (/{length}) for {share.nodes} nodes"
            yield Problem(cidr.path, cidr.text, reason, f"Use a /{share.spacious} or larger: a pool can't grow.")


RULES = (
    mask_short,
    mask_long,
    pods_small,
    pods_tiny,
    pods_nearly_full,
    node_small,
    mask_idle,
    calico_small,
    calico_few,
)


def most_pods(cluster: dict[str, Any]) -> int:
    """How many pods the kubelets of a cluster admit; what is no number counts as not stated.

    Source: kubelet.config.k8s.io/v1beta1: a field maxPods of 0 is the default.
    """
    kubernetes = cluster["kubernetes"]
    if kubernetes is None:
        return MOST_PODS
    flag = kubernetes["arguments"]["kubelet"].get("max-pods", "")
    if flag.isdecimal():
        return int(flag)
    field = kubernetes["configuration"]["kubelet"].get("maxPods")
    number = isinstance(field, int) and not isinstance(field, bool)
    return field if number and field > 0 else MOST_PODS


def _masks(intent: Intent) -> Iterator[tuple[Cidr, int]]:
    """Each pod CIDR with the prefix length of a node's part."""
    for cidr in cidrs(intent, "pods"):
        if not _divided_otherwise(cidr.cluster):
            yield cidr, (cidr.cluster["node_cidr_lengths"] or {}).get(cidr.family) or NODE_CIDR_LENGTHS[cidr.family]


def _shares(intent: Intent, plan: Plan) -> Iterator[Share]:
    nodes = Counter(node["cluster"] for node in plan["nodes"].values())
    for cidr, length in _masks(intent):
        if length >= (cidr.block.prefix_length or 0):
            yield Share(cidr, length, nodes[cidr.cluster["name"]])


def _blocks(intent: Intent) -> Iterator[tuple[Cidr, int]]:
    """Each pod CIDR that Calico divides, with the prefix length of its blocks."""
    for cidr in cidrs(intent, "pods"):
        if ((cidr.cluster["kubernetes"] or {}).get("cni") or {}).get("plugin") == "calico":
            yield cidr, BLOCK_SIZES[cidr.family]


def _divided_otherwise(cluster: dict[str, Any]) -> bool:
    cni = (cluster["kubernetes"] or {}).get("cni")
    if cni is None or cni["plugin"] == "cilium":
        return False
    return not allocates(cni)


def _flag(cidr: Cidr) -> str:
    return f"--node-cidr-mask-size-{cidr.family}"
