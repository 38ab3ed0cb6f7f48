# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions over both transports at once, watched by BFD, and what FRR counts of them."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Any

from interop.frr import Frr
from interop.stage import Host
from interop.test_bfd import BFD, bfdd, change
from interop.test_bgp import FAMILIES, PREFIXES, configure, held, peer, routes
from processes import Link, Wire, until

ALL = {"ipv4": 2, "ipv6": 2}
REALTIME = 60  # the priority of wire and of bfdd: measurements that run beside have theirs, too
EVERY = [prefix for family in FAMILIES for prefix in PREFIXES[family]]


def start(root: Path, router: Host, folder: Path) -> Frr:
    """FRR with bfdd and a profile of 100 ms times 3; bfdd is not kept waiting by whatever else runs on this machine."""
    daemons = Frr(root, router.namespace, folder, bfd=True)
    credentials = bfdd(daemons).socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    number = struct.unpack("3i", credentials)[0]
    os.sched_setscheduler(number, os.SCHED_RR, os.sched_param(REALTIME))
    change(daemons, "receive-interval 100", "transmit-interval 100", "detect-multiplier 3")
    return daemons


def desired(frr: Frr, router: Host, node: Host, **changes: Any) -> dict[str, Any]:
    """A state for the wire with a session over each transport, called as it, which FRR is told of."""
    peers = {}
    for transport in FAMILIES:
        configure(frr, node, transport, lines=("bfd profile fast", "password s3cret"))
        peers[transport] = peer(router, node, transport, bfd=BFD, password="s3cret", **changes)
    return {"peers": peers, "routes": routes(*peers)}


def up(frr: Frr, node: Host, wire: Wire) -> Link:
    """Waits until BGP and BFD are up on both sides, at BFD's own pace; a link."""
    link = wire.link()
    until(lambda: all(held(frr, node, transport) == ALL for transport in FAMILIES), "all prefixes")
    until(lambda: all(link.session(name)["bfd"]["state"] == "Up" for name in FAMILIES), "BFD here")

    def there() -> bool:
        seen = bfdd(frr).show("show bfd peers")
        return len(seen) == 2 and all(
            found["status"] == "up" and found["remote-transmit-interval"] < 1000 for found in seen
        )

    until(there, "BFD there")
    return link


def counts(frr: Frr, node: Host) -> dict[str, dict[str, int]]:
    """BGP established and dropped, BFD up and down, by transport, as FRR counts them."""
    paths = {found["peer"]: found for found in bfdd(frr).show("show bfd peers counters")}
    found = {}
    for transport in FAMILIES:
        bgp, bfd = frr.neighbour(node.address(transport)), paths[node.address(transport)]
        found[transport] = {
            "established": bgp["connectionsEstablished"],
            "dropped": bgp["connectionsDropped"],
            "bfd up": bfd["session-up"],
            "bfd down": bfd["session-down"],
        }
    return found
