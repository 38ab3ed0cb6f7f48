# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at the bottom of a break is told first and once: a silent router or speaker, what the far end says."""

from __future__ import annotations

from typing import Any

import observed
import pytest

from dualstack.evidence import breaks, judge

Data = dict[str, Any]
FAMILY = pytest.mark.parametrize("family", ["ipv4", "ipv6"])
GONE = observed.GONE


@pytest.fixture
def plan() -> Data:
    return observed.plan_of("demo")


@pytest.fixture
def seen(plan: Data) -> Data:
    return observed.healthy(plan)


def reasons(result: Data) -> list[str]:
    return [link["reason"] for vip in result["vips"] for link in vip["links"] if link["state"] == "red"]


def places(result: Data) -> set[str]:
    links = [link["places"] for vip in result["vips"] for link in vip["links"]]
    return {place for found in links for place, state in found.items() if state == "red"}


@pytest.mark.parametrize("router", ["tor1", "tor2"])
def test_a_rack_s_router_without_frr_is_the_cause_and_no_password_is(router: str, plan: Data, seen: Data) -> None:
    observed.without_frr(plan, seen, router)
    result = judge(plan, seen, observed.TIME)
    bgp = [vip for vip in result["vips"] if vip["mode"] == "bgp"]
    assert {vip["broken_at"] for vip in bgp} == {"announced"}
    assert set(reasons(result)) == {
        f"{router} could not be asked: {GONE}. Is FRR running there? See `systemctl status frr`."
    }
    number = len({vip["vip"] for vip in bgp})
    assert breaks(result) == [f"{number} VIPs broken at announced (IPv4, IPv6): {reasons(result)[0]}"]
    assert router in places(result) and f"node2--{router}" in places(result)
    proof = next(link["proof"] for vip in bgp for link in vip["links"] if link["link"] == "announced")
    assert "is Connect, last error: connection refused" in proof


@pytest.mark.parametrize("router", ["br1", "isp1"])
def test_what_other_routers_lack_follows_from_the_one_that_is_silent(router: str, plan: Data, seen: Data) -> None:
    observed.without_frr(plan, seen, router)
    result = judge(plan, seen, observed.TIME)
    assert {vip["broken_at"] for vip in result["vips"] if vip["mode"] == "bgp"} == {"bgp table"}
    assert all(reason.startswith(f"{router} could not be asked: {GONE}.") for reason in reasons(result))
    assert [text.partition(": ")[2][: len(router)] for text in breaks(result)] == [router]
    assert router in places(result)


def test_a_router_without_frr_explains_missing_answers_first(plan: Data, seen: Data) -> None:
    observed.without_frr(plan, seen, "br1")
    for client in seen["clients"].values():
        for probe in client["probes"].values():
            probe.update(ok=False, detail="0 of 4 flows answered, connect: nothing within 2 s")
    result = judge(plan, seen, observed.TIME)
    layer2 = [vip for vip in result["vips"] if vip["mode"] == "layer2"]
    assert {vip["broken_at"] for vip in layer2} == {"answers"}
    first = breaks(result)[0]
    assert first.startswith(
        f"{len({vip['vip'] for vip in result['vips']})} VIPs broken at bgp table, answers (IPv4, IPv6)"
    )
    assert f": br1 could not be asked: {GONE}" in first
    assert all(reason.startswith("br1 could not be asked") for reason in reasons(result))


def test_a_router_that_was_left_out_is_not_taken_for_broken(plan: Data, seen: Data) -> None:
    del seen["routers"]["tor1"]
    observed.cut(plan, seen, "node1", "tor1")
    assert all(
        "--limit" in reason and "systemctl" not in reason for reason in reasons(judge(plan, seen, observed.TIME))
    )


WORDS = [
    (None, "tor1 has no such session", "Run site.yml for tor1."),
    ({"asn": 65001}, "tor1 expects AS 65001, not 64512", "Run site.yml for both ends."),
    ({"state": "Idle (Admin)"}, "on tor1 it is shut down", "take the shutdown back"),
    ({"state": "Idle (PfxCt)"}, "tor1 has cut it, because more prefixes came than it takes", "clear bgp {address}"),
    (
        {"state": "Active", "last_error": "Hold Timer Expired"},
        "on tor1 it is Active, last: Hold Timer Expired",
        "password",
    ),
]


@FAMILY
@pytest.mark.parametrize(("change", "words", "look"), WORDS)
def test_the_router_s_own_word_on_a_session_that_is_down(
    change: Data | None, words: str, look: str, family: str, plan: Data, seen: Data
) -> None:
    observed.cut(plan, seen, "node1", "tor1", family)
    address = plan["segments"]["rack1"]["members"]["node1"]["addresses"][family]
    if change is None:
        del seen["routers"]["tor1"]["sessions"][address]
    else:
        seen["routers"]["tor1"]["sessions"][address].update(change)
    result = judge(plan, seen, observed.TIME)
    found = set(reasons(result))
    assert found and all(f"is Connect, last error: connection refused; {words}. " in reason for reason in found)
    assert all(look.format(address=address) in reason for reason in found)
    assert {vip["family"] for vip in result["vips"] if vip["state"] == "red"} == {family}
    assert places(result) == {"node1--tor1"}


