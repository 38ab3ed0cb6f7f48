# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence as one HTML page without external assets or scripts: the verdict, the picture, a row per VIP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from ..page.drawing import GREEN, IDLE, RED, drawing
from ..page.frame import document, figure
from ..page.html import Markup, element, join, void
from . import rows, rows_page
from .style import CSS
from .table import causes

NOT_REACHED = "not reached"
_SPOKEN = {GREEN: "proven", RED: "broken here", IDLE: "nothing proven"}
_MODE = {"bgp": "BGP", "layer2": "layer 2"}


def page(plan: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """The whole document. ``result`` is what ``judge`` returned for ``plan``."""
    state = _state(result)
    return document(
        f"{result['cluster']}: {_verdict(result)}",
        CSS,
        _header(result, state),
        element("main", _breaks(result), _figure(plan, result), _rows(result), rows_page.section(result["rows"])),
        _footer(),
    )


def _state(result: Mapping[str, Any]) -> str:
    summary = result["summary"]
    return "green" if summary["total"] and summary["green"] == summary["total"] else "red"


def _verdict(result: Mapping[str, Any]) -> str:
    return f"{result['summary']['green']} of {result['summary']['total']} green"


def _header(result: Mapping[str, Any], state: str) -> Markup:
    green, total = result["summary"]["green"], result["summary"]["total"]
    share = f"width:{100 * green / total if total else 0:.4g}%"
    facts = {
        "made": element("time", result["time"].replace("T", " ").replace("Z", " UTC"), datetime=result["time"]),
        "plan": element("code", result["plan_hash"][:12], title=result["plan_hash"]),
    }
    return element(
        "header",
        element("p", f"Evidence of cluster {result['cluster']}", class_="over"),
        element("h1", _verdict(result), class_=f"verdict {state}"),
        element("div", element("i", style=share), class_="meter"),
        element(
            "dl",
            *(element("div", element("dt", name), element("dd", value)) for name, value in facts.items()),
            class_="facts",
        ),
    )


def _breaks(result: Mapping[str, Any]) -> Markup:
    found = causes(result)
    of_cluster = rows.causes(result["rows"])
    if not found and not of_cluster:
        return Markup("")
    items = (
        element(
            "li",
            element("strong", cause.where),
            f": {cause.text} ",
            element("span", f"Broken by it: {', '.join(cause.vips)}", class_="family"),
        )
        for cause in found
    )
    more = (element("li", element("strong", where), f": {text}") for where, text in of_cluster)
    return element("section", element("h2", "Where it breaks"), element("ul", *items, *more), class_="breaks card")


def _figure(plan: Mapping[str, Any], result: Mapping[str, Any]) -> Markup:
    families = [FAMILY_NAME[family] for family in plan["cluster"]["families"]]
    strands = f"one strand per family: {', '.join(families)}" if len(families) > 1 else f"{families[0]} only"
    legend = (element("span", words, class_=state) for state, words in _SPOKEN.items())
    picture = drawing(plan, _states(result), _SPOKEN)
    return join([element("h2", "The fabric"), figure(picture, *legend, element("span", strands, class_="plain"))])


def _states(result: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(place, family) to state: red when any chain breaks there, else green when any chain or row proves it."""
    states: dict[tuple[str, str], str] = {}
    for vip in result["vips"]:
        for link in vip["links"]:
            for place, state in link["places"].items():
                if states.get((place, vip["family"])) != RED:
                    states[place, vip["family"]] = state
    for row in rows.asked(result["rows"]):
        for family in [row["family"]] if row["family"] else FAMILY_NAME:
            if row["node"] and row["state"] in (GREEN, RED) and states.get((row["node"], family)) != RED:
                states[row["node"], family] = row["state"]
    return states


def _rows(result: Mapping[str, Any]) -> Markup:
    if result["rows"] and not result["vips"]:
        return _filters(result)
    heads = element("div", *(element("span", text) for text in ("VIP", "family", "service", "chain")), class_="heads")
    rows = element("div", heads, *(_row(vip) for vip in result["vips"]), class_="rows card")
    return join([element("h2", "Every VIP and family"), _filters(result), rows])


def _filters(result: Mapping[str, Any]) -> Markup:
    choices = {"all": "all"}
    families = sorted({one["family"] for one in (*result["vips"], *result["rows"]) if one["family"]})
    if len(families) > 1:
        choices.update({family: f"{FAMILY_NAME[family]} only" for family in families})
    if _state(result) == "red":
        choices["red"] = "broken only"
    if len(choices) == 1:
        return Markup("")
    return element(
        "fieldset",
        *(
            join(
                [
                    void("input", type="radio", name="only", id=f"only-{key}", checked="" if key == "all" else None),
                    element("label", text, for_=f"only-{key}"),
                ]
            )
            for key, text in choices.items()
        ),
        aria_label="Rows to show",
    )


def _row(vip: Mapping[str, Any]) -> Markup:
    summary = element(
        "summary",
        element("span", vip["vip"], class_="vip"),
        element("span", FAMILY_NAME[vip["family"]], class_="family"),
        element(
            "span", vip["service"], element("small", f"{_MODE[vip['mode']]}, pool {vip['pool']}"), class_="service"
        ),
        element("span", *(_chip(link) for link in vip["links"]), class_="chain"),
    )
    return element(
        "details",
        summary,
        element("ol", *_links(vip), class_="links"),
        class_=f"row {vip['family']} {vip['mode']} {vip['state']}",
        open="" if vip["state"] == "red" else None,
    )


def _chip(link: Mapping[str, Any]) -> Markup:
    state = link["state"].replace(" ", "-")
    return element("span", link["link"], class_=f"chip {state}", title=f"{link['link']}: {link['state']}")


def _links(vip: Mapping[str, Any]) -> list[Markup]:
    reached = [_link(link) for link in vip["links"] if link["state"] != NOT_REACHED]
    behind = [link["link"] for link in vip["links"] if link["state"] == NOT_REACHED]
    if behind:
        reached.append(element("li", element("p", f"Not reached: {', '.join(behind)}.", class_="quiet")))
    return reached


def _link(link: Mapping[str, Any]) -> Markup:
    parts = [element("p", text) for text in link["reason"].splitlines()]
    if link["proof"]:
        parts.append(element("pre", link["proof"]))
    return element("li", _chip(link), element("div", *parts))


def _footer() -> Markup:
    return element(
        "footer", element("p", "A chain is judged up to its first red link. The same as data: evidence.json.")
    )
