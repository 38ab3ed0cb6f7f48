# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appending to an intent moves nothing that was planned before, over random histories of edits of several fabrics."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable
from typing import Any

import fabrics
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.plan.build import make

pytestmark = pytest.mark.soak

FABRICS = [
    "demo",
    "ibgp-reflectors",
    "ipv4-only",
    "ipv6-first",
    "ipv6-only",
    "layer2-only",
    "leaf-spine",
    "two-clusters",
]
Data = dict[str, Any]


def add_node(data: Data, hosts: Data, number: int) -> None:
    """A node in the rack of the first node, with its cluster and the next free looking host number."""
    pattern = next(iter(hosts["nodes"].values()))
    rack = next(iter(pattern["racks"]))
    networks = map(ipaddress.ip_network, data["fabric"]["racks"][rack]["network"])
    hosts["nodes"][f"extra{number}"] = {
        **{key: value for key, value in pattern.items() if key in ("cluster", "labels", "asn")},
        "racks": {rack: [str(network.network_address + 100 + number) for network in networks]},
    }


def blocks_of(data: Data, number: int) -> list[str]:
    both = {"ipv4": f"10.240.{number}.0/24", "ipv6": f"fdaa:bbcc:dd{number:02x}::/112"}
    return [both[family] for family in data["cluster"]["families"]]


def add_pool(data: Data, hosts: Data, number: int) -> None:
    """A pool of its own blocks, advertised like the first advertisement of its cluster by BGP, with a Service."""
    name = f"extra{number}"
    data["pools"].append({"name": name, "blocks": blocks_of(data, number)})
    data["advertise"].append({"pools": [name], "bgp": {}})
    data["services"].append({"name": f"on-{name}", "pool": name, "port": 80})
    if not hosts["routers"]:
        data["silence"] = [
            {"rule": "advertise-no-session", "reason": "no router hears of the pool, it is planned all the same"}
        ]


def state_pool(data: Data, hosts: Data, number: int) -> None:
    """A pool that states blocks of the supernet that another pool is carved from, wherever they lie in it."""
    del hosts
    carved = next((pool for pool in data["pools"] if pool.get("size") or pool.get("prefix_length")), None)
    if carved is not None:
        networks = [ipaddress.ip_network(text) for text in carved["from"]]
        texts = [f"{network.network_address + number * 8}/{network.max_prefixlen - 3}" for network in networks]
        data["pools"].append(
            {"name": f"stated{number}", "blocks": texts, **{key: carved[key] for key in ("cluster",) if key in carved}}
        )
        data["advertise"].append(
            {"pools": [f"stated{number}"], "bgp": {}, **{key: carved[key] for key in ("cluster",) if key in carved}}
        )


def carve_pool(data: Data, hosts: Data, number: int) -> None:
    """A pool carved from the supernet of another carved pool."""
    carved = next((pool for pool in data["pools"] if pool.get("size") or pool.get("prefix_length")), None)
    if carved is None:
        add_pool(data, hosts, number)
        return
    name = f"carved{number}"
    data["pools"].append({**carved, "name": name})
    like = next(advert for advert in data["advertise"] if carved["name"] in advert["pools"])
    data["advertise"].append({**like, "name": name, "pools": [name]})


def add_service(data: Data, hosts: Data, number: int) -> None:
    """A Service on one of the pools, in one family or all."""
    del hosts
    pool = data["pools"][number % len(data["pools"])]
    service = {"name": f"extra{number}", "pool": pool["name"], "port": 80, "policy": "PreferDualStack"}
    data["services"].append({**service, **({"cluster": pool["cluster"]} if "cluster" in pool else {})})


def add_router(data: Data, hosts: Data, number: int) -> None:
    """A router behind the first one."""
    if not hosts["routers"] or "links_from" not in data["fabric"]:
        add_service(data, hosts, number)
        return
    first = next(iter(hosts["routers"]))
    hosts["routers"][f"extra{number}"] = {"asn": 65100 + number}
    data["fabric"]["links"].append([first, f"extra{number}"])


def add_rack(data: Data, hosts: Data, number: int) -> None:
    """A rack without routers or nodes yet."""
    del hosts
    data["fabric"]["racks"][f"extra{number}"] = {
        "network": [text.replace("240", "241").replace("fdaa", "fdab") for text in blocks_of(data, number)]
    }


EDITS: list[Callable[[Data, Data, int], None]] = [
    add_node,
    add_pool,
    carve_pool,
    state_pool,
    add_service,
    add_router,
    add_rack,
]


def kept(before: Data, after: Data) -> None:
    """Everything that ``before`` gave an address, an ASN, a number or a name has it in ``after`` too."""
    for name, segment in before["segments"].items():
        assert after["segments"][name]["networks"] == segment["networks"]
        for host, member in segment["members"].items():
            assert after["segments"][name]["members"][host] == member
    for group, keys in (("routers", ("loopback", "router_id", "asn")), ("nodes", ("router_id", "asn", "cluster"))):
        for host, facts in before[group].items():
            assert {key: after[group][host][key] for key in keys} == {key: facts[key] for key in keys}
    for key in ("pools", "services", "pairs"):
        assert after[key][: len(before[key])] == before[key]
    for advert, same in zip(before["advertisements"], after["advertisements"]):
        for key in ("name", "communities", "preferences", "aggregation"):
            assert advert.get(key) == same.get(key)
    sessions = {session["name"]: session for session in after["sessions"]}
    for session in before["sessions"]:
        for old, new in zip(session["ends"], sessions[session["name"]]["ends"]):
            assert {**old, "tier": 0} == {**new, "tier": 0}


@given(st.sampled_from(FABRICS), st.lists(st.sampled_from(EDITS), max_size=6))
def test_appending_moves_no_address(example: str, edits: list[Any]) -> None:
    data, hosts = fabrics.read(example)
    before, findings = make(data, hosts)
    assert before is not None, findings
    for number, edit in enumerate(edits, 1):
        kept_data = copy.deepcopy(data)
        edit(data, hosts, number)
        after, findings = make(data, hosts)
        if after is None and edit is state_pool:  # it lies on another pool, which is told, and nothing has moved
            assert {finding.id for finding in findings if finding.severity == "error"} == {"overlap"}
            data = kept_data
            continue
        assert after is not None, [str(finding) for finding in findings]
        kept(before, after)
        before = after


def test_the_hash_says_whether_the_plan_changed() -> None:
    data, hosts = fabrics.read("demo")
    first, _findings = make(data, hosts)
    again, _findings = make(*fabrics.read("demo"))
    add_node(data, hosts, 1)
    changed, _findings = make(data, hosts)
    assert first is not None and again is not None and changed is not None
    assert first == again and first["hash"] != changed["hash"]
