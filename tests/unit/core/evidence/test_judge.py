# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement: a healthy fabric is green; each fault turns exactly its link red, in exactly its family and VIPs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Callable

import fabrics
import observed
import pytest

from dualstack.announcing.expected import expected
from dualstack.evidence import judge

Data = dict[str, Any]
Fault = Callable[[Data, Data, str], None]

FAMILIES = ("ipv4", "ipv6")
BGP_VIP = "default/pay"
LAYER2_VIP = "default/registry"
CHAINS = {
    "bgp": ["allocated", "announced", "bgp table", "fib", "answers", "served"],
    "layer2": ["allocated", "announced", "neighbour", "answers", "served"],
}


@pytest.fixture
def plan() -> Data:
    return observed.plan_of("demo")


@pytest.fixture
def seen(plan: Data) -> Data:
    return observed.healthy(plan)


def find(plan: Data, service: str, family: str) -> Data:
    return next(vip for vip in expected(plan) if vip["service"] == service and vip["family"] == family)


def route_alone(plan: Data, family: str) -> Data:
    """What is expected of the VIP's route, from now on apart from the other VIPs of its advertisement."""
    vip = next(vip for vip in plan["vips"] if vip["service"] == BGP_VIP and vip["family"] == family)
    plan["routes"]["alone"] = {family: copy.deepcopy(plan["routes"][vip["advertisement"]][family])}
    vip["advertisement"] = "alone"
    return plan["routes"]["alone"][family]  # type: ignore[no-any-return]


def entry(seen: Data, node: str, vip: Data) -> Data:
    return next(one for one in seen["nodes"][node]["status"]["vips"] if one["vip"] == vip["vip"])


def path(plan: Data, seen: Data, family: str, router: str) -> Data:
    vip = find(plan, BGP_VIP, family)
    return seen["routers"][router]["bgp"][family][vip["prefix"]][0]  # type: ignore[no-any-return]


# What breaks, one function each; all of them concern one family.


def unknown_to_the_speakers(plan: Data, seen: Data, family: str) -> None:
    address = find(plan, BGP_VIP, family)["vip"]
    for node in seen["nodes"].values():
        node["status"]["vips"] = [one for one in node["status"]["vips"] if one["vip"] != address]


def outside_its_pool(plan: Data, seen: Data, family: str) -> None:
    for pool in plan["pools"]:
        if pool["name"] == "edge":
            pool["blocks"][family] = {"ipv4": ["10.0.1.201-10.0.1.219"], "ipv6": ["2001:db8:dc:1::201/128"]}[family]


def of_another_service(plan: Data, seen: Data, family: str) -> None:
    entry(seen, "node2", find(plan, BGP_VIP, family))["service"] = "default/other"


def session_down(plan: Data, seen: Data, family: str) -> None:
    status = seen["nodes"]["node1"]["status"]
    session = next(one for one in status["sessions"] if family in one["families"])
    session.update(state="Connect", last_error="connection timed out")
    for one in status["vips"]:
        if one["mode"] == "bgp" and one["family"] == family:
            one.update(peers=[], announcing=False, reason="noEstablishedSession")


def session_missing(plan: Data, seen: Data, family: str) -> None:
    status = seen["nodes"]["node2"]["status"]
    gone = next(one for one in status["sessions"] if family in one["families"])
    status["sessions"].remove(gone)
    for one in status["vips"]:
        one["peers"] = [name for name in one["peers"] if name != gone["name"]]


def not_sent_to_one_router(plan: Data, seen: Data, family: str) -> None:
    entry(seen, "node2", find(plan, BGP_VIP, family))["peers"].pop()


def held_back_by_an_announcer(plan: Data, seen: Data, family: str) -> None:
    entry(seen, "node3", find(plan, BGP_VIP, family)).update(announcing=False, peers=[], reason="notOwner")


def announced_by_a_stranger(plan: Data, seen: Data, family: str) -> None:
    route_alone(plan, family)["announcers"].remove("node3")


def answered_by_a_second_node(plan: Data, seen: Data, family: str) -> None:
    vip = find(plan, LAYER2_VIP, family)
    other = next(node for node in ("node1", "node2") if node not in vip["announcers"])
    entry(seen, other, vip).update(announcing=True, interfaces=[{"name": "eth1", "mac": observed.mac(other, 1)}])


