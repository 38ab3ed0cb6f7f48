# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ExaBGP with wire and with FRR: attributes that nobody else makes, and malformed ones."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable

from fuzz.daemon import Daemon
from fuzz.scenes.shared import FAMILIES, both_up, established, neighbours, peer, refused, routes
from interop.frr import Frr

EXABGP = """
template {{
  neighbor node {{
    router-id 10.0.1.1;
    local-as 64500;
    peer-as {asn};
    hold-time 9;
    passive;
    capability {{
      graceful-restart 120;
      route-refresh enable;
    }}
    family {{
      ipv4 unicast;
      ipv6 unicast;
      {families}
    }}
    static {{
      {routes}
    }}
    {more}
  }}
}}
neighbor {node4} {{
  inherit node;
  local-address {router4};
}}
neighbor {node6} {{
  inherit node;
  local-address {router6};
}}
"""
EXABGP_ROUTES = [
    "203.0.113.1/32 next-hop 10.0.1.1 origin egp med 77 as-path [ 65001 4200000001 ( 65002 65003 ) ] "
    "community [ 64500:1 no-export ] large-community [ 64500:2:3 ] extended-community [ target:64500:4 ] "
    "atomic-aggregate aggregator ( 65001:10.0.0.1 )",
    "203.0.113.2/32 next-hop 10.0.1.1 originator-id 10.0.0.2 cluster-list [ 10.0.0.3 10.0.0.4 ] local-preference 200",
    "203.0.113.3/32 next-hop 10.0.1.1 attribute [ 0x63 0xC0 0x0102030405 ] aigp 9",
    "203.0.113.4/32 next-hop 10.0.1.1 attribute [ 0x08 0xC0 0x010203 ]",
    f"203.0.113.5/32 next-hop 10.0.1.1 attribute [ 0x1e 0xD0 0x{'00' * 300} ]",
    "203.0.113.6/32 next-hop 10.0.1.1 attribute [ 0x04 0xC0 0x010203040506 ]",
    "2001:db8:9::1/128 next-hop 2001:db8:dc:1::1 community [ 64500:1 ] as-path [ 65001 ( 65002 ) ]",
    "2001:db8:9::2/128 next-hop 2001:db8:dc:1::1 attribute [ 0x09 0x80 0x0102 ]",
]
EXABGP_FAMILIES = ["ipv4 mpls-vpn", "ipv6 mpls-vpn", "ipv4 nlri-mpls", "ipv4 flow", "ipv6 flow", "l2vpn vpls"]
EXABGP_FLOW = """
    flow {
      route drop {
        match {
          destination 203.0.113.0/24;
          protocol tcp;
          destination-port =80;
        }
        then {
          discard;
        }
      }
    }
"""


def sessions(asn: int, more: bool = False) -> Callable[[Any], None]:
    def play(scene: Any) -> None:
        text = EXABGP.format(
            asn=asn, node4=scene.node.ipv4, node6=scene.node.ipv6, router4=scene.router.ipv4,
            router6=scene.router.ipv6, more=EXABGP_FLOW if more else "",
            families="\n      ".join(f"{family};" for family in EXABGP_FAMILIES if more),
            routes="\n      ".join(f"route {route};" for route in EXABGP_ROUTES),
        )  # fmt: skip
        environment = [
            "exabgp.tcp.bind=10.0.1.1 2001:db8:dc:1::1", "exabgp.tcp.port=179", "exabgp.daemon.user=root",
            "exabgp.daemon.drop=false",
        ]  # fmt: skip
        command = ["env", *environment, "exabgp", "/mnt/peer.conf"]
        daemon = Daemon(scene.root, scene.router, scene.folder / "exabgp", {"peer.conf": text}, command)
        try:
            if more:
                _with_frr(scene, daemon)
                return
            with scene.wire(scene.node) as wire:
                link = wire.link()
                peers = {name: peer(scene.router, scene.node, name, local_asn=asn) for name in FAMILIES}
                link.full(peers=peers, routes=routes(*FAMILIES))
                established(link, *FAMILIES)
                time.sleep(2)
                link.delta(peers={name: {**peers[name], "hold_time": 30} for name in FAMILIES})
                time.sleep(2)
                established(link, *FAMILIES)
                link.delta(peers={name: {**peers[name], "local_asn": 64999} for name in FAMILIES})
                refused(link, "ipv6")
        finally:
            print(daemon.log[-1800:], file=sys.stderr)
            daemon.end()

    return play


def _with_frr(scene: Any, daemon: Daemon) -> None:
    frr = Frr(scene.root, scene.node.namespace, scene.folder / "frr")
    try:
        frr.vty.configure(neighbours("10.0.1.2", 64510, scene.router, "", 64500))
        for transport in FAMILIES:
            for family in ("ipv4 vpn", "ipv6 vpn", "ipv4 flowspec", "ipv6 flowspec"):
                address = scene.router.address(transport)
                frr.vty.configure(f"router bgp 64510\naddress-family {family}\nneighbor {address} activate")
        both_up(frr, scene.router)
        time.sleep(2)
    finally:
        frr.end()
