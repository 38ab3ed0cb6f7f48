# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP between link-local addresses: FRR finds us by our router advertisements, we find it by its own.

The router's interface has no address of either family, as on a link of a leaf; prefixes of both families go over the
one session, with link-local next hops that the router's kernel can use.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
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


def configure(frr: Frr, *lines: str, asn: int = 64500, interface: str = "rack1") -> None:
    """An unnumbered neighbour on the interface that carries both families; ``lines`` are added to it."""
    extra = "\n".join(f"neighbor {interface} {line}" for line in lines)
    frr.vty.configure(
        f"""
        router bgp {asn}
        bgp router-id 10.0.1.1
        no bgp ebgp-requires-policy
        no bgp default ipv4-unicast
        neighbor {interface} interface v6only remote-as {ASN}
        neighbor {interface} timers 3 9
        neighbor {interface} timers connect 1
        neighbor {interface} capability extended-nexthop
        {extra}
        address-family ipv4 unicast
        neighbor {interface} activate
        exit-address-family
        address-family ipv6 unicast
        neighbor {interface} activate
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


def usable(router: Host, node: Host) -> None:
    """Waits until the router's kernel sends every prefix to the node's link-local address."""
    own = link_local(node)
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
