# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP between link-local addresses: FRR finds us by our router advertisements, we find it by its own.

The router's interface has no address of either family, as on a link of a leaf; prefixes of both families go over the
one session, with link-local next hops that the router's kernel can use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from interop.bird.in_namespace import Bird
from interop.frr import Frr
from interop.stage import Host, Stage, ip
from interop.test_bgp import ASN, FAMILIES, PREFIXES, routes
from processes import Wire, until

ALL = {"ipv4": 2, "ipv6": 2}


@pytest.fixture
def router(stage: Stage) -> Host:
    """A router without addresses on the link."""
    host = stage.host("router")
    bare(host)
    return host


@pytest.fixture
def node(stage: Stage, router: Host) -> Host:
    """A node without addresses on the link."""
    host = stage.host("node")
    bare(host)
    return host


def bare(host: Host) -> None:
    """Takes the global addresses from the link; the kernel makes the link-local one at once."""
    host.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
    ip("-n", host.namespace, "address", "flush", "dev", "rack1", "scope", "global")
    ip("-n", host.namespace, "link", "set", "rack1", "down")
    host.run("sysctl", "-qw", "net.ipv6.conf.rack1.accept_dad=0")
    ip("-n", host.namespace, "link", "set", "rack1", "up")


def link_local(host: Host, interface: str = "rack1") -> str:
    """The link-local address of an interface, waited for."""

    def found() -> str:
        entries = json.loads(ip("-n", host.namespace, "-j", "-6", "address", "show", "dev", interface))
        held = [each for entry in entries for each in entry.get("addr_info", ()) if each.get("scope") == "link"]
        return next((str(each["local"]) for each in held if not each.get("tentative")), "")

    text: str = until(found, "a link-local address")
    return text


def configure(frr: Frr, *lines: str, asn: int = 64500, known: str = "rack1") -> None:
    """A neighbour that carries both families: unnumbered, or known by an address; ``lines`` are added to it."""
    begin = f"neighbor {known} remote-as {ASN}"
    if ":" not in known and "." not in known:
        begin = f"neighbor {known} interface v6only remote-as {ASN}"
    elif known.startswith("fe80"):
        begin += f"\n neighbor {known} interface rack1"
    extra = "\n".join(f"neighbor {known} {line}" for line in lines)
    frr.vty.configure(
        f"""
        router bgp {asn}
        bgp router-id 10.0.1.1
        no bgp ebgp-requires-policy
        no bgp default ipv4-unicast
        {begin}
        neighbor {known} timers 3 9
        neighbor {known} timers connect 1
        neighbor {known} capability extended-nexthop
        {extra}
        address-family ipv4 unicast
        neighbor {known} activate
        exit-address-family
        address-family ipv6 unicast
        neighbor {known} activate
        exit-address-family
        """
    )


def peer(node: Host, **changes: Any) -> dict[str, Any]:
    """The router behind rack1, as the wire is told of it."""
    plain = {
        "local_asn": ASN,
        "peer_asn": 64500,
        "address": None,
        "interface": "rack1",
        "router_id": node.ipv4,
        "hold_time": 9,
        "keepalive_time": 3,
        "connect_retry": 1,
        "password": None,
        "families": FAMILIES,
        "next_hop": {},
        "multihop": False,
    }
    return {**plain, **changes}


def held(frr: Frr, interface: str = "rack1") -> dict[str, int]:
    """How many prefixes FRR accepted over an unnumbered session, per family."""
    return {family: frr.accepted(interface, family) for family in FAMILIES}


def in_kernel(router: Host, prefix: str) -> dict[str, Any]:
    """The route of a prefix in the router's kernel; empty when there is none."""
    family = "-6" if ":" in prefix else "-4"
    found = json.loads(ip("-n", router.namespace, "-j", family, "route", "show", prefix) or "[]")
    return dict(found[0]) if found else {}


def hop(route: dict[str, Any]) -> str:
    """Its next hop, in either family's way of telling."""
    return str(route.get("gateway") or route.get("via", {}).get("host", ""))


def usable(router: Host, node: Host, interface: str = "rack1") -> None:
    """Waits until the router's kernel sends every prefix to the link-local address of the node's interface."""
    own = link_local(node, interface)
    for family in FAMILIES:
        for prefix in PREFIXES[family]:
            until(lambda prefix=prefix: hop(in_kernel(router, prefix)) == own, f"{prefix} in the router's kernel")
            assert in_kernel(router, prefix)["dev"] == "rack1"


