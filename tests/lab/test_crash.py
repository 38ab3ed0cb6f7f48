# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dying processes: the wire does not notice a dead speaker; a dead wire comes back by itself, without the speaker."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from driver import Fabric

pytestmark = [pytest.mark.root, pytest.mark.lab]
NODE = "node2"


def flaps(fabric: Fabric) -> dict[tuple[str, str], int]:
    """(router, node address) -> how often the router has seen that session go down."""
    plan = fabric.plan()
    found = {}
    for router in {session["ends"][1]["host"] for session in plan["sessions"] if session["kind"] == "node"}:
        neighbours = json.loads(fabric.on(router, "vtysh", "-c", "show bgp neighbors json"))
        for session in plan["sessions"]:
            low, high = session["ends"]
            if high["host"] == router and low["host"] == NODE:
                found[router, low["address"]] = neighbours[low["address"]]["connectionsDropped"]
    return found


def pid_of(fabric: Fabric, unit: str) -> str:
    return fabric.on(NODE, "systemctl", "show", "--property=MainPID", "--value", unit).strip()


def announced(fabric: Fabric) -> dict[tuple[str, str], Any]:
    """(router, family) -> prefixes that the router has from the node."""
    plan = fabric.plan()
    found = {}
    for session in plan["sessions"]:
        low, high = session["ends"]
        if low["host"] != NODE:
            continue
        for family in session["families"]:
            command = f"show bgp {family} unicast neighbors {low['address']} routes json"
            routes = json.loads(fabric.on(high["host"], "vtysh", "-c", command)).get("routes", {})
            found[high["host"], family] = sorted(routes)
    return found


def test_killed_speaker_changes_nothing_on_the_wire(fabric: Fabric) -> None:
    before = flaps(fabric), announced(fabric), pid_of(fabric, "dualstack-wire.service")
    assert all(before[1].values())
    fabric.on(NODE, "kill", "-9", pid_of(fabric, "dualstack-speaker.service"))
    assert announced(fabric) == before[1]
    fabric.settle()
    assert (flaps(fabric), announced(fabric), pid_of(fabric, "dualstack-wire.service")) == before


def test_killed_wire_is_back_from_its_journal_without_the_speaker(fabric: Fabric) -> None:
    before = announced(fabric)
    fabric.on(NODE, "systemctl", "stop", "dualstack-speaker.service")
    try:
        old = pid_of(fabric, "dualstack-wire.service")
        began = time.monotonic()
        fabric.on(NODE, "kill", "-9", old)
        while announced(fabric) != before or pid_of(fabric, "dualstack-wire.service") in ("0", old):
            assert time.monotonic() - began < 120, "the wire never announced again"
        took = time.monotonic() - began
        print(f"wire killed: all prefixes at every router again after {took:.2f} s, without the speaker")
        assert "inactive" in fabric.on(NODE, "sh", "-c", "systemctl is-active dualstack-speaker.service || true")
    finally:
        fabric.on(NODE, "systemctl", "start", "dualstack-speaker.service")
    fabric.settle()
