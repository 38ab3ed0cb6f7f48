# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peering sheet says everything that the other team must type, in 100 columns, and nothing of Kubernetes."""

from __future__ import annotations

import re
from typing import Any

import fabrics
import pytest
from fabrics import plan_of

from dualstack.plan.build import make
from dualstack.render import sheet
from dualstack.render.policy import view
from dualstack.render.sheet import text

FAMILIES = ["ipv4", "ipv6"]
SECTIONS = ["1. The router", "2. Sessions", "3. Prefix lists", "4. What you accept and send", "5. Communities"]


def every_sheet() -> list[tuple[str, str]]:
    """(example, router) of every router and peer of every example."""
    return [(name, router) for name in fabrics.names() for router in plan_of(name)["routers"]]


SHEETS = every_sheet()


def words(sheet_text: str) -> set[str]:
    return set(re.split(r"[\s,;()\"]+", sheet_text))


def part(sheet_text: str, heading: str) -> str:
    """The lines from a heading to the next empty line."""
    return sheet_text.split(f"\n{heading}", 1)[1].split("\n\n", 1)[0]


@pytest.mark.parametrize(("example", "router"), SHEETS)
def test_it_holds_what_must_be_typed_for_every_session(example: str, router: str) -> None:
    plan = plan_of(example)
    said = sheet.render(plan, router)
    assert [line for line in said.splitlines() if line in SECTIONS] == SECTIONS
    for neighbour in view(plan, router).neighbours:
        session = neighbour.session
        expected = {neighbour.host, str(neighbour.own["asn"]), str(neighbour.other["asn"])}
        expected |= {each for end in session["ends"] for each in (end["address"], end["interface"]) if each}
        assert expected - words(said) == set()
        timers = session["timers"]
        assert f"keepalive {timers['keepalive']} s, hold {timers['hold']} s" in said
        if session["password"]:
            assert f'ask for "{session["password"]["secret"]}"' in said


@pytest.mark.parametrize(("example", "router"), SHEETS)
def test_its_lists_are_those_of_the_policy(example: str, router: str) -> None:
    plan = plan_of(example)
    said, seen = sheet.render(plan, router), view(plan, router)
    for name, label in (("pools", "VIPS"), ("below", "BELOW"), ("inside", "INSIDE"), ("own", "OWN")):
        listed = {str(entry.cidr) for family in seen.families for entry in seen.used_lists(family).get(name, [])}
        assert (f"\n{label}:" in said) == bool(listed)
        if listed:
            block = said.split(f"\n{label}:")[1].split("\n4. ")[0]
            block = re.split(r"\n(?:BELOW|INSIDE|OWN):", block)[0]
            assert {word for word in block.split() if "/" in word} == listed


@pytest.mark.parametrize(("example", "router"), SHEETS)
def test_it_fits_and_is_in_the_words_of_a_network_team(example: str, router: str) -> None:
    plan = plan_of(example)
    said = sheet.render(plan, router)
    assert max(map(len, said.splitlines())) <= 100
    ours = said.replace(plan["cluster"]["name"], "")
    assert re.findall(r"kube|metallb|\bpods?\b|namespace|selector|@secret", ours, re.I) == []
    assert "None" not in words(said)
    assert said.endswith("\n") and "\n\n\n" not in said and not re.search(r" $", said, re.M)


def test_long_names_do_not_break_the_margin() -> None:
    name = "-".join(["a-router-with-a-name"] * 6)

    def change(data: Any, hosts: Any) -> None:
        hosts["routers"][name] = hosts["routers"].pop("tor1")
        data["fabric"]["racks"]["rack1"]["routers"] = [name]
        data["fabric"]["links"] = [[name if end == "tor1" else end for end in link] for link in data["fabric"]["links"]]

    for router in ("br1", name):
        said = sheet.render(plan_of("demo", change), router)
        assert max(map(len, said.splitlines())) <= 100
        assert name in re.sub(r"\s", "", said)


@pytest.mark.parametrize("family", FAMILIES)
def test_limits_preferences_and_paths(family: str) -> None:
    said = sheet.render(plan_of("demo"), "br1")
    assert "258 IPv4 and 4098 IPv6 prefixes per session; then end it" in said
    assert re.search(r"64512:100 +standard +production +200\n", said)
    vip, hop = {"ipv4": ("192.168.100.1/32", "172.16.0.7"), "ipv6": ("2001:db8:1::1/128", "2001:db8:ff::7")}[family]
    assert re.search(rf"{re.escape(vip)} +{re.escape(hop)} +64512:100 +200\n", said)
    plain = sheet.render(plan_of("demo"), "tor1")
    assert "your local preference" not in plain and "Set the local preference" not in plain


