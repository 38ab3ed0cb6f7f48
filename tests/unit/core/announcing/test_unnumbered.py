# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer behind an interface: both families on one session, next hops that the node knows, BFD over one hop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dualstack.announcing.decide import decide
from dualstack.announcing.facts import NodeFacts
from dualstack.resources.model import BFDProfile, Node, Peer, Resources

PEER = Peer("tor1", 64512, peer_asn=64500, interface="eth1")


def session(peer: Peer, own: tuple[str, ...]) -> dict[str, Any]:
    """The session of a node with these addresses on eth1."""
    facts = NodeFacts("node1", {"eth0": ("192.0.2.11/24", "2001:db8:ee::11/64"), "eth1": own})
    resources = Resources(
        peers={"tor1": peer}, nodes={"node1": Node("node1", {}, False)}, bfd_profiles={"fast": BFDProfile("fast")}
    )
    decision = decide(resources, facts)
    assert not decision.findings
    found: dict[str, Any] = decision.desired["peers"]["tor1"]
    return found


@pytest.mark.parametrize(
    ("own", "hops"),
    [
        (("10.0.1.11/24", "fe80::11/64"), {}),
        (("fe80::11/64", "2001:db8:dc:1::11/64", "2001:db8:dc:2::11/64"), {"ipv6": "2001:db8:dc:1::11"}),
        ((), {}),
    ],
)
def test_it_gets_both_families_and_the_global_next_hop_there_is(own: tuple[str, ...], hops: dict[str, str]) -> None:
    """MetalLB: an unnumbered session always carries both. The link-local next hop is known where the session runs."""
    found = session(PEER, own)
    assert (found["address"], found["interface"], found["source_address"]) == (None, "eth1", None)
    assert found["families"] == ["ipv4", "ipv6"]
    assert found["next_hop"] == hops


@pytest.mark.parametrize("ttl_security", [None, 1])
def test_bfd_watches_one_hop_whatever_the_ttl(ttl_security: int | None) -> None:
    found = session(replace(PEER, bfd_profile="fast", ttl_security=ttl_security), ())
    assert found["bfd"]["minimum_ttl"] is None
