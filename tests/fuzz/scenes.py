# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is played for the recorder: each source by name, and per source its scenes.

The neighbours send more than wire asks for: AS sets, aggregators, reflected routes, attributes that nobody knows,
families and options (add-path) that only they speak among each other.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

from fuzz.daemon import Daemon
from interop.frr import Frr
from interop.stage import Host, ip
from processes import until as until_true

FAMILIES = ["ipv4", "ipv6"]
BFD = {"receive_ms": 100, "transmit_ms": 100, "multiplier": 3, "passive": False, "minimum_ttl": None}
VIP = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}


def until(true: Callable[[], Any], what: str) -> None:
    """Waits for a while; a scene goes on without what does not come, and says so."""
    try:
        until_true(true, what, 20.0)
    except AssertionError as error:
        print(f"left out: {error}", file=sys.stderr)


def version(root: Path, source: str) -> str:
    """The version of a source's program in a root; Linux: the kernel's, which is the host's."""
    if source == "linux":
        text = Path("/proc/sys/kernel/osrelease").read_text(encoding="utf-8")
    else:
        program = {"frr": "/usr/lib/frr/bgpd", "bird": "/usr/sbin/bird"}.get(source, source.replace("gobgp", "gobgpd"))
        said = subprocess.run(["chroot", str(root), program, "--version"], capture_output=True, text=True, check=True)
        text = said.stdout + said.stderr
    found = re.search(r"\d+\.\d+", text)
    assert found, text
    return found.group()


def peer(router: Host, node: Host, transport: str, **changes: Any) -> dict[str, Any]:
    """The router as wire is told of it."""
    plain = {
        "local_asn": 64512, "peer_asn": 64500, "address": router.address(transport), "port": 179,
        "source_address": node.address(transport), "router_id": node.ipv4, "hold_time": 9, "keepalive_time": 3,
        "connect_retry": 1, "password": None, "families": FAMILIES, "multihop": False,
        "next_hop": {"ipv4": node.ipv4, "ipv6": node.ipv6}, "graceful_restart": {"time": 120},
    }  # fmt: skip
    return {**plain, **changes}


def routes(*peers: str) -> dict[str, Any]:
    """Prefixes with all that we send."""
    path = {
        "peers": list(peers), "communities": ["64512:200"], "large_communities": ["64512:1:2"],
        "local_preference": 150,
    }  # fmt: skip
    return {prefix: [path] for prefix in ("192.0.2.1/32", "198.51.100.0/25", "2001:db8:1::1/128", "2001:db8:2::/48")}


def established(link: Any, *names: str) -> None:
    """Waits for sessions."""
    for name in names:
        until(lambda name=name: link.session(name)["state"] == "Established", f"{name} established")


def refused(link: Any, name: str) -> None:
    """Waits until one side has refused the other's AS."""
    until(lambda: "peer AS" in (said := link.session(name)["last_error"]) or "our AS" in said, "a refusal")


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


def _frr(asn: int) -> Callable[[Any], None]:
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


BIRD = """
log stderr all;
router id 10.0.1.1;
protocol device {{ }}
protocol direct {{ ipv4; ipv6; }}
protocol bfd {{ interface "rack1" {{ min rx interval 100 ms; min tx interval 100 ms; multiplier 3; }}; }}
protocol static {{ ipv4; route 203.0.113.1/32 blackhole {{
    bgp_path.prepend(65001); bgp_path.prepend(4200000001);
    bgp_community.add((64500,1)); bgp_community.add((65535,65281));
    bgp_large_community.add((64500,2,3)); bgp_ext_community.add((rt,64500,4)); bgp_med = 77; }};
    route 203.0.113.64/26 blackhole; route 203.0.113.0/24 blackhole; }}
protocol static {{ ipv6; route 2001:db8:9::1/128 blackhole {{ bgp_community.add((64500,1)); bgp_med = 1; }};
    route 2001:db8:9::/48 blackhole; }}
template bgp node {{
    local as 64500; hold time 9; {more}
    passive on; bfd on; graceful restart on; enable extended messages on;
    ipv4 {{ import all; export all; add paths on; next hop self; }};
    ipv6 {{ import all; export all; add paths on; next hop self; }};
}}
protocol bgp node4 from node {{ neighbor {node4} as {asn}; }}
protocol bgp node6 from node {{ neighbor {node6} as {asn}; }}
"""


def _start_bird(scene: Any, text: str) -> Daemon:
    command = ["/usr/sbin/bird", "-f", "-c", "/etc/peer.conf", "-s", "/run/bird.ctl"]
    daemon = Daemon(scene.root, scene.router, scene.folder / "bird", {"etc/peer.conf": text}, command)
    until(lambda: not _birdc(daemon, "show status").returncode, "bird")
    if not daemon.alive:
        print((scene.folder / "bird" / "log").read_text(), file=sys.stderr)
    return daemon


