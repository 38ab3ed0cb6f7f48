# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real FRR dials the node from the same link-local address on two links, with TCP MD5 keys that are each link's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest
from interop.frr import Frr
from interop.stage import Host, Stage, ip
from interop.test_bgp import ASN, FAMILIES, routes
from processes import Wire, until

ROUTER, NODE = "fe80::1", "fe80::11"
GLOBAL = {"router": "2001:db8:dc:2::1", "node": "2001:db8:dc:2::11"}


class Rack(NamedTuple):
    """Two routers, each on a link of its own to the node, both with the same link-local address."""

    node: Host
    routers: list[Host]
    frr: list[Frr]


def join(rack: Rack, number: int) -> None:
    """The link between a router and the node: up1 there, link1 or link2 here."""
    node, router, link = rack.node.namespace, rack.routers[number].namespace, f"link{number + 1}"
    ip("-n", node, "link", "add", link, "type", "veth", "peer", "name", "up1", "netns", router)
    for namespace, interface, own, other in ((node, link, NODE, "node"), (router, "up1", ROUTER, "router")):
        ip("-n", namespace, "link", "set", interface, "addrgenmode", "none")
        ip("-n", namespace, "address", "add", f"{own}/64", "dev", interface, "nodad")
        if number == 0:
            ip("-n", namespace, "address", "add", f"{GLOBAL[other]}/64", "dev", interface, "nodad")
        ip("-n", namespace, "link", "set", interface, "up")


@pytest.fixture
def rack(stage: Stage, root: Path, tmp_path: Path) -> Iterator[Rack]:
    made = Rack(stage.host("node"), [stage.host("router1"), stage.host("router2")], [])
    try:
        for number, router in enumerate(made.routers):
            join(made, number)
            made.frr.append(Frr(root, router.namespace, tmp_path / f"frr{number}"))
        yield made
    finally:
        for frr in made.frr:
            frr.end()


def configure(frr: Frr, passwords: dict[str, str | None]) -> None:
    """Neighbours by address, or by the interface behind which they are found, each with its password."""
    lines = []
    for known, password in passwords.items():
        lines += [f"neighbor {known} {'' if ':' in known else 'interface v6only '}remote-as {ASN}"]
        lines += [f"neighbor {known} timers 3 9", f"neighbor {known} timers connect 1"]
        lines += [f"neighbor {known} capability extended-nexthop"]
        lines += [f"neighbor {known} password {password}" if password else f"no neighbor {known} password"]
    for family in FAMILIES:
        active = [f"neighbor {known} activate" for known in passwords]
        lines += [f"address-family {family} unicast", *active, "exit-address-family"]
    begin = ["router bgp 64500", "bgp router-id 10.0.1.1", "no bgp ebgp-requires-policy"]
    frr.vty.configure("\n".join([*begin, "no bgp default ipv4-unicast", *lines]))


def peer(node: Host, **changes: Any) -> dict[str, Any]:
    """A router that dials, as the wire is told of it."""
    plain = {
        "local_asn": ASN, "peer_asn": 64500, "address": ROUTER, "port": 179, "router_id": node.ipv4, "hold_time": 9,
        "keepalive_time": 3, "connect_retry": 1, "families": FAMILIES, "next_hop": {}, "passive": True,
    }  # fmt: skip
    return {**plain, **changes}


def beyond(rack: Rack, passwords: list[str | None]) -> dict[str, Any]:
    """Both routers by their link-local address, and the first one by its global address as well."""
    hops = dict.fromkeys(FAMILIES, GLOBAL["node"])
    return {
        "tor1": peer(rack.node, interface="link1", password=passwords[0]),
        "tor2": peer(rack.node, interface="link2", password=passwords[1]),
        "wide": peer(rack.node, address=GLOBAL["router"], password=passwords[2], next_hop=hops),
    }


GREETED = """
import sys
from dualstack_speaker.net import tcp
own, node = (bytes.fromhex(f"fe80{last:028x}") for last in (0x01, 0x11))
sock = tcp.open_client(node, own, sys.argv[1] or None, None, None, "up1")
sock.settimeout(3)
sock.connect(tcp.target(node, 179, "up1"))
sys.exit(sock.recv(16) != bytes([255]) * 16)
"""


