# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appending to an intent moves nothing that was planned before."""

from __future__ import annotations

from typing import Any

import fabrics
from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack.plan.build import make


def add_node(data: dict[str, Any], hosts: dict[str, Any], number: int) -> None:
    del data
    hosts["nodes"][f"extra{number}"] = {
        "racks": {"rack2": [f"10.0.2.{100 + number}", f"2001:db8:dc:2::{100 + number}"]}
    }


def add_pool(data: dict[str, Any], hosts: dict[str, Any], number: int) -> None:
    del hosts
    data["pools"].append({"name": f"extra{number}", "blocks": [f"10.50.{number}.0/24", f"fd50:{number}::/64"]})
    data["advertise"].append({"pools": [f"extra{number}"], "bgp": {}})
    data["services"].append({"name": f"on-extra{number}", "pool": f"extra{number}", "port": 80})


def add_service(data: dict[str, Any], hosts: dict[str, Any], number: int) -> None:
    del hosts
    pool = data["pools"][number % len(data["pools"])]["name"]
    data["services"].append(
        {"name": f"extra{number}", "pool": pool, "port": 80, "families": ["ipv6", "ipv4"][: 1 + number % 2]}
    )


def add_router(data: dict[str, Any], hosts: dict[str, Any], number: int) -> None:
    hosts["routers"][f"extra{number}"] = {"asn": 65100 + number}
    data["fabric"]["links"].append(["br1", f"extra{number}"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([add_node, add_pool, add_service, add_router]), max_size=6))
def test_appending_moves_no_address(edits: list[Any]) -> None:
    data, hosts = fabrics.read("demo")
    before, _findings = make(data, hosts)
    assert before is not None
    for number, edit in enumerate(edits):
        edit(data, hosts, number)
        after, findings = make(data, hosts)
        assert after is not None, findings
        for name, segment in before["segments"].items():
            assert after["segments"][name]["networks"] == segment["networks"]
            assert all(
                after["segments"][name]["members"][host] == member for host, member in segment["members"].items()
            )
        for router, facts in before["routers"].items():
            assert {key: after["routers"][router][key] for key in ("loopback", "router_id", "asn")} == {
                key: facts[key] for key in ("loopback", "router_id", "asn")
            }
        assert after["pools"][: len(before["pools"])] == before["pools"]
        assert after["services"][: len(before["services"])] == before["services"]
        assert [session for session in after["sessions"] if session in before["sessions"]] == before["sessions"]
        before = after


def test_the_hash_says_whether_the_plan_changed() -> None:
    data, hosts = fabrics.read("demo")
    first, _findings = make(data, hosts)
    again, _findings = make(*fabrics.read("demo"))
    add_node(data, hosts, 1)
    changed, _findings = make(data, hosts)
    assert first is not None and again is not None and changed is not None
    assert first == again and first["hash"] != changed["hash"]