def answered_by_nobody(plan: Data, seen: Data, family: str) -> None:
    vip = find(plan, LAYER2_VIP, family)
    entry(seen, vip["announcers"][0], vip).update(announcing=False, interfaces=[], reason="noInterface")


def not_in_the_table(plan: Data, seen: Data, family: str) -> None:
    del seen["routers"]["isp1"]["bgp"][family][find(plan, BGP_VIP, family)["prefix"]]


def path_missing(plan: Data, seen: Data, family: str) -> None:
    seen["routers"]["tor1"]["bgp"][family][find(plan, BGP_VIP, family)["prefix"]].pop()


def path_not_used(plan: Data, seen: Data, family: str) -> None:
    path(plan, seen, family, "tor1")["best"] = False


def path_from_elsewhere(plan: Data, seen: Data, family: str) -> None:
    path(plan, seen, family, "br1")["next_hop"] = {"ipv4": "172.16.0.0", "ipv6": "2001:db8:ff::"}[family]


def path_that_stands_in(plan: Data, seen: Data, family: str) -> None:
    path(plan, seen, family, "br1").update(
        next_hop={"ipv4": "172.16.0.0", "ipv6": "2001:db8:ff::"}[family], local_preference=100, communities=[]
    )


def path_too_many(plan: Data, seen: Data, family: str) -> None:
    extra = {"ipv4": "172.16.0.9", "ipv6": "2001:db8:ff::9"}[family]
    paths = seen["routers"]["br2"]["bgp"][family][find(plan, BGP_VIP, family)["prefix"]]
    paths.append({**paths[0], "next_hop": extra})


def community_lost(plan: Data, seen: Data, family: str) -> None:
    path(plan, seen, family, "br1")["communities"] = []


def community_too_many(plan: Data, seen: Data, family: str) -> None:
    path(plan, seen, family, "tor2")["communities"].append("65535:65281")


def preference_not_set(plan: Data, seen: Data, family: str) -> None:
    path(plan, seen, family, "br1")["local_preference"] = 100


def preference_where_none_belongs(plan: Data, seen: Data, family: str) -> None:
    path(plan, seen, family, "tor1")["local_preference"] = 200


def kernel_path_missing(plan: Data, seen: Data, family: str) -> None:
    seen["routers"]["tor1"]["fib"][family][find(plan, BGP_VIP, family)["prefix"]].pop()


def kernel_route_missing(plan: Data, seen: Data, family: str) -> None:
    del seen["routers"]["br2"]["fib"][family][find(plan, BGP_VIP, family)["prefix"]]


def kernel_path_elsewhere(plan: Data, seen: Data, family: str) -> None:
    elsewhere = {"ipv4": "172.16.0.9", "ipv6": "fe80::9"}[family]
    seen["routers"]["br1"]["fib"][family][find(plan, BGP_VIP, family)["prefix"]] = [elsewhere]


def neighbour_absent(plan: Data, seen: Data, family: str) -> None:
    del seen["routers"]["tor1"]["neighbours"][find(plan, LAYER2_VIP, family)["vip"]]


def neighbour_failed(plan: Data, seen: Data, family: str) -> None:
    seen["routers"]["tor1"]["neighbours"][find(plan, LAYER2_VIP, family)["vip"]].update(mac=None, state="FAILED")


def neighbour_incomplete(plan: Data, seen: Data, family: str) -> None:
    seen["routers"]["tor1"]["neighbours"][find(plan, LAYER2_VIP, family)["vip"]].update(mac=None, state="INCOMPLETE")


def neighbour_failed_with_its_old_mac(plan: Data, seen: Data, family: str) -> None:
    seen["routers"]["tor1"]["neighbours"][find(plan, LAYER2_VIP, family)["vip"]]["state"] = "FAILED"


def neighbour_is_another(plan: Data, seen: Data, family: str) -> None:
    seen["routers"]["tor1"]["neighbours"][find(plan, LAYER2_VIP, family)["vip"]]["mac"] = observed.mac("other")