def _birdc(daemon: Daemon, command: str) -> subprocess.CompletedProcess[str]:
    return daemon.run("/usr/sbin/birdc", "-s", "/run/bird.ctl", command)


def _bird(asn: int) -> Callable[[Any], None]:
    def play(scene: Any) -> None:
        more = "rr client; rr cluster id 10.0.0.9;" if asn == 64500 else ""
        text = BIRD.format(node4=scene.node.ipv4, node6=scene.node.ipv6, asn=asn, more=more)
        bird = _start_bird(scene, text)
        try:
            with scene.wire(scene.node) as wire:
                link = wire.link()
                peers = {name: peer(scene.router, scene.node, name, local_asn=asn, bfd=BFD) for name in FAMILIES}
                link.full(peers=peers, routes=routes(*FAMILIES))
                established(link, *FAMILIES)
                until(lambda: all(link.session(name)["bfd"]["state"] == "Up" for name in FAMILIES), "BFD")
                time.sleep(1)
                for command in ("reload in node4", "reload out all", "disable node4", "enable node4"):
                    _birdc(bird, command)
                    time.sleep(1)
                established(link, *FAMILIES)
                _birdc(bird, 'restart all "maintenance"')
                established(link, *FAMILIES)
                link.delta(peers={name: {**peers[name], "local_asn": 64999} for name in FAMILIES})
                refused(link, "ipv6")
        finally:
            bird.end()

    return play


def _bird_frr(scene: Any) -> None:
    """Add-path and extended messages between two that have them."""
    other = scene.node
    text = BIRD.format(node4=other.ipv4, node6=other.ipv6, asn=64510, more="").replace("bfd on;", "")
    bird = _start_bird(scene, text)
    frr = Frr(scene.root, other.namespace, scene.folder / "frr")
    try:
        lines = _two("10.0.1.2", 64510, scene.router, "addpath-tx-all-paths", 64500)
        frr.vty.configure(lines)
        for route in ("203.0.113.128/25", "203.0.113.129/32"):
            frr.vty.configure(f"router bgp 64510\naddress-family ipv4 unicast\nnetwork {route}")
        frr.vty.configure("router bgp 64510\naddress-family ipv6 unicast\nnetwork 2001:db8:8::/48")
        until(lambda: _birdc(bird, "show protocols").stdout.count("Established") == 2, "both sessions")
        time.sleep(2)
        _birdc(bird, "reload out all")
        time.sleep(1)
    finally:
        frr.end()
        bird.end()


def _two(router_id: str, asn: int, to: Host, line: str, other: int) -> str:
    lines = [
        "hostname router", f"router bgp {asn}", f"bgp router-id {router_id}", "no bgp network import-check",
        "no bgp ebgp-requires-policy", "no bgp default ipv4-unicast",
    ]  # fmt: skip
    for transport in FAMILIES:
        address = to.address(transport)
        lines += [f"neighbor {address} remote-as {other}", f"neighbor {address} timers 3 9"]
        for family in FAMILIES:
            lines += [f"address-family {family} unicast", f"neighbor {address} activate"]
            lines += [f"neighbor {address} {line}"] if line else []
            lines += ["exit-address-family"]
    return "\n".join(lines)


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
    daemon = Daemon(scene.root, scene.router, folder, {"etc/gobgpd.toml": text}, ["gobgpd", "-f", "/etc/gobgpd.toml"])
    try:
        until(lambda: not daemon.run("gobgp", "global").returncode, "gobgpd")
        for route in GOBGP_ROUTES if more else GOBGP_ROUTES[:3]:
            said = daemon.run("gobgp", "global", "rib", "add", *route.split())
            if said.returncode:
                print(f"left out: {route}: {said.stdout}{said.stderr}", file=sys.stderr)
        play(daemon)
    finally:
        daemon.end()


def _gobgp_wire(asn: int) -> Callable[[Any], None]:
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


def _gobgp_frr(scene: Any) -> None:
    """All families that both have, with add-path."""
    frr = Frr(scene.root, scene.node.namespace, scene.folder / "frr")
    try:

        def talk(_daemon: Daemon) -> None:
            frr.vty.configure(_two("10.0.1.2", 64510, scene.router, "addpath-tx-all-paths", 64500))
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

            def up() -> bool:
                found = [frr.neighbour(scene.router.address(transport))["bgpState"] for transport in FAMILIES]
                return found == ["Established"] * 2

            until(up, "both sessions")
            time.sleep(3)
            frr.vty.run("clear bgp * soft")
            time.sleep(1)

        _gobgp(scene, 64510, True, talk)
    finally:
        frr.end()


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