@FAMILY
@pytest.mark.parametrize(
    ("host", "last_error", "words"),
    [
        ("node1", "cannot connect to {there} port 179: network is unreachable", "Has node1 lost {here}?"),
        (
            "node1",
            "cannot connect to {there} port 179: source address {here} is not on this host",
            "node1 lost {here}?",
        ),
        ("tor1", "Waiting for NHT", "Has tor1 lost {there}?"),
    ],
)
def test_an_address_that_went_with_its_link_is_looked_for(
    host: str, last_error: str, words: str, family: str, plan: Data, seen: Data
) -> None:
    members = plan["segments"]["rack1"]["members"]
    here, there = (members[name]["addresses"][family] for name in ("node1", "tor1"))
    observed.cut(plan, seen, "node1", "tor1", family)
    told = last_error.format(here=here, there=there)
    if host == "node1":
        for session in seen["nodes"]["node1"]["status"]["sessions"]:
            session["last_error"] = session["last_error"] and told
    else:
        seen["routers"]["tor1"]["sessions"][here].update(state="Active", last_error=told)
    found = reasons(judge(plan, seen, observed.TIME))
    assert found and all(words.format(here=here, there=there) in text and "password" not in text for text in found)


@FAMILY
def test_a_path_that_stands_in_for_the_planned_one_is_told_once(family: str, plan: Data, seen: Data) -> None:
    """Its preference and communities follow from where it comes from."""
    for paths in seen["routers"]["br1"]["bgp"][family].values():
        paths[0].update(next_hop={"ipv4": "172.16.0.0", "ipv6": "2001:db8:ff::"}[family], local_preference=100)
    found = reasons(judge(plan, seen, observed.TIME))
    assert found and all("unexpected: " in text and "\n" not in text for text in found)


@FAMILY
def test_a_session_between_routers_that_is_down_stands_where_its_routes_are_missing(
    family: str, plan: Data, seen: Data
) -> None:
    address = plan["segments"]["br1--tor1"]["members"]["tor1"]["addresses"][family]
    br1 = seen["routers"]["br1"]
    br1["sessions"][address].update(state="Idle (Admin)")
    br1["bgp"][family] = {}
    found = reasons(judge(plan, seen, observed.TIME))
    assert found
    assert all(f"not in its BGP table; its session with tor1 ({address}) is Idle (Admin). " in text for text in found)


def silence(status: Data, wire: bool) -> None:
    """As the status is when the process speaker does not answer."""
    error = "/run/dualstack-speaker/status.sock: the process speaker does not answer: Connection refused"
    status["speaker"] = {"config": "unknown", "errors": [error], "warnings": []}
    status["wire"] = {"connected": wire, "error": "" if wire else "/run/dualstack/wire.sock: Connection refused"}
    status["vips"] = []
    for session in status["sessions"]:
        session["announced"] = dict.fromkeys(session["families"], 4)
    if not wire:
        status["sessions"] = []


def test_a_stopped_speaker_is_not_taken_for_withdrawn_routes(plan: Data, seen: Data) -> None:
    silence(seen["nodes"]["node1"]["status"], wire=True)
    result = judge(plan, seen, observed.TIME)
    bgp = {vip["broken_at"] for vip in result["vips"] if vip["mode"] == "bgp"}
    assert bgp == {"announced"}
    (text,) = set(reasons(result))
    assert text.startswith(
        "node1: the process speaker does not answer, but wire goes on without it, with what it was told last: "
        "4 IPv4 and 4 IPv6 prefixes over 2 sessions. `journalctl -u dualstack-speaker`"
    )
    assert len(breaks(result)) == 1 and places(result) == {"node1"}


def test_without_wire_nothing_is_announced(plan: Data, seen: Data) -> None:
    silence(seen["nodes"]["node1"]["status"], wire=False)
    (text,) = set(reasons(judge(plan, seen, observed.TIME)))
    assert text.startswith(
        "node1: the process speaker does not answer, nor does wire: nothing is announced from there. "
    )


def test_without_wire_alone_the_speaker_s_word_is_not_taken_for_a_missing_session(plan: Data, seen: Data) -> None:
    status = seen["nodes"]["node1"]["status"]
    status["wire"] = {"connected": False, "error": "Connection refused"}
    status["sessions"] = []
    for vip in status["vips"]:
        vip.update(announcing=False, peers=[], interfaces=[], reason=vip["reason"] or "wireNotConnected")
    result = judge(plan, seen, observed.TIME)
    assert {vip["broken_at"] for vip in result["vips"] if vip["mode"] == "bgp"} == {"announced"}
    (text,) = set(reasons(result))
    assert text.startswith("node1: the process wire does not answer: nothing is announced from there. ")
    assert "systemctl start dualstack-wire" in text


def test_all_speakers_stopped(plan: Data, seen: Data) -> None:
    for node in seen["nodes"].values():
        silence(node["status"], wire=True)
    result = judge(plan, seen, observed.TIME)
    assert {vip["broken_at"] for vip in result["vips"]} == {"allocated"}
    told = breaks(result)
    assert len(told) == len(plan["nodes"]) and all("wire goes on without it" in text for text in told)
