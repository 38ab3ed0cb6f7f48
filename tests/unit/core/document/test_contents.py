# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric document says what the plan says, the same in both of its forms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import fabrics
import observed
import pytest
import reading
from reading import Document

from dualstack import document
from dualstack.document.words import quantity, share
from dualstack.findings import Finding
from dualstack.plan.build import make

Data = dict[str, Any]
FOLDED = re.compile(r"\w+: \d+ rows")  # what stands above a long table of the page
EXAMPLES = pytest.mark.parametrize("example", fabrics.names())
FAMILIES = pytest.mark.parametrize("family", ["ipv4", "ipv6"])
NAMES = {"ipv4": "IPv4", "ipv6": "IPv6"}
FORMS = {
    "html": lambda plan, findings=(): reading.html(document.html(plan, findings)),
    "markdown": lambda plan, findings=(): reading.markdown(document.markdown(plan, findings)),
}
Read = Callable[..., Document]


@pytest.fixture(params=FORMS)
def read(request: pytest.FixtureRequest) -> Read:
    """Writes a document in one of its forms and reads it."""
    form: Read = FORMS[request.param]
    return form


@EXAMPLES
def test_both_forms_say_the_same(example: str) -> None:
    plan, findings = make(*fabrics.read(example))
    assert plan is not None
    page, text = (form(plan, findings) for form in FORMS.values())
    assert page.tables == {name: tables for name, tables in text.tables.items() if name != "findings"}
    assert page.headings == text.headings
    sections = set(page.texts) - {"", "fabric", "findings"}
    assert {
        name: [text for text in page.texts[name] if not FOLDED.fullmatch(text)] for name in sections - {"words"}
    } == {name: text.texts[name] for name in sections - {"words"}}
    assert page.texts["words"][:-1] == text.texts["words"], "the page has its footer there"


@EXAMPLES
def test_links_lead_somewhere(example: str, read: Read) -> None:
    found = read(observed.plan_of(example))
    assert len(set(found.anchors)) == len(found.anchors)
    assert found.links and {link.removeprefix("#") for link in found.links} <= set(found.anchors)


@EXAMPLES
def test_the_same_plan_gives_the_same_text(example: str) -> None:
    plan, findings = make(*fabrics.read(example))
    again, _findings = make(*fabrics.read(example))
    assert plan is not None and again is not None
    for write in (document.markdown, document.html):
        assert write(plan, findings) == write(again, findings)


@EXAMPLES
def test_hosts(example: str, read: Read) -> None:
    plan = observed.plan_of(example)
    found = read(plan)
    routers = found.table("hosts", "router") if plan["routers"] else []
    assert [row[0] for row in routers] == list(plan["routers"])
    for row, facts in zip(routers, plan["routers"].values()):
        loopbacks = list(facts["loopback"].values())
        assert row[2:5] == [str(facts["asn"]), facts["router_id"], "\n".join(loopbacks) or "–"]
        assert row[7] == ("this tool" if facts["managed"] else "its own team")
    nodes = {row[0]: row for row in found.table("hosts", "node")}
    assert list(nodes) == list(plan["nodes"])
    for name, segment in plan["segments"].items():
        for host, member in segment["members"].items():
            if host in nodes and segment["kind"] == "rack":
                shown = next(line for line in nodes[host][3].split("\n") if line.endswith(f" on {name}"))
                assert all(address in shown for address in member["addresses"].values())
    if plan["clients"]:
        assert [row[0] for row in found.table("hosts", "client")] == list(plan["clients"])


@EXAMPLES
def test_segments_with_every_member_and_address(example: str, read: Read) -> None:
    plan = observed.plan_of(example)
    rows = read(plan).table("segments", "segment")
    assert [row[0] for row in rows] == list(plan["segments"])
    for row, segment in zip(rows, plan["segments"].values()):
        members = row[3].split("\n")
        assert [line.split(" ")[0] for line in members] == list(segment["members"])
        for line, member in zip(members, segment["members"].values()):
            assert all(address in line for address in member["addresses"].values())


