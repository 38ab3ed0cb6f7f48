# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row, green in every set of families, and red, in each family, when the one thing that it is about is broken."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import proving
import pytest

from dualstack.components.proof import IDS, judge
from dualstack.components.proxy_entries import KEPT, told

FAMILIES = ("ipv4", "ipv6")
Seen = dict[str, Any]


class Break(NamedTuple):
    """One thing that is broken: which rows are red for it, what they say, and how it is done (seen, family, node)."""

    row: str
    words: str
    change: Callable[[Seen, str, str], None]
    nodes: int = 1  # rows of so many nodes; 0: of the cluster
    familiar: bool = True  # rows of a family
    behind: bool = False  # others are red as well, and told as not reached


def cluster(seen: Seen) -> Any:
    return seen["kubernetes"]["cluster"]


def host(seen: Seen, node: str) -> Any:
    return seen["kubernetes"]["hosts"][node]


def without(addresses: list[str], family: str) -> list[str]:
    return [one for one in addresses if (":" in one) != (family == "ipv6")]


def fail(seen: Seen, way: str, family: str, node: str, **more: Any) -> None:
    for probe in seen["kubernetes"]["paths"][node]["probes"]:
        if probe["id"] == way and probe["family"] == family:
            probe.update(
                more or {"ok": False, "detail": "nothing within 2 s", "node": "", "sources": [], "answers": []}
            )


def pod(seen: Seen, node: str) -> Any:
    return cluster(seen)["probe"]["pods"][node]


def node_address(seen: Seen, family: str, node: str) -> None:
    found = cluster(seen)["nodes"][node]
    found["addresses"] = without(found["addresses"], family)


def pod_cidr(seen: Seen, family: str, node: str) -> None:
    found = cluster(seen)["nodes"][node]
    found["pod_cidrs"] = without(found["pod_cidrs"], family)


def pod_address(seen: Seen, family: str, node: str) -> None:
    pod(seen, node)["ips"] = without(pod(seen, node)["ips"], family)


def service_cidr(seen: Seen, family: str, _node: str) -> None:
    found = cluster(seen)["service_cidrs"][0]
    found["cidrs"] = without(found["cidrs"], family)


def dry_run(seen: Seen, family: str, _node: str) -> None:
    for server in cluster(seen)["api_servers"].values():
        server["families"] = [name for name in server["families"] if name != proving.NAMES[family]]


def address_object(seen: Seen, family: str, _node: str) -> None:
    ips = cluster(seen)["probe"]["cluster_ips"]
    lost = next(one for one in ips if (":" in one) == (family == "ipv6"))
    cluster(seen)["without_ip_address"] = [f"default/shop {lost}"]


def slices(seen: Seen, family: str, _node: str) -> None:
    del cluster(seen)["probe"]["slices"][family]


def settings(seen: Seen, family: str, node: str) -> None:
    name = {"ipv4": "net.ipv4.ip_forward", "ipv6": "net.ipv6.conf.all.forwarding"}[family]
    host(seen, node)["sysctls"][name] = "0"


def tables(seen: Seen, family: str, node: str) -> None:
    host(seen, node)["proxy"]["tables"][family] = ""


def entry(seen: Seen, family: str, node: str) -> None:
    found = host(seen, node)["proxy"]["ports"][family]["ports"]
    found.remove(next(one for one in found if one.endswith(" udp 53")))


def emptied(seen: Seen, family: str, node: str) -> None:
    host(seen, node)["proxy"]["ports"][family] = {"one_of": 1, "ports": []}
    host(seen, node)["proxy"]["protocols"] = False


def ingress(seen: Seen, family: str, _node: str) -> None:
    found = cluster(seen)["balancers"][0]
    found["ingress"] = without(found["ingress"], family)


def ranges(seen: Seen, family: str, _node: str) -> None:
    found = cluster(seen)["balancers"][0]
    found["source_ranges"] = (
        without(found["source_ranges"], family)
        or ["192.0.2.0/24", "2001:db8::/64"][:: {"ipv6": 1, "ipv4": -1}[family]][:1]
    )


def policy(seen: Seen, family: str, node: str) -> None:
    for probe in seen["kubernetes"]["paths"][node]["probes"]:
        if probe["id"] == "network policy" and probe["family"] == family and probe["denied"]:
            probe.update(ok=True, detail="answered")


def given_by_the_kubelet(seen: Seen, family: str, node: str) -> None:
    """The kubelet names a second address, which no Service has and nobody answers at."""
    at = {"ipv4": "10.96.0.53", "ipv6": "fd00:96::53"}[family]
    host(seen, node)["resolvers"].append(at)
    probes = seen["kubernetes"]["paths"][node]["probes"]
    asked = next(one for one in probes if one["id"] == "dns" and one["family"] == family)
    probes.append({**asked, "target": at, "ok": False, "detail": "nothing within 2 s", "answers": []})


def other_node_address(seen: Seen, family: str, node: str) -> None:
    fail(seen, "pod to pod", family, node, sources=cluster(seen)["nodes"][node]["addresses"])


