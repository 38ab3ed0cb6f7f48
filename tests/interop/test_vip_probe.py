# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``vip_probe`` and the kernel's neighbour table: resolved, confirmed, gone, blocked."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from interop.stage import Host, Stage, ip

FAMILIES = pytest.mark.parametrize("family", ["ipv4", "ipv6"])
_RUN = """
import sys, json
from ansible.module_utils.testing import patch_module_args
from ansible_collections.baremetal.dualstack.plugins.modules import vip_probe
with patch_module_args(json.loads(sys.argv[1])):
    vip_probe.main()
"""


@pytest.fixture
def client(stage: Stage) -> Host:
    return stage.host("client")


def resolve(client: Host, *addresses: str) -> dict[str, Any]:
    arguments = json.dumps({"resolve": list(addresses)})
    return json.loads(client.run(sys.executable, "-c", _RUN, arguments))["neighbours"]  # type: ignore[no-any-return]


def silence(host: Host) -> None:
    """Let nothing out of the host any more."""
    ip("-n", host.namespace, "link", "set", "rack1", "down")


@FAMILIES
def test_an_address_is_resolved_without_traffic_before(family: str, client: Host, node: Host) -> None:
    address = node.address(family)
    assert client.neighbour(address) == ("", "")
    assert resolve(client, address) == {address: {"mac": node.mac, "state": "REACHABLE", "interface": "rack1"}}


@FAMILIES
def test_a_stale_entry_is_confirmed(family: str, client: Host, node: Host) -> None:
    address = node.address(family)
    ip("-n", client.namespace, "neigh", "add", address, "lladdr", node.mac, "dev", "rack1", "nud", "stale")
    assert resolve(client, address)[address]["state"] == "REACHABLE"


@FAMILIES
def test_an_entry_whose_owner_is_silent_is_found_out_at_once(family: str, client: Host, node: Host) -> None:
    address = node.address(family)
    assert resolve(client, address)[address]["state"] == "REACHABLE"
    silence(node)
    gone = {"mac": None, "state": "FAILED", "interface": "rack1"}
    assert resolve(client, address).get(address, gone) == gone, "or the kernel has already dropped the failed entry"


@FAMILIES
def test_an_address_that_nobody_has(family: str, client: Host, node: Host) -> None:
    address = {"ipv4": "10.0.1.200", "ipv6": "2001:db8:dc:1::200"}[family]
    found = resolve(client, address, node.address(family))
    failed = {"mac": None, "state": "FAILED", "interface": "rack1"}
    assert found.pop(address, failed) == failed, "the kernel may already have dropped the failed entry"
    assert found == {node.address(family): {"mac": node.mac, "state": "REACHABLE", "interface": "rack1"}}


@FAMILIES
def test_an_address_without_a_route_has_no_entry(family: str, client: Host) -> None:
    assert resolve(client, {"ipv4": "192.0.2.1", "ipv6": "2001:db8:99::1"}[family]) == {}


@FAMILIES
def test_a_host_that_may_not_change_entries_returns_them_all_the_same(family: str, client: Host, node: Host) -> None:
    address = node.address(family)
    ip("-n", client.namespace, "neigh", "add", address, "lladdr", node.mac, "dev", "rack1", "nud", "stale")
    program = [sys.executable, "-c", _RUN, json.dumps({"resolve": [address]})]
    told = client.run("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *program)
    assert json.loads(told)["neighbours"][address]["mac"] == node.mac
