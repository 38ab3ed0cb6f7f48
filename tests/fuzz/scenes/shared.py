# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scenes have in common: peers and routes of wire, FRR as the other side, waiting."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Callable

from interop.frr import Frr
from interop.stage import Host
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
    found = re.search(r"\d+\.\d+(\.\d+)?", text)
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


def both_up(frr: Frr, router: Host) -> None:
    """Waits for FRR's sessions with the router."""
    states = [partial(frr.neighbour, router.address(transport)) for transport in FAMILIES]
    until(lambda: [state()["bgpState"] for state in states] == ["Established"] * 2, "both sessions")


def neighbours(router_id: str, asn: int, to: Host, line: str, other: int) -> str:
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
