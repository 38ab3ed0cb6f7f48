# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GoBGP with wire, and with FRR for the families that both have."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable

from fuzz.daemon import Daemon
from fuzz.scenes.shared import FAMILIES, both_up, established, neighbours, peer, refused, routes, until
from interop.frr import Frr

GOBGP = """
[global.config]
  as = {asn}
  router-id = "10.0.1.1"
  local-address-list = ["0.0.0.0", "::"]
"""
GOBGP_PEER = """
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{address}"
    peer-as = {asn}
  [neighbors.transport.config]
    passive-mode = true
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 120
    notification-enabled = true
  [neighbors.timers.config]
    hold-time = 9
    keepalive-interval = 3
"""
GOBGP_FAMILY = """
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "{family}"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
    [neighbors.afi-safis.add-paths.config]
      receive = {add}
      send-max = {send}
"""
GOBGP_ALL = [
    "ipv4-unicast", "ipv6-unicast", "l3vpn-ipv4-unicast", "l3vpn-ipv6-unicast", "l2vpn-evpn", "ipv4-flowspec",
    "ipv6-flowspec", "ipv4-labelled-unicast", "ipv6-labelled-unicast", "rtc",
]  # fmt: skip
GOBGP_ROUTES = [
    "-a ipv4 203.0.113.1/32 origin egp med 77 community 64500:1,no-export large-community 64500:2:3 "
    "aspath 65001,{65002,65003}",
    "-a ipv4 203.0.113.64/26 aigp metric 9 local-pref 200",
    "-a ipv6 2001:db8:9::1/128 community 64500:1 aspath 4200000001",
    "-a vpnv4 203.0.113.2/32 label 10 rd 64500:1 rt 64500:2",
    "-a vpnv6 2001:db8:9::2/128 label 10 rd 64500:1 rt 64500:2",
    "-a evpn macadv 02:00:00:00:00:01 203.0.113.3 etag 1 label 10 rd 64500:1 rt 64500:2 encap vxlan",
    "-a evpn multicast 203.0.113.4 etag 1 rd 64500:1 rt 64500:2",
    "-a evpn prefix 203.0.113.0/24 etag 1 label 10 rd 64500:1 rt 64500:2 gw 203.0.113.9",
    "-a ipv4-flowspec match destination 203.0.113.0/24 protocol tcp destination-port ==80 then discard",
    "-a ipv6-flowspec match destination 2001:db8:9::/48 then rate-limit 1000",
    "-a ipv4-mpls 203.0.113.5/32 100",
]


def _gobgp(scene: Any, asn: int, more: bool, play: Callable[[Daemon], None]) -> None:
    text = GOBGP.format(asn=64500)
    for transport in FAMILIES:
        text += GOBGP_PEER.format(address=scene.node.address(transport), asn=asn)
        for family in GOBGP_ALL if more else GOBGP_ALL[:2]:
            text += GOBGP_FAMILY.format(family=family, add=str(more).lower(), send=4 if more else 0)
    folder = scene.folder / "gobgp"
    daemon = Daemon(scene.root, scene.router, folder, {"gobgpd.toml": text}, ["gobgpd", "-f", "/mnt/gobgpd.toml"])
    try:
        until(lambda: not daemon.run("gobgp", "global").returncode, "gobgpd")
        for route in GOBGP_ROUTES if more else GOBGP_ROUTES[:3]:
            said = daemon.run("gobgp", "global", "rib", "add", *route.split())
            if said.returncode:
                print(f"left out: {route}: {said.stdout}{said.stderr}", file=sys.stderr)
        play(daemon)
    finally:
        daemon.end()


def sessions(asn: int) -> Callable[[Any], None]:
    def play(scene: Any) -> None:
        with scene.wire(scene.node) as wire:

            def talk(daemon: Daemon) -> None:
                link = wire.link()
                peers = {name: peer(scene.router, scene.node, name, local_asn=asn) for name in FAMILIES}
                link.full(peers=peers, routes=routes(*FAMILIES))
                established(link, *FAMILIES)
                time.sleep(1)
                for command in ("softresetin", "softresetout", "reset", "disable", "enable"):
                    for transport in FAMILIES:
                        daemon.run("gobgp", "neighbor", scene.node.address(transport), command)
                    time.sleep(1)
                daemon.run("gobgp", "global", "rib", "del", "-a", "ipv6", "2001:db8:9::1/128")
                daemon.run("gobgp", "neighbor", scene.node.ipv4, "shutdown", "maintenance")
                time.sleep(1)
                link.delta(peers={name: {**peers[name], "local_asn": 64999} for name in FAMILIES})
                refused(link, "ipv6")

            _gobgp(scene, asn, False, talk)

    return play


def families(scene: Any) -> None:
    """All families that both have, with add-path."""
    frr = Frr(scene.root, scene.node.namespace, scene.folder / "frr")
    try:

        def talk(_daemon: Daemon) -> None:
            frr.vty.configure(neighbours("10.0.1.2", 64510, scene.router, "addpath-tx-all-paths", 64500))
            for transport in FAMILIES:
                address = scene.router.address(transport)
                for family in (
                    "ipv4 vpn", "ipv6 vpn", "l2vpn evpn", "ipv4 flowspec", "ipv6 flowspec", "ipv4 labeled-unicast",
                    "ipv6 labeled-unicast",
                ):  # fmt: skip
                    try:
                        frr.vty.configure(f"router bgp 64510\naddress-family {family}\nneighbor {address} activate")
                    except AssertionError as error:
                        print(f"left out: {error}", file=sys.stderr)
            both_up(frr, scene.router)
            time.sleep(3)
            frr.vty.run("clear bgp * soft")
            time.sleep(1)

        _gobgp(scene, 64510, True, talk)
    finally:
        frr.end()
