# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence page: opens by itself, shows every row and state, draws the fabric, and fits wide and narrow screens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import fabrics
import observed
import pytest
from page.browser import Browser
from page.looks import each, luminance, overflow, ratio

from dualstack.evidence import judge, page

Data = dict[str, Any]
FAMILIES = pytest.mark.parametrize("family", ["ipv4", "ipv6"])


def write(path: Path, plan: Data, seen: Data) -> Data:
    result = judge(plan, seen, observed.TIME)
    path.write_text(page(plan, result), encoding="utf-8")
    return result


def broken(plan: Data, family: str) -> Data:
    """One session, one kernel route and one neighbour entry are missing in a family."""
    seen = observed.healthy(plan)
    status = seen["nodes"]["node2"]["status"]
    session = next(one for one in status["sessions"] if family in one["families"] and one["name"].startswith("tor1"))
    session.update(state="Connect", last_error="connection timed out")
    vips = [vip for vip in plan["vips"] if vip["family"] == family]
    for entry in status["vips"]:
        if entry["vip"] == next(vip["vip"] for vip in vips if vip["mode"] == "bgp"):
            entry["peers"].remove(session["name"])
    del seen["routers"]["tor1"]["neighbours"][next(vip["vip"] for vip in vips if vip["mode"] == "layer2")]
    return seen


def strands(browser: Browser, place: str) -> dict[str, str]:
    """Family to state of the strands of a connection or the pips of a host."""
    selector = f'.fabric [data-place="{place}"] :is(.strand, .pip)'
    classes = each(browser, selector, "e.getAttribute('class').split(' ')")
    return {family: state for _kind, family, state in classes}


