# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new wire takes over from the one that runs: FRR and a client on the rack notice nothing, by their own counters."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from faults.probes import Probes
from interop import watched
from interop.bird.in_namespace import Bird
from interop.frr import Frr
from interop.stage import Host, Stage
from interop.test_bfd import BFD
from interop.test_bfd_bird import CONFIGURATION, theirs
from interop.test_bgp import ASN, FAMILIES, held, path, peer, routes
from processes import Wire, until

from dualstack_speaker.wire.handover.channel import Channel, ChannelError, pack, unpack

VIPS = {"arp": "10.0.1.200", "ndp": "2001:db8:dc:1::200"}
LAYER2 = {address: {"interfaces": []} for address in VIPS.values()}
HANDOVERS = 5


@pytest.fixture
def frr(root: Path, router: Host, tmp_path: Path) -> Iterator[Frr]:
    daemons = watched.start(root, router, tmp_path / "frr")
    yield daemons
    daemons.end()


@pytest.fixture
def wire(node: Host, make_wire: Callable[..., Wire]) -> Wire:
    return make_wire(node, realtime_priority=watched.REALTIME)


@pytest.fixture
def client(stage: Stage) -> Host:
    return stage.host("client")


def test_nobody_notices(frr: Frr, router: Host, node: Host, client: Host, wire: Wire, capsys: Any) -> None:
    state = {**watched.desired(frr, router, node), "layer2": LAYER2}
    wire.link().full(**state)
    link = watched.up(frr, node, wire)
    before, ours = watched.counts(frr, node), {name: link.session(name) for name in FAMILIES}
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
    assert watched.counts(frr, node) == before
    assert lost == {"arp": 0, "ndp": 0}
    for name in FAMILIES:
        now = link.session(name)
        assert (now["state"], now["flaps"], now["announced"]) == ("Established", 0, ours[name]["announced"])
        assert now["established_s"] > ours[name]["established_s"]
        assert (now["bfd"]["state"], now["bfd"]["transitions"]) == ("Up", ours[name]["bfd"]["transitions"])
        assert now["bfd"]["received"] > ours[name]["bfd"]["received"]
    link.full(**state)
    assert wire.stop() is None
    until(lambda: not any(frr.route(prefix) for prefix in watched.EVERY), "a stop is a stop")


def test_given_up_in_the_middle(frr: Frr, router: Host, node: Host, wire: Wire) -> None:
    """The new process has all sockets and then says nothing, or dies: BGP goes on, in time for FRR."""
    wire.link().full(**watched.desired(frr, router, node))
    watched.up(frr, node, wire)
    before = watched.counts(frr, node)
    for number, dies in enumerate((False, True)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(60)
            sock.connect(f"{wire.path}.handover")
            channel = Channel(sock)
            channel.send(pack({"versions": [1]}))
            while channel.receive()[0]:
                pass
            channel.send(pack({}))
            message, handles = channel.receive()
            assert {socket.socket(fileno=handle).family for handle in handles} >= {socket.AF_INET, socket.AF_INET6}
            assert all(unpack(message)["engine"]["sessions"][name]["socket"] is not None for name in FAMILIES)
            while not dies:
                try:
                    channel.receive()
                except ChannelError:
                    break
        failed = "hand-over failed, going on"
        until(lambda: wire.log.read_text().count(failed) == number + 1, failed)  # noqa: B023
        fresh = {"ipv4": f"203.0.113.{number}/32", "ipv6": f"2001:db8:9::{number}/128"}
        wire.link().delta(routes={prefix: path(*FAMILIES) for prefix in fresh.values()})
        until(lambda: all(frr.route(prefix) for prefix in fresh.values()), "it announces as before")  # noqa: B023
    assert watched.counts(frr, node) == before


def test_a_peer_that_reads_nothing_keeps_its_session(
    frr: Frr, router: Host, node: Host, make_wire: Callable[..., Wire]
) -> None:
    """Octets that its window has no room for are handed over too."""
    wire = make_wire(node)
    state = watched.desired(frr, router, node, hold_time=90, keepalive_time=30)
    for transport in FAMILIES:
        state["peers"][transport]["bfd"] = None
        frr.vty.configure(f"router bgp 64500\nno neighbor {node.address(transport)} bfd")
        frr.vty.configure(f"router bgp 64500\nneighbor {node.address(transport)} timers 30 90")
    link = wire.link()
    link.full(**state)
    until(lambda: all(held(frr, node, transport) == watched.ALL for transport in FAMILIES), "all prefixes")
    dropped = [frr.neighbour(node.address(transport))["connectionsDropped"] for transport in FAMILIES]
    count = 20_000
    many = {
        f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}/32": path(
            *FAMILIES, communities=[f"64512:{number}"]
        )
        for number in range(count)
    }
    os.kill(frr.pid, signal.SIGSTOP)
    try:
        link.delta(routes=many)
        sent = [-1, -2]
        while sent[-1] != sent[-2]:
            time.sleep(0.3)
            sent.append(sum(link.session(name)["announced"]["ipv4"] for name in FAMILIES))
        assert sent[-1] < 2 * count, "both are stuck"
        wire.upgrade()
    finally:
        os.kill(frr.pid, signal.SIGCONT)
    wanted = {"ipv4": count + 2, "ipv6": 2}
    until(lambda: all(held(frr, node, transport) == wanted for transport in FAMILIES), "all of them in the end")
    assert [frr.neighbour(node.address(transport))["connectionsDropped"] for transport in FAMILIES] == dropped
    assert [wire.link().session(name)["flaps"] for name in FAMILIES] == [0, 0]


@pytest.mark.parametrize("transport", FAMILIES)
def test_bird_does_not_notice(
    root: Path, router: Host, node: Host, wire: Wire, tmp_path: Path, transport: str, capsys: Any
) -> None:
    """Its BGP and BFD are up since the same moment, and nothing was withdrawn."""
    own, other = router.address(transport), node.address(transport)
    text = CONFIGURATION.format(kind='interface "rack1"', own=own, node=other, asn=ASN, hops="direct")
    bird = Bird(root, router.namespace, tmp_path / "bird", text)
    try:
        link = wire.link()
        link.full(peers={"tor": peer(router, node, transport, bfd=BFD)}, routes=routes("tor"))
        until(lambda: link.session("tor")["bfd"]["state"] == "Up", "BFD here")
        until(lambda: theirs(bird, other)[2:3] == ["Up"] and theirs(bird, other)[4:] == ["0.100", "0.300"], "there")

        def seen() -> list[str]:
            rows = [line.split() for line in bird.run("show protocols").splitlines()]
            return [*theirs(bird, other)[:4], *next(row for row in rows if row and row[0] == "node")]

        before = seen()
        still = [wire.upgrade() for _unused in range(HANDOVERS)]
        packets = wire.link().session("tor")["bfd"]["received"]
        until(lambda: wire.link().session("tor")["bfd"]["received"] > packets + 5, "packets after the last")
        assert seen() == before
        assert bird.run("show route count").count(" 4 of 4 routes") == 1, bird.run("show route count")
        with capsys.disabled():
            print(f"\n    {HANDOVERS} hand-overs beside BIRD over {transport}: BGP stood still for {still} ms")
    finally:
        bird.end()
