# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intents of one small cluster that the collection runs, for tests of what its components are told: n11 begins it."""

from __future__ import annotations

from typing import Any

from wide_intents import Intent, run

from dualstack.findings import ERROR
from dualstack.plan.build import make

Plan = dict[str, Any]
CONTROL_PLANES = ("n11", "n12", "n13")
SECOND = "n12"


def intent_of(families: tuple[str, ...], minor: int = 36, control_planes: int = 1, **given: Any) -> Intent:
    """The intent and its hosts; ``given`` is stated under ``kubernetes``. Further control planes are workers too."""
    data, hosts = run(families)
    del data["clusters"]
    last = {"ipv4": "10.1.1.13", "ipv6": "fd00:1:1::13"}
    hosts["nodes"] = {name: facts for name, facts in hosts["nodes"].items() if name in CONTROL_PLANES}
    hosts["nodes"]["n13"] = {"racks": {"r1": [last[family] for family in families]}}
    data["cluster"]["kubernetes"] = {"version": f"1.{minor}.3", **given}
    if control_planes > 1:
        data["cluster"]["kubernetes"]["endpoint"] = {"host": "api.example.net", "port": 8443}
    hosts["kube_control_plane"] = dict.fromkeys(CONTROL_PLANES[:control_planes])
    hosts["kube_node"] = dict.fromkeys(CONTROL_PLANES[1:])
    return data, hosts


def plan_of(families: tuple[str, ...], minor: int = 36, control_planes: int = 1, **given: Any) -> Plan:
    """The plan of such an intent."""
    plan, findings = make(*intent_of(families, minor, control_planes, **given))
    assert plan is not None, findings
    return plan


def errors(intent: Intent) -> set[str]:
    """The ids of what forbids to build an intent."""
    return {finding.id for finding in make(*intent)[1] if finding.severity == ERROR and not finding.silenced}


def in_order(families: tuple[str, ...], ipv4: str, ipv6: str) -> str:
    """The text of each family in the order of the families, a comma between."""
    return ",".join({"ipv4": ipv4, "ipv6": ipv6}[family] for family in families)