@pytest.mark.parametrize("example", fabrics.with_clients())
def test_it_opens_by_itself_and_shows_every_row(example: str, browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of(example)
    file = tmp_path / "evidence.html"
    result = write(file, plan, observed.healthy(plan))
    browser.open(file)
    assert [url for url in browser.requests() if not url.startswith("data:")] == [file.as_uri()]
    assert browser.complaints() == [] and browser.ask("document.scripts.length") == 0
    total = len(plan["vips"])
    assert browser.ask("document.querySelector('h1').innerText") == f"{total} of {total} green"
    assert each(browser, ".row .vip", "e.innerText") == [vip["vip"] for vip in plan["vips"]]
    assert set(each(browser, ".row", "e.classList.contains('green')")) == {True}
    chips = [link["link"] for vip in result["vips"] for link in vip["links"]]
    assert each(browser, ".row > summary .chip.green", "e.innerText") == chips
    assert each(browser, ".row", "e.open") == [False] * total
    assert browser.ask("document.querySelector('.breaks')") is None


@pytest.mark.parametrize("example", fabrics.names())
def test_the_fabric_is_drawn_whole(example: str, browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of(example)
    write(tmp_path / "evidence.html", plan, observed.healthy(plan))
    browser.open(tmp_path / "evidence.html")
    families = set(plan["cluster"]["families"])
    drawn = {}
    for group in ("routers", "nodes", "clients"):
        for host, facts in plan[group].items():
            drawn[host] = set(facts.get("families", families))
    for name, segment in plan["segments"].items():
        members = segment["members"]
        if segment["kind"] == "rack":
            drawn.update({f"{host}--{name}": set(member["addresses"]) for host, member in members.items()})
            continue
        for one in (one for one in members if one in plan["routers"]):
            for other in (other for other in members if other != one):
                shared = members[one]["addresses"].keys() & members[other]["addresses"].keys()
                between = shared if members[one]["addresses"] else families
                drawn["--".join(sorted((one, other)))] = set(between)
    found = {place: strands(browser, place) for place in drawn}
    assert {place: set(states) for place, states in found.items()} == drawn
    if example == "demo":
        assert {state for states in found.values() for state in states.values()} == {"green"}


@FAMILIES
def test_what_is_broken_is_red_in_its_family_only(family: str, browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of("demo")
    result = write(tmp_path / "evidence.html", plan, broken(plan, family))
    other = {"ipv4": "ipv6", "ipv6": "ipv4"}[family]
    browser.open(tmp_path / "evidence.html")
    red = [vip for vip in result["vips"] if vip["state"] == "red"]
    assert {vip["family"] for vip in red} == {family} and {vip["mode"] for vip in red} == {"bgp", "layer2"}
    assert each(browser, ".row.red .vip", "e.innerText") == [vip["vip"] for vip in red]
    assert each(browser, ".row", "e.open") == [vip["state"] == "red" for vip in result["vips"]]
    assert each(browser, ".row > summary .chip.red", "e.innerText") == [vip["broken_at"] for vip in red]
    behind = sum(link["state"] == "not reached" for vip in red for link in vip["links"])
    assert browser.ask("document.querySelectorAll('.row > summary .chip.not-reached').length") == behind > 0
    assert strands(browser, "node2--rack1") == {family: "red", other: "green"}
    assert strands(browser, "node2--rack2") == {family: "green", other: "green"}
    assert strands(browser, "tor1") == {family: "green", other: "green"}
    shown = browser.ask("document.querySelector('.breaks').innerText")
    assert "connection timed out" in shown and "no entry" in shown
    reasons = [link["reason"] for vip in red for link in vip["links"] if link["reason"]]
    assert each(browser, "ol.links p:not(.quiet)", "e.innerText") == reasons


def test_a_router_that_could_not_be_asked_is_red_in_both_families(browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of("demo")
    seen = observed.healthy(plan)
    observed.without_frr(plan, seen, "tor1")
    write(tmp_path / "evidence.html", plan, seen)
    browser.open(tmp_path / "evidence.html")
    assert strands(browser, "tor1") == strands(browser, "tor1--rack1") == {"ipv4": "red", "ipv6": "red"}
    assert strands(browser, "tor2") != {"ipv4": "red", "ipv6": "red"}
    shown = each(browser, ".breaks li", "e.innerText")
    assert len(shown) == 1 and f"tor1 could not be asked: {observed.GONE}" in shown[0]


def test_proofs_open_and_rows_are_chosen_without_scripts(browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of("demo")
    result = write(tmp_path / "evidence.html", plan, broken(plan, "ipv4"))
    visible = "e.checkVisibility() && e.getClientRects().length > 0"
    browser.script(False)
    try:
        browser.open(tmp_path / "evidence.html")
        assert not browser.ask("document.querySelector('.row.green').open")
        browser.click(".row.green > summary")
        assert browser.ask("document.querySelector('.row.green').open")
        proofs = [link["proof"] for link in next(vip for vip in result["vips"] if vip["state"] == "green")["links"]]
        assert each(browser, ".row.green[open] pre", "e.textContent") == proofs
        assert all(each(browser, ".row.green[open] pre", visible))
        for choice, rows in (("ipv4", ".ipv4"), ("ipv6", ".ipv6"), ("red", ".red")):
            browser.click(f"label[for=only-{choice}]")
            assert all(each(browser, f".row{rows}", visible)), choice
            assert not any(each(browser, f".row:not({rows})", visible)), choice
        browser.click("label[for=only-all]")
        assert all(each(browser, ".row", visible))
    finally:
        browser.script(True)


@pytest.mark.parametrize("width", [1600, 1280, 768, 390, 320])
@pytest.mark.parametrize("family", ["ipv4", "ipv6", None])
def test_nothing_is_wider_than_the_screen(width: int, family: str | None, browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of("demo")
    write(tmp_path / "evidence.html", plan, broken(plan, family) if family else observed.healthy(plan))
    browser.open(tmp_path / "evidence.html", width=width)
    browser.ask("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    assert overflow(browser) <= 0
    outside = each(browser, "main *:not(.fabric, .fabric *)", "e.getBoundingClientRect().right - innerWidth")
    assert max(outside) <= 0


def large() -> Data:
    """The demo with many nodes and clients, and with long names."""
    intent, hosts = fabrics.read("demo")
    text = json.dumps([intent, hosts])
    text = re.sub(r'"(isp1|node3|client46)"', r'"\1-in-the-far-corner-of-the-hall"', text)
    intent, hosts = json.loads(text)
    for number in range(40):
        rack, third = (("rack1", 1), ("rack2", 2))[number % 2]
        addresses = [f"10.0.{third}.{100 + number}", f"2001:db8:dc:{third}::{100 + number}"]
        hosts["nodes"][f"many{number}"] = {"racks": {rack: addresses}}
    made, findings = observed.make(intent, hosts)
    assert made is not None, findings
    return made


@pytest.mark.parametrize("width", [1280, 390])
def test_a_large_fabric_scrolls_in_its_own_frame(width: int, browser: Browser, tmp_path: Path) -> None:
    plan = large()
    write(tmp_path / "evidence.html", plan, observed.healthy(plan))
    browser.open(tmp_path / "evidence.html", width=width)
    assert overflow(browser) <= 0
    assert browser.ask("(e => e.scrollWidth > e.clientWidth)(document.querySelector('.scroll'))")
    hosts = len(plan["routers"]) + len(plan["nodes"]) + len(plan["clients"])
    assert browser.ask("document.querySelectorAll('.host').length") == hosts
    room = "e.parentNode.querySelector('.pip').getBBox().x - e.getBBox().x - e.getBBox().width"
    assert min(each(browser, ".host .name, .host .about", room)) > 0, "texts end before the families' signs"
    boxes = each(browser, ".host > .box", "[e.x.baseVal.value, e.y.baseVal.value, e.width.baseVal.value]")
    boxes.sort(key=lambda box: (box[1], box[0]))
    assert all(one[1] != other[1] or one[0] + one[2] < other[0] for one, other in zip(boxes, boxes[1:])), (
        "no two overlap"
    )


def test_it_follows_the_reader_s_light_and_dark(browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of("demo")
    write(tmp_path / "evidence.html", plan, broken(plan, "ipv6"))
    contrast = {}
    for dark in (False, True):
        browser.open(tmp_path / "evidence.html", dark=dark)
        colours = [
            browser.ask("getComputedStyle(document.body).backgroundColor"),
            browser.ask("getComputedStyle(document.querySelector('.service')).color"),
            browser.ask("getComputedStyle(document.querySelector('.breaks h2')).color"),
        ]
        paper, ink, red = (luminance(colour) for colour in colours)
        assert (paper < ink) == dark
        contrast[dark] = [ratio(paper, ink), ratio(paper, red)]
    # WCAG 2.1, success criterion 1.4.3: 4.5 for text.
    assert all(value >= 4.5 for values in contrast.values() for value in values), contrast


def test_foreign_text_is_text(browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of("demo")
    seen = observed.healthy(plan)
    evil = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    seen["clients"]["client4"] = {"error": evil}
    write(tmp_path / "evidence.html", plan, seen)
    browser.open(tmp_path / "evidence.html")
    assert browser.ask("document.title") == "demo: 6 of 12 green"
    assert browser.ask("document.images.length + document.scripts.length") == 0
    assert evil in browser.ask("document.querySelector('.row.red ol.links p').innerText")
    assert [url for url in browser.requests() if not url.startswith("data:")] == [(tmp_path / "evidence.html").as_uri()]
