# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The election agrees with MetalLB."""

from __future__ import annotations

import itertools

import pytest

from dualstack.announcing.election import elect, order

NODES = ["node1", "node2", "node3", "iris1", "iris2"]

# Recorded from MetalLB's own election.
VECTORS = {
    "10.20.30.1": ["node1", "iris2", "node2", "node3", "iris1"],
    "10.0.0.10": ["iris2", "iris1", "node2", "node3", "node1"],
    "192.168.1.240": ["node3", "iris1", "node1", "iris2", "node2"],
    "2001:db8::10": ["node1", "node2", "node3", "iris2", "iris1"],
    "fc00:f853:ccd:e799::1": ["node2", "iris1", "node3", "iris2", "node1"],
}


@pytest.mark.parametrize(("address", "expected"), VECTORS.items())
def test_order_is_metallbs(address: str, expected: list[str]) -> None:
    """MetalLB 5.1.6: nodes by the SHA-256 of node and address, so that fleets of both agree."""
    assert order(NODES, address) == expected


@pytest.mark.parametrize("address", VECTORS)
def test_the_order_of_the_candidates_does_not_matter(address: str) -> None:
    results = {tuple(order(nodes, address)) for nodes in itertools.permutations(NODES)}
    assert results == {tuple(VECTORS[address])}


@pytest.mark.parametrize("address", VECTORS)
def test_losing_a_node_that_is_not_the_announcer_moves_nothing(address: str) -> None:
    winner = VECTORS[address][0]
    for lost in VECTORS[address][1:]:
        assert elect([node for node in NODES if node != lost], address) == winner


def test_preference_comes_before_the_hash() -> None:
    assert elect(NODES, "10.20.30.1", {"node3": 5, "iris1": 2}) == "node3"
    assert elect(NODES, "2001:db8::10", {"iris1": 1}) == "iris1"


def test_an_address_is_hashed_in_its_canonical_form() -> None:
    assert order(NODES, "2001:0DB8:0::0010") == VECTORS["2001:db8::10"]


def test_without_candidates_nobody_announces() -> None:
    assert elect([], "10.20.30.1") is None
