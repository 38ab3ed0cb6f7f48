# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real routers with every property of a session: the tables hold what the plan says, in both families.

node1 ── leaf1 ══ spine ── top      leaf1: an unnumbered link with BFD, TTL security and any ASN
node2 ── leaf2 ────┘                leaf2 and top: clients of the reflector spine, BFD and graceful restart
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from interop.router.box import Box
from interop.router.plant import Plant
from processes import until

from dualstack.plan.build import make
from dualstack.render import frr

FAMILIES = ["ipv4", "ipv6"]
SECRET = "s3cr3t/of-the-fabric"
SECRETS = {"bgp-auth": SECRET}
DATA: dict[str, Any] = {
    "cluster": {"name": "wide", "families": FAMILIES},
    "lab": True,
    "fabric": {
        "node_asn": 64512,
        "loopbacks": ["10.0.0.0/24", "2001:db8:dc::/64"],
        "links_from": ["172.16.0.0/24", "2001:db8:ff::/64"],
        "password": {"secret": "bgp-auth"},
        "timers": {"keepalive": 3, "hold": 9, "connect": 1},
        "peer_groups": {
            "up": {"bfd": "fast", "ttl_security": 1, "dynamic_asn": True},
            "core": {"bfd": "fast", "graceful_restart": True, "ttl_security": 1},
        },
        "racks": {
            "rack1": {"network": ["10.0.1.0/24", "2001:db8:dc:1::/64"], "routers": ["leaf1"]},
            "rack2": {"network": ["10.0.2.0/24", "2001:db8:dc:2::/64"], "routers": ["leaf2"]},
        },
        "links": [
            {
                "between": ["spine", "leaf1"],
                "unnumbered": True,
                "interfaces": {"spine": "swp1", "leaf1": "uplink"},
                "peer_group": "up",
            },
            {"between": ["spine", "leaf2"], "peer_group": "core"},
            {"between": ["top", "spine"], "peer_group": "core"},
        ],
    },
    "bfd_profiles": {"fast": {"receive_interval": 300, "transmit_interval": 300, "detect_multiplier": 30}},
    "pools": [{"name": "web", "blocks": ["192.168.100.0/24", "2001:db8:1::/112"]}],
    "advertise": [{"pools": ["web"], "bgp": {"local_preference": {"spine": 150}}}],
    "services": [{"name": "shop", "pool": "web", "port": 80}],
}
HOSTS: dict[str, Any] = {
    "routers": {
        "top": {"asn": 64500},
        "spine": {"asn": 64500, "route_reflector": True, "maximum_paths": 16},
        "leaf1": {"asn": 64511},
        "leaf2": {"asn": 64500},
    },
    "nodes": {
        "node1": {"racks": {"rack1": ["10.0.1.11", "2001:db8:dc:1::11"]}},
        "node2": {"racks": {"rack2": ["10.0.2.12", "2001:db8:dc:2::12"]}},
    },
    "clients": {},
}
VIP = {"ipv4": "192.168.100.1/32", "ipv6": "2001:db8:1::1/128"}


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    made, findings = make(DATA, HOSTS)
    assert made is not None, findings
    return made


