# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which block of the added family each Node gets, with either family first, and what a Node keeps when it is remade."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dualstack.addresses.blocks import parse_network
from dualstack.components.node_families import (
    REPLACED,
    NodeFamilyError,
    assign,
    pod_cidrs,
    replaced,
    replacement,
    shared,
)

PODS = {"ipv4": "10.244.0.0/16", "ipv6": "fd00:244::/56"}
LENGTHS = {"ipv4": 24, "ipv6": 64}
ORDERS = pytest.mark.parametrize("families", [("ipv4", "ipv6"), ("ipv6", "ipv4")], ids="-".join)
Order = tuple[str, str]


def block(family: str, number: int) -> str:
    if family == "ipv4":
        return f"10.244.{number}.0/24"
    return f"fd00:244:0:{number:x}::/64" if number else "fd00:244::/64"


def pods(families: Order, **other: str) -> dict[str, str]:
    return {family: other.get(family, PODS[family]) for family in families}


def node(name: str, *cidrs: str, **metadata: Any) -> dict[str, Any]:
    spec = {"podCIDR": cidrs[0], "podCIDRs": list(cidrs), "unschedulable": True} if cidrs else {}
    return {"metadata": {"name": name, "uid": f"uid-{name}", **metadata}, "spec": spec, "status": {"phase": "x"}}


@ORDERS
def test_the_same_number_in_both_families_whatever_the_order_of_the_nodes(families: Order) -> None:
    first, second = families
    numbers = {"n1": 0, "n2": 7, "n3": 3}
    nodes = [node(name, block(first, number)) for name, number in numbers.items()]
    expected = {name: [block(first, number), block(second, number)] for name, number in numbers.items()}
    for seed in range(5):
        random.Random(seed).shuffle(nodes)
        assert assign(nodes, pods(families), LENGTHS) == expected


@ORDERS
def test_one_after_another_gives_what_all_at_once_gives(families: Order) -> None:
    first = families[0]
    small = pods(families, ipv4="10.244.0.0/21", ipv6="fd00:244::/61")  # eight blocks each
    nodes = [node(f"n{number}", block(first, number)) for number in (0, 2, 5, 6)]
    at_once = assign(nodes, small, LENGTHS)
    for index, each in enumerate(nodes):
        name = each["metadata"]["name"]
        nodes[index] = node(name, *assign(nodes, small, LENGTHS)[name])
    assert {each["metadata"]["name"]: pod_cidrs(each) for each in nodes} == at_once
    assert assign(nodes, small, LENGTHS) == {}


@ORDERS
def test_what_others_have_is_not_given(families: Order) -> None:
    """A node that joined meanwhile has n1's number; n2's own number is not what n1 gets instead."""
    first, second = families
    late = node("late", block(first, 9), block(second, 0))
    found = assign([node("n1", block(first, 0)), node("n2", block(first, 1)), late], pods(families), LENGTHS)
    assert found == {"n1": [block(first, 0), block(second, 2)], "n2": [block(first, 1), block(second, 1)]}


@ORDERS
def test_a_family_with_fewer_blocks(families: Order) -> None:
    """Numbers that the other family does not have get what is free, and the last one is told."""
    first, second = families
    few = pods(families, **{second: {"ipv4": "10.244.0.0/23", "ipv6": "fd00:244::/63"}[second]})
    nodes = [node("n1", block(first, 200)), node("n2", block(first, 1))]
    assert {name: cidrs[1] for name, cidrs in assign(nodes, few, LENGTHS).items()} == {
        "n1": block(second, 0),
        "n2": block(second, 1),
    }
    with pytest.raises(NodeFamilyError, match="the Node n3 gets no pod CIDR"):
        assign([*nodes, node("n3", block(first, 5))], few, LENGTHS)


def test_blocks_of_another_length_than_planned_stay() -> None:
    """The masks were changed some day: numbers meet, blocks don't."""
    nodes = [node("n1", "10.244.0.0/25"), node("n2", "10.244.0.128/25"), node("n3", "10.244.1.0/24")]
    found = assign(nodes, PODS, LENGTHS)
    assert [cidrs[0] for cidrs in found.values()] == ["10.244.0.0/25", "10.244.0.128/25", "10.244.1.0/24"]
    given = [parse_network(cidrs[1]) for cidrs in found.values()]
    assert len(set(given)) == 3 and all(parse_network(PODS["ipv6"]).contains(each) for each in given)


@ORDERS
def test_nodes_that_wait_for_their_first_are_left_alone_and_a_swap_is_refused(families: Order) -> None:
    assert assign([node("n1")], pods(families), LENGTHS) == {}
    assert assign([node("n1", block(families[0], 1))], {families[0]: PODS[families[0]]}, LENGTHS) == {}
    with pytest.raises(NodeFamilyError, match=r"the Node n1 has .* can only be added behind the first one"):
        assign([node("n1", block(families[1], 1))], pods(families), LENGTHS)


def test_a_node_from_before_the_list() -> None:
    old = {"metadata": {"name": "n1"}, "spec": {"podCIDR": "10.244.4.0/24"}}
    assert assign([old], PODS, LENGTHS) == {"n1": [block("ipv4", 4), block("ipv6", 4)]}


@ORDERS
def test_a_node_keeps_all_but_what_the_server_gives(families: Order) -> None:
    both = [block(family, 1) for family in families]
    metadata = {
        "labels": {"zone": "a"},
        "annotations": {"theirs": "1"},
        "resourceVersion": "5",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubelet"}],
    }
    before = node("n1", both[0], **metadata)
    after = replacement(before, both)
    assert after["spec"] == {**before["spec"], "podCIDR": both[0], "podCIDRs": both}
    assert after["status"] == before["status"]
    assert after["metadata"] == {
        "name": "n1",
        "labels": {"zone": "a"},
        "annotations": {"theirs": "1", REPLACED: "uid-n1"},
        "managedFields": [{"manager": "kubelet"}],
    }
    assert (replaced(before), replaced(after)) == ("", "uid-n1")
    assert replacement(after, both) == after, "what was kept of a Node can be made as it is"
    assert pod_cidrs(before) == both[:1], "nothing is changed in place"


def test_a_node_that_would_not_be_gone_is_refused() -> None:
    with pytest.raises(NodeFamilyError, match=r"has finalizers \(example.org/x\)"):
        replacement(node("n1", "10.244.0.0/24", finalizers=["example.org/x"]), ["10.244.0.0/24"])
    with pytest.raises(NodeFamilyError, match="being deleted by somebody else"):
        replacement(node("n1", "10.244.0.0/24", deletionTimestamp="2026-01-01T00:00:00Z"), ["10.244.0.0/24"])


@ORDERS
def test_a_block_that_two_nodes_have_is_found(families: Order) -> None:
    first, second = families
    nodes = [
        node("n1", block(first, 1), block(second, 1)),
        node("n2", block(first, 2), block(second, 1)),
        node("n3", block(first, 3), block(second, 3)),
    ]
    assert [shared(nodes, name) for name in ("n1", "n2", "n3", "n4")] == [["n2"], ["n1"], [], []]
