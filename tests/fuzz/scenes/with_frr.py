# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR with wire: reflected and aggregated routes, restarts, BFD; router advertisements."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable

from fuzz.scenes.shared import BFD, FAMILIES, established, peer, refused, routes, until
from interop.frr import Frr
from interop.stage import Host, ip

FRR_ROUTES = """
ip prefix-list more seq 5 permit 203.0.113.0/24 le 32
route-map plenty permit 10
 set as-path prepend 65001 4200000001
 set community 64500:1 no-export additive
 set large-community 64500:2:3
 set extcommunity rt 64500:4
 set metric 77
 set origin egp
exit
router bgp 64500
 address-family ipv4 unicast
  network 203.0.113.1/32 route-map plenty
  network 203.0.113.2/32 route-map plenty
  network 203.0.113.64/26
  aggregate-address 203.0.113.0/27 as-set
  aggregate-address 203.0.113.64/25
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:9::1/128 route-map plenty
  network 2001:db8:9::2/128
  aggregate-address 2001:db8:9::/64 as-set
 exit-address-family
"""


def _frr_neighbours(node: Host, asn: int, extra: str = "") -> str:
    lines = [
        "hostname router", "router bgp 64500", "bgp router-id 10.0.1.1",
        "no bgp network import-check", "no bgp ebgp-requires-policy", "no bgp default ipv4-unicast",
        "bgp graceful-restart", "bgp graceful-restart notification",
    ]  # fmt: skip
    for transport in FAMILIES:
        address = node.address(transport)
        lines += [f"neighbor {address} remote-as {asn}", f"neighbor {address} timers 3 9"]
        lines += [f"neighbor {address} passive", f"neighbor {address} bfd"]
        lines += [f"neighbor {address} {line}" for line in filter(None, extra.split(";"))]
        for family in FAMILIES:
            lines += [f"address-family {family} unicast", f"neighbor {address} activate", "exit-address-family"]
    return "\n".join(lines)


def sessions(asn: int) -> Callable[[Any], None]:
    def play(scene: Any) -> None:
        frr = Frr(scene.root, scene.router.namespace, scene.folder / "frr", bfd=True)
        try:
            extra = "capability extended-nexthop" if asn != 64500 else "route-reflector-client"
            frr.vty.configure(_frr_neighbours(scene.node, asn, extra))
            frr.vty.configure(FRR_ROUTES)
            with scene.wire(scene.node) as wire:
                link = wire.link()
                peers = {name: peer(scene.router, scene.node, name, local_asn=asn, bfd=BFD) for name in FAMILIES}
                link.full(peers=peers, routes=routes(*FAMILIES))
                established(link, *FAMILIES)
                until(lambda: all(link.session(name)["bfd"]["state"] == "Up" for name in FAMILIES), "BFD")
                time.sleep(2)
                frr.vty.run("clear bgp * soft")
                link.delta(routes={"192.0.2.1/32": None, "2001:db8:1::1/128": None})
                frr.vty.configure("router bgp 64500\naddress-family ipv4 unicast\nno network 203.0.113.2/32")
                changed = {**BFD, "receive_ms": 250, "transmit_ms": 200, "multiplier": 4}
                link.delta(peers={name: {**peers[name], "bfd": changed} for name in FAMILIES})
                _bfd(frr, scene.node, "transmit-interval 400")
                time.sleep(2)
                _bfd(frr, scene.node, "shutdown")
                time.sleep(1)
                _bfd(frr, scene.node, "no shutdown")
                time.sleep(1)
                for transport in FAMILIES:
                    frr.vty.configure(
                        f"router bgp 64500\nneighbor {scene.node.address(transport)} shutdown message later"
                    )
                time.sleep(1)
                for transport in FAMILIES:
                    frr.vty.configure(f"router bgp 64500\nno neighbor {scene.node.address(transport)} shutdown")
                established(link, *FAMILIES)
                frr.vty.run("clear bgp *")
                for transport in FAMILIES:
                    frr.vty.configure(f"router bgp 64500\nno neighbor {scene.node.address(transport)} bfd")
                wrong = {name: {**peers[name], "local_asn": 64999, "bfd": None} for name in FAMILIES}
                link.delta(peers=wrong)
                refused(link, "ipv6")
                link.delta(peers={name: {**peers[name], "peer_asn": 65001, "bfd": None} for name in FAMILIES})
                refused(link, "ipv6")
        finally:
            frr.end()

    return play


def _bfd(frr: Frr, node: Host, line: str) -> None:
    assert frr.bfd is not None
    for transport in FAMILIES:
        local = "" if transport == "ipv4" else " local-address 2001:db8:dc:1::1"
        for command in ("configure terminal", "bfd", f"peer {node.address(transport)}{local}", line, "end"):
            try:
                frr.bfd.run(command)
            except AssertionError as error:
                print(f"left out: {error}", file=sys.stderr)
                frr.bfd.run("end")
                break


def unnumbered(scene: Any) -> None:
    """Router advertisements of FRR, as unnumbered sessions use them."""
    frr = Frr(scene.root, scene.router.namespace, scene.folder / "frr")
    try:
        lines = ["hostname router", "router bgp 64500", "neighbor rack1 interface remote-as external"]
        frr.vty.configure("\n".join(lines))
        ip("-n", scene.node.namespace, "link", "set", "rack1", "down")
        ip("-n", scene.node.namespace, "link", "set", "rack1", "up")
        time.sleep(12)
    finally:
        frr.end()
