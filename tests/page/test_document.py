# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric document in a browser: opens by itself, fits the screen, links lead on, large fabrics stay usable."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import fabrics
import observed
import pytest
from page.browser import Browser
from page.looks import each, luminance, overflow, ratio

from dualstack.document import html
from dualstack.findings import Finding
from dualstack.plan.build import make

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from bench_plan import SMALL, fabric

Data = dict[str, Any]
EXAMPLES = pytest.mark.parametrize("example", fabrics.names())


@pytest.fixture(scope="module")
def large() -> tuple[Data, list[Finding]]:
    """The fabric of the benchmark: 16 racks, 200 nodes, 1,000 VIPs."""
    plan, findings = make(*fabric(*SMALL))
    assert plan is not None, findings[:3]
    return plan, findings


def write(folder: Path, plan: Data, findings: list[Finding] | None = None) -> Path:
    path = folder / "fabric.html"
    path.write_text(html(plan, findings or []), encoding="utf-8")
    return path


@EXAMPLES
def test_it_opens_by_itself_and_draws_the_fabric(example: str, browser: Browser, tmp_path: Path) -> None:
    plan = observed.plan_of(example)
    file = write(tmp_path, plan)
    browser.open(file)
    assert [url for url in browser.requests() if not url.startswith("data:")] == [file.as_uri()]
    assert browser.complaints() == [] and browser.ask("document.scripts.length") == 0
    names = ", ".join([plan["cluster"]["name"], *plan["clusters"]])
    title = f"The network of cluster{'s' if plan['clusters'] else ''} {names}"
    assert browser.ask("document.querySelector('h1').innerText") == title
    hosts = [*plan["routers"], *plan["nodes"], *plan["clients"]]
    assert sorted(each(browser, ".fabric .host", "e.dataset.place")) == sorted(hosts)
    assert set(each(browser, ".fabric :is(.strand, .pip)", "e.classList.contains('idle')")) == {True}


@pytest.mark.parametrize("width", [1600, 1280, 768, 390])
@EXAMPLES
def test_nothing_is_wider_than_the_screen(example: str, width: int, browser: Browser, tmp_path: Path) -> None:
    plan, findings = make(*fabrics.read(example))
    assert plan is not None
    browser.open(write(tmp_path, plan, findings), width=width)
    browser.ask("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    assert overflow(browser) <= 0
    if width >= 1280:
        frames = each(browser, ".table .scroll", "e.scrollWidth - e.clientWidth")
        assert max(frames) <= 0, "at this width every table is seen whole"


@EXAMPLES
def test_links_lead_to_what_they_name(example: str, browser: Browser, tmp_path: Path) -> None:
    browser.open(write(tmp_path, observed.plan_of(example)))
    for link in each(browser, "nav a", "e.getAttribute('href')"):
        browser.click(f'nav a[href="{link}"]')
        assert browser.ask("location.hash") == link
        assert browser.ask("(e => e.querySelector('h2').innerText)(document.querySelector(':target'))")
        top = browser.ask("document.querySelector(':target').getBoundingClientRect().top")
        bottom = browser.ask("innerHeight + scrollY >= document.documentElement.scrollHeight - 1")
        assert abs(top) <= 1 or bottom, link
    targets = "document.getElementById(e.getAttribute('href').slice(1)) !== null"
    assert set(each(browser, "a", targets)) == {True}


def test_a_large_fabric_is_folded_and_small_enough(
    large: tuple[Data, list[Finding]], browser: Browser, tmp_path: Path
) -> None:
    plan, findings = large
    file = write(tmp_path, plan, findings)
    assert file.stat().st_size < 3_000_000
    browser.open(file)
    shown = "[e.rows.length, e.checkVisibility()]"
    tables = each(browser, "table", shown)
    assert sum(rows for rows, _visible in tables) > 2_000
    assert all(rows <= 41 for rows, visible in tables if visible)
    assert browser.ask("document.documentElement.scrollHeight") < 12_000
    assert overflow(browser) <= 0
    assert len(each(browser, ".fabric .host", "1")) == len(plan["routers"]) + 16, "a box for the nodes of a rack"
    browser.click("#router-tor3a > summary")
    assert set(each(browser, "#router-tor3a table", "e.checkVisibility()")) == {True}
    browser.ask("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    assert overflow(browser) <= 0
    assert {rows for rows, visible in each(browser, "table", shown) if not visible} == set()


def test_it_follows_the_reader_s_light_and_dark(browser: Browser, tmp_path: Path) -> None:
    file = write(tmp_path, observed.plan_of("demo"))
    for dark in (False, True):
        browser.open(file, dark=dark)
        paper = luminance(browser.ask("getComputedStyle(document.body).backgroundColor"))
        card = luminance(browser.ask("getComputedStyle(document.querySelector('.card')).backgroundColor"))
        for selector in ("td", "th", "td code", "nav a", "td a", ".over", "footer p", "summary, h3"):
            ink = luminance(browser.ask(f"getComputedStyle(document.querySelector({selector!r})).color"))
            assert (paper < ink) == dark
            # WCAG 2.1, success criterion 1.4.3: 4.5 for text.
            assert min(ratio(paper, ink), ratio(card, ink)) >= 4.5, (selector, dark)


def test_foreign_text_is_text(browser: Browser, tmp_path: Path) -> None:
    evil = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    plan = observed.plan_of("demo")
    plan["nodes"]["node1"]["labels"] = {"evil": evil}
    browser.open(write(tmp_path, plan, [Finding("evil", "warning", evil, evil, evil, evil, evil)]))
    assert browser.ask("document.title") == "The network of cluster demo"
    assert browser.ask("document.images.length + document.scripts.length") == 0
    told = each(browser, "#findings li > *", "e.textContent")
    assert told == [f"{evil} = {evil}evil", evil, evil, f"warning, silenced: {evil}"]
    assert f"evil={evil}" in each(browser, "#hosts td code", "e.textContent")
