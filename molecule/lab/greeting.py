# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""greeting.py SECONDS ADDRESS…: ends when an ssh server has greeted on each address; fails after the seconds."""

from __future__ import annotations

import socket
import sys
import time


def greets(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


deadline = time.monotonic() + float(sys.argv[1])
for address in sys.argv[2:]:
    while not greets(address):
        if time.monotonic() > deadline:
            sys.exit(f"no ssh server greets on {address}")
        time.sleep(0.1)
