# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that dial us: FRR and BIRD, over both transports, with and without MD5; and when both sides dial at once."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from interop.peers.bird import Bird
from interop.peers.frr import Frr
from interop.peers.shape import Neighbour, Stack
from interop.stage import Host
from interop.test_bgp import ASN, FAMILIES, PREFIXES, peer, routes
from processes import Link, Wire, until

MakeStack = Callable[..., Stack]
EVERYTHING = {prefix for family in FAMILIES for prefix in PREFIXES[family]}
stacks = pytest.mark.parametrize("kind", [Frr, Bird], ids=["frr", "bird"])
transports = pytest.mark.parametrize("transport", FAMILIES)


@pytest.fixture
def make_stack(root: Path, router: Host, node: Host, tmp_path: Path) -> Iterator[MakeStack]:
    """Starts a stack on the router that dials the node."""
    started: list[Stack] = []

    def make(kind: type[Stack], transport: str, router_id: str = "10.0.1.1", **changes: Any) -> Stack:
        address = node.address(transport)
        neighbour = Neighbour(address, ASN, router.address(transport), passive=False, **changes)
        stack = kind(root, router.namespace, tmp_path / "stack", 64500, router_id, [neighbour])
        started.append(stack)
        return stack

    yield make
    for stack in started:
        stack.end()


@pytest.fixture
def wire(node: Host, make_wire: Callable[..., Wire]) -> Wire:
    """A wire on the node that listens."""
    return make_wire(node, listen_port=179)


def stand(stack: Stack, node: Host, transport: str, link: Link) -> None:
    """Waits until the session stands on both sides and everything is there."""
    address = node.address(transport)
    until(lambda: link.session("tor")["state"] == "Established", "the session here")
    until(lambda: stack.session(address).established, "the session there")
    until(lambda: set(stack.routes(address)) == EVERYTHING, "all prefixes there")


def connections(node: Host) -> list[str]:
    """The established TCP connections of BGP on the node."""
    shown = node.run("ss", "-Htn", "state", "established", "( sport = :179 or dport = :179 )")
    return shown.splitlines()


@stacks
@transports
@pytest.mark.parametrize("password", [None, "s3cret"], ids=["plain", "md5"])
def test_a_passive_peer_dials(
    make_stack: MakeStack, router: Host, node: Host, wire: Wire, kind: type[Stack], transport: str, password: str | None
) -> None:
    """MetalLB 6.1 port 179: never listens."""
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, passive=True, password=password)}, routes=routes("tor"))
    assert link.session("tor")["state"] == "Active"
    stack = make_stack(kind, transport, password=password)
    stand(stack, node, transport, link)
    (connection,) = connections(node)
    assert connection.split()[2].endswith(":179"), "our end is the port on which we listen"
    assert link.session("tor")["last_error"] == ""


@stacks
@transports
@pytest.mark.parametrize("router_id", ["10.0.1.1", "10.0.9.9"], ids=["ours-higher", "theirs-higher"])
def test_both_dial_at_once(
    make_stack: MakeStack, router: Host, node: Host, wire: Wire, kind: type[Stack], transport: str, router_id: str
) -> None:
    """The other side stands still while the kernel takes our connection for it, until it is about to dial itself."""
    stack = make_stack(kind, transport, router_id)
    stack.signal(signal.SIGSTOP)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport)}, routes=routes("tor"))
    until(lambda: link.session("tor")["state"] == "OpenSent", "our connection")
    time.sleep(1.2)  # its timer to dial falls due
    stack.signal(signal.SIGCONT)
    stand(stack, node, transport, link)
    until(lambda: len(connections(node)) == 1, "one connection is left")
    assert link.session("tor")["last_error"] == ""


@transports
def test_a_stranger_is_refused_and_a_wrong_password_is_not_even_answered(
    make_stack: MakeStack, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    link = wire.link()
    elsewhere = {"ipv4": "10.0.1.77", "ipv6": "2001:db8:dc:1::77"}[transport]
    link.full(peers={"tor": peer(router, node, transport, address=elsewhere, passive=True)}, routes=routes("tor"))
    make_stack(Frr, transport)
    until(lambda: link.ask("status")["status"]["listening"]["refused"] >= 1, "a refused connection")
    assert "no peer has this address" in wire.log.read_text()
    link.full(peers={"tor": peer(router, node, transport, passive=True, password="other")}, routes=routes("tor"))
    before = md5_failures(node)
    until(lambda: md5_failures(node) > before, "segments without the signature")
    seen = link.session("tor")
    assert (seen["state"], seen["messages"]["sent"]["open"]) == ("Active", 0)
    assert seen["last_error"].endswith("is the TCP MD5 password the same on both sides?")
    link.full(peers={"tor": peer(router, node, transport, passive=True)}, routes=routes("tor"))
    until(lambda: link.session("tor")["state"] == "Established", "the session without a password")


def md5_failures(node: Host) -> int:
    """How many segments the node's kernel has dropped for their signature."""
    rows = [line.split() for line in node.run("cat", "/proc/net/netstat").splitlines() if line.startswith("TcpExt:")]
    counts = dict(zip(rows[0], rows[1]))
    return sum(int(counts[name]) for name in ("TCPMD5NotFound", "TCPMD5Unexpected", "TCPMD5Failure"))


@stacks
@transports
def test_a_peer_that_crashed_dials_again(
    make_stack: MakeStack, router: Host, node: Host, wire: Wire, kind: type[Stack], transport: str
) -> None:
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, passive=True)}, routes=routes("tor"))
    stack = make_stack(kind, transport)
    stand(stack, node, transport, link)
    stack.kill()
    until(lambda: link.session("tor")["state"] == "Active", "its end here")
    stack.start()
    stand(stack, node, transport, link)
    assert link.session("tor")["flaps"] == 1


@transports
def test_ttl_security_of_a_peer_that_dials(
    make_stack: MakeStack, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    """RFC 5082 on both sides: FRR takes our SYN-ACK only with a TTL of 255, and we its segments."""
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, passive=True, ttl_security=1)}, routes=routes("tor"))
    stack = make_stack(Frr, transport)
    assert isinstance(stack, Frr)
    stack.vty.configure(f"router bgp 64500\n neighbor {node.address(transport)} ttl-security hops 1")
    stand(stack, node, transport, link)
