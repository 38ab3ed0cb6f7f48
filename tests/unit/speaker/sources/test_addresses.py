# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node's addresses as the kernel has them."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from dualstack_speaker.sources import addresses


def test_loopback_has_both_families() -> None:
    found = addresses.interfaces()
    assert {"127.0.0.1/8"} <= set(found["lo"])


@pytest.fixture
def namespace() -> Iterator[str]:
    name = f"addr-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield name
    subprocess.run(["ip", "netns", "del", name], check=True)


PROGRAM = """
import json, select, sys
from dualstack_speaker.sources import addresses
news = addresses.open_news()
print(json.dumps(addresses.interfaces(sys.argv[1:])), flush=True)
while select.select([news], [], [], 60)[0]:
    addresses.drain(news)
    print(json.dumps(addresses.interfaces(sys.argv[1:])), flush=True)
"""


@pytest.mark.root
def test_addresses_of_interfaces(namespace: str) -> None:
    def ip(*words: str) -> None:
        subprocess.run(["ip", "-n", namespace, *words], check=True)

    ip("link", "add", "eth1", "type", "veth", "peer", "name", "far1")
    ip("link", "set", "eth1", "up")
    for address in ("10.0.1.20/24", "10.0.1.11/24", "192.0.2.1/32"):
        ip("addr", "add", address, "dev", "eth1")
    for address in ("2001:db8::20/64", "2001:db8::11/64"):
        ip("addr", "add", address, "dev", "eth1", "nodad")
    ip("addr", "add", "2001:db8::99/64", "dev", "eth1", "nodad", "preferred_lft", "0")
    command = ["ip", "netns", "exec", namespace, sys.executable, "-c", PROGRAM, "10.0.1.11", "2001:db8::11"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = json.loads(process.stdout.readline())["eth1"]
        assert found[:2] in (["10.0.1.11/24", "2001:db8::11/64"], ["2001:db8::11/64", "10.0.1.11/24"])
        assert {"10.0.1.20/24", "192.0.2.1/32", "2001:db8::20/64"} <= set(found)
        assert "2001:db8::99/64" not in found, "a deprecated address must not become the end of a session"
        ip("addr", "add", "10.0.1.30/24", "dev", "eth1")
        assert any("10.0.1.30/24" in json.loads(line)["eth1"] for line in process.stdout), "no news of the new address"
        process.terminate()
