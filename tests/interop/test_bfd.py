# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD against real bfdd of FRR on its own sockets, in both families, over one hop and through a router."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from interop.frr import Frr, Vty
from interop.stage import Host, Stage, ip
from interop.test_bgp import ASN, FAMILIES, configure, held, peer, routes
from interop.test_bgp_far import ALL, FAR, put_between
from processes import Link, Wire, until

BFD = {"receive_ms": 100, "transmit_ms": 100, "multiplier": 3, "passive": False, "minimum_ttl": None}


@pytest.fixture
def frr(root: Path, router: Host, tmp_path: Path) -> Iterator[Frr]:
    """FRR with bfdd and a profile of 100 ms times 3."""
    daemons = Frr(root, router.namespace, tmp_path / "frr", bfd=True)
    change(daemons, "receive-interval 100", "transmit-interval 100", "detect-multiplier 3")
    yield daemons
    daemons.end()


def bfdd(frr: Frr) -> Vty:
    assert frr.bfd is not None
    return frr.bfd


def change(frr: Frr, *lines: str) -> None:
    """Changes the profile."""
    bfdd(frr).configure("\n".join(["bfd", "profile fast", *lines]))


def theirs(frr: Frr, node: Host, transport: str) -> dict[str, Any]:
    """What bfdd tells of the node; empty when it has no session."""
    found: list[dict[str, Any]] = bfdd(frr).show("show bfd peers")
    return next((entry for entry in found if entry["peer"] == node.address(transport)), {})


def ours(link: Link) -> dict[str, Any]:
    """What the wire tells of the session."""
    found: dict[str, Any] = link.session("tor")["bfd"]
    return found


def up(frr: Frr, node: Host, transport: str, link: Link) -> None:
    """Waits until BGP and BFD are up on both sides."""
    until(lambda: held(frr, node, transport) == ALL, "all prefixes")
    until(
        lambda: (
            theirs(frr, node, transport).get("status") == ours(link)["state"].lower() == "up"
            and theirs(frr, node, transport)["remote-transmit-interval"] < 1000
        ),
        "BFD on both sides, at its own pace",
    )


