# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host loses its power at once, and comes back with what its files say: routers, control plane and workers."""

from __future__ import annotations

import pytest
from real_cluster import RealCluster

pytestmark = [pytest.mark.root, pytest.mark.lab]


def test_the_cluster_comes_back_by_itself_after_all_power_was_off(scene: RealCluster) -> None:
    before = {node["metadata"]["name"]: node["spec"]["podCIDRs"] for node in scene.objects("nodes")}
    assert len(before) == 3
    scene.lab("stop")
    scene.lab("start")
    evidence = scene.settle("--tags", "cluster", within=600)
    assert evidence["summary"]["total"] == evidence["summary"]["green"] > 0
    assert {node["metadata"]["name"]: node["spec"]["podCIDRs"] for node in scene.objects("nodes")} == before
    assert scene.playbook("site").require().changed == []
