# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Communities by name: those of the intent come before those of the RFCs, and both become numbers in the plan."""

from __future__ import annotations

import fabrics
import pytest

from dualstack.intent.well_known import WELL_KNOWN, well_known
from dualstack.plan.build import make


@pytest.mark.parametrize("text", sorted(WELL_KNOWN))
def test_a_well_known_community_may_be_written_as_in_its_rfc(text: str) -> None:
    assert well_known(text.upper().replace("-", "_")) == WELL_KNOWN[text]
    high, low = map(int, WELL_KNOWN[text].split(":"))
    assert high == 65535 and 0 <= low <= 65535


@pytest.mark.parametrize(
    ("text", "named", "value"),
    [
        ("ACCEPT_OWN", {}, "65535:1"),
        ("no-peer", {}, "65535:65284"),
        ("no-peer", {"no-peer": "64512:9"}, "64512:9"),
        ("64512:7", {}, "64512:7"),
    ],
)
def test_the_plan_holds_numbers(text: str, named: dict[str, str], value: str) -> None:
    data, hosts = fabrics.read("small")
    data["communities"] = named
    data["advertise"] = [{"pools": [data["pools"][0]["name"]], "bgp": {"communities": [text]}}]
    plan, findings = make(data, hosts)
    assert plan is not None, [str(finding) for finding in findings]
    assert plan["advertisements"][0]["communities"] == [value]


def test_what_a_well_known_community_does_is_minded() -> None:
    data, hosts = fabrics.read("small")
    data["advertise"] = [{"pools": [data["pools"][0]["name"]], "bgp": {"communities": ["BLACKHOLE"]}}]
    _unused, findings = make(data, hosts)
    assert "community-reserved" in {finding.id for finding in findings}
