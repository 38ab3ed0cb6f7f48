# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric as a picture: hosts and their connections, one strand per family, coloured by what was proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from .case import connection
from .html import Markup, element
from .layout import Layout, Point, layout

GREEN = "green"
RED = "red"
IDLE = "idle"
_BOX = (132, 46)
_LETTERS = 11
_APART = 6.0
_WIDE = 1000
_LEAST = 0.6
_Places = Mapping["tuple[str, str]", str]


def drawing(plan: Mapping[str, Any], result: Mapping[str, Any]) -> Markup:
    """An SVG of the plan's fabric. Every strand and host carries its state as a class: ``green``, ``red`` or ``idle``.

    ``idle``: no chain came across it, or none got that far.
    """
    places = _places(result)
    where = layout(plan)
    parts = [
        *_rails(plan, where, places),
        *_lines(plan, where, places),
        *(_host(plan, name, point, places) for name, point in where.hosts.items()),
    ]
    return element(
        "svg",
        element("title", f"The fabric of {plan['cluster']['name']}"),
        *parts,
        class_="fabric wide" if where.width > _WIDE else "fabric",
        viewBox=f"0 0 {where.width:g} {where.height:g}",
        width=where.width,
        height=where.height,
        style=f"min-width:{_LEAST * where.width:g}px",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )


def _places(result: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(place, family) to state: red when any chain breaks there, else green when any chain proves it."""
    states: dict[tuple[str, str], str] = {}
    for vip in result["vips"]:
        for link in vip["links"]:
            for place, state in link["places"].items():
                if states.get((place, vip["family"])) != RED:
                    states[place, vip["family"]] = state
    return states


def _shared(segment: Mapping[str, Any], one: str, other: str) -> list[str]:
    members = segment["members"]
    return [
        family
        for family in FAMILY_NAME
        if family in members[one]["addresses"] and family in members[other]["addresses"]
    ]


def _lines(plan: Mapping[str, Any], where: Layout, places: _Places) -> list[Markup]:
    """Connections outside the racks: between routers, and from a router to the hosts behind it."""
    drawn = []
    for segment in plan["segments"].values():
        if segment["kind"] == "rack":
            continue
        routers = [name for name in segment["members"] if name in plan["routers"]]
        hosts = [name for name in segment["members"] if name in plan["clients"]]
        pairs = (
            [tuple(routers)] if segment["kind"] == "link" else [(router, host) for router in routers for host in hosts]
        )
        for one, other in pairs:
            states = {
                family: places.get((connection(one, other), family), IDLE) for family in _shared(segment, one, other)
            }
            drawn.append(_connection(connection(one, other), states, where.hosts[one], where.hosts[other]))
    return drawn


def _connection(name: str, states: Mapping[str, str], one: Point, other: Point, text: str = "") -> Markup:
    """Strands of all families side by side."""
    length = ((other.x - one.x) ** 2 + (other.y - one.y) ** 2) ** 0.5 or 1.0
    across = Point((other.y - one.y) / length, (one.x - other.x) / length)
    if across.x < 0 or (across.x == 0 and across.y < 0):
        across = Point(-across.x, -across.y)
    strands = []
    for number, (family, state) in enumerate(states.items()):
        shift = _APART * (number - (len(states) - 1) / 2)
        strands.append(
            element(
                "line",
                element("title", f"{text or name}, {FAMILY_NAME[family]}: {_spoken(state)}"),
                class_=f"strand {family} {state}",
                x1=round(one.x + across.x * shift, 1),
                y1=round(one.y + across.y * shift, 1),
                x2=round(other.x + across.x * shift, 1),
                y2=round(other.y + across.y * shift, 1),
            )
        )
    return element("g", *strands, class_="connection", data_place=name)


def _rails(plan: Mapping[str, Any], where: Layout, places: _Places) -> list[Markup]:
    drawn = []
    for name, rail in where.rails.items():
        segment = plan["segments"][name]
        routers = [host for host in rail.ties if host in plan["routers"]]
        nodes = [host for host in rail.ties if host not in plan["routers"]]
        networks = ", ".join(segment["networks"].values())
        for host, x in rail.ties.items():
            others = nodes if host in routers else routers
            states = {
                family: _tie((places.get((connection(host, other), family), IDLE) for other in others), host in routers)
                for family in segment["members"][host]["addresses"]
            }
            drawn.append(_connection(f"{host}--{name}", states, Point(x, where.hosts[host].y), Point(x, rail.y)))
        drawn.append(
            element(
                "g",
                element("title", f"{name}: {networks}"),
                element("line", x1=rail.left - 9, y1=rail.y, x2=rail.right + 9, y2=rail.y),
                element("text", name, x=rail.left - 9, y=rail.y - 8),
                class_="rail",
            )
        )
    return drawn


def _tie(states: Iterable[str], router: bool) -> str:
    """The state of a host's tie to a rack, from its connections; a router's is red only when all of them are."""
    known = [state for state in states if state != IDLE]
    if not known:
        return IDLE
    red = all(state == RED for state in known) if router else RED in known
    return RED if red else GREEN


def _host(plan: Mapping[str, Any], name: str, point: Point, places: _Places) -> Markup:
    kind, about, families = _about(plan, name)
    states = {family: places.get((name, family), IDLE) for family in families}
    width, height = _BOX
    left, top = point.x - width / 2, point.y - height / 2
    pips = [
        element(
            "g",
            element("title", f"{name}, {FAMILY_NAME[family]}: {_spoken(state)}"),
            element("rect", x=left + width - 24, y=top + 6 + 18 * number, width=17, height=15, rx=4),
            element("text", family[-1], x=left + width - 15.5, y=top + 17.5 + 18 * number),
            class_=f"pip {family} {state}",
        )
        for number, (family, state) in enumerate(states.items())
    ]
    worst = RED if RED in states.values() else GREEN if GREEN in states.values() else IDLE
    return element(
        "g",
        element("rect", x=left, y=top, width=width, height=height, rx=9, class_="box"),
        element("title", f"{name}, {about}"),
        element("text", _short(name), x=left + 12, y=top + 20, class_="name"),
        element("text", about, x=left + 12, y=top + 36, class_="about"),
        *pips,
        class_=f"host {kind} {worst}",
        data_place=name,
    )


def _about(plan: Mapping[str, Any], name: str) -> tuple[str, str, list[str]]:
    """(kind, what stands below the name, families) of a host."""
    families = plan["cluster"]["families"]
    if name in plan["routers"]:
        router = plan["routers"][name]
        return "router" if router["managed"] else "router foreign", f"AS {router['asn']}", families
    if name in plan["nodes"]:
        return "node", f"AS {plan['nodes'][name]['asn']}", families
    return "client", "client", plan["clients"][name]["families"]


def _short(name: str) -> str:
    """A name that fits its box: both ends of a long one, because the end tells hosts apart."""
    half = (_LETTERS - 1) // 2
    return name if len(name) <= _LETTERS else f"{name[:half]}…{name[-half:]}"


def _spoken(state: str) -> str:
    return {GREEN: "proven", RED: "broken here", IDLE: "nothing proven"}[state]
