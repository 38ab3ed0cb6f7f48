# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a node: answers every UDP probe to one of its VIPs, with the node's name behind the probe.

    echo.py NAME VIP…

Standard library only; it ends with the process that started it, when its standard input closes.
"""

from __future__ import annotations

import select
import socket
import sys

PORT = 7000


def main(name: str, vips: list[str]) -> None:
    """Answers until standard input closes."""
    served = []
    for vip in vips:
        sock = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((vip, PORT))
        sock.setblocking(False)
        served.append(sock)
    print("ready", flush=True)
    while True:
        ready, _unused, _unused = select.select([*served, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        for sock in (sock for sock in served if sock in ready):
            try:
                probe, sender = sock.recvfrom(100)
                sock.sendto(probe + name.encode(), sender)
            except OSError:
                continue  # the way back is what is broken at the moment: a lost probe


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
