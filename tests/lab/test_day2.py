# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Day 2: a pool and a node are added and taken away again; only what is concerned changes, no other session flaps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from driver import Fabric
from processes import until
from sessions import all_up, counters

pytestmark = [pytest.mark.root, pytest.mark.lab]

POOL = {"name": "batch", "blocks": ["192.168.101.0/26", "2001:db8:2::/122"]}
ADVERT = {"pools": ["batch"], "bgp": {}}
SERVICE = {"name": "jobs", "pool": "batch", "port": 80}
NODE = {"racks": {"rack2": ["10.0.2.14", "2001:db8:dc:2::14"]}}


@pytest.fixture
def grown(fabric: Fabric, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The intent with one more pool and node, in use; afterwards the fabric has its own intent and shape back."""
    own = fabric.inventory
    intent: dict[str, Any] = yaml.safe_load(own.read_text(encoding="utf-8"))
    dualstack = intent["all"]["vars"]["dualstack"]
    dualstack["pools"].append(POOL)
    dualstack["advertise"].append(ADVERT)
    dualstack["services"].append(SERVICE)
    intent["all"]["children"]["kube_node"]["hosts"]["node4"] = {"dualstack_host": NODE}
    fabric.inventory = tmp_path / "inventory.yml"
    fabric.inventory.write_text(yaml.safe_dump(intent, sort_keys=False), encoding="utf-8")
    fabric.playbook("plan", hosts=False).require()
    fabric.lab("update", "--plan", str(fabric.plan_file))
    yield intent
    fabric.inventory = own
    fabric.playbook("site").require()
    fabric.lab("update", "--plan", str(fabric.plan_file))


def test_a_pool_and_a_node_more(fabric: Fabric, grown: dict[str, Any]) -> None:
    until(lambda: all_up(fabric), "all sessions")
    before = counters(fabric)
    predicted = fabric.playbook("site", "--check", "--diff").require().changed
    done = fabric.playbook("site").require().changed
    assert predicted == done, "check mode must predict exactly the tasks that change"
    evidence = fabric.settle()
    assert {"default/jobs"} <= {vip["service"] for vip in evidence["vips"]}
    after = counters(fabric)
    assert {key: after[key] for key in before} == before, "no session that was there before may flap"
    assert {key for key in after if key not in before} == {("tor2", "10.0.2.14"), ("tor2", "2001:db8:dc:2::14")}
    assert fabric.playbook("site").require().changed == []
