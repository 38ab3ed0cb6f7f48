# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table for the terminal and the causes of breaks."""

from __future__ import annotations

from typing import Any

import observed
import pytest

from dualstack.evidence import breaks, judge, table


@pytest.fixture
def plan() -> dict[str, Any]:
    return observed.plan_of("demo")


def test_a_row_per_vip_and_family_and_the_summary_at_the_end(plan: dict[str, Any]) -> None:
    lines = table(judge(plan, observed.healthy(plan), observed.TIME))
    assert lines[-1] == "evidence: 12 of 12 green"
    assert len(lines) == 1 + len(plan["vips"]) + 1
    for line, vip in zip(lines[1:], plan["vips"]):
        assert line.startswith(vip["vip"] + " ") and vip["service"] in line and "✓ served" in line
    chains = {line.index("✓") for line in lines[1:-1]}
    assert len(chains) == 1, "the columns are straight"


@pytest.mark.parametrize(("family", "name"), [("ipv4", "IPv4"), ("ipv6", "IPv6")])
def test_a_cause_is_told_once_with_all_that_it_broke(family: str, name: str, plan: dict[str, Any]) -> None:
    seen = observed.healthy(plan)
    concerned = [vip for vip in plan["vips"] if vip["mode"] == "bgp" and vip["family"] == family]
    for vip in concerned:
        seen["routers"]["br1"]["fib"][family][vip["prefix"]] = []
    seen["clients"]["client46"]["probes"][next(vip["vip"] for vip in plan["vips"] if vip["mode"] == "layer2")]["ok"] = (
        False
    )
    result = judge(plan, seen, observed.TIME)
    told = breaks(result)
    assert len(told) == 1 + 1
    by_fib = next(text for text in told if "broken at fib" in text)
    assert by_fib.startswith(f"{len(concerned)} VIPs broken at fib ({name}): br1: expected 1 path(s)")
    assert told[0] == by_fib and told[1].startswith(next(vip["vip"] for vip in plan["vips"] if vip["mode"] == "layer2"))
    lines = table(result)
    assert lines[-1] == f"evidence: {12 - len(concerned) - 1} of 12 green" and set(told) <= set(lines)
    assert sum("✗ fib  · answers  · served" in line for line in lines) == len(concerned)


def test_what_a_client_gets_no_answer_from_is_one_cause_however_its_flows_failed(plan: dict[str, Any]) -> None:
    seen = observed.healthy(plan)
    for number, probe in enumerate(seen["clients"]["client46"]["probes"].values()):
        probe.update(ok=False, detail=f"{number % 4} of 4 flows answered, HTTP 200, connect: nothing within 0.1 s")
    (told,) = breaks(judge(plan, seen, observed.TIME))
    assert told.startswith("12 VIPs broken at answers (IPv4, IPv6): client46: expected an answer from ")
    assert "0 of 4 flows answered" in told