BREAKS = {
    "node address": Break("node addresses", "its addresses are|", node_address, behind=True),
    "pod CIDR": Break("pod cidrs", "it has ", pod_cidr),
    "pod address": Break("pod addresses", "the pod has ", pod_address, behind=True),
    "ServiceCIDR": Break("service cidrs", "it has ", service_cidr, nodes=0),
    "API server": Break("service families", "it gives ", dry_run),
    "IPAddress": Break("ip addresses", "without one: default/shop", address_object, nodes=0),
    "EndpointSlice": Break("endpoint slices", "has none of", slices, nodes=0),
    "forwarding": Break("host settings", "forward(ing)? is 0", settings),
    "rules of kube-proxy": Break("proxy tables", "there are none of", tables),
    "an entry of kube-proxy": Break("proxy tables", r"^\S+ udp 53 \(kube-system/kube-dns\) leads nowhere$", entry),
    "all entries of kube-proxy": Break(
        "proxy tables", r"( leads nowhere; .*){3}kube-proxy has no /etc/protocols$", emptied
    ),
    "pod to pod": Break("pod to pod", "nothing within 2 s", lambda *a: fail(a[0], "pod to pod", *a[1:])),
    "masqueraded": Break("pod to pod", "sees .* instead of the pod's address", other_node_address),
    "pod to service": Break("pod to service", "nothing within", lambda *a: fail(a[0], "pod to service", *a[1:])),
    "node to service": Break("node to service", "nothing within", lambda *a: fail(a[0], "node to service", *a[1:])),
    "node port": Break("node port", "nothing within", lambda *a: fail(a[0], "node port", *a[1:])),
    "dns": Break("dns", "nothing within", lambda *a: fail(a[0], "dns", *a[1:])),
    "dns, no record": Break("dns", "says A+ none", lambda *a: fail(a[0], "dns", *a[1:], answers=[])),
    "dns, kubelet": Break(
        "dns", "^[0-9a-f.:]+53, which its kubelet gives pods and no Service has: nothing within", given_by_the_kubelet
    ),
    "egress": Break("egress", "nothing within", lambda *a: fail(a[0], "egress", *a[1:])),
    "ingress": Break("load balancer", "no address for default/shop", ingress, nodes=0),
    "source ranges": Break("source ranges", "default/shop: open to everybody", ranges, nodes=0),
    "policy": Break("network policy", "where the policy lets it not", policy, nodes=0),
}


def families(example: str) -> list[str]:
    return example.split(", ")


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "of others"])
@pytest.mark.parametrize("example", proving.EXAMPLES)
def test_healthy(example: str, ours: bool) -> None:
    plan = proving.plan_of(proving.EXAMPLES[example], ours=ours)
    rows = judge(plan, proving.healthy(plan))
    assert {row["id"] for row in rows} == set(IDS)
    assert [row for row in rows if row["state"] != "green"] == []
    for name in ("node addresses", "pod to pod", "proxy tables", "dns"):
        have = [(row["node"], row["family"]) for row in rows if row["id"] == name]
        assert have == [(node, family) for node in plan["nodes"] for family in families(example)]


CASES = [(example, name, family) for example in proving.EXAMPLES for name in BREAKS for family in families(example)]


@pytest.mark.parametrize(("example", "name", "family"), CASES)
def test_broken(example: str, name: str, family: str) -> None:
    plan = proving.plan_of(proving.EXAMPLES[example])
    seen = proving.healthy(plan)
    node = next(iter(plan["nodes"]))
    broken = BREAKS[name]
    broken.change(seen, family, node)
    red = [row for row in judge(plan, seen) if row["state"] == "red"]
    wanted = (broken.row, node if broken.nodes else "", family)
    found = {(row["id"], row["node"], row["family"]): row for row in red}
    assert wanted in found, red
    if not broken.behind and name != "API server":
        assert list(found) == [wanted]
    row = found[wanted]
    assert re.search(broken.words, row["seen"]), row["seen"]
    assert row["fix"] and row["expected"]


@pytest.mark.parametrize("family", FAMILIES)
def test_of_many_ports_that_lead_nowhere_the_first_are_told_and_a_sample_is_judged_by_itself(family: str) -> None:
    plan = proving.plan_of("demo")
    node, others = next(iter(plan["nodes"])), list(plan["nodes"])[1:]
    seen = proving.healthy(plan)
    ports = {f"{at} tcp 80": "default/many" for at in (f"10.9.{n >> 8}.{n & 255}" for n in range(3 * KEPT))}
    cluster(seen)["services"][family] = ports
    for each in plan["nodes"]:
        host(seen, each)["proxy"]["ports"][family] = told([] if each == node else ports)
    assert host(seen, others[0])["proxy"]["ports"][family]["one_of"] > 1
    rows = {(row["node"], row["family"]): row for row in judge(plan, seen) if row["id"] == "proxy tables"}
    assert {key for key, row in rows.items() if row["state"] != "green"} == {(node, family)}
    assert rows[node, family]["seen"].count("leads nowhere") == 3
    assert rows[node, family]["seen"].endswith(f"nor do {3 * KEPT - 3} more of {3 * KEPT}")
    lost = host(seen, others[0])["proxy"]["ports"][family]["ports"].pop()
    rows = {(row["node"], row["family"]): row for row in judge(plan, seen) if row["id"] == "proxy tables"}
    assert rows[others[0], family]["seen"] == f"{lost} (default/many) leads nowhere"


@pytest.mark.parametrize("family", FAMILIES)
def test_without_the_api_or_in_mode_ipvs_rules_are_judged_by_their_being_there(family: str) -> None:
    plan = proving.plan_of("demo")
    node = next(iter(plan["nodes"]))
    away = proving.healthy(plan)
    emptied(away, family, node)
    away["kubernetes"]["cluster"] = {"error": "refused"}
    ipvs = proving.healthy(plan)
    emptied(ipvs, family, node)
    host(ipvs, node)["proxy"]["mode"] = "ipvs"
    for seen in (away, ipvs):
        rows = [row for row in judge(plan, seen) if row["id"] == "proxy tables" and row["node"] == node]
        assert [row["state"] for row in rows] == ["green", "green"]