@pytest.mark.parametrize("password", [None, "s3cret"], ids=["plain", "md5"])
@pytest.mark.parametrize("asn", [64500, ASN], ids=["ebgp", "ibgp"])
def test_each_finds_the_other(frr: Frr, router: Host, node: Host, wire: Wire, asn: int, password: str | None) -> None:
    link = wire.link()
    link.full(peers={"tor": peer(node, peer_asn=asn, password=password)}, routes=routes("tor"))
    seen = link.session("tor")
    assert (seen["state"], seen["address"], seen["interface"]) == ("Idle", None, "rack1")
    assert seen["last_error"] == "no router advertisement on rack1 yet"
    configure(frr, *((f"password {password}",) if password else ()), asn=asn)
    until(lambda: held(frr) == ALL, "all prefixes")
    usable(router, node)
    seen = link.session("tor")
    assert (seen["state"], seen["address"]) == ("Established", link_local(router))
    assert (seen["families"], seen["transport"]) == (FAMILIES, "ipv6")
    assert frr.neighbour("rack1")["bgpNeighborAddr"] == link_local(node)
    link.delta(routes={PREFIXES["ipv4"][0]: None, PREFIXES["ipv6"][1]: None})
    until(lambda: held(frr) == {"ipv4": 1, "ipv6": 1}, "one of each withdrawn")


def test_another_password_is_no_session(frr: Frr, router: Host, node: Host, wire: Wire) -> None:
    configure(frr, "password s3cret")
    link = wire.link()
    tor = peer(node, password="other")
    link.full(peers={"tor": tor}, routes=routes("tor"))
    until(lambda: "TCP MD5 password" in link.session("tor")["last_error"], "nobody answers")
    assert f"no answer from {link_local(router)}%rack1 port 179" in link.session("tor")["last_error"]
    assert held(frr) == {"ipv4": 0, "ipv6": 0}
    link.delta(peers={"tor": {**tor, "password": "s3cret"}})
    until(lambda: held(frr) == ALL, "all prefixes")


def test_a_global_next_hop_comes_with_the_link_local_one(frr: Frr, node: Host, router: Host, wire: Wire) -> None:
    """RFC 2545 section 3: 32 octets; IPv4 prefixes take the same (RFC 8950)."""
    own = "2001:db8:dc:1::11"
    ip("-n", node.namespace, "address", "add", f"{own}/64", "dev", "rack1", "nodad")
    configure(frr)
    link = wire.link()
    link.full(peers={"tor": peer(node, next_hop={"ipv6": own})}, routes=routes("tor"))
    until(lambda: held(frr) == ALL, "all prefixes")
    usable(router, node)
    for family in FAMILIES:
        for prefix in PREFIXES[family]:
            (found,) = frr.route(prefix)
            assert {each["ip"]: each["scope"] for each in found["nexthops"]} == {
                own: "global",
                link_local(node): "link-local",
            }


@pytest.mark.parametrize("known", ["by address", "by interface"])
def test_a_link_local_address_that_is_stated(frr: Frr, router: Host, node: Host, wire: Wire, known: str) -> None:
    """FRR knows us by our address, or finds us, while we are told its address."""
    name = link_local(node) if known == "by address" else "rack1"
    configure(frr, "password s3cret", known=name)
    link = wire.link()
    link.full(peers={"tor": peer(node, address=link_local(router), password="s3cret")}, routes=routes("tor"))
    until(lambda: held(frr, name) == ALL, "all prefixes")
    assert link.session("tor")["address"] == link_local(router)
    if known == "by interface":  # FRR 10.3 tracks next hops of a neighbour known by address without its interface
        usable(router, node)


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_session_between_addresses_is_bound_to_its_interface(
    frr: Frr, stage: Stage, transport: str, make_wire: Callable[..., Wire]
) -> None:
    """The peer is on the subnets of two interfaces; the route over the other one is never taken."""
    router, node = stage.hosts[0], stage.host("node")
    for host in (router, node):
        ip("-n", host.namespace, "address", "replace", f"{host.ipv4}/24", "dev", "rack1")
        ip("-n", host.namespace, "address", "replace", f"{host.ipv6}/64", "dev", "rack1", "nodad")
    node.plug("rack2", "x1")
    target = f"{router.address(transport)}/{32 if transport == 'ipv4' else 128}"
    ip("-n", node.namespace, "route", "add", target, "dev", "rack2")
    configure(frr, known=node.address(transport))
    link = make_wire(node).link()
    hops = {"ipv4": node.ipv4, "ipv6": node.ipv6}
    own = node.address(transport)  # FRR advertises the prefix: the node has an address of its own making as well
    plain = peer(node, address=router.address(transport), source_address=own, next_hop=hops)
    link.full(peers={"tor": {**plain, "interface": "rack9"}})
    assert link.session("tor")["last_error"] == "interface rack9 is not there"
    link.delta(peers={"tor": plain})
    until(lambda: link.session("tor")["state"] == "Established", "a session over rack1")
    assert link.session("tor")["transport"] == transport