def _exabgp(asn: int, more: bool = False) -> Callable[[Any], None]:
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
        command = ["env", *environment, "exabgp", "/etc/peer.conf"]
        daemon = Daemon(scene.root, scene.router, scene.folder / "exabgp", {"etc/peer.conf": text}, command)
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
            print((scene.folder / "exabgp" / "log").read_text()[-1800:], file=sys.stderr)
            daemon.end()

    return play


def _with_frr(scene: Any, daemon: Daemon) -> None:
    frr = Frr(scene.root, scene.node.namespace, scene.folder / "frr")
    try:
        frr.vty.configure(_two("10.0.1.2", 64510, scene.router, "", 64500))
        for transport in FAMILIES:
            for family in ("ipv4 vpn", "ipv6 vpn", "ipv4 flowspec", "ipv6 flowspec"):
                address = scene.router.address(transport)
                frr.vty.configure(f"router bgp 64510\naddress-family {family}\nneighbor {address} activate")
        time.sleep(10)
    finally:
        frr.end()


def _linux(scene: Any) -> None:
    """Neighbour discovery between two kernels, with wire in between: resolving, probing, DAD, announcements, MLD."""
    client, node = scene.router, scene.node
    with scene.wire(node) as wire:
        link = wire.link()
        link.full(layer2={address: {"interfaces": []} for address in VIP.values()})
        for address in (*VIP.values(), node.ipv4, node.ipv6, "10.0.1.99", "2001:db8:dc:1::99"):
            kind = "AF_INET6" if ":" in address else "AF_INET"
            program = f"import socket; socket.socket(socket.{kind}, socket.SOCK_DGRAM).sendto(b'x', ('{address}', 9))"
            client.run(sys.executable, "-c", program)
        until(lambda: all(client.neighbour(address)[0] for address in VIP.values()), "both resolved")
        for address in VIP.values():
            words = ["neigh", "change", address, "dev", "rack1", "lladdr", node.mac, "nud", "probe"]
            ip("-n", client.namespace, *words)
        for name in ("arp_notify", "arp_announce"):
            client.run("sysctl", "-qw", f"net.ipv4.conf.rack1.{name}=1")
        client.run("sysctl", "-qw", "net.ipv6.conf.rack1.ndisc_notify=1")
        for address in (*VIP.values(), "10.0.1.77", "2001:db8:dc:1::77"):
            ip("-n", client.namespace, "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "rack1")
        client.run("sysctl", "-qw", "net.ipv6.conf.rack1.accept_ra=2")
        ip("-n", client.namespace, "link", "set", "rack1", "down")
        ip("-n", client.namespace, "link", "set", "rack1", "up")
        ip("-n", client.namespace, "address", "add", "2001:db8:dc:1::78/64", "dev", "rack1")
        ip("-n", client.namespace, "address", "del", f"{VIP['ipv4']}/32", "dev", "rack1")
        for words in (["arping", "-D", "-c", "2"], ["arping", "-U", "-c", "1"], ["arping", "-A", "-c", "1"]):
            command = ["chroot", str(scene.root), *words, "-I", "rack1", VIP["ipv4"]]
            subprocess.run([*client.prefix, *command], check=False, capture_output=True)
        for words in (["ndisc6", "-m", VIP["ipv6"], "rack1"], ["ndisc6", VIP["ipv6"], "rack1"], ["rdisc6", "rack1"]):
            subprocess.run([*client.prefix, "chroot", str(scene.root), *words], check=False, capture_output=True)
        link.delta(layer2={VIP["ipv6"]: None})
        time.sleep(3)


def _advertising(scene: Any) -> None:
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


SOURCES: dict[str, dict[str, Callable[[Any], None]]] = {
    "frr": {"ebgp with wire": _frr(64512), "ibgp with wire": _frr(64500), "unnumbered": _advertising},
    "bird": {"ebgp with wire": _bird(64512), "ibgp with wire": _bird(64500), "add-path with frr": _bird_frr},
    "gobgp": {
        "ebgp with wire": _gobgp_wire(64512),
        "ibgp with wire": _gobgp_wire(64500),
        "families with frr": _gobgp_frr,
    },
    "exabgp": {
        "ebgp with wire": _exabgp(64512),
        "ibgp with wire": _exabgp(64500),
        "families with frr": _exabgp(64510, True),
    },
    "linux": {"neighbours": _linux},
}