def no_answer(service: str) -> Fault:
    def fault(plan: Data, seen: Data, family: str) -> None:
        probe = seen["clients"]["client46"]["probes"][find(plan, service, family)["vip"]]
        probe.update(ok=False, node="", nodes={}, ms=None, detail="0 of 4 flows answered, connect: Connection refused")

    return fault


def not_probed(plan: Data, seen: Data, family: str) -> None:
    del seen["clients"]["client46"]["probes"][find(plan, BGP_VIP, family)["vip"]]


def no_client(plan: Data, seen: Data, family: str) -> None:
    next(vip for vip in plan["vips"] if vip["service"] == BGP_VIP and vip["family"] == family)["clients"] = []


def served_by_a_stranger(service: str) -> Fault:
    def fault(plan: Data, seen: Data, family: str) -> None:
        probe = seen["clients"]["client46"]["probes"][find(plan, service, family)["vip"]]
        probe.update(node="node1", nodes={"node1": 3, "printer7": 1})

    return fault


ONE_VIP: list[tuple[str, str, Fault, str]] = [
    (BGP_VIP, "allocated", unknown_to_the_speakers, "does not know it"),
    (LAYER2_VIP, "allocated", outside_its_pool, "a block that holds"),
    (BGP_VIP, "allocated", of_another_service, "it belongs to default/other"),
    (BGP_VIP, "announced", not_sent_to_one_router, "does not carry it"),
    (BGP_VIP, "announced", held_back_by_an_announcer, "no advertisement selects this node"),
    (BGP_VIP, "announced", announced_by_a_stranger, "node3 announces it as well"),
    (LAYER2_VIP, "announced", answered_by_a_second_node, "announces it as well"),
    (LAYER2_VIP, "announced", answered_by_nobody, "noInterface"),
    (BGP_VIP, "bgp table", not_in_the_table, "isp1: expected"),
    (BGP_VIP, "bgp table", path_missing, "missing: "),
    (BGP_VIP, "bgp table", path_not_used, "missing: "),
    (BGP_VIP, "bgp table", path_from_elsewhere, "unexpected: "),
    (BGP_VIP, "bgp table", path_that_stands_in, "unexpected: "),
    (BGP_VIP, "bgp table", path_too_many, "missing: none; unexpected: "),
    (BGP_VIP, "bgp table", community_lost, "communities none"),
    (BGP_VIP, "bgp table", community_too_many, "65535:65281"),
    (BGP_VIP, "bgp table", preference_not_set, "expected local preference 200"),
    (BGP_VIP, "bgp table", preference_where_none_belongs, "expected local preference 100 (default)"),
    (BGP_VIP, "fib", kernel_path_missing, "1 path(s): "),
    (BGP_VIP, "fib", kernel_route_missing, "0 path(s): none"),
    (BGP_VIP, "fib", kernel_path_elsewhere, "br1: expected"),
    (LAYER2_VIP, "neighbour", neighbour_absent, "no entry"),
    (LAYER2_VIP, "neighbour", neighbour_failed, "no MAC (FAILED)"),
    (LAYER2_VIP, "neighbour", neighbour_incomplete, "no MAC (INCOMPLETE)"),
    (LAYER2_VIP, "neighbour", neighbour_failed_with_its_old_mac, "(FAILED)"),
    (LAYER2_VIP, "neighbour", neighbour_is_another, observed.mac("other")),
    (BGP_VIP, "answers", no_answer(BGP_VIP), "Connection refused"),
    (LAYER2_VIP, "answers", no_answer(LAYER2_VIP), "Connection refused"),
    (BGP_VIP, "answers", not_probed, "not probed"),
    (BGP_VIP, "answers", no_client, "the plan has none"),
    (BGP_VIP, "served", served_by_a_stranger(BGP_VIP), "printer7 ×1"),
    (LAYER2_VIP, "served", served_by_a_stranger(LAYER2_VIP), "printer7 ×1"),
]


def breaks(result: Data) -> dict[tuple[str, str], str]:
    return {(vip["service"], vip["family"]): vip["broken_at"] for vip in result["vips"] if vip["state"] == "red"}


