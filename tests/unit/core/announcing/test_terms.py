# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a BGPPeer says about its session, as the wire is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dualstack.announcing.decide import decide
from dualstack.announcing.facts import NodeFacts
from dualstack.resources.model import Node, Peer, Resources

FACTS = NodeFacts("node1", {"eth1": ("10.0.1.11/24", "2001:db8:dc:1::11/64")}, "10.0.1.11")


@pytest.mark.parametrize("own", [("2001:db8:dc:1::11/64",), ("10.0.1.11/24", "2001:db8:dc:1::11/64")])
def test_ipv4_goes_over_an_ipv6_next_hop_where_the_node_has_no_other(own: tuple[str, ...]) -> None:
    """RFC 8950; towards an IPv4 peer there is no such way for IPv6."""
    peer = Peer("tor1", 64512, peer_asn=64500, address="2001:db8:dc:1::1", both_families=True)
    facts = NodeFacts("node1", {"eth1": own}, "10.0.1.11")
    decision = decide(Resources(peers={"tor1": peer}, nodes={"node1": Node("node1", {}, False)}), facts)
    assert not decision.findings
    session = decision.desired["peers"]["tor1"]
    assert session["families"] == ["ipv4", "ipv6"]
    assert session["next_hop"]["ipv4"] == ("10.0.1.11" if len(own) == 2 else "2001:db8:dc:1::11")


@pytest.mark.parametrize("address", ["10.0.1.1", "2001:db8:dc:1::1"])
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, {"graceful_restart": None, "ttl": None, "ttl_security": None, "dynamic_asn": None, "local_asn": 64512}),
        ({"graceful_restart": True}, {"graceful_restart": {"time": 120}}),
        ({"local_asn": 64999}, {"local_asn": 64999, "peer_asn": 64500}),
        ({"peer_asn": None, "dynamic_asn": "external"}, {"peer_asn": None, "dynamic_asn": "external"}),
        ({"peer_asn": None, "dynamic_asn": "internal"}, {"peer_asn": None, "dynamic_asn": "internal"}),
        ({"multihop": True, "ttl": 3}, {"multihop": True, "ttl": 3}),
        ({"ttl_security": 1}, {"multihop": False, "ttl_security": 1}),
        ({"passive": True}, {"passive": True}),
    ],
)
def test_terms_of_a_session(said: dict[str, Any], told: dict[str, Any], address: str) -> None:
    peer = replace(Peer("tor1", 64512, peer_asn=64500, address=address), **said)
    decision = decide(Resources(peers={"tor1": peer}, nodes={"node1": Node("node1", {}, False)}), FACTS)
    assert not decision.findings
    session = decision.desired["peers"]["tor1"]
    assert {name: session[name] for name in told} == told