def test_a_router_with_a_new_address_is_found_again(frr: Frr, router: Host, node: Host, wire: Wire) -> None:
    configure(frr)
    link = wire.link()
    link.full(peers={"tor": peer(node)}, routes=routes("tor"))
    until(lambda: held(frr) == ALL, "all prefixes")
    before = link_local(router)
    ip("-n", router.namespace, "address", "add", "fe80::99/64", "dev", "rack1", "nodad")
    ip("-n", router.namespace, "address", "del", f"{before}/64", "dev", "rack1")
    until(lambda: link.session("tor")["address"] == "fe80::99", "the new address")
    until(lambda: link.session("tor")["state"] == "Established" and held(frr) == ALL, "all prefixes again")
    usable(router, node)


def test_an_interface_that_goes_and_comes(frr: Frr, router: Host, node: Host, wire: Wire) -> None:
    """Its carrier, its name, the interface itself: the session ends with it, and is back with it."""
    configure(frr)
    link = wire.link()
    link.full(peers={"tor": peer(node)}, routes=routes("tor"))

    def back(interface: str) -> None:
        until(lambda: link.session("tor")["state"] == "Established" and held(frr) == ALL, "all prefixes")
        usable(router, node, interface)

    def gone(why: str) -> None:
        until(lambda: link.session("tor")["last_error"] == why, why)
        assert link.session("tor")["state"] == "Idle"

    back("rack1")
    ip("-n", node.switch, "link", "set", node.port, "down")
    gone("interface rack1 has no carrier")
    ip("-n", node.switch, "link", "set", node.port, "up")
    back("rack1")
    ip("-n", node.namespace, "link", "set", "rack1", "down")
    gone("interface rack1 is down")
    ip("-n", node.namespace, "link", "set", "rack1", "name", "uplink")
    ip("-n", node.namespace, "link", "set", "uplink", "up")
    gone("interface rack1 is not there")
    link.delta(peers={"tor": peer(node, interface="uplink")})
    back("uplink")
    ip("-n", node.namespace, "link", "del", "uplink")
    gone("interface uplink is not there")
    node.plug("uplink", "x1")
    back("uplink")


def test_several_routers_are_told_by_name(
    frr: Frr, stage: Stage, router: Host, node: Host, make_wire: Callable[..., Wire]
) -> None:
    """Another speaker on the link advertises itself as well. A session that stands goes on."""
    configure(frr)
    link = make_wire(node).link()
    link.full(peers={"tor": peer(node)}, routes=routes("tor"))
    until(lambda: held(frr) == ALL, "all prefixes")
    stranger = stage.host("stranger")
    bare(stranger)
    make_wire(stranger).link().full(peers={"tor": peer(stranger)})
    both = sorted([link_local(router), link_local(stranger)])
    late = stage.host("late")
    bare(late)
    other = make_wire(late).link()
    other.full(peers={"tor": peer(late)})
    until(lambda: "several routers on rack1: " in other.session("tor")["last_error"], "nobody is chosen")
    assert all(address in other.session("tor")["last_error"] for address in both)
    assert other.session("tor")["state"] == "Idle"
    seen = link.session("tor")
    assert (seen["state"], seen["address"], seen["flaps"]) == ("Established", link_local(router), 0)


# --- with what belongs to a session elsewhere


