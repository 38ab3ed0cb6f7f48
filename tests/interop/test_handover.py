# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new wire takes over from the one that runs: FRR and a client on the rack notice nothing, by their own counters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.probes import Probes
from interop.frr import Frr
from interop.stage import Host, Stage
from interop.test_bfd import BFD, bfdd, change
from interop.test_bgp import FAMILIES, PREFIXES, configure, held, path, peer, routes
from processes import Wire, until

ALL = {"ipv4": 2, "ipv6": 2}
VIPS = {"arp": "10.0.1.200", "ndp": "2001:db8:dc:1::200"}
HANDOVERS = 5


@pytest.fixture
def frr(root: Path, router: Host, tmp_path: Path) -> Iterator[Frr]:
    """FRR with bfdd and a profile of 100 ms times 3."""
    daemons = Frr(root, router.namespace, tmp_path / "frr", bfd=True)
    change(daemons, "receive-interval 100", "transmit-interval 100", "detect-multiplier 3")
    yield daemons
    daemons.end()


@pytest.fixture
def client(stage: Stage) -> Host:
    return stage.host("client")


def begin(frr: Frr, router: Host, node: Host, wire: Wire) -> dict[str, Any]:
    """A session over each transport with BFD, one with a password, and an address of each family that is answered."""
    peers = {}
    for transport in FAMILIES:
        configure(frr, node, transport, lines=("bfd profile fast", "password s3cret"))
        peers[transport] = peer(router, node, transport, bfd=BFD, password="s3cret")
    state = {
        "peers": peers,
        "routes": routes(*peers),
        "layer2": {address: {"interfaces": []} for address in VIPS.values()},
    }
    wire.link().full(**state)
    until(lambda: all(held(frr, node, transport) == ALL for transport in FAMILIES), "all prefixes")
    until(lambda: all(bfd["status"] == "up" for bfd in their_bfd(frr).values()), "BFD there")
    return state


def their_bfd(frr: Frr) -> dict[str, dict[str, Any]]:
    """What bfdd counts, by neighbour."""
    return {found["peer"]: found for found in bfdd(frr).show("show bfd peers counters")} and {
        found["peer"]: {**found, **status}
        for found in bfdd(frr).show("show bfd peers counters")
        for status in bfdd(frr).show("show bfd peers")
        if status["peer"] == found["peer"]
    }


def transitions(frr: Frr, node: Host) -> dict[str, tuple[int, ...]]:
    """(BGP established, BGP dropped, BFD up, BFD down) by transport, as FRR counts them."""
    found = {}
    for transport in FAMILIES:
        address = node.address(transport)
        bgp, bfd = frr.neighbour(address), their_bfd(frr)[address]
        counts = bgp["connectionsEstablished"], bgp["connectionsDropped"], bfd["session-up"], bfd["session-down"]
        found[transport] = counts
    return found


def test_nobody_notices(frr: Frr, router: Host, node: Host, client: Host, wire: Wire, capsys: Any) -> None:
    state = begin(frr, router, node, wire)
    link = wire.link()
    until(lambda: all(link.session(name)["bfd"]["state"] == "Up" for name in FAMILIES), "BFD here")
    before, ours = transitions(frr, node), {name: link.session(name) for name in FAMILIES}
    still = []
    with Probes(client, VIPS) as probes:
        for number in range(HANDOVERS):
            still.append(wire.upgrade())
            link = wire.link()
            fresh = {"ipv4": f"203.0.113.{number}/32", "ipv6": f"2001:db8:9::{number}/128"}
            link.delta(routes={prefix: path(*FAMILIES) for prefix in fresh.values()})
            until(lambda: all(frr.route(prefix) for prefix in fresh.values()), "the new process announces")  # noqa: B023
            link.delta(routes=dict.fromkeys(fresh.values()))
            until(lambda: not any(frr.route(prefix) for prefix in fresh.values()), "and withdraws")  # noqa: B023
    lost = {name: record.lost for name, record in probes.records.items()}
    with capsys.disabled():
        sent = {name: len(record.sent) for name, record in probes.records.items()}
        print(f"\n    {HANDOVERS} hand-overs: BGP stood still for {still} ms; probes {sent}, lost {lost}")
    assert transitions(frr, node) == before
    assert lost == {"arp": 0, "ndp": 0}
    for name in FAMILIES:
        now = link.session(name)
        assert (now["state"], now["flaps"], now["announced"]) == ("Established", 0, ours[name]["announced"])
        assert now["established_s"] > ours[name]["established_s"]
        assert (now["bfd"]["state"], now["bfd"]["transitions"]) == ("Up", ours[name]["bfd"]["transitions"])
        assert now["bfd"]["received"] > ours[name]["bfd"]["received"]
    link.full(**state)
    assert wire.stop() is None
    until(lambda: not any(frr.route(prefix) for family in FAMILIES for prefix in PREFIXES[family]), "a stop is a stop")
