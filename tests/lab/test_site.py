# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: one intent, configured everywhere and proven; and nothing to do the second time."""

from __future__ import annotations

import pytest
from driver import Fabric

pytestmark = [pytest.mark.root, pytest.mark.lab]


def test_every_vip_is_proven_in_its_family(fabric: Fabric) -> None:
    evidence = fabric.proven
    rows = {(vip["service"], vip["mode"], vip["family"]) for vip in evidence["vips"]}
    bgp = {service for service, mode, _family in rows if mode == "bgp"}
    layer2 = {service for service, mode, _family in rows if mode == "layer2"}
    assert len(bgp) >= 4 and len(layer2) >= 2
    for services, mode in ((bgp, "bgp"), (layer2, "layer2")):
        assert {(service, mode, family) for service in services for family in ("ipv4", "ipv6")} <= rows
    assert evidence["plan_hash"] == fabric.plan()["hash"]
    assert all(link["proof"] for vip in evidence["vips"] for link in vip["links"])


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_nodes_of_different_racks_reach_each_other(fabric: Fabric, family: str) -> None:
    segments = fabric.plan()["segments"]
    assert "node1" not in segments["rack2"]["members"]
    fabric.on("node1", "ping", "-c1", "-w30", segments["rack2"]["members"]["node3"]["addresses"][family])


def test_a_second_run_changes_nothing(fabric: Fabric) -> None:
    assert fabric.playbook("site").require().changed == []


def test_check_mode_agrees_and_no_secret_is_written_or_shown(fabric: Fabric) -> None:
    password = fabric.secret("bgp-auth")
    run = fabric.playbook("site", "--check", "--diff", "-vv").require()
    assert run.changed == []
    assert password not in str(run.result) and password not in run.stderr
    for path in fabric.artifacts.rglob("*"):
        assert path.is_dir() or password not in path.read_text(encoding="utf-8"), path


def test_a_wrong_secret_is_refused_before_anything_is_touched(fabric: Fabric) -> None:
    password = fabric.secret("bgp-auth")
    fabric.set_secrets({"bgp-auth": "mistyped-in-the-vault"})
    try:
        run = fabric.playbook("site", "--diff", "-vv")
        assert run.code != 0 and run.changed == []
        assert any(
            "Nothing was touched" in failure and "router_change_passwords" in failure for failure in run.failures()
        )
        assert password not in str(run.result) and "mistyped-in-the-vault" not in str(run.result)
    finally:
        fabric.set_secrets({"bgp-auth": password})
    assert fabric.playbook("site").require().changed == []


def test_a_missing_secret_is_found_before_any_host_is_touched(fabric: Fabric) -> None:
    password = fabric.secret("bgp-auth")
    fabric.set_secrets({})
    try:
        run = fabric.playbook("site")
    finally:
        fabric.set_secrets({"bgp-auth": password})
    assert run.code != 0 and run.changed == []
    (failure,) = run.failures()
    assert "No host was touched" in failure and "bgp-auth (br1, br2, isp1 and 6 more) was not given" in failure
    assert {host for play in run.result["plays"] for task in play["tasks"] for host in task["hosts"]} == {"localhost"}
