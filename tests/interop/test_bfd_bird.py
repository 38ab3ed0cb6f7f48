# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD against BIRD 2, in both families, over one hop and over several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from interop.bird.in_namespace import Bird
from interop.stage import Host, Stage, ip
from interop.test_bgp import ASN, FAMILIES, peer, routes
from interop.test_bgp_far import FAR, put_between
from processes import Link, Wire, until

BFD = {"receive_ms": 100, "transmit_ms": 100, "multiplier": 3, "passive": False, "minimum_ttl": None}
MakeBird = Callable[..., Bird]

CONFIGURATION = """
router id 10.0.1.1;
protocol device {{ }}
protocol bfd {{
    {kind} {{ min rx interval 100 ms; min tx interval 100 ms; idle tx interval 1000 ms; multiplier 3; }};
}}
protocol bgp node {{
    local {own} as 64500;
    neighbor {node} as {asn};
    {hops};
    passive on;
    hold time 90;
    bfd on;
    ipv4 {{ import all; export none; }};
    ipv6 {{ import all; export none; }};
}}
"""


@pytest.fixture
def make_bird(root: Path, router: Host, tmp_path: Path) -> Iterator[MakeBird]:
    """Starts BIRD on the router; ``own`` is its end."""
    started: list[Bird] = []

    def make(own: str, node: str, multihop: bool = False) -> Bird:
        if not (root / "usr/sbin/bird").exists():
            pytest.skip("this root has no BIRD")
        kind, hops = ("multihop", "multihop 3") if multihop else ('interface "rack1"', "direct")
        text = CONFIGURATION.format(kind=kind, own=own, node=node, asn=ASN, hops=hops)
        started.append(Bird(root, router.namespace, tmp_path / "bird", text))
        return started[-1]

    yield make
    for bird in started:
        bird.end()


def ours(link: Link) -> dict[str, Any]:
    found: dict[str, Any] = link.session("tor")["bfd"]
    return found


def theirs(bird: Bird, address: str) -> list[str]:
    """BIRD's row of the node: address, interface, state, since, interval and timeout in seconds."""
    rows = [line.split() for line in bird.run("show bfd sessions").splitlines()]
    return next((row for row in rows if row and row[0] == address), [])


def up(bird: Bird, node: Host, transport: str, link: Link) -> None:
    address = node.address(transport)
    until(lambda: link.session("tor")["state"] == "Established", "BGP")
    until(lambda: ours(link)["state"] == "Up" and ours(link)["detection_ms"] == 300, "BFD here")
    until(lambda: theirs(bird, address)[2:3] == ["Up"] and theirs(bird, address)[4:] == ["0.100", "0.300"], "BFD there")


@pytest.mark.parametrize("transport", FAMILIES)
def test_over_one_hop_and_a_cut_link(make_bird: MakeBird, router: Host, node: Host, wire: Wire, transport: str) -> None:
    bird = make_bird(router.address(transport), node.address(transport))
    link = wire.link()
    tor = peer(router, node, transport, bfd=BFD, hold_time=90, keepalive_time=30)
    link.full(peers={"tor": tor}, routes=routes("tor"))
    up(bird, node, transport, link)
    assert theirs(bird, node.address(transport))[1] == "rack1"
    ip("-n", node.switch, "link", "set", node.port, "down")
    until(lambda: link.session("tor")["state"] == "Idle", "the end of the session here")
    until(lambda: "Established" not in bird.run("show protocols node"), "its end there")
    assert link.session("tor")["last_error"] == f"BFD down: no packet from {router.address(transport)} for 300 ms"
    ip("-n", node.switch, "link", "set", node.port, "up")
    up(bird, node, transport, link)
    assert link.session("tor")["flaps"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
def test_through_a_router(
    stage: Stage, make_bird: MakeBird, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    put_between(stage, router, node)  # BIRD sends with the TTL of the system, 64
    bird = make_bird(FAR[transport], node.address(transport), multihop=True)
    changes = {"address": FAR[transport], "multihop": True, "ttl": 3, "bfd": {**BFD, "minimum_ttl": 60}}
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, **changes)}, routes=routes("tor"))
    up(bird, node, transport, link)
    assert link.session("tor")["flaps"] == 0