@EXAMPLES
def test_every_session_stands_once_with_both_ends(example: str, read: Read) -> None:
    plan = observed.plan_of(example)
    found = read(plan)
    shown: Counter[tuple[str, ...]] = Counter()
    for row in found.tables.get("sessions-fabric", [[]])[0][1:]:
        shown[(row[0], row[1], row[2], row[3], row[4], row[5], row[6])] += 1
    for router, facts in plan["routers"].items():
        for row in found.tables.get(f"sessions-router-{router}", [[]])[0][1:]:
            shown[(row[0], row[1], row[2], router, str(facts["asn"]), row[3], row[4])] += 1
    planned = Counter(
        (
            *(
                text
                for end in session["ends"]
                for text in (end["host"], str(end["asn"]), end["address"] or f"link-local on {end['interface']}")
            ),
            ", ".join(NAMES[family] for family in session["families"]),
        )
        for session in plan["sessions"]
    )
    assert shown == planned


@FAMILIES
def test_terms_of_sessions(family: str, read: Read) -> None:
    intent, hosts = fabrics.read("demo")
    intent["bfd_profiles"] = {"fast": {"receive_interval": 100, "transmit_interval": 200, "detect_multiplier": 4}}
    intent["fabric"]["peer_groups"] = {
        "open": {"authenticated": False, "ttl_security": 1, "graceful_restart": True, "timers": {"hold": 30}},
        "watched": {"bfd": "fast", "password": {"secret": "other"}},
        "slow": {"timers": {"hold": 12}},
    }
    intent["fabric"]["racks"]["rack1"]["peer_group"] = "slow"
    intent["fabric"]["links"][3:] = [
        {"between": ["br1", "tor1"], "peer_group": "open"},
        {"between": ["br2", "tor2"], "peer_group": "watched"},
    ]
    plan, findings = make(intent, hosts)
    assert plan is not None, findings
    found = read(plan)
    terms = {row[0]: row[1:] for row in found.table("sessions", "terms")}
    links = found.table("sessions-fabric", "lower end")
    used = {(row[0], row[3]): terms[row[8]][0] for row in links if row[6] == NAMES[family]}
    assert used["tor1", "br1"] == "open" and used["tor2", "br2"] == "watched" and used["br1", "isp1"] == "–"
    nodes = found.table("sessions-router-tor1", "node")
    assert {terms[row[6]][0] for row in nodes if row[4] == NAMES[family]} == {"slow"}
    by_group = {row[0]: row[1:] for row in terms.values()}
    assert by_group["open"] == [
        "keepalive 3 s, hold 30 s, connect 5 s",
        "no",
        "no",
        "accepts packets from at most 1 hop away (RFC 5082)",
        "graceful restart (RFC 4724)",
    ]
    watched = "fast: every 200 ms, down after 4 lost packets (800 ms)"
    assert by_group["watched"] == ["keepalive 3 s, hold 9 s, connect 5 s", watched, "yes: other", "no", "–"]
    assert by_group["–"][2] == "yes: bgp-auth"
    assert "after 12 s at the most" in " ".join(found.texts["traffic"]), "the slowest session of a node"


@EXAMPLES
def test_every_address_of_a_service_and_how_it_is_announced(example: str, read: Read) -> None:
    plan = observed.plan_of(example)
    rows = read(plan).table("vips", "VIP") if plan["services"] else []
    assert [row[0] for row in rows] == [address for each in plan["services"] for address in each["addresses"]]
    ways: dict[tuple[str, str], list[str]] = {}
    for vip in plan["vips"]:
        how = f"BGP {vip['prefix']}" if vip["mode"] == "bgp" else f"{_asks(vip)} by {vip['announcer']}"
        ways.setdefault((vip["vip"], vip["service"]), []).append(f"{how} ({vip['advertisement']})")
    for row in rows:
        assert row[4].split("\n") == ways.get((row[0], row[1].partition(" of ")[0]), ["not announced"])


def _asks(vip: Data) -> str:
    return {"ipv4": "ARP", "ipv6": "NDP"}[vip["family"]]


