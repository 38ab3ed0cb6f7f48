# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second pod CIDR of Nodes that were there before their cluster had a second family.

Sources: ``spec.podCIDRs`` of a Node is immutable (pkg/apis/core/validation), kube-controller-manager gives a Node all
of them at once and never a second one later (pkg/controller/nodeipam/ipam/range_allocator.go), but occupies what it
finds in a Node that is new to it. So the Node is deleted and made again, with all that it was and one pod CIDR more;
the create of Nodes takes every field, the status too (pkg/registry/core/node/strategy.go). Neither the API server nor
kube-controller-manager objects to a block that two Nodes have: it is chosen here.

Left out on purpose: a family less, and another primary family (see ``ranges``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..addresses.blocks import FAMILY_NAME, AddressError, Block, family_of, parse_network
from ..addresses.carve import subnet
from ..addresses.space import Space, of_length

Node = Mapping[str, Any]
OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "selfLink")  # it gives them to new ones
REPLACED = "baremetal.dualstack/replaced"  # on a Node until its kubelet was started anew: the uid of the one before


class NodeFamilyError(ValueError):
    """A Node can't get its second pod CIDR; the message names it and says why."""


def assign(nodes: Sequence[Node], pods: Mapping[str, str], lengths: Mapping[str, int]) -> dict[str, list[str]]:
    """By name, all pod CIDRs that Nodes shall have which have some, but not of every family.

    What a Node has stays. Of an added family it gets the block with the same number as its own block of the first
    family, where that is free, else the first free one that no other Node is to get so: the same in every run, whatever
    was converted before. Nodes without any pod CIDR are kube-controller-manager's.

    Args:
        nodes: all Nodes of the cluster.
        pods: the cluster's CIDRs by family, in the cluster's order.
        lengths: the prefix length of a Node's block, by family.

    Raises NodeFamilyError for families in another order, and where no block is left.
    """
    held = {str(each["metadata"]["name"]): pod_cidrs(each) for each in nodes}
    given = {name: list(cidrs) for name, cidrs in sorted(held.items()) if 0 < len(cidrs) < len(pods)}
    for name, cidrs in given.items():
        if [family_of(each) for each in cidrs] != list(pods)[: len(cidrs)]:
            raise NodeFamilyError(
                f"the Node {name} has {', '.join(cidrs)}, and the first family of the cluster is to be "
                f"{FAMILY_NAME[next(iter(pods))]}: a second family can only be added behind the first one"
            )
    for number, (family, cidr) in enumerate(pods.items()):
        wanting = {name: cidrs for name, cidrs in given.items() if len(cidrs) == number}
        taken = [parse_network(each) for cidrs in held.values() for each in cidrs if family_of(each) == family]
        for name, block in _blocks(wanting, pods, Space([parse_network(cidr)], taken), family, lengths[family]).items():
            given[name].append(str(block))
    return given


def _blocks(
    wanting: Mapping[str, Sequence[str]], pods: Mapping[str, str], space: Space, family: str, length: int
) -> dict[str, Block]:
    """A block of the family for each; ``wanting``: what they have."""
    found = {}
    for name, cidrs in wanting.items():
        block = _twin(parse_network(cidrs[0]), parse_network(pods[family_of(cidrs[0])]), pods[family], length)
        if block is not None and space.claim(block):
            found[name] = block
    for name in wanting:
        try:
            found[name] = found.get(name) or space.take(of_length(family, length))
        except AddressError as problem:
            raise NodeFamilyError(
                f"the Node {name} gets no pod CIDR /{length} out of {pods[family]}: {problem}. State a larger one in "
                "cluster.pods of the intent, or longer blocks in node_cidr_lengths, before any Node has one"
            ) from None
    return found


def _twin(own: Block, cluster: Block, other: str, length: int) -> Block | None:
    """The block of the other CIDR whose number is that of ``own`` in ``cluster``; None where there is none."""
    if not cluster.contains(own):
        return None
    try:
        return subnet(parse_network(other), length, (own.first - cluster.first) // own.size)
    except AddressError:
        return None


def pod_cidrs(node: Node) -> list[str]:
    """Those of a Node; objects from before 1.16 have one, in a field of its own."""
    spec = node.get("spec", {})
    return [str(each) for each in spec.get("podCIDRs") or filter(None, [spec.get("podCIDR")])]


def replacement(node: Node, cidrs: Sequence[str]) -> dict[str, Any]:
    """The Node to make in place of ``node``: labels, taints, annotations, who owns which field, and its status stay.

    An annotation more tells which Node it was. Raises NodeFamilyError where somebody else has a say in its end.
    """
    metadata = node["metadata"]
    name = metadata["name"]
    if metadata.get("finalizers"):
        raise NodeFamilyError(
            f"the Node {name} has finalizers ({', '.join(metadata['finalizers'])}): it would not be gone when it is "
            "deleted. See whose they are; what manages the machines of a cluster has a way of its own to replace Nodes"
        )
    if metadata.get("deletionTimestamp"):
        raise NodeFamilyError(f"the Node {name} is being deleted by somebody else")
    kept = {key: value for key, value in metadata.items() if key not in OF_THE_SERVER}
    before = {REPLACED: metadata["uid"]} if "uid" in metadata else {}
    kept["annotations"] = {**metadata.get("annotations", {}), **before}
    return {**node, "metadata": kept, "spec": {**node["spec"], "podCIDR": cidrs[0], "podCIDRs": list(cidrs)}}


def replaced(node: Node) -> str:
    """The uid of the Node that this one stands in for, until its kubelet was started anew; else empty."""
    return str(node["metadata"].get("annotations", {}).get(REPLACED, ""))


def shared(nodes: Sequence[Node], name: str) -> list[str]:
    """Other Nodes whose pod CIDRs overlap with those of this one."""
    blocks = {str(each["metadata"]["name"]): [parse_network(cidr) for cidr in pod_cidrs(each)] for each in nodes}
    own = blocks.get(name, [])
    return sorted(
        other
        for other, theirs in blocks.items()
        if other != name and any(one.overlap(two) is not None for one in own for two in theirs)
    )
