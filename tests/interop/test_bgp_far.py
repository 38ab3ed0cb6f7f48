# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a peer may be, against real FRR: TTL security (RFC 5082), and multihop through a router in between."""

from __future__ import annotations

from typing import Any

import pytest
from interop.frr import Frr
from interop.stage import Host, Stage, ip
from interop.test_bgp import FAMILIES, configure, held, peer, routes
from processes import Wire, until

ALL = {"ipv4": 2, "ipv6": 2}
FAR = {"ipv4": "10.0.9.2", "ipv6": "2001:db8:dc:9::2"}


def dropped(node: Host) -> int:
    """How many segments the node's kernel dropped for their TTL."""
    return int(node.run("nstat", "-asz", "TcpExtTCPMinTTLDrop").split()[-2])


@pytest.mark.parametrize("transport", FAMILIES)
def test_ttl_security_on_both_sides(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> None:
    configure(frr, node, transport, lines=("ttl-security hops 1",))
    wire.link().full(peers={"tor": peer(router, node, transport, ttl_security=1)}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == ALL, "all prefixes")


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_router_without_ttl_security_is_not_heard(
    frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    """It sends its OPEN with TTL 1, which may come from anywhere."""
    configure(frr, node, transport)
    link = wire.link()
    link.full(peers={"tor": peer(router, node, transport, ttl_security=1)}, routes=routes("tor"))
    until(lambda: dropped(node) > 0, "the kernel drops what FRR sends")
    assert link.session("tor")["state"] == "OpenSent"
    link.delta(peers={"tor": peer(router, node, transport)})
    until(lambda: held(frr, node, transport) == ALL, "all prefixes without it")


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize(
    ("lines", "changes"),
    [
        (("ebgp-multihop 3",), {"multihop": True, "ttl": 3}),
        (("ebgp-multihop 3",), {"multihop": True}),
        (("ttl-security hops 2",), {"ttl_security": 2}),
    ],
    ids=["ttl", "highest ttl", "ttl-security"],
)
def test_through_a_router(
    stage: Stage,
    frr: Frr,
    router: Host,
    node: Host,
    wire: Wire,
    transport: str,
    lines: tuple[str, ...],
    changes: dict[str, Any],
) -> None:
    put_between(stage, router, node)
    configure(frr, node, transport, lines=lines)
    link = wire.link()
    far = peer(router, node, transport, address=FAR[transport], **changes)
    link.full(peers={"far": {**far, "multihop": False, "ttl": None, "ttl_security": None}}, routes=routes("far"))
    until(lambda: link.session("far")["last_error"], "a packet with TTL 1 does not get through")
    assert held(frr, node, transport) == {"ipv4": 0, "ipv6": 0}
    link.delta(peers={"far": far})
    until(lambda: held(frr, node, transport) == ALL, "all prefixes")


@pytest.mark.parametrize("transport", FAMILIES)
def test_ttl_security_for_the_link_does_not_reach_through_a_router(
    stage: Stage, frr: Frr, router: Host, node: Host, wire: Wire, transport: str
) -> None:
    put_between(stage, router, node)
    configure(frr, node, transport, lines=("ttl-security hops 2",))
    link = wire.link()
    far = peer(router, node, transport, address=FAR[transport], ttl_security=1)
    link.full(peers={"far": far}, routes=routes("far"))
    until(lambda: dropped(node) > 0, "the kernel drops what arrives with 254")
    assert held(frr, node, transport) == {"ipv4": 0, "ipv6": 0}


def put_between(stage: Stage, router: Host, node: Host) -> None:
    """A gate forwards between the rack and the router, which leaves the rack: two hops, and none around it."""
    gate = stage.host("gate")
    far = ["peer", "name", "far", "netns", router.namespace]
    ip("-n", gate.namespace, "link", "add", "far", "type", "veth", *far)
    ip("-n", router.namespace, "link", "set", "rack1", "down")
    for family, near in (("ipv4", "10.0.9.1/24"), ("ipv6", "2001:db8:dc:9::1/64")):
        option = "-4" if family == "ipv4" else "-6"
        length = near.partition("/")[2]
        quick = [] if family == "ipv4" else ["nodad"]
        ip("-n", gate.namespace, "address", "add", near, "dev", "far", *quick)
        ip("-n", router.namespace, "address", "add", f"{FAR[family]}/{length}", "dev", "far", *quick)
        for host in (gate, router):
            ip("-n", host.namespace, "link", "set", "far", "up")
        ip(option, "-n", node.namespace, "route", "add", f"{FAR[family]}", "via", gate.address(family))
        ip(option, "-n", router.namespace, "route", "add", "default", "via", near.partition("/")[0])
    gate.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