@EXAMPLES
def test_what_each_router_holds(example: str, read: Read) -> None:
    plan = observed.plan_of(example)
    found = read(plan)
    for router in plan["routers"]:
        planned = [
            [advert, NAMES[family], hops, "–" if held["local_preference"] is None else str(held["local_preference"])]
            for advert, families in plan["routes"].items()
            for family, route in families.items()
            if any(vip["advertisement"] == advert and vip["family"] == family for vip in plan["vips"])
            for held in [route["routers"].get(router)]
            if held
            for hops in [held["next_hops"]]
        ]
        tables = found.tables.get(f"router-{router}", [])
        rows = tables[0][1:] if tables else []
        shown = [[row[0], row[1], [line.split(" ")[0] for line in row[3].split("\n")], row[4]] for row in rows]
        assert shown == planned
        originated = " ".join(found.texts[f"router-{router}"])
        for prefixes in plan["routers"][router]["originates"].values():
            assert all(prefix in originated for prefix in prefixes)


@FAMILIES
def test_pools_with_holes_capacity_and_fill_level(family: str, read: Read) -> None:
    intent, hosts = fabrics.read("demo")
    intent["pools"][2]["reserve"] = ["10.0.1.200-10.0.1.203", "2001:db8:dc:1::200/126"]
    intent["services"][5]["sharing_key"] = intent["services"][4]["sharing_key"] = "one"
    intent["services"][5]["port"] = 81
    plan, findings = make(intent, hosts)
    assert plan is not None, findings
    rows = {(row[0], row[1]): row[2:] for row in read(plan).table("pools", "pool")}
    assert (
        rows["edge", NAMES[family]][1:5]
        == {
            "ipv4": ["10.0.1.200-10.0.1.203", "16", "1", "6.3 %"],
            "ipv6": ["2001:db8:dc:1::200/126", "28", "1", "3.6 %"],
        }[family]
    )
    assert (
        rows["production", NAMES[family]][:5]
        == {
            "ipv4": ["192.168.100.0/25", "–", "128", "2", "1.6 %"],
            "ipv6": ["2001:db8:1::/65", "–", "9,223,372,036,854,775,808 (2^63)", "2", "less than 0.1 %"],
        }[family]
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (65536, "65,536"),
        (999_999, "999,999"),
        (2**20, "1,048,576 (2^20)"),
        (2**64, "18,446,744,073,709,551,616 (2^64)"),
        (2**64 - 4, "18,446,744,073,709,551,612 (about 1.8 × 10^19)"),
        (1_000_000, "1,000,000 (about 1.0 × 10^6)"),
    ],
)
def test_quantities_are_exact_and_readable(number: int, text: str) -> None:
    assert quantity(number) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 2**64, "0 %"),
        (1, 2**64, "less than 0.1 %"),
        (1, 1000, "0.1 %"),
        (1, 3, "33.4 %"),
        (1, 2, "50 %"),
        (9999, 10000, "99.9 %"),
        (10000, 10000, "100 %"),
        (0, 0, "–"),
    ],
)
def test_shares_say_empty_and_full_only_when_they_are(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


def test_findings_with_what_was_silenced(read: Read) -> None:
    plan = observed.plan_of("small")
    findings = [
        Finding("one", "warning", "dualstack.pools[0]", "10.0.0.0/8", "is <b>large</b>", "Take | less."),
        Finding("two", "hint", "dualstack.fabric", "", "a reason", "a fix", "it is *ours*"),
    ]
    found = read(plan, findings)
    if found.tables.get("findings"):
        assert found.table("findings", "severity") == [
            ["warning", "one", "dualstack.pools[0]", "10.0.0.0/8", "is <b>large</b>", "Take | less."],
            ["hint, silenced: it is *ours*", "two", "dualstack.fabric", "–", "a reason", "a fix"],
        ]
    else:
        told = " ".join(found.texts["findings"])
        assert told.index("1 warning") < told.index("dualstack.pools[0] = 10.0.0.0/8") < told.index("1 silenced")
        for text in (
            "is <b>large</b>",
            "Take | less.",
            "dualstack.fabric",
            "a reason",
            "a fix",
            "hint, silenced: it is *ours*",
        ):
            assert text in told
    assert "Findings: 1 warning, 1 silenced" in found.texts[""]
    assert "b" not in found.tags and "em" not in found.tags
    assert "There are none." in read(plan).texts["findings"]
