# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way of a Service: kubectl, a real API server, controller and speakers, FRR routers, clients, evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from clusters import Clustered, clustered
from processes import until

pytestmark = [pytest.mark.root, pytest.mark.lab]

KINDS = "ipaddresspools,bgpadvertisements,l2advertisements,bgppeers,communities,bfdprofiles"
HOME = "metallb-system"
ROUTERS = ("tor1", "tor2", "br1", "br2", "isp1", "isp2")
FAMILIES = ("ipv4", "ipv6")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clustered]:
    """The demo fabric with an API server as its source, where nothing of metallb.io and no Service is left."""
    with clustered("cluster", "demo", tmp_path_factory.mktemp("cluster")) as made:
        made.site().require()
        services = [one["metadata"]["name"] for one in resources(made) if one["kind"] == "Service"]
        made.plane.kubectl("-n", "default", "delete", "service", *services)
        made.plane.kubectl("-n", HOME, "delete", "--all", KINDS)
        yield made


def resources(scene: Clustered) -> list[dict[str, Any]]:
    """All that the plan is in the words of metallb.io, and its Services; the Nodes are there."""
    text = scene.fabric.plan_file.with_name("resources.yml").read_text(encoding="utf-8")
    return [one for one in yaml.safe_load_all(text) if one and one["kind"] != "Node"]


def prefixes(scene: Clustered) -> dict[str, set[str]]:
    """The prefixes of all VIPs of the plan that BGP announces, by family."""
    found: dict[str, set[str]] = {family: set() for family in FAMILIES}
    for vip in scene.fabric.plan()["vips"]:
        if vip["mode"] == "bgp":
            found[vip["family"]].add(vip["prefix"])
    return found


def held(scene: Clustered, router: str, family: str) -> set[str]:
    """Which of them a router has in its BGP table."""
    told = scene.fabric.on(router, "vtysh", "-c", f"show bgp {family} unicast json")
    return prefixes(scene)[family] & set(json.loads(told)["routes"])


def kubectl(scene: Clustered, verb: str, objects: list[dict[str, Any]]) -> None:
    """``create`` or ``delete`` of objects, each kind as people write it."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    scene.plane.kubectl(verb, "-f", "-", input=listed)


def test_what_kubectl_creates_is_announced_and_proven_and_what_it_deletes_is_gone(scene: Clustered) -> None:
    found = resources(scene)
    configuration = [one for one in found if one["kind"] != "Service"]
    services = [one for one in found if one["kind"] == "Service"]
    assert {"IPAddressPool", "BGPPeer", "BGPAdvertisement", "L2Advertisement"} <= {one["kind"] for one in configuration}
    assert len(services) >= 6

    kubectl(scene, "create", configuration)
    kubectl(scene, "create", services)
    evidence = scene.fabric.settle()
    assert {(vip["mode"], vip["family"]) for vip in evidence["vips"]} == {
        (mode, family) for mode in ("bgp", "layer2") for family in FAMILIES
    }
    for family in FAMILIES:
        assert prefixes(scene)[family]
        assert held(scene, "isp1", family) == prefixes(scene)[family]

    kubectl(scene, "delete", services)
    for router in ROUTERS:
        for family in FAMILIES:
            until(lambda router=router, family=family: not held(scene, router, family), f"{router} has no VIP left")
    kubectl(scene, "delete", configuration)
    for node in scene.fabric.plan()["nodes"]:
        until(lambda node=node: not sessions(scene, node), f"{node} has no session left")


def sessions(scene: Clustered, node: str) -> list[Any]:
    """The sessions that a node's speaker knows."""
    told = scene.fabric.on(node, "sh", "-c", "dualstack-speaker status --json || true")
    found: list[Any] = json.loads(told)["sessions"]
    return found
