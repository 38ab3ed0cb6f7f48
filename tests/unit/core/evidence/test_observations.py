# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations out of the results of tasks, and what hosts are asked."""

from __future__ import annotations

from typing import Any

import fabrics
import observed
import pytest

from dualstack.evidence import collect, judge
from dualstack.evidence.asks import asks

PARTS = {"nodes": "status", "routers": "bgp", "clients": "probes"}


@pytest.mark.parametrize("group", PARTS)
@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({"unreachable": True, "msg": "Connection refused", "changed": False}, "unreachable: Connection refused"),
        ({"unreachable": True, "msg": "ssh: two\r\nlines"}, "unreachable: ssh: two lines"),
        ({"failed": True, "msg": "no such module"}, "no such module"),
        ({"failed": True}, "the task that gathers it failed"),
        ({"failed": False, "msg": "MODULE FAILURE"}, "MODULE FAILURE"),
        ({"skipped": True}, "nothing was gathered from it (was it in the run's --limit?)"),
        (None, "nothing was gathered from it (was it in the run's --limit?)"),
    ],
)
def test_whatever_went_wrong_becomes_the_error(group: str, result: Any, error: str) -> None:
    assert collect({group: {"host": result}})[group]["host"]["error"] == error


@pytest.mark.parametrize("group", PARTS)
def test_a_result_becomes_the_observation(group: str) -> None:
    result = {PARTS[group]: {"one": 1}, "changed": False, "invocation": {"secret": "no"}}
    gathered = collect({group: {"host": result}})[group]["host"]
    assert gathered[PARTS[group]] == {"one": 1} and gathered["error"] == "" and "invocation" not in gathered


def test_a_router_without_frr_keeps_what_its_kernel_told() -> None:
    result = {
        "bgp": {"ipv4": {}},
        "fib": {},
        "neighbours": {"10.0.1.200": {"mac": "02:00:00:00:00:01"}},
        "error": "bgpd",
    }
    router = collect({"routers": {"tor1": result}})["routers"]["tor1"]
    assert router["error"] == "bgpd" and router["neighbours"]["10.0.1.200"]


@pytest.mark.parametrize("address", ["10.0.1.200", "2001:db8:dc:1::200"])
def test_what_a_router_has_just_resolved_is_newer_than_its_table(address: str) -> None:
    old, new = {"mac": "02:00:00:00:00:01", "state": "STALE"}, {"mac": "02:00:00:00:00:01", "state": "FAILED"}
    results = {
        "routers": {"tor1": {"bgp": {}, "neighbours": {address: old, "other": old}}, "br1": {"bgp": {}}},
        "resolved": {"tor1": {"neighbours": {address: new}}, "br1": {"skipped": True}, "elsewhere": {"neighbours": {}}},
    }
    gathered = collect(results)["routers"]
    assert gathered["tor1"]["neighbours"] == {address: new, "other": old}
    assert set(gathered) == {"tor1", "br1"}


@pytest.mark.parametrize("example", fabrics.names())
def test_hosts_are_asked_for_all_that_is_judged_and_no_more(example: str) -> None:
    plan = observed.plan_of(example)
    seen = observed.healthy(plan)
    for router, part in seen["routers"].items():
        asked = asks(plan, router)
        held = {prefix for family in part["bgp"].values() for prefix in family}
        assert set(asked["prefixes"]) == held and not asked["probes"]
        assert set(asked["resolve"]) == set(part["neighbours"])
    for client, part in seen["clients"].items():
        asked = asks(plan, client)
        assert {probe["vip"] for probe in asked["probes"]} == set(part["probes"]) and not asked["prefixes"]
    for node in plan["nodes"]:
        assert asks(plan, node) == {"probes": [], "resolve": [], "prefixes": []}


def test_results_are_judged_as_observations_are() -> None:
    plan = observed.plan_of("demo")
    seen = observed.healthy(plan)
    assert judge(plan, collect(seen), observed.TIME) == judge(plan, seen, observed.TIME)
