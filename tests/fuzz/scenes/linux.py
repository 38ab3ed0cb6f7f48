# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two kernels and wire: resolving, probing, duplicate addresses, announcements, multicast listeners."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from fuzz.scenes.shared import VIP, until
from interop.stage import ip


def neighbours(scene: Any) -> None:
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