def check_form(result: Data) -> None:
    """What holds of every evidence: red once at most per chain, green before it, not reached behind it."""
    for vip in result["vips"]:
        assert [link["link"] for link in vip["links"]] == CHAINS[vip["mode"]]
        states = [link["state"] for link in vip["links"]]
        green = states.index("red") if "red" in states else len(states)
        assert states == ["green"] * green + ["red"] * ("red" in states) + ["not reached"] * (len(states) - green - 1)
        for link in vip["links"]:
            assert bool(link["reason"]) == (link["state"] == "red")
            if link["state"] == "green":
                assert link["proof"]
            if link["state"] == "not reached":
                assert not link["proof"] and not link["places"]
    green_rows = sum(vip["state"] == "green" for vip in result["vips"])
    assert result["summary"] == {"green": green_rows, "total": len(result["vips"])}


@pytest.mark.parametrize("example", fabrics.with_clients())
def test_a_healthy_fabric_is_green(example: str) -> None:
    plan = observed.plan_of(example)
    result = judge(plan, observed.healthy(plan), observed.TIME)
    check_form(result)
    assert not breaks(result) and result["summary"]["total"] == len(plan["vips"]) > 0
    assert (result["cluster"], result["plan_hash"], result["time"]) == (
        plan["cluster"]["name"],
        plan["hash"],
        observed.TIME,
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("service", "link", "fault", "word"), ONE_VIP)
def test_a_fault_of_one_vip(
    service: str, link: str, fault: Fault, word: str, family: str, plan: Data, seen: Data
) -> None:
    fault(plan, seen, family)
    result = judge(plan, seen, observed.TIME)
    check_form(result)
    assert breaks(result) == {(service, family): link}
    red = next(one for vip in result["vips"] for one in vip["links"] if one["state"] == "red")
    assert word in red["reason"] and "red" in red["places"].values()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fault", [session_down, session_missing])
def test_a_session_that_is_down_concerns_every_bgp_vip_of_its_family(
    fault: Fault, family: str, plan: Data, seen: Data
) -> None:
    fault(plan, seen, family)
    result = judge(plan, seen, observed.TIME)
    check_form(result)
    expected = [vip["service"] for vip in plan["vips"] if vip["mode"] == "bgp" and vip["family"] == family]
    assert breaks(result) == {(service, family): "announced" for service in expected}
    reds = [
        place
        for vip in result["vips"]
        for link in vip["links"]
        for place, is_ in link["places"].items()
        if is_ == "red"
    ]
    assert set(reds) == {"node1--tor1" if fault is session_down else "node2--tor1"}


def every_host(example: str = "demo") -> Iterator[tuple[str, str]]:
    _data, hosts = fabrics.read(example)
    for group in ("routers", "nodes", "clients"):
        for name in hosts[group]:
            yield group, name


@pytest.mark.parametrize(("group", "host"), list(every_host()))
@pytest.mark.parametrize("gone", [True, False])
def test_a_host_that_was_not_gathered_is_never_taken_as_well(
    group: str, host: str, gone: bool, plan: Data, seen: Data
) -> None:
    healthy = judge(plan, observed.healthy(plan), observed.TIME)
    if gone:
        del seen[group][host]
    else:
        seen[group][host] = {"error": "unreachable: no route to host"}
    result = judge(plan, seen, observed.TIME)
    check_form(result)
    concerned = {
        (vip["service"], vip["family"])
        for vip in expected(plan)
        if host in vip["clients"]
        or host in vip["routers"]
        or host in vip["announcers"]
        or any(host in plan["segments"][name]["members"] and group != "nodes" for name in vip["segments"])
    }
    assert set(breaks(result)) == concerned
    word = "nothing was gathered" if gone else "no route to host"
    assert all(word in link["reason"] for vip in result["vips"] for link in vip["links"] if link["state"] == "red")
    for vip, before in zip(result["vips"], healthy["vips"]):
        if (vip["service"], vip["family"]) not in concerned and group != "nodes":
            assert vip == before


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("state", ["STALE", "DELAY", "PROBE", "PERMANENT"])
def test_a_neighbour_entry_need_not_be_fresh(state: str, family: str, plan: Data, seen: Data) -> None:
    seen["routers"]["tor1"]["neighbours"][find(plan, LAYER2_VIP, family)["vip"]]["state"] = state
    assert not breaks(judge(plan, seen, observed.TIME))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mac_must_be_that_of_the_segment_where_the_intent_states_the_interface(
    family: str, plan: Data, seen: Data
) -> None:
    vip = find(plan, LAYER2_VIP, family)
    announcer = vip["announcers"][0]
    plan["segments"]["rack1"]["members"][announcer]["interface"] = "eth1"
    entry(seen, announcer, vip)["interfaces"].append({"name": "eth9", "mac": observed.mac(announcer, 9)})
    assert not breaks(judge(plan, seen, observed.TIME))
    seen["routers"]["tor1"]["neighbours"][vip["vip"]]["mac"] = observed.mac(announcer, 9)
    assert breaks(judge(plan, seen, observed.TIME)) == {(LAYER2_VIP, family): "neighbour"}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_default_preference_is_no_preference(family: str, plan: Data, seen: Data) -> None:
    path(plan, seen, family, "isp1")["local_preference"] = 100
    assert not breaks(judge(plan, seen, observed.TIME))


