# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``wire`` with what its pod gives it, CAP_NET_RAW, CAP_SYS_NICE and the seccomp profile of containerd, and no more."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import confined
import pytest
from interop.frr import Frr
from interop.segment import resolve
from interop.stage import Host
from interop.test_bgp import FAMILIES, configure, held, peer, routes
from processes import Wire, until

RIGHTS = ("NET_RAW", "SYS_NICE")
LIMITS = [*confined.rights(RIGHTS), *confined.profile()]
EFFECTIVE = 1 << 13 | 1 << 23  # capabilities(7), by their numbers
VIP = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}
TRIES = """
import os, socket
for family in (socket.AF_PACKET, socket.AF_VSOCK):
    try:
        socket.socket(family, socket.SOCK_RAW if family == socket.AF_PACKET else socket.SOCK_STREAM).close()
        print(0)
    except OSError as problem:
        print(problem.errno)
try:
    os.listxattr("/")
    os.chroot("/")
except OSError as problem:
    print(problem.errno)
"""


def test_the_profile_is_in_force() -> None:
    done = subprocess.run([*LIMITS, "/usr/bin/python3", "-c", TRIES], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["0", str(errno.EPERM), str(errno.EPERM)]


@pytest.fixture
def wire(node: Host, tmp_path: Path) -> Iterator[Wire]:
    wire = Wire(tmp_path / "wire", [*node.prefix, *LIMITS])
    wire.start()
    yield wire
    wire.end()


def test_sessions_and_neighbours(frr: Frr, router: Host, node: Host, wire: Wire) -> None:
    """A session with MD5 over each family, and an answer over ARP and over NDP."""
    assert wire.process is not None
    status = Path(f"/proc/{wire.process.pid}/status").read_text(encoding="utf-8")
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (told["Seccomp"].strip(), told["NoNewPrivs"], int(told["CapEff"], 16)) == ("2", "1", EFFECTIVE)
    peers = {}
    for family in FAMILIES:
        configure(frr, node, family, lines=("password s3cret",))
        peers[family] = peer(router, node, family, password="s3cret")
    vips = {address: {"interfaces": []} for address in VIP.values()}
    wire.link().full(peers=peers, routes=routes(*peers), layer2=vips)
    both = {"ipv4": 2, "ipv6": 2}
    until(lambda: all(held(frr, node, family) == both for family in FAMILIES), "all prefixes over both sessions")
    for address in VIP.values():
        assert resolve(router, address) == node.mac
