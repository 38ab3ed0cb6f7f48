# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD as a rack's router, between real speakers and FRR routers of the same plan.

node1, node2 ── leaf (BIRD) ── border (FRR)      a numbered link, with a password and BFD
                     ╚════════ core (FRR)        an unnumbered link, with TTL security
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from interop.bird.bird import Bird
from interop.router.plant import Plant
from processes import until

from dualstack.plan.build import make
from dualstack.render import bird, frr

FAMILIES = ["ipv4", "ipv6"]
SECRETS = {"bgp-auth": "s3cr3t/of-the-fabric"}
DATA: dict[str, Any] = {
    "cluster": {"name": "birds", "families": FAMILIES},
    "lab": True,
    "fabric": {
        "node_asn": 64512,
        "loopbacks": ["10.0.0.0/24", "2001:db8:dc::/64"],
        "links_from": ["172.16.0.0/24", "2001:db8:ff::/64"],
        "password": {"secret": "bgp-auth"},
        "timers": {"keepalive": 3, "hold": 9, "connect": 1},
        "peer_groups": {
            "up": {"bfd": "fast", "graceful_restart": True},
            "bare": {"dynamic_asn": True, "ttl_security": 1, "authenticated": False},
        },
        "racks": {"rack1": {"network": ["10.0.1.0/24", "2001:db8:dc:1::/64"], "routers": ["leaf"]}},
        "links": [
            {"between": ["border", "leaf"], "peer_group": "up"},
            {
                "between": ["core", "leaf"],
                "unnumbered": True,
                "interfaces": {"core": "swp1", "leaf": "uplink"},
                "peer_group": "bare",
            },
        ],
    },
    "bfd_profiles": {"fast": {"receive_interval": 200, "transmit_interval": 200, "detect_multiplier": 10}},
    "communities": {"gold": "64512:77", "large": "large:64512:1:2"},
    "pools": [
        {"name": "web", "blocks": ["192.168.100.0/24", "2001:db8:1::/112"]},
        {"name": "few", "blocks": ["192.168.101.0/29", "2001:db8:2::/125"]},
    ],
    "advertise": [
        {"pools": ["web"], "bgp": {"communities": ["gold", "large"], "local_preference": {"leaf": 250}}},
        {"pools": ["few"], "bgp": {"aggregation": {"ipv4": 29, "ipv6": 125}}},
    ],
    "services": [{"name": "shop", "pool": "web", "port": 80}, {"name": "rare", "pool": "few", "port": 80}],
}
HOSTS: dict[str, Any] = {
    "routers": {
        "leaf": {"asn": 64500, "platform": "bird"},
        "border": {"asn": 64510, "network": ["198.51.100.0/24", "2001:db8:c1::/64"]},
        "core": {"asn": 64520},
    },
    "nodes": {
        "node1": {"racks": {"rack1": ["10.0.1.11", "2001:db8:dc:1::11"]}},
        "node2": {"racks": {"rack1": ["10.0.1.12", "2001:db8:dc:1::12"]}},
    },
    "clients": {"client": {"behind": "border", "addresses": ["198.51.100.10", "2001:db8:c1::10"]}},
}
SHOP = {"ipv4": "192.168.100.1/32", "ipv6": "2001:db8:1::1/128"}
RARE = {"ipv4": "192.168.101.0/29", "ipv6": "2001:db8:2::/125"}
LAN = {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:c1::/64"}
RACK = {"ipv4": "10.0.1.0/24", "ipv6": "2001:db8:dc:1::/64"}


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
        for router in ("border", "core"):
            text = frr.render(plan, router)
            done = made.boxes[router].module("frr_config", config=text, secrets=SECRETS)
            assert not done.get("failed"), f"{router}: {done['msg']}"
        for node in made.nodes:
            made.announce(node, SECRETS["bgp-auth"])
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def leaf(plant: Plant, plan: dict[str, Any]) -> Bird:
    running = Bird(plant.boxes["leaf"], bird.render(plan, "leaf"), SECRETS)
    until(lambda: running.up() == 7, "the sessions of leaf: two per node, two with border, one with core")
    return running


def wanted(plan: dict[str, Any], router: str, advertisement: str, family: str) -> dict[str, Any]:
    found: dict[str, Any] = plan["routes"][advertisement][family]["routers"][router]
    return found


def held(plant: Plant, router: str, prefix: str, family: str) -> list[dict[str, Any]]:
    seen = plant.boxes[router].module("frr_info", prefixes=[prefix])
    assert not seen.get("failed"), seen["msg"]
    return [path for path in seen["bgp"][family].get(prefix, []) if path["best"]]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("router", ["border", "core"])
@pytest.mark.parametrize(("advertisement", "prefixes"), [("web", SHOP), ("few", RARE)])
def test_prefixes_arrive_above_as_planned(
    plant: Plant,
    leaf: Bird,
    plan: dict[str, Any],
    advertisement: str,
    prefixes: dict[str, str],
    router: str,
    family: str,
) -> None:
    expected = wanted(plan, router, advertisement, family)
    paths = until(lambda: held(plant, router, prefixes[family], family), f"{prefixes[family]} at {router}")
    assert sorted(path["next_hop"] for path in paths) == sorted(expected["next_hops"])
    assert all(sorted(path["communities"]) == sorted(expected["communities"]) for path in paths)
    assert {path["as_path"] for path in paths} == {"64500 64512"}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_kernel_uses_all_nodes(leaf: Bird, plan: dict[str, Any], family: str) -> None:
    expected = sorted(wanted(plan, "leaf", "web", family)["next_hops"])
    assert len(expected) == 2

    def hops() -> list[str]:
        return sorted(hop["gateway"] for route in leaf.kernel(SHOP[family]) for hop in route.get("nexthops", [route]))

    until(lambda: hops() == expected, f"both nodes in the kernel for {SHOP[family]}")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_community_becomes_local_preference(leaf: Bird, plan: dict[str, Any], family: str) -> None:
    assert wanted(plan, "leaf", "web", family)["local_preference"] == 250
    until(lambda: leaf.route(SHOP[family]).count("local_pref: 250") == 2, "the preference of both paths")
    until(lambda: leaf.route(RARE[family]).count("local_pref: 100") == 2, "no preference of others")


@pytest.mark.parametrize("family", FAMILIES)
def test_nodes_announce_nothing_but_planned_prefixes(plant: Plant, leaf: Bird, family: str) -> None:
    """A whole pool, a part of one, somebody else's, and the rack itself."""
    wrong = {
        "ipv4": ["192.168.100.0/24", "192.168.100.8/30", "203.0.113.1/32", "10.0.1.200/32", "192.168.101.1/32"],
        "ipv6": ["2001:db8:1::/112", "2001:db8:1::8/126", "2001:db8:9::1/128", "2001:db8:dc:1::200/128"],
    }[family]
    sessions = [each["name"] for each in plant.plan["sessions"] if each["ends"][0]["host"] == "node1"]
    names = [name for name in sessions if name.endswith(family)]
    path = {"peers": names, "communities": [], "large_communities": [], "local_preference": None}
    mark = {"ipv4": "192.168.100.99/32", "ipv6": "2001:db8:1::99/128"}[family]
    link = plant.nodes["node1"].link()
    link.delta(routes={prefix: [path] for prefix in [*wrong, mark]})
    try:
        until(lambda: leaf.route(mark), f"{mark}, announced together with the others")
        assert [prefix for prefix in wrong if leaf.route(prefix)] == []
    finally:
        link.delta(routes=dict.fromkeys([*wrong, mark]))


@pytest.mark.parametrize("family", FAMILIES)
def test_clients_and_racks_are_routed_to(plant: Plant, leaf: Bird, family: str) -> None:
    until(lambda: leaf.kernel(LAN[family]), f"{LAN[family]}, from above, in leaf's kernel")
    for router in ("border", "core"):
        until(lambda router=router: held(plant, router, RACK[family], family), f"the rack at {router}")  # type: ignore[misc]
        own = plant.plan["routers"]["leaf"]["originates"][family][0]
        until(lambda router=router, own=own: held(plant, router, own, family), f"{own} at {router}")  # type: ignore[misc]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unnumbered_link_to_frr_carries_the_family(plant: Plant, leaf: Bird, family: str) -> None:
    seen = until(lambda: _fib(plant, SHOP[family], family), "the VIP in the kernel of core")
    assert seen == ["fe80::%swp1"]


def _fib(plant: Plant, prefix: str, family: str) -> list[str]:
    hops: list[str] = plant.boxes["core"].module("frr_info", prefixes=[prefix])["fib"][family].get(prefix, [])
    return hops


def test_bfd_runs_between_the_two(plant: Plant, leaf: Bird) -> None:
    border = plant.plan["segments"]["border--leaf"]["members"]["border"]["addresses"]
    until(lambda: leaf.bfd() == dict.fromkeys(border.values(), "Up"), "BFD in both families")
