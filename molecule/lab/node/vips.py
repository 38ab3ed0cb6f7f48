# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the host's AnyIP routes the blocks that a file lists, one CIDR a line.

The routes carry a protocol number of their own, by which they are found again.
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys

PROTOCOL = "200"


def ip(version: int, *words: str) -> str:
    done = subprocess.run(["ip", "-json", f"-{version}", "route", *words], check=True, capture_output=True, text=True)
    return done.stdout


def present(version: int) -> set[str]:
    found = ip(version, "show", "table", "local", "type", "local", "proto", PROTOCOL)
    return {str(ipaddress.ip_network(route["dst"])) for route in json.loads(found or "[]")}


def main(path: str) -> None:
    with open(path, encoding="ascii") as file:
        wanted = {str(ipaddress.ip_network(line)) for line in file.read().split()}
    for version in (4, 6):
        target = {block for block in wanted if ipaddress.ip_network(block).version == version}
        now = present(version)
        for block in sorted(now - target):
            ip(version, "del", "local", block, "dev", "lo", "table", "local", "proto", PROTOCOL)
        for block in sorted(target - now):
            ip(version, "add", "local", block, "dev", "lo", "table", "local", "proto", PROTOCOL)


main(sys.argv[1])