def greeted(rack: Rack, password: str | None) -> bool:
    """Whether the second router is let in over its link, and gets a BGP message."""
    command = [*rack.routers[1].prefix, sys.executable, "-c", GREETED, password or ""]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "passwords", [["one", "two", "three"], ["one", None, "three"], [None, "two", None]], ids=["all", "outer", "second"]
)
def test_the_same_link_local_address_on_two_links_has_a_key_on_each(
    rack: Rack, make_wire: Callable[..., Wire], passwords: list[str | None]
) -> None:
    wire = make_wire(rack.node, listen_port=179)
    link = wire.link()

    names = ("tor1", "tor2", "wide")

    def state(name: str) -> Any:
        return link.session(name)["state"]

    def flaps() -> list[int]:
        return [link.session(name)["flaps"] for name in names]

    configure(rack.frr[0], {"up1": passwords[0], GLOBAL["node"]: passwords[2]})
    configure(rack.frr[1], {"up1": passwords[1]})
    link.full(peers=beyond(rack, passwords), routes=routes("tor1", "tor2", "wide"))
    until(lambda: all(state(name) == "Established" for name in names), "all three, each with its key")
    before = flaps()
    wire.upgrade()
    link = wire.link()
    assert flaps() == before
    for frr in rack.frr:
        frr.vty.run("clear bgp *")
    until(lambda: all(now > then for now, then in zip(flaps(), before)), "all three end")
    until(lambda: all(state(name) == "Established" for name in names), "and come by the sockets that were handed over")
    assert link.ask("status")["status"]["listening"] == {"port": 179, "errors": {}, "refused": 0}
    # a link that is made anew has another number
    ip("-n", rack.node.namespace, "link", "delete", "link2")
    until(lambda: state("tor2") != "Established", "the link is gone")
    rack.frr[1].vty.configure("no router bgp 64500")
    join(rack, 1)
    # FRR 10.3 does not always dial over an interface that is there anew, so that only a connection is tried
    until(lambda: greeted(rack, passwords[1]), "the door of the new link, with its key")
    assert not greeted(rack, "another")
    # without a peer of its own on the first link, its router's global address is served by the family's socket
    link.delta(peers={"tor1": None}, routes=dict.fromkeys(routes("tor1")))
    flapped = link.session("wide")["flaps"]
    rack.frr[0].vty.run("clear bgp *")
    until(lambda: link.session("wide")["flaps"] > flapped, "the global one ends")
    until(lambda: state("wide") == "Established", "the global one again")


def turned_away(rack: Rack) -> set[str]:
    """Why the node's kernel has dropped segments, as its counters are called: a signature was missing, or wrong."""
    lines = rack.node.run("cat", "/proc/net/netstat").splitlines()
    names, values = [line.split() for line in lines if line.startswith("TcpExt:")]
    return {name for name, value in zip(names, values) if name in ("TCPMD5NotFound", "TCPMD5Failure") and int(value)}


@pytest.mark.parametrize(("first", "second"), [("wrong", "two"), (None, "two")])
def test_the_wrong_key_of_one_link_is_no_answer_there_and_no_harm_on_the_other(
    rack: Rack, make_wire: Callable[..., Wire], first: str | None, second: str
) -> None:
    """Neither the other link's key opens the door."""
    link = make_wire(rack.node, listen_port=179).link()
    configure(rack.frr[0], {"up1": first, GLOBAL["node"]: second})
    configure(rack.frr[1], {"up1": second})
    link.full(peers=beyond(rack, ["one", second, "three"]), routes=routes("tor1", "tor2", "wide"))
    until(lambda: link.session("tor2")["state"] == "Established", "the right one")
    until(lambda: link.session("tor1")["state"] == "Active", "the first one is found")
    tried = {"TCPMD5Failure", *(() if first else ("TCPMD5NotFound",))}
    until(lambda: turned_away(rack) == tried, "the others have dialled")
    assert [link.session(name)["state"] for name in ("tor1", "wide")] == ["Active", "Active"]
    configure(rack.frr[0], {"up1": "one", GLOBAL["node"]: "three"})
    until(lambda: link.session("tor1")["state"] == "Established", "the first, with its key")
    until(lambda: link.session("wide")["state"] == "Established", "the global one, with its key")
    assert link.session("tor2")["flaps"] == 0
