# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer that the speaker can't speak to is left out and said; the others are not concerned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dualstack.announcing.decide import decide
from dualstack.announcing.facts import NodeFacts
from dualstack.resources.model import Node, Peer, Resources

FACTS = NodeFacts("node1", {"eth1": ("10.0.1.11/24", "2001:db8:dc:1::11/64")}, "10.0.1.11")
PEERS = {
    name: Peer(name, 64512, peer_asn=64500, address=address)
    for name, address in {"tor1-ipv4": "10.0.1.1", "tor1-ipv6": "2001:db8:dc:1::1"}.items()
}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("changed", [{"vrf": "red"}])
def test_it_is_left_out(name: str, changed: dict[str, Any]) -> None:
    peers = {**PEERS, name: replace(PEERS[name], **changed)}
    decision = decide(Resources(peers=peers, nodes={"node1": Node("node1", {}, False)}), FACTS)
    assert set(decision.desired["peers"]) == set(PEERS) - {name}
    assert [(finding.id, finding.severity) for finding in decision.findings] == [("unsupported", "error")]
