# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of routers with live sessions: FRR's own counters tell whose session was touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from interop.router.conftest import NODES, SECRET, SECRETS, TOR1, Fabric, plan_of
from processes import until

from dualstack.render import frr

NODE1 = set(NODES["node1"])
OTHER = "an0ther-Secret"


@pytest.fixture(autouse=True)
def as_it_was(fabric: Fabric) -> Iterator[None]:
    yield
    fabric.bring_back()


def more(data: Any, hosts: Any) -> None:
    """A pool that is announced, before the others, and a third node in rack1."""
    data["pools"].insert(0, {"name": "more", "blocks": ["192.168.200.0/24", "2001:db8:200::/64"]})
    data["advertise"].insert(0, {"pools": ["more"], "bgp": {}})
    hosts["nodes"]["node4"] = {"racks": {"rack1": ["10.0.1.14", "2001:db8:dc:1::14"]}}


def fewer(data: Any, hosts: Any) -> None:
    """Without the first pool and its Services: every other entry of the prefix lists moves up."""
    data["pools"] = [pool for pool in data["pools"] if pool["name"] != "production"]
    data["advertise"] = [advert for advert in data["advertise"] if advert["pools"] != ["production"]]
    data["services"] = [service for service in data["services"] if service["pool"] != "production"]


@pytest.mark.parametrize("change", [more, fewer])
def test_a_pool_and_a_node_touch_no_session(fabric: Fabric, change: Any) -> None:
    plan = plan_of(change)
    before = {box.name: box.counters() for box in (fabric.tor1, fabric.br1)}
    for router in ("tor1", "br1"):
        foreseen = fabric.bring(router, plan, check=True)
        assert fabric.boxes[router].counters() == before[router]
        done = fabric.bring(router, plan)
        assert not done.get("failed"), done["msg"]
        assert done["changed"] and not done["restarted"]
        assert done["commands"] == foreseen["commands"] and done["diff"] == foreseen["diff"]
        again = fabric.bring(router, plan)
        assert not again["changed"], again["commands"]
    for box in (fabric.tor1, fabric.br1):
        after = box.counters()
        assert {address: after[address] for address in before[box.name]} == before[box.name]
    added = set(fabric.tor1.counters()) - set(before["tor1"])
    assert added == ({"10.0.1.14", "2001:db8:dc:1::14"} if change is more else set())


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_wrong_password_is_rolled_back(fabric: Fabric, family: str) -> None:
    """One session gets another password than the node has."""
    address = NODES["node1"][0 if family == "ipv4" else 1]
    before, running = fabric.tor1.counters(), fabric.tor1.vty("show running-config")
    text = frr.render(fabric.plan, "tor1").replace(
        f"neighbor {address} password @secret:bgp-auth@", f"neighbor {address} password @secret:other@"
    )
    done = fabric.tor1.module("frr_config", config=text, secrets={**SECRETS, "other": OTHER}, settle=20)
    assert done["failed"] and done["rolled_back"] and not done["changed"]
    assert f"{address} (node1)" in done["msg"] and "its password changed in this run" in done["msg"]
    assert "all sessions that were up are up again" in done["msg"]
    assert f" neighbor {address} password @secret:other@" in done["commands"]
    assert SECRET not in done["raw"] and OTHER not in done["raw"]
    assert fabric.tor1.vty("show running-config") == running
    assert not fabric.bring("tor1")["changed"]
    after = fabric.tor1.counters()
    assert {peer for peer in before if after[peer] != before[peer]} == {address}


def test_a_whole_wrong_configuration_is_rolled_back(fabric: Fabric) -> None:
    """tor1 with another ASN: every session falls, every one comes back."""
    running = fabric.tor1.vty("show running-config")
    text = frr.render(fabric.plan, "tor1").replace("router bgp 64500", "router bgp 64999")
    done = fabric.tor1.module("frr_config", config=text, secrets=SECRETS, settle=8)
    assert done["failed"] and done["rolled_back"], done["msg"]
    assert {address for address in fabric.expected if address in done["msg"]} == fabric.expected
    assert fabric.tor1.vty("show running-config") == running
    assert not fabric.bring("tor1")["changed"]


def test_daemons_that_are_missing_are_rolled_back(fabric: Fabric) -> None:
    """Without bgpd FRR cannot take the configuration; after the restart it is as it was."""
    done = fabric.bring("tor1", daemons=["bfdd"], settle=8)
    assert done["failed"] and done["rolled_back"], done["msg"]
    until(lambda: fabric.tor1.up() >= fabric.expected, "the sessions of tor1")
    assert not fabric.bring("tor1")["changed"]


def test_no_rollback_when_it_is_not_wanted(fabric: Fabric) -> None:
    text = frr.render(fabric.plan, "tor1")
    done = fabric.tor1.module("frr_config", config=text, secrets={"bgp-auth": OTHER}, settle=2, rollback=False)
    assert done["failed"] and not done["rolled_back"] and done["changed"]
    assert f"password {OTHER}" in fabric.tor1.vty("show running-config")


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_changed_password_resets_its_session_once(fabric: Fabric, family: str) -> None:
    """Both ends change while the run waits for the session."""
    number = 0 if family == "ipv4" else 1
    address, own = NODES["node1"][number], TOR1[number]
    node = fabric.nodes["node1"]
    text = frr.render(fabric.plan, "tor1").replace(
        f"neighbor {address} password @secret:bgp-auth@", f"neighbor {address} password @secret:other@"
    )
    before = fabric.tor1.counters()
    run = fabric.tor1.begin("frr_config", config=text, secrets={**SECRETS, "other": OTHER})
    until(lambda: address not in fabric.tor1.up(), "the change")
    node.configure("router bgp 64512", f"neighbor {own} password {OTHER}")
    done = fabric.tor1.finish(run)
    assert not done.get("failed"), done["msg"]
    after = fabric.tor1.counters()
    established, dropped = before[address]
    assert after[address] == (established + 1, dropped + 1)
    assert {peer for peer in before if after[peer] != before[peer]} == {address}
    node.configure("router bgp 64512", f"neighbor {own} password {SECRET}")


def test_a_neighbour_that_goes_is_not_waited_for(fabric: Fabric) -> None:
    def without_node1(data: Any, hosts: Any) -> None:
        del hosts["nodes"]["node1"]

    before = fabric.tor1.counters()
    done = fabric.bring("tor1", plan_of(without_node1))
    assert not done.get("failed"), done["msg"]
    after = fabric.tor1.counters()
    assert set(before) - set(after) == NODE1
    assert {address: before[address] for address in after} == after