@pytest.mark.parametrize("family", FAMILIES)
def test_maximum_paths_bounds_what_is_used(family: str, plan: Data, seen: Data) -> None:
    vip = find(plan, BGP_VIP, family)
    plan["routers"]["tor1"]["maximum_paths"] = 1
    tor1 = seen["routers"]["tor1"]
    for one in tor1["bgp"][family].values():
        one[1]["best"] = False
    for hops in tor1["fib"][family].values():
        hops.pop()
    other = {"ipv4": "ipv6", "ipv6": "ipv4"}[family]
    assert set(breaks(judge(plan, seen, observed.TIME))) == {
        (one["service"], other) for one in plan["vips"] if one["mode"] == "bgp" and one["family"] == other
    }, "only the other family has more paths than are allowed"
    tor1["fib"][family][vip["prefix"]] = list(vip["routers"]["tor1"]["next_hops"])
    assert breaks(judge(plan, seen, observed.TIME))[BGP_VIP, family] == "fib"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_next_hop_beyond_another_route_is_judged_by_number(family: str, plan: Data, seen: Data) -> None:
    vip = find(plan, BGP_VIP, family)
    loopback = plan["routers"]["br1"]["loopback"][family]
    route_alone(plan, family)["routers"]["br2"]["next_hops"] = [loopback]
    path(plan, seen, family, "br2")["next_hop"] = loopback
    assert not breaks(judge(plan, seen, observed.TIME))
    seen["routers"]["br2"]["fib"][family][vip["prefix"]] = []
    assert breaks(judge(plan, seen, observed.TIME)) == {(BGP_VIP, family): "fib"}


def test_a_router_of_somebody_else_is_not_looked_at(plan: Data, seen: Data) -> None:
    plan["routers"]["isp1"]["managed"] = False
    plan["routers"]["tor1"]["managed"] = False
    for router in ("isp1", "tor1"):
        del seen["routers"][router]
    result = judge(plan, seen, observed.TIME)
    assert not breaks(result)
    proofs = {link["link"]: link["proof"] for vip in result["vips"] for link in vip["links"]}
    assert "isp1: not managed, not looked at" in proofs["bgp table"] and "tor1: not managed" in proofs["fib"]
    assert "no neighbour table to look at" in proofs["neighbour"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reply_without_a_name_is_said_to_be_one(family: str, plan: Data, seen: Data) -> None:
    for client in seen["clients"].values():
        for probe in client["probes"].values():
            probe.update(node="", nodes={})
    result = judge(plan, seen, observed.TIME)
    assert not breaks(result)
    served = [
        link for vip in result["vips"] if vip["family"] == family for link in vip["links"] if link["link"] == "served"
    ]
    assert served and all("names no node" in link["proof"] for link in served)


@pytest.mark.parametrize("family", FAMILIES)
def test_other_spellings_of_an_address_are_the_same(family: str, plan: Data, seen: Data) -> None:
    for router in seen["routers"].values():
        for prefix, hops in router["fib"][family].items():
            router["fib"][family][prefix] = [
                hop.upper().replace("::", ":0::", 1) if ":" in hop else hop for hop in hops
            ]
    assert not breaks(judge(plan, seen, observed.TIME))


def test_nothing_is_changed(plan: Data, seen: Data) -> None:
    before = copy.deepcopy((plan, seen))
    judge(plan, seen, observed.TIME)
    assert (plan, seen) == before