@pytest.fixture
def watching(root: Path, router: Host, tmp_path: Path) -> Iterator[Frr]:
    """FRR with bfdd and a profile of 100 ms times 3."""
    daemons = Frr(root, router.namespace, tmp_path / "frr", bfd=True)
    assert daemons.bfd is not None
    daemons.bfd.configure("bfd\nprofile fast\nreceive-interval 100\ntransmit-interval 100\ndetect-multiplier 3")
    yield daemons
    daemons.end()


def test_bfd_and_ttl_security(watching: Frr, router: Host, node: Host, wire: Wire) -> None:
    """BFD over one hop between link-local addresses (RFC 5881); packets that are not from the link are dropped."""
    bfdd = watching.bfd
    assert bfdd is not None
    configure(watching, "bfd profile fast", "ttl-security hops 1")
    link = wire.link()
    bfd = {"receive_ms": 100, "transmit_ms": 100, "multiplier": 3, "passive": False, "minimum_ttl": None}
    link.full(peers={"tor": peer(node, bfd=bfd, ttl_security=1)}, routes=routes("tor"))

    def up() -> None:
        until(lambda: held(watching) == ALL, "all prefixes")
        until(lambda: link.session("tor")["bfd"]["state"] == "Up", "BFD here")
        until(lambda: [entry["status"] for entry in bfdd.show("show bfd peers")] == ["up"], "BFD there")

    up()
    (theirs,) = bfdd.show("show bfd peers")
    assert (theirs["peer"], theirs["interface"]) == (link_local(node), "rack1")
    assert not theirs["multihop"]
    ip("-n", node.switch, "link", "set", router.port, "down")
    until(lambda: link.session("tor")["state"] == "Idle", "the end of the session")
    assert link.session("tor")["last_error"].startswith("BFD down")
    ip("-n", node.switch, "link", "set", router.port, "up")
    up()


def test_another_process_takes_over(frr: Frr, router: Host, node: Host, wire: Wire) -> None:
    """The peer is found again, or not yet: the session goes on."""
    configure(frr)
    link = wire.link()
    link.full(peers={"tor": peer(node)}, routes=routes("tor"))
    until(lambda: held(frr) == ALL, "all prefixes")
    for _unused in range(2):
        wire.upgrade()
        again = wire.link()
        seen = again.session("tor")
        assert (seen["state"], seen["address"], seen["flaps"]) == ("Established", link_local(router), 0)
    again.delta(routes={PREFIXES["ipv4"][0]: None, PREFIXES["ipv6"][0]: None})
    until(lambda: held(frr) == {"ipv4": 1, "ipv6": 1}, "one of each withdrawn")
    assert frr.neighbour("rack1")["connectionsEstablished"] == 1


BIRD = """
router id 10.0.1.1;
protocol device {{ }}
protocol kernel {{ ipv4 {{ export all; }}; }}
protocol kernel {{ ipv6 {{ export all; }}; }}
protocol radv {{ interface "rack1" {{ min ra interval 3; max ra interval 10; default lifetime 0; }}; }}
protocol bgp node {{
    local as 64500;
    {neighbor};
    {password}
    direct;
    hold time 9;
    ipv4 {{ import all; export none; extended next hop on; }};
    ipv6 {{ import all; export none; next hop prefer global; }};
}}
"""


@pytest.mark.parametrize("password", [None, "s3cret"], ids=["plain", "md5"])
@pytest.mark.parametrize("known", ["by address", "by interface"])
def test_bird(
    root: Path, router: Host, node: Host, wire: Wire, tmp_path: Path, known: str, password: str | None
) -> None:
    """It waits for any link-local neighbour on its interface, or knows ours; its advertisements let us find it."""
    by_address = f"neighbor {link_local(node)}%'rack1' as {ASN}"
    by_interface = f'neighbor range fe80::/10 as {ASN}; interface "rack1"; dynamic name "node_"'
    neighbor = by_address if known == "by address" else by_interface
    text = BIRD.format(neighbor=neighbor, password=f'password "{password}";' if password else "")
    bird = Bird(root, router.namespace, tmp_path / "bird", text)
    try:
        link = wire.link()
        link.full(peers={"tor": peer(node, password=password)}, routes=routes("tor"))
        until(lambda: link.session("tor")["state"] == "Established", "a session")
        assert link.session("tor")["families"] == FAMILIES
        usable(router, node)
    finally:
        bird.end()
