# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad intent: every error at once, each with path, value, reason and fix."""

from __future__ import annotations

from typing import Any, Callable

import fabrics
import pytest

from dualstack.findings import HINT
from dualstack.intent.load import load
from dualstack.plan.build import make

Change = Callable[[dict[str, Any], dict[str, Any]], None]


def found(change: Change, example: str = "demo") -> list[tuple[str, str]]:
    data, hosts = fabrics.read(example)
    change(data, hosts)
    _plan, findings = make(data, hosts)
    for finding in findings:
        assert finding.path and finding.reason and finding.fix, finding
    return [(finding.id, finding.path) for finding in findings if finding.severity != HINT]


def test_the_examples_are_good() -> None:
    for name in fabrics.names():
        plan, findings = make(*fabrics.read(name))
        assert plan is not None and {finding.severity for finding in findings} <= {HINT}, (name, findings)


def setter(path: str, value: Any) -> Change:
    """Sets ``value`` at a dotted path; numbers are list indexes, a leading host kind goes into the hosts."""

    def change(data: dict[str, Any], hosts: dict[str, Any]) -> None:
        *way, last = path.split(".")
        where: Any = {**data, **hosts}
        for step in way:
            where = where[int(step)] if isinstance(where, list) else where[step]
        where[int(last) if isinstance(where, list) else last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("cluster.name", "Demo!", ("syntax", "dualstack.cluster.name")),
        ("cluster.families", ["ipv4", "ip6"], ("choice", "dualstack.cluster.families[1]")),
        ("cluster.families", ["ipv4", "ipv4"], ("family-twice", "dualstack.cluster.families")),
        ("cluster.familys", ["ipv4"], ("unknown-key", "dualstack.cluster.familys")),
        ("cluster.pods", ["10.244.0.0/16", "10.245.0.0/16"], ("family-twice", "dualstack.cluster.pods")),
        ("cluster.pods", ["10.244.0.0/16"], ("family-missing", "dualstack.cluster.pods")),
        ("cluster.pods", ["fd00:10:244::/56"], ("family-missing", "dualstack.cluster.pods")),
        ("fabric.node_asn", 0, ("range", "dualstack.fabric.node_asn")),
        ("fabric.node_asn", 23456, ("asn-reserved", "dualstack.fabric.node_asn")),
        ("fabric.node_asn", "64512", ("type", "dualstack.fabric.node_asn")),
        ("fabric.password", "hunter2", ("clear-secret", "dualstack.fabric.password")),
        ("fabric.timers", {"keepalive": 30, "hold": 9}, ("timers-keepalive", "dualstack.fabric.timers.keepalive")),
        (
            "fabric.racks.rack1.network",
            ["10.0.1.5/24", "2001:db8:dc:1::/64"],
            ("address-syntax", "dualstack.fabric.racks.rack1.network[0]"),
        ),
        (
            "fabric.racks.rack1.network",
            ["10.0.1.0/24", "2001:db8:dc:1::5/64"],
            ("address-syntax", "dualstack.fabric.racks.rack1.network[1]"),
        ),
        ("fabric.racks.rack1.routers", ["tor11"], ("unknown-router", "dualstack.fabric.racks.rack1.routers[0]")),
        ("fabric.links.0", ["isp1", "br7"], ("unknown-router", "dualstack.fabric.links[0]")),
        ("fabric.links.0", ["br1", "br1"], ("link-to-itself", "dualstack.fabric.links[0]")),
        ("fabric.links.1", ["br1", "isp1"], ("name-twice", "dualstack.fabric.links[1]")),
        ("fabric.links_from", ["172.16.0.0/29", "2001:db8:ff::/64"], ("link-network", "dualstack.fabric.links[4]")),
        ("fabric.links_from", ["172.16.0.0/24", "2001:db8:ff::/125"], ("link-network", "dualstack.fabric.links[4]")),
        ("pools.0.take", "third", ("choice", "dualstack.pools[0].take")),
        ("pools.0.blocks", ["10.9.0.0/24"], ("exactly-one", "dualstack.pools[0]")),
        ("pools.0.name", "staging", ("name-twice", "dualstack.pools[1]")),
        ("advertise.0.pools", ["produktion"], ("unknown-pool", "dualstack.advertise[0].pools[0]")),
        (
            "advertise.0.bgp",
            {"local_preference": {"br3": 1}},
            ("unknown-router", "dualstack.advertise[0].bgp.local_preference"),
        ),
        ("advertise.0.bgp", {"communities": [64512]}, ("type", "dualstack.advertise[0].bgp.communities[0]")),
        ("advertise.2.layer2", None, ("exactly-one", "dualstack.advertise[2]")),
        ("advertise.1.pools", ["edge"], ("name-twice", "dualstack.advertise[2]")),
        ("services.0.families", ["ipv4", "ipv4"], ("family-twice", "dualstack.services[0].families")),
        ("services.0.families", ["ipv6", "ipv6"], ("family-twice", "dualstack.services[0].families")),
        ("services.0.pool", "prod", ("unknown-pool", "dualstack.services[0].pool")),
        ("services.1.addresses", ["192.168.100.200"], ("pin-outside", "dualstack.services[1].addresses")),
        ("services.1.addresses", ["2001:db8:1:0:8000::50"], ("pin-outside", "dualstack.services[1].addresses")),
        ("services.1.addresses", ["192.168.100.1"], ("pin-taken", "dualstack.services[1].addresses")),
        ("services.1.addresses", ["2001:db8:1::1"], ("pin-taken", "dualstack.services[1].addresses")),
        ("services.0.policy", "SingleStack", None),
        ("services.3.policy", "SingleStack", ("policy-families", "dualstack.services[3].policy")),
        ("routers.br1", {}, ("missing-key", "br1: dualstack_host.asn")),
        ("routers.br1", {"asn": 64510, "loopback": ["10.0.0.2"]}, ("address-twice", "br2: dualstack_host")),
        ("routers.br1", {"asn": 64510, "loopback": ["2001:db8:dc::2"]}, ("address-twice", "br2: dualstack_host")),
        (
            "routers.br1",
            {"asn": 64510, "router_id": "2001:db8::1"},
            ("router-id-form", "br1: dualstack_host.router_id"),
        ),
        ("routers.br1", {"asn": 64510, "router_id": "224.0.0.1"}, ("router-id-form", "br1: dualstack_host.router_id")),
        ("routers.br1", {"asn": 64510, "router_id": "10.0.0.2"}, ("router-id-twice", "br2: dualstack_host.router_id")),
        ("routers.br9", {"asn": 1}, ("router-alone", "br9: dualstack_host")),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.2.11", "2001:db8:dc:1::11"]}},
            ("address-outside", "node1: dualstack_host.racks.rack1"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.1.11", "2001:db8:dc:2::11"]}},
            ("address-outside", "node1: dualstack_host.racks.rack1"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.1.255", "2001:db8:dc:1::11"]}},
            ("address-reserved", "node1: dualstack_host.racks.rack1"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.1.11", "2001:db8:dc:1::"]}},
            ("address-reserved", "node1: dualstack_host.racks.rack1"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.1.1", "2001:db8:dc:1::11"]}},
            ("address-twice", "node1: dualstack_host"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.1.11", "2001:db8:dc:1::1"]}},
            ("address-twice", "node1: dualstack_host"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.1.200", "2001:db8:dc:1::11"]}},
            ("pool-holds-host", "dualstack.pools[2]"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack1": ["10.0.1.11", "2001:db8:dc:1::210"]}},
            ("pool-holds-host", "dualstack.pools[2]"),
        ),
        (
            "nodes.node1",
            {"racks": {"rack9": ["10.0.1.11", "2001:db8:dc:1::11"]}},
            ("unknown-rack", "node1: dualstack_host.racks.rack9"),
        ),
        ("nodes.node1", None, ("node-nowhere", "node1: dualstack_host")),
        (
            "clients.client4",
            {"behind": "br1", "addresses": ["198.51.100.10"]},
            ("client-without-network", "client4: dualstack_host.behind"),
        ),
        (
            "clients.client6",
            {"behind": "isp2", "addresses": ["2001:db8:c1::10"]},
            ("address-outside", "client6: dualstack_host.addresses"),
        ),
    ],
)
def test_one_mistake_one_finding(path: str, value: Any, expected: tuple[str, str] | None) -> None:
    findings = found(setter(path, value))
    if expected is None:
        assert findings == []
    else:
        assert expected in findings


@pytest.mark.parametrize("family", [0, 1])
@pytest.mark.parametrize(
    ("path", "blocks", "expected"),
    [
        ("cluster.pods", ("10.0.1.0/25", "2001:db8:dc:1::/72"), "dualstack.fabric.racks.rack1.network"),
        ("cluster.services", ("10.244.128.0/24", "fd00:10:244:8::/112"), "dualstack.cluster.services"),
        ("fabric.loopbacks", ("10.96.1.0/24", "fd00:10:96::/120"), "dualstack.fabric.loopbacks"),
        ("fabric.links_from", ("192.168.100.0/26", "2001:db8:1::/120"), "dualstack.pools[0]"),
        (
            "fabric.racks.rack2.network",
            ("10.0.1.128/25", "2001:db8:dc:1:8000::/65"),
            "dualstack.fabric.racks.rack2.network",
        ),
        ("pools.0.from", ("10.244.0.0/24", "fd00:10:244::/64"), "dualstack.pools[0]"),
        ("pools.1.take", "all", "dualstack.pools[1]"),
    ],
)
def test_overlaps_are_found_in_each_family(path: str, blocks: Any, expected: str, family: int) -> None:
    def change(data: dict[str, Any], hosts: dict[str, Any]) -> None:
        value = blocks
        if isinstance(blocks, tuple):
            where: Any = data
            for step in path.split("."):
                where = where[int(step)] if isinstance(where, list) else where[step]
            value = list(where)
            value[family] = blocks[family]
        setter(path, value)(data, hosts)

    assert ("overlap", expected) in found(change)


@pytest.mark.parametrize("value", ["hunter2 Clear!", {"secret": "hunter2 Clear!"}, {"secret": ["hunter2 Clear!"]}])
def test_a_clear_password_is_not_repeated_in_the_message(value: Any) -> None:
    data, hosts = fabrics.read("demo")
    data["fabric"]["password"] = value
    _plan, findings = make(data, hosts)
    assert findings and not any("hunter2" in str(finding) for finding in findings)


@pytest.mark.parametrize("value", [1.36, "1.36"])
def test_a_version_without_its_patch_is_told_once_as_it_is_to_be(value: Any) -> None:
    data, hosts = fabrics.read("demo")
    data["cluster"]["kubernetes"] = {"version": value}
    [finding] = [each for each in make(data, hosts)[1] if each.path == "dualstack.cluster.kubernetes.version"]
    assert finding.fix == "Write a version as 1.36.3, in quotes."


def test_an_unknown_key_hides_no_other_finding() -> None:
    data, hosts = fabrics.read("demo")
    data["fabric"]["node_asm"] = 1
    data["advertise"][0]["pools"] = ["produktion"]
    data["cluster"]["pods"] = ["10.0.1.0/25", "2001:db8:dc:1::/72"]
    _plan, findings = make(data, hosts)
    assert {"unknown-key", "unknown-pool", "overlap"} <= {finding.id for finding in findings}


def test_a_small_supernet_of_links_is_said_once_per_link_and_family() -> None:
    data, hosts = fabrics.read("demo")
    data["fabric"]["links_from"] = ["172.16.0.0/29", "2001:db8:ff::/125"]
    _plan, findings = make(data, hosts)
    assert [finding.path for finding in findings if finding.id == "link-network"] == ["dualstack.fabric.links[4]"] * 2


def test_many_mistakes_one_run() -> None:
    data, hosts = fabrics.read("demo")
    data["cluster"]["name"] = "No Good"
    data["fabric"]["node_asm"] = 1
    data["pools"][0]["take"] = "most"
    data["pools"][1]["from"][1] = "2001:db8:prod::/64"
    hosts["routers"]["tor1"]["asn"] = -1
    data["advertise"][2]["pools"] = ["kante"]
    intent, findings = load(data, hosts)
    assert {finding.id for finding in findings} == {"syntax", "unknown-key", "choice", "address-syntax", "range"}
    assert "did you mean 'node_asn'?" in next(finding.fix for finding in findings if finding.id == "unknown-key")
    assert intent is not None and intent.partial
    assert [pool["at"] for pool in intent.pools] == ["dualstack.pools[2]"]
    assert "production" in intent.named["pools"] and "tor1" in intent.named["routers"]
    plan, all_findings = make(data, hosts)
    assert plan is None and all_findings[: len(findings)] == findings
    unknown = [finding for finding in all_findings if finding.id.startswith("unknown-") and finding.id != "unknown-key"]
    assert [finding.path for finding in unknown] == ["dualstack.advertise[2].pools[0]"]


@pytest.mark.parametrize("value", [None, [], "text", 7, {"cluster": 3}])
def test_nonsense_is_an_error_not_a_crash(value: Any) -> None:
    intent, findings = load(value, {"routers": {}, "nodes": {}, "clients": {}})
    assert intent is None and findings


@pytest.mark.parametrize("group", ["routers", "nodes", "clients", "kube_control_plane", "kube_node"])
@pytest.mark.parametrize("value", ["text", ["node1"], 7])
def test_a_group_that_is_no_mapping_is_told(group: str, value: Any) -> None:
    data, hosts = fabrics.read("small")
    plan, findings = make(data, {**hosts, group: value})
    assert plan is None
    assert f"hosts.{group}" in [finding.path for finding in findings]
