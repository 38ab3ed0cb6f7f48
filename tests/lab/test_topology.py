# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab builds out of a plan: pure."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from driver import ROOT
from fabrics import read

from dualstack.plan.build import make

sys.path.append(str(ROOT / "molecule"))

from lab import state, topology
from lab.errors import LabError


def plan_of(example: str) -> dict[str, Any]:
    plan, findings = make(*read(example))
    assert plan is not None, findings
    return plan


@pytest.fixture(scope="module")
def demo() -> topology.Topology:
    return topology.from_plan(plan_of("demo"))


def test_a_dual_homed_node_has_a_gateway_in_each_rack_and_family(demo: topology.Topology) -> None:
    assert set(demo.host("node2").gateways) == {
        ("10.0.1.1", "rack1"),
        ("2001:db8:dc:1::1", "rack1"),
        ("10.0.2.1", "rack2"),
        ("2001:db8:dc:2::1", "rack2"),
    }


@pytest.mark.parametrize(("client", "versions"), [("client4", {4}), ("client6", {6}), ("client46", {4, 6})])
def test_a_client_has_its_families_only(demo: topology.Topology, client: str, versions: set[int]) -> None:
    host = demo.host(client)
    assert {6 if ":" in address else 4 for address, _unused in host.gateways} == versions
    assert {6 if ":" in a else 4 for interface in host.interfaces for a in interface.addresses} == versions


def test_a_link_is_named_by_its_other_end(demo: topology.Topology) -> None:
    assert {interface.name for interface in demo.host("br1").interfaces} == {"isp1", "br2", "tor1"}


def test_ranges_become_exactly_their_addresses(demo: topology.Topology) -> None:
    backend = demo.host("node1").backend
    assert backend is not None
    edge = [block for block in backend.blocks if block.startswith(("10.0.1.", "2001:db8:dc:1:"))]
    assert edge == ["10.0.1.200/29", "10.0.1.208/29", "10.0.1.216/30", "2001:db8:dc:1::200/123"]


@pytest.mark.parametrize("tier", [("br1", "br2"), ("tor1", "tor2"), ("node1", "node2")])
def test_both_suites_are_in_every_tier(demo: topology.Topology, tier: tuple[str, str]) -> None:
    suites = topology.suites(demo, {}, {})
    assert {suites[host] for host in tier} == {"bookworm", "trixie"}


def test_a_host_keeps_its_suite_and_its_management_address(demo: topology.Topology) -> None:
    without = topology.Topology(demo.segments, demo.hosts[1:])
    for host in without.hosts:
        assert (
            topology.suites(without, {}, topology.suites(demo, {}, {}))[host.name]
            == topology.suites(demo, {}, {})[host.name]
        )
        assert state.renumbered(without, state.renumbered(demo, {}))[host.name] == state.renumbered(demo, {})[host.name]
    back = state.renumbered(demo, state.renumbered(without, {}))
    assert len(set(back.values())) == len(demo.hosts)


def test_names_fit_the_kernel_and_stay_distinct() -> None:
    long = [topology.short(f"a-very-long-segment-name-{n}") for n in range(50)]
    assert len(set(long)) == 50 and max(map(len, long)) == 15
    assert len(topology.port("a" * 60, "b" * 15)) <= 15 and len(topology.bridge("a" * 60)) <= 15


def test_clashing_interface_names_are_an_error() -> None:
    plan = plan_of("demo")
    plan["segments"]["rack1"]["members"]["node2"]["interface"] = "rack2"
    with pytest.raises(LabError, match="node2: interface names clash"):
        topology.from_plan(plan)


def test_the_management_network_is_the_labs_own() -> None:
    plan = plan_of("demo")
    plan["segments"]["rack1"]["networks"]["ipv6"] = "fd6d:676d::/32"
    with pytest.raises(LabError, match="overlaps the lab's management network"):
        topology.from_plan(plan)