def test_what_else_there_is_for_the_team() -> None:
    for platform, words in (
        ("frr", "br1 is configured from the plan by itself"),
        ("bird", "bird.conf beside this sheet says the same as configuration of BIRD."),
        ("eos", "eos.conf beside this sheet says the same as configuration of Arista EOS."),
        ("other", ""),
    ):

        def change(data: Any, hosts: Any, platform: str = platform) -> None:
            hosts["routers"]["br1"]["platform"] = platform

        intro = sheet.render(plan_of("demo", change), "br1").split("1. The router")[0]
        assert words in intro and (".conf" in intro) == (platform in ("bird", "eos"))


def test_directions() -> None:
    said = sheet.render(plan_of("demo"), "br1")
    above = part(said, "isp1 (routers above, towards the clients)")
    assert above.split("\n")[1:] == ["  accept  everything but OWN", "  send    VIPS and INSIDE, nothing else"]
    below = part(said, "tor1 (routers below, towards the servers)")
    assert "accept   VIPS and BELOW, nothing else" in below and "send     everything; at least" in below
    servers = part(sheet.render(plan_of("demo"), "tor1"), "node1, node2 (servers)\n  accept")
    assert "VIPS, nothing else" in servers and "send     nothing" in servers


def test_what_peers_of_the_intent_state() -> None:
    """``local_asn`` and ``router_id`` are not for every load balancer: here they are put into the plan."""

    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["peers"][1].update(port=1790, multihop=3)
        data["fabric"]["peer_groups"]["routers"].update(graceful_restart=True)
        data["fabric"]["peers"][0].update(dynamic_asn="external")
        del data["fabric"]["peers"][0]["asn"]

    plan = plan_of("existing-routers", change)
    for session in plan["sessions"]:
        if session["ends"][1]["host"] == "backup":
            session["options"].update(local_asn=64999, router_id="192.0.2.7")
    backup, primary = sheet.render(plan, "backup"), sheet.render(plan, "primary")
    for line in ("TCP 1790", "over up to 3 hops", "theirs is 192.0.2.7", "multi-hop (RFC 5883)", "on, at both ends"):
        assert line in backup
    assert "64999" in words(backup) and "64500" not in words(backup.split("5. Communities")[0])
    assert "send every 100 ms, expect every 100 ms, down after 3 lost" in primary
    assert re.search(r"^  AS +yours$", primary, re.M)


def test_only_advertisements_for_this_peer_count_as_announced_here() -> None:
    data, hosts = fabrics.read("existing-routers")
    data["advertise"] = [advert for advert in data["advertise"] if advert.get("name") != "to-backup"]
    plan, findings = make(data, hosts)
    assert plan is not None, findings
    backup, primary = (sheet.render(plan, router).split("VIPS:")[1] for router in ("backup", "primary"))
    production = r"192\.168\.100\.0/25 .* production .* (announce it|do not)\n"
    found = [re.search(production, said) for said in (backup, primary)]
    assert [each[1] for each in found if each] == ["do not", "announce it"]


def test_how_sessions_differ_is_told() -> None:
    def change(data: Any, hosts: Any) -> None:
        data["fabric"]["peer_groups"] = {"up": {"ttl_security": 2, "dynamic_asn": True}}
        index = data["fabric"]["links"].index(["br1", "tor1"])
        data["fabric"]["links"][index] = {"between": ["br1", "tor1"], "peer_group": "up"}

    said = sheet.render(plan_of("demo", change), "br1")
    assert said.count("send with TTL 255, accept 254 or more (TTL security of 2 hops, RFC 5082)") == 1
    assert said.count("accept any but your own (external)") == 1
    spine = sheet.render(plan_of("ibgp-reflectors"), "spine1")
    assert "you are the route reflector, they are your clients" in spine
    assert "link-local addresses of the interfaces" in sheet.render(plan_of("unnumbered"), "leaf1")


def test_own_asn_is_accepted_from_above_where_racks_share_it() -> None:
    assert sheet.render(plan_of("demo"), "tor1").count("allowas-in 1") == 1
    assert "allowas-in" not in sheet.render(plan_of("demo"), "br1")


def test_columns_that_do_not_fit_become_pairs() -> None:
    wide = text.table(("name", "value", "empty"), [("x" * 60, "y" * 60, ""), ("a", "b", "")])
    assert wide == [f"  name   {'x' * 60}", f"  value  {'y' * 60}", "", "  name   a", "  value  b"]
    assert text.table(("name", "value"), [("a", "b")]) == ["  name  value", "  a     b"]
