# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real routers take from a node and from below, and what ``frr_info`` sees of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from interop.router.box import Box
from interop.router.conftest import NODES, PLAN, UPLINK, Fabric, plan_of
from processes import until

FAMILIES = ["ipv4", "ipv6"]
VIP = {"ipv4": "192.168.100.1/32", "ipv6": "2001:db8:1::1/128"}
PLAIN = {"ipv4": "192.168.100.129/32", "ipv6": "2001:db8:1:0:8000::1/128"}
REFUSED = {
    "ipv4": ["192.168.100.2/31", "192.168.100.0/25", "192.168.101.1/32", "10.0.1.200/32", "0.0.0.0/0", "10.244.1.0/24"],
    "ipv6": ["2001:db8:1::2/127", "2001:db8:1::/65", "2001:db8:2::1/128", "2001:db8:dc:1::200/128", "::/0"],
}
COMMUNITY = "64512:100"
INDEX = {"ipv4": 0, "ipv6": 1}


class Announcer:
    """A node's FRR that announces prefixes, and stops at the end."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._said: list[tuple[str, list[str]]] = []

    def announce(self, family: str, *prefixes: str, community: str = "") -> None:
        self._box.configure("route-map tag permit 10", f"set community {community or 'none'}")
        self._network(family, [f"network {prefix} route-map tag" for prefix in prefixes])

    def withdraw(self) -> None:
        for family, lines in self._said:
            self._network(family, [f"no {line}" for line in lines])
        self._said = []

    def _network(self, family: str, lines: list[str]) -> None:
        self._box.configure("router bgp 64512", f"address-family {family} unicast", *lines)
        if not lines[0].startswith("no "):
            self._said.append((family, lines))


@pytest.fixture
def announcers(fabric: Fabric) -> Iterator[dict[str, Announcer]]:
    made = {name: Announcer(box) for name, box in fabric.nodes.items()}
    yield made
    for announcer in made.values():
        announcer.withdraw()

    def withdrawn() -> bool:
        tables = [box.table(family) for box in (fabric.tor1, fabric.br1) for family in FAMILIES]
        return not any({VIP[family], PLAIN[family]} & table for family in FAMILIES for table in tables)

    until(withdrawn, "withdrawn")


@pytest.fixture
def restored(fabric: Fabric, announcers: dict[str, Announcer]) -> Iterator[None]:
    """For tests that change a router, or stop it: afterwards it is as it was, also when the test failed."""
    yield
    fabric.bring_back()


def info(box: Box, *prefixes: str) -> dict[str, Any]:
    result = box.module("frr_info", prefixes=list(prefixes))
    assert not result.get("failed"), result["msg"]
    return result


@pytest.mark.parametrize("family", FAMILIES)
def test_only_what_is_planned_is_accepted_and_passed_on(
    fabric: Fabric, announcers: dict[str, Announcer], family: str
) -> None:
    announcers["node1"].announce(family, *REFUSED[family], VIP[family])
    peer = NODES["node1"][INDEX[family]]

    def received() -> set[str]:
        shown = json.loads(fabric.tor1.vty(f"show bgp {family} unicast neighbors {peer} received-routes json"))
        return set(shown["receivedRoutes"])

    until(lambda: received() >= {*REFUSED[family], VIP[family]}, "all that was announced")
    until(lambda: VIP[family] in fabric.br1.table(family), "the VIP at br1")
    for prefix in REFUSED[family]:
        assert prefix not in fabric.tor1.table(family) - own(fabric, "tor1", family)
        assert prefix not in fabric.br1.table(family)


@pytest.mark.parametrize("family", FAMILIES)
def test_nodes_are_sent_nothing(fabric: Fabric, announcers: dict[str, Announcer], family: str) -> None:
    announcers["node2"].announce(family, VIP[family])
    until(lambda: VIP[family] in fabric.br1.table(family), "the VIP at br1")
    until(lambda: fabric.tor1.table(family) >= {VIP[family], *own(fabric, "br1", family)}, "what br1 has, at tor1")
    assert fabric.nodes["node1"].table(family) == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_all_next_hops_are_used_and_seen(fabric: Fabric, announcers: dict[str, Announcer], family: str) -> None:
    for announcer in announcers.values():
        announcer.announce(family, VIP[family], community=COMMUNITY)
    hops = sorted(addresses[INDEX[family]] for addresses in NODES.values())

    def used() -> dict[str, Any] | None:
        seen = info(fabric.tor1, VIP[family], "198.51.100.1/32", "2001:db8:dead::1/128")
        return seen if len(seen["fib"][family].get(VIP[family], [])) == 2 else None

    seen = until(used, "two paths in the kernel")
    assert seen["error"] == ""
    paths = seen["bgp"][family].pop(VIP[family])
    assert sorted(path["next_hop"] for path in paths) == hops
    assert all(path["best"] and path["communities"] == [COMMUNITY] for path in paths)
    assert sorted(seen["fib"][family].pop(VIP[family])) == hops
    assert seen["bgp"] == {"ipv4": {}, "ipv6": {}} and seen["fib"] == {"ipv4": {}, "ipv6": {}}
    assert {seen["sessions"][hop]["state"] for hop in hops} == {"Established"}
    assert all(seen["neighbours"][hop]["mac"] and seen["neighbours"][hop]["interface"] == "rack1" for hop in hops)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_community_becomes_local_preference_above(
    fabric: Fabric, announcers: dict[str, Announcer], family: str
) -> None:
    announcers["node1"].announce(family, VIP[family], community=COMMUNITY)
    announcers["node2"].announce(family, PLAIN[family])
    until(lambda: {VIP[family], PLAIN[family]} <= fabric.br1.table(family), "both VIPs at br1")
    tables = info(fabric.br1, VIP[family], PLAIN[family])["bgp"][family]
    assert [path["local_preference"] for path in tables[VIP[family]]] == [200]
    assert [path["local_preference"] for path in tables[PLAIN[family]]] == [None]
    assert tables[VIP[family]][0]["next_hop"] == UPLINK[family][1]
    assert tables[VIP[family]][0]["as_path"] == "64500 64512"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_flood_cuts_the_session_of_the_node_alone(
    fabric: Fabric, announcers: dict[str, Announcer], restored: None, family: str
) -> None:
    """More than 4096 prefixes of a pool that holds more."""

    def large(data: Any, hosts: Any) -> None:
        data["pools"].append({"name": "large", "blocks": ["192.168.0.0/18", "2001:db8:200::/64"]})
        data["advertise"].append({"pools": ["large"], "bgp": {}})

    done = fabric.bring("tor1", plan_of(large))
    assert not done.get("failed"), done["msg"]
    before = fabric.tor1.counters()
    peer = NODES["node1"][INDEX[family]]
    prefix = {"ipv4": "192.168.{0}.{1}/32", "ipv6": "2001:db8:200::{0:x}:{1:x}/128"}[family]
    many = [prefix.format(*divmod(number, 256)) for number in range(4200)]
    for start in range(0, len(many), 500):
        announcers["node1"].announce(family, *many[start : start + 500])
    until(lambda: peer not in fabric.tor1.up(), "the cut session")
    assert info(fabric.tor1)["sessions"][peer]["state"] == "Idle (PfxCt)"
    after = fabric.tor1.counters()
    assert {address for address in before if before[address] != after[address]} == {peer}
    announcers["node1"].withdraw()
    until(lambda: not fabric.nodes["node1"].table(family) & set(many), "the node's own table without them")
    fabric.tor1.vty(f"clear bgp {peer}")
    until(lambda: peer in fabric.tor1.up(), "the session again")


@pytest.mark.parametrize("family", FAMILIES)
def test_frr_info_tells_why_a_session_is_down(
    fabric: Fabric, announcers: dict[str, Announcer], restored: None, family: str
) -> None:
    """With an ASN that the node has not, then shut down; the other sessions have nothing to tell."""
    peer = NODES["node1"][INDEX[family]]
    fabric.tor1.configure("router bgp 64500", f"neighbor {peer} remote-as 65001")

    def refused() -> dict[str, Any] | None:
        held = info(fabric.tor1)["sessions"][peer]
        return held if "Bad Peer AS" in held["last_error"] else None

    held = until(refused, "the refusal")
    assert held["asn"] == 65001 and held["state"] != "Established"
    fabric.tor1.configure("router bgp 64500", f"neighbor {peer} shutdown")
    found = info(fabric.tor1)["sessions"]
    assert found[peer]["state"] == "Idle (Admin)"
    others = fabric.expected - {peer}
    assert {(found[other]["state"], found[other]["last_error"]) for other in others} == {("Established", "")}


def test_frr_info_without_frr(fabric: Fabric, announcers: dict[str, Announcer], restored: None) -> None:
    announcers["node1"].announce("ipv4", VIP["ipv4"])
    until(lambda: info(fabric.br1, VIP["ipv4"])["fib"]["ipv4"], "the VIP in the kernel of br1")
    fabric.br1.frr("stop")
    seen = info(fabric.br1, *PLAN["segments"]["br1--tor1"]["networks"].values())
    assert seen["error"] == "bgpd does not answer"
    assert seen["bgp"] == {"ipv4": {}, "ipv6": {}} and seen["sessions"] == {}
    assert all("downlink" in hops for table in seen["fib"].values() for hops in table.values())
    assert all(len(seen["fib"][family]) == 1 and UPLINK[family][1] in seen["neighbours"] for family in FAMILIES)


def own(fabric: Fabric, router: str, family: str) -> set[str]:
    """What a router announces itself, as far as its host has it."""
    originated = fabric.plan["routers"][router]["originates"][family]
    return {prefix for prefix in originated if prefix in fabric.boxes[router].table(family)}