def watched(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str, *lines: str, **changes: Any
) -> tuple[Link, dict[str, Any]]:
    """A session that both sides watch; the link, and the peer as the wire is told of it."""
    tor = peer(router, node, transport, bfd=BFD, **changes)
    configure(frr, node, transport, tor["peer_asn"], lines=(*lines, "bfd profile fast"))
    link = wire.link()
    link.full(peers={"tor": tor}, routes=routes("tor"))
    return link, tor


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("asn", [64500, ASN], ids=["ebgp", "ibgp"])
def test_over_one_hop(frr: Frr, router: Host, node: Host, wire: Wire, asn: int, transport: str) -> None:
    """MetalLB 6.1 BFD, graceful restart, unnumbered, dynamic ASN, large communities: FRR modes only."""
    link, _unused = watched(frr, router, node, wire, transport, peer_asn=asn)
    up(frr, node, transport, link)
    seen = theirs(frr, node, transport)
    assert (seen["multihop"], seen["interface"]) == (False, "rack1")
    assert (seen["remote-receive-interval"], seen["remote-transmit-interval"]) == (100, 100)
    assert (seen["remote-detect-multiplier"], seen["diagnostic"]) == (3, "ok")
    mine = ours(link)
    assert (mine["detection_ms"], mine["remote_state"], mine["diagnostic"]) == (300, "Up", "none")
    assert frr.neighbour(node.address(transport))["peerBfdInfo"]["type"] == "single hop"
    packets = mine["received"]
    until(lambda: ours(link)["received"] > packets + 30, "thirty packets more")
    assert (ours(link)["state"], link.session("tor")["flaps"]) == ("Up", 0)
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("lowest", [253, 254, 255])
def test_through_a_router(
    stage: Stage, frr: Frr, router: Host, node: Host, wire: Wire, transport: str, lowest: int
) -> None:
    """bfdd's packets arrive with a TTL of 254."""
    put_between(stage, router, node)
    changes = {"address": FAR[transport], "multihop": True, "ttl": 3}
    link, tor = watched(frr, router, node, wire, transport, "ebgp-multihop 3", **changes)
    link.full(peers={"tor": {**tor, "bfd": {**BFD, "minimum_ttl": lowest}}}, routes=routes("tor"))
    if lowest == 255:
        until(lambda: theirs(frr, node, transport).get("status") == "down", "bfdd hears us but is not heard")
        until(lambda: ours(link)["sent"] > 5, "some packets")
        assert ours(link)["received"] == 0
        link.full(peers={"tor": {**tor, "bfd": {**BFD, "minimum_ttl": 254}}}, routes=routes("tor"))
    up(frr, node, transport, link)
    assert theirs(frr, node, transport)["multihop"] is True
    assert link.session("tor")["flaps"] == 0


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_cut_link_ends_bgp_on_both_sides(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    """MetalLB 6.7 BFD: by profile, ends the session."""
    link, _unused = watched(frr, router, node, wire, transport, hold_time=90, keepalive_time=30)
    up(frr, node, transport, link)
    ip("-n", node.switch, "link", "set", node.port, "down")
    begun = time.monotonic()
    until(lambda: link.session("tor")["state"] == "Idle", "the end of the session here")
    here = time.monotonic() - begun
    until(lambda: frr.neighbour(node.address(transport))["bgpState"] != "Established", "its end there")
    print(f"link cut, {transport}: noticed here within {here:.3f} s, there within {time.monotonic() - begun:.3f} s")
    assert link.session("tor")["last_error"] == f"BFD down: no packet from {router.address(transport)} for 300 ms"
    assert ours(link)["diagnostic"] == "control detection time expired"
    assert held(frr, node, transport) == {"ipv4": 0, "ipv6": 0}
    ip("-n", node.switch, "link", "set", node.port, "up")
    up(frr, node, transport, link)
    assert link.session("tor")["flaps"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
def test_when_bfdd_falls_silent_bgp_ends_with_the_reason_and_waits(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    link, _unused = watched(frr, router, node, wire, transport)
    up(frr, node, transport, link)
    credentials = bfdd(frr).socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    number = struct.unpack("3i", credentials)[0]
    os.kill(number, signal.SIGSTOP)
    until(lambda: frr.neighbour(node.address(transport)).get("lastErrorCodeSubcode") == "060A", "Cease: BFD down")
    assert link.session("tor")["state"] == "Idle"
    packets = ours(link)["sent"]
    until(lambda: ours(link)["sent"] > packets + 3, "three slow packets")
    assert link.session("tor")["state"] == "Idle", "as long as the path is lost"
    os.kill(number, signal.SIGCONT)
    up(frr, node, transport, link)


@pytest.mark.parametrize("transport", FAMILIES)
def test_new_intervals_by_a_poll(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    link, tor = watched(frr, router, node, wire, transport)
    up(frr, node, transport, link)
    before = ours(link)
    link.delta(peers={"tor": {**tor, "bfd": {**BFD, "receive_ms": 250, "transmit_ms": 200, "multiplier": 4}}})

    def told() -> bool:
        seen = theirs(frr, node, transport)
        names = ("remote-receive-interval", "remote-transmit-interval", "remote-detect-multiplier")
        return [seen[name] for name in names] == [250, 200, 4]

    until(told, "bfdd knows")
    until(lambda: ours(link)["detection_ms"] == 750, "three times our 250 ms")
    change(frr, "transmit-interval 400", "detect-multiplier 5")
    until(lambda: ours(link)["detection_ms"] == 2000, "five times its 400 ms")
    link.delta(peers={"tor": {**tor, "bfd": {**BFD, "receive_ms": 50, "transmit_ms": 50}}})
    change(frr, "transmit-interval 50", "receive-interval 50", "detect-multiplier 3")
    until(lambda: ours(link)["detection_ms"] == 150, "the shortest")
    packets = ours(link)["received"]
    until(lambda: ours(link)["received"] > packets + 60, "three seconds of them")
    assert (ours(link)["transitions"], ours(link)["state"]) == (before["transitions"], "Up")
    assert theirs(frr, node, transport)["status"] == "up"
    assert (link.session("tor")["flaps"], frr.neighbour(node.address(transport))["connectionsEstablished"]) == (0, 1)


@pytest.mark.parametrize("transport", FAMILIES)
def test_taken_out_of_service_by_the_router_is_no_failure(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    link, _unused = watched(frr, router, node, wire, transport)
    up(frr, node, transport, link)
    established = frr.neighbour(node.address(transport))["connectionsEstablished"]
    change(frr, "shutdown")
    until(lambda: ours(link)["remote_state"] == "AdminDown", "its last packets")
    assert (ours(link)["state"], link.session("tor")["state"]) == ("Down", "Established")
    change(frr, "no shutdown")
    up(frr, node, transport, link)
    assert link.session("tor")["flaps"] == 0
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == established


@pytest.mark.parametrize("transport", FAMILIES)
def test_taken_out_of_service_here(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    """bfdd understands; bgpd ends its session all the same, and 10.3 accepts no other one until BFD is up again."""
    link, tor = watched(frr, router, node, wire, transport)
    up(frr, node, transport, link)
    link.delta(peers={"tor": {**tor, "bfd": None}})
    told = "administratively down"
    until(lambda: theirs(frr, node, transport).get("remote-diagnostic") == told, "bfdd knows")
    assert link.session("tor")["bfd"] is None
    link.delta(peers={"tor": tor})
    up(frr, node, transport, link)


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_planned_stop_is_no_bfd_failure(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    link, _unused = watched(frr, router, node, wire, transport)
    up(frr, node, transport, link)
    assert wire.stop() == 0
    until(lambda: held(frr, node, transport) == {"ipv4": 0, "ipv6": 0}, "everything withdrawn")
    assert 'event="session down" peer=tor' in wire.log.read_text()
    told = "administratively down"
    until(lambda: theirs(frr, node, transport)["remote-diagnostic"] == told, "the last packet")
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_new_password_resets_bgp_once_and_bfd_not(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    link, tor = watched(frr, router, node, wire, transport, "password old", password="old")
    up(frr, node, transport, link)
    before = ours(link)["transitions"]
    frr.vty.configure(f"router bgp 64500\n neighbor {node.address(transport)} password new")
    link.delta(peers={"tor": {**tor, "password": "new"}})
    until(lambda: frr.neighbour(node.address(transport))["connectionsEstablished"] == 2, "a new session")
    up(frr, node, transport, link)
    assert (ours(link)["transitions"], link.session("tor")["flaps"]) == (before, 1)
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == 2


@pytest.mark.parametrize("transport", FAMILIES)
def test_bgp_does_not_wait_for_bfd(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    configure(frr, node, transport)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, bfd=BFD)}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == ALL, "all prefixes, without BFD there")
    assert ours(link)["state"] == "Down"
    frr.vty.configure(f"router bgp 64500\n neighbor {node.address(transport)} bfd profile fast")
    up(frr, node, transport, link)
    assert link.session("tor")["flaps"] == 0


@pytest.mark.parametrize("transport", FAMILIES)
def test_passive(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    configure(frr, node, transport)
    link = wire.link()
    tor = peer(router, node, transport, bfd={**BFD, "passive": True})
    link.full(peers={"tor": tor}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == ALL, "all prefixes, without BFD there")
    assert ours(link)["sent"] == 0
    frr.vty.configure(f"router bgp 64500\n neighbor {node.address(transport)} bfd profile fast")
    up(frr, node, transport, link)


def hold_port(node: Host, transport: str) -> subprocess.Popen[bytes]:
    """A process on the node that has the port of BFD."""
    family, address = ("AF_INET", "0.0.0.0") if transport == "ipv4" else ("AF_INET6", "::")
    code = f"import socket; s = socket.socket(socket.{family}, socket.SOCK_DGRAM); s.bind(('{address}', 3784)); print()"
    command = [*node.prefix, sys.executable, "-u", "-c", f"{code}; input()"]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    return holder


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_port_that_is_taken_is_told_and_bgp_goes_on(
    frr: Frr, router: Host, node: Host, make_wire: Callable[..., Wire], transport: str
) -> None:
    holder = hold_port(node, transport)
    try:
        configure(frr, node, transport)
        link = make_wire(node).link()
        link.full(peers={"tor": peer(router, node, transport, bfd=BFD)}, routes=routes("tor"))
        until(lambda: held(frr, node, transport) == ALL, "all prefixes, without BFD there")
        told = "no socket for BFD (UDP port 3784): address already in use"
        until(lambda: ours(link)["error"] == told, told)
    finally:
        holder.kill()
        holder.wait()
    frr.vty.configure(f"router bgp 64500\n neighbor {node.address(transport)} bfd profile fast")
    up(frr, node, transport, link)
    assert ours(link)["error"] == ""
