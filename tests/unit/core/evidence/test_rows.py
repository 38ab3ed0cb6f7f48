# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the cluster beside the chains of VIPs: in the table, the summary, the causes and the page."""

from __future__ import annotations

from typing import Any

import observed
import proving
import pytest

from dualstack.components import proof
from dualstack.evidence import breaks, collect, judge, page, table

FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}


@pytest.fixture
def plan() -> dict[str, Any]:
    return proving.plan_of("demo")


def evidence(plan: dict[str, Any], seen: dict[str, Any], vips: bool = True) -> dict[str, Any]:
    everything = {**observed.healthy(plan), **seen}
    return judge(plan, everything, observed.TIME, proof.judge(plan, everything), vips)


def test_rows_are_counted_with_the_chains(plan: dict[str, Any]) -> None:
    result = evidence(plan, proving.healthy(plan))
    rows = len(result["rows"])
    assert result["summary"] == {"green": 12 + rows, "total": 12 + rows}
    lines = table(result)
    assert lines[-1] == f"evidence: {12 + rows} of {12 + rows} green" and breaks(result) == []
    assert any(line.split() == ["pod", "to", "pod", "IPv6", "✓", "3"] for line in lines)
    alone = evidence(plan, proving.healthy(plan), vips=False)
    assert alone["vips"] == [] and alone["summary"] == {"green": rows, "total": rows}
    assert not any(line.startswith("VIP") for line in table(alone))


def test_what_is_not_asked_does_not_count(plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    full = evidence(plan, seen)["summary"]["total"]
    seen["kubernetes"]["cluster"]["probe"]["policy_engine"] = None
    result = evidence(plan, seen)
    assert result["summary"] == {"green": full - 2, "total": full - 2}
    said = [line for line in table(result) if line.startswith("network policy")]
    assert len(said) == 2 and all("- nothing in this cluster enforces" in line for line in said)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cause_is_told_once_for_all_its_nodes(family: str, plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    for node in ("node1", "node3"):
        seen["kubernetes"]["hosts"][node]["proxy"]["tables"][family] = ""
    result = evidence(plan, seen)
    (told,) = breaks(result)
    assert told.startswith(f"node1, node3 broken at proxy tables ({FAMILIES[family]}): expected ")
    assert any("✗ node1, node3  ✓ 1" in line for line in table(result))
    shown = page(plan, result)
    assert f"node1, node3 broken at proxy tables ({FAMILIES[family]})" in shown and "The cluster itself" in shown


def test_the_page_has_no_part_of_a_cluster_that_was_not_asked(plan: dict[str, Any]) -> None:
    result = judge(plan, observed.healthy(plan), observed.TIME)
    assert result["rows"] == [] and "The cluster itself" not in page(plan, result)


def test_what_tasks_brought_back_becomes_observations(plan: dict[str, Any]) -> None:
    """Hosts that were not reached, tasks that failed, pods that were not made: each is told where it is missing."""
    seen = proving.healthy(plan)["kubernetes"]
    results = {
        "kubernetes": {
            "api": {"cluster": {**seen["cluster"], "probe": None}},
            "stand": {"failed": True, "msg": "the cluster refuses: \nno"},
            "hosts": {"node1": {"node": seen["hosts"]["node1"]}, "node2": {"unreachable": True, "msg": "no route"}},
            "paths": {},
        }
    }
    rows = proof.judge(plan, collect(results))
    state = {(row["id"], row["node"], row["family"]): row for row in rows}
    assert state["host answers", "node1", None]["state"] == "green"
    assert state["host answers", "node2", None]["seen"] == "unreachable: no route"
    assert "nothing was gathered" in state["host answers", "node3", None]["seen"]
    for family in FAMILIES:
        assert state["host settings", "node2", family]["state"] == "not reached"
        asked = state["pod to pod", "node1", family]
        assert (asked["state"], asked["seen"]) == ("not asked", "the cluster refuses: no")


def test_an_api_that_does_not_answer_is_the_cause_and_the_rest_is_not_reached(plan: dict[str, Any]) -> None:
    seen = proving.healthy(plan)
    seen["kubernetes"]["cluster"] = {"error": "connection refused"}
    seen["kubernetes"]["paths"] = {}
    rows = proof.judge(plan, seen)
    red = [(row["id"], row["seen"]) for row in rows if row["state"] == "red"]
    assert red == [("api answers", "connection refused")]
    assert {row["state"] for row in rows if row["id"] in ("dns", "service cidrs")} == {"not reached"}