@pytest.fixture(scope="module")
def plant(
    plan: dict[str, Any], root: Path, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    made = Plant(plan, root, tmp_path_factory.mktemp("plant"), checkout)
    try:
        for router in made.boxes:
            done = bring(made, router)
            assert not done.get("failed"), f"{router}: {done['msg']}"
        for node in made.nodes:
            made.announce(node, SECRET)
        until(
            lambda: all(box.up() == set(box.counters()) for box in made.boxes.values()), "every session, at both ends"
        )
        yield made
    finally:
        made.end()


def bring(plant: Plant, router: str) -> dict[str, Any]:
    text = frr.render(plant.plan, router)
    return plant.boxes[router].module("frr_config", config=text, secrets=SECRETS)


def wanted(plan: dict[str, Any], router: str, family: str) -> dict[str, Any]:
    found: dict[str, Any] = plan["routes"]["web"][family]["routers"][router]
    return found


def held(box: Box, family: str) -> dict[str, Any]:
    seen = box.module("frr_info", prefixes=[VIP[family]])
    assert not seen.get("failed"), seen["msg"]
    paths = [path for path in seen["bgp"][family].get(VIP[family], []) if path["best"]]
    return {
        "next_hops": sorted(path["next_hop"] for path in paths),
        "communities": sorted({each for path in paths for each in path["communities"]}),
        "preferences": {path["local_preference"] for path in paths},
        "fib": sorted(seen["fib"][family].get(VIP[family], [])),
    }


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("router", ["leaf1", "leaf2", "spine", "top"])
def test_tables_are_as_planned(plant: Plant, router: str, family: str) -> None:
    plan = wanted(dict(plant.plan), router, family)
    hops = sorted(plan["next_hops"])
    until(lambda: held(plant.boxes[router], family)["fib"] == hops, f"{VIP[family]} in the kernel of {router}")
    found = held(plant.boxes[router], family)
    assert found["next_hops"] == hops
    assert found["communities"] == sorted(plan["communities"])
    preference = plan["local_preference"]
    assert found["preferences"] <= ({None, 100} if preference is None else {preference})


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_plan_says_is_what_this_fabric_is_for(plan: dict[str, Any], family: str) -> None:
    """An unnumbered next hop, a reflected path and a preference are in it."""
    leaf2 = plan["segments"]["spine--leaf2"]["members"]["leaf2"]["addresses"][family]
    spine = plan["segments"]["top--spine"]["members"]["spine"]["addresses"][family]
    assert wanted(plan, "top", family)["next_hops"] == [spine]
    assert set(wanted(plan, "spine", family)["next_hops"]) <= {leaf2, "fe80::%swp1"}
    assert wanted(plan, "spine", family)["local_preference"] == 150


@pytest.mark.parametrize("family", FAMILIES)
def test_the_unnumbered_link_carries_the_rack_of_both_families(plant: Plant, family: str) -> None:
    rack = DATA["fabric"]["racks"]["rack1"]["network"][FAMILIES.index(family)]
    spine = plant.boxes["spine"]
    until(lambda: rack in spine.table(family), f"{rack} at spine")
    path = spine.module("frr_info", prefixes=[rack])
    assert [each["next_hop"] for each in path["bgp"][family][rack]] == ["fe80::%swp1"]
    until(
        lambda: spine.module("frr_info", prefixes=[rack])["fib"][family].get(rack) == ["fe80::%swp1"], "in the kernel"
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_reflected_tells_its_originator_and_its_cluster(plant: Plant, family: str) -> None:
    """leaf2's rack, at top, without a policy of the plan in between."""
    rack = DATA["fabric"]["racks"]["rack2"]["network"][FAMILIES.index(family)]
    top, routers = plant.boxes["top"], plant.plan["routers"]
    until(lambda: rack in top.table(family), f"{rack} at top")
    path = json.loads(top.vty(f"show bgp {family} unicast {rack} json"))["paths"][0]
    assert path["originatorId"] == routers["leaf2"]["router_id"]
    assert path["clusterList"]["list"] == [routers["spine"]["router_id"]]


def bfd(box: Box) -> dict[str, str]:
    """Per peer on a subnet or link of the router the state; an unnumbered one by its interface."""
    shown = [each for each in json.loads(box.vty("show bfd peers json")) if not each["multihop"]]
    link_local = {each["peer"]: each["interface"] for each in shown if each["peer"].startswith("fe80:")}
    return {link_local.get(each["peer"], each["peer"]): each["status"] for each in shown}


def ends(plan: dict[str, Any], router: str, other: str) -> set[str]:
    """By what a router knows another one."""
    return {
        end["interface"] if session["unnumbered"] else peer["address"]
        for session in plan["sessions"]
        for end, peer in (session["ends"], session["ends"][::-1])
        if (end["host"], peer["host"]) == (router, other)
    }


def test_bfd_watches_every_session_between_routers(plant: Plant, plan: dict[str, Any]) -> None:
    routers = plan["routers"]
    around = {router: set().union(*(ends(plan, router, other) for other in routers)) for router in routers}
    assert len(around["spine"]) == 5, "two with leaf2, two with top, one with leaf1"
    for router, expected in around.items():
        box = plant.boxes[router]
        until(lambda box=box, e=expected: bfd(box) == dict.fromkeys(e, "up"), f"BFD of {router}")  # type: ignore[misc]


def test_sessions_run_as_the_plan_says(plant: Plant, plan: dict[str, Any]) -> None:
    shown = json.loads(plant.boxes["spine"].vty("show bgp neighbors json"))
    unnumbered = shown["swp1"]
    assert unnumbered["bgpState"] == "Established"
    assert (unnumbered["remoteAs"], unnumbered["externalBgpNbrMaxHopsAway"]) == (64511, 1)
    assert unnumbered["neighborCapabilities"]["extendedNexthop"] == "advertisedAndReceived"
    for address in ends(plan, "spine", "leaf2"):
        assert shown[address]["gracefulRestartInfo"]["localGrMode"].startswith("Restart")
        assert shown[address]["gracefulRestartInfo"]["remoteGrMode"].startswith("Restart")
    assert "maximum-paths 16" in plant.boxes["spine"].vty("show running-config")


def test_a_second_run_changes_nothing(plant: Plant) -> None:
    before = {router: box.counters() for router, box in plant.boxes.items()}
    for router in plant.boxes:
        again = bring(plant, router)
        assert not again["changed"], f"{router}: {again['commands']}"
    assert {router: box.counters() for router, box in plant.boxes.items()} == before


def test_what_somebody_typed_on_an_interface_s_session_is_taken_back(plant: Plant) -> None:
    box = plant.boxes["leaf1"]
    until(lambda: "uplink" in box.up(), "the unnumbered session")
    box.configure("router bgp 64511", "neighbor uplink timers 10 30", "neighbor uplink description typed")
    done = bring(plant, "leaf1")
    assert done["changed"] and not done.get("failed"), done.get("msg")
    assert not bring(plant, "leaf1")["changed"]
    assert "uplink" in box.up()
    assert not re.search("typed", box.vty("show running-config"))


def test_a_session_ends_when_bfd_hears_nothing(plant: Plant, plan: dict[str, Any]) -> None:
    """leaf2's bfdd stops; its bgpd goes on, so that nothing but BFD can tell, and ends its sessions alone."""
    leaf, spine = plant.boxes["leaf2"], plant.boxes["spine"]
    addresses = ends(plan, "spine", "leaf2")
    until(lambda: all(bfd(spine).get(each) == "up" for each in addresses), "BFD")
    before = spine.counters()
    leaf.run("pkill", "-STOP", "-x", "bfdd")
    try:
        until(lambda: _dropped(before, spine.counters()) == addresses, "the end of the sessions")
    finally:
        leaf.run("pkill", "-CONT", "-x", "bfdd")
    until(lambda: addresses <= spine.up(), "the sessions again")


def _dropped(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> set[str]:
    return {address for address, counts in after.items() if counts[1] > before[address][1]}


MARK = {"ipv4": "198.18.0.1/32", "ipv6": "2001:db8:5a::1/128"}
RACK2 = dict(zip(FAMILIES, DATA["fabric"]["racks"]["rack2"]["network"]))


SILENCE = """
table inet silent {
    chain input { type filter hook input priority 0; iifname to-spine drop; }
    chain output { type filter hook output priority 0; oifname to-spine drop; }
}
"""


def kernel(box: Box, family: str, prefix: str) -> str:
    return box.run("ip", {"ipv4": "-4", "ipv6": "-6"}[family], "route", "show", prefix)


@pytest.fixture
def watched(plant: Plant) -> Box:
    """spine with leaf2's rack in its kernel, which writes down how its routes change."""
    spine = plant.boxes["spine"]
    for family, prefix in RACK2.items():
        until(lambda f=family, p=prefix: kernel(spine, f, p), f"{prefix} in the kernel of spine")  # type: ignore[misc]
        number = family[-1]
        spine.run("/bin/sh", "-c", f"ip -{number} monitor route > /tmp/routes-{family} 2>&1 </dev/null &")
    for family, mark in MARK.items():
        number = family[-1]

        def listening(family: str = family, number: str = number, mark: str = mark) -> bool:
            spine.run("ip", f"-{number}", "route", "replace", "blackhole", mark)
            spine.run("ip", f"-{number}", "route", "delete", "blackhole", mark)
            return mark.split("/")[0] in spine.read(f"/tmp/routes-{family}")

        until(listening, "ip monitor")
    return spine


def test_routes_survive_a_crash_of_the_other_end_s_bgpd(plant: Plant, watched: Box, plan: dict[str, Any]) -> None:
    addresses = ends(plan, "spine", "leaf2")
    until(lambda: addresses <= watched.up(), "the sessions")
    before = watched.counters()
    plant.boxes["leaf2"].run("pkill", "-KILL", "-x", "bgpd")
    until(lambda: all(watched.counters()[each][0] > before[each][0] for each in addresses), "the sessions again")
    for family, prefix in RACK2.items():
        assert f"Deleted {prefix}" not in watched.read(f"/tmp/routes-{family}")
        assert kernel(watched, family, prefix)


def test_routes_of_a_router_that_falls_silent_go_all_the_same(plant: Plant, plan: dict[str, Any]) -> None:
    """Graceful restart alone would keep them for two minutes, longer than ``until`` waits: BFD ends that."""
    leaf, spine = plant.boxes["leaf2"], plant.boxes["spine"]
    addresses = ends(plan, "spine", "leaf2")
    until(lambda: all(bfd(spine).get(each) == "up" for each in addresses), "BFD")
    leaf.run("nft", "-f", "-", data=SILENCE)
    try:
        for family, prefix in RACK2.items():
            until(lambda f=family, p=prefix: not kernel(spine, f, p), f"{prefix} gone")  # type: ignore[misc]
    finally:
        leaf.run("nft", "delete", "table", "inet", "silent")
    until(lambda: addresses <= spine.up(), "the sessions again")
    for family, prefix in RACK2.items():
        until(lambda f=family, p=prefix: kernel(spine, f, p), f"{prefix} again")  # type: ignore[misc]
