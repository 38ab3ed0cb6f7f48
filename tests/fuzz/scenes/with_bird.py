# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD with wire, and with FRR for what only those two have: add-path, extended messages."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any, Callable

from fuzz.daemon import Daemon
from fuzz.scenes.shared import BFD, FAMILIES, established, neighbours, peer, refused, routes, until
from interop.frr import Frr

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
    local as 64500; direct; hold time 9; {more}
    passive on; bfd on; graceful restart on; enable extended messages on;
    ipv4 {{ import all; export all; add paths on; next hop self; }};
    ipv6 {{ import all; export all; add paths on; next hop self; }};
}}
protocol bgp node4 from node {{ neighbor {node4} as {asn}; }}
protocol bgp node6 from node {{ neighbor {node6} as {asn}; }}
"""


def _start_bird(scene: Any, text: str) -> Daemon:
    command = ["/usr/sbin/bird", "-f", "-c", "/mnt/peer.conf", "-s", "/run/bird.ctl"]
    daemon = Daemon(scene.root, scene.router, scene.folder / "bird", {"peer.conf": text}, command)
    until(lambda: not _birdc(daemon, "show status").returncode, "bird")
    if not daemon.alive:
        print(daemon.log, file=sys.stderr)
    return daemon


def _birdc(daemon: Daemon, command: str) -> subprocess.CompletedProcess[str]:
    return daemon.run("/usr/sbin/birdc", "-s", "/run/bird.ctl", command)


def sessions(asn: int) -> Callable[[Any], None]:
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


def add_path(scene: Any) -> None:
    """Add-path and extended messages between two that have them."""
    other = scene.node
    text = BIRD.format(node4=other.ipv4, node6=other.ipv6, asn=64510, more="").replace("bfd on;", "")
    bird = _start_bird(scene, text)
    frr = Frr(scene.root, other.namespace, scene.folder / "frr")
    try:
        lines = neighbours("10.0.1.2", 64510, scene.router, "addpath-tx-all-paths", 64500)
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
