# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric as a picture: hosts and their connections, one strand per family, coloured by what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..addresses.blocks import FAMILY_NAME
from .edges import connection, edges
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
_MOST = 1.4
States = Mapping["tuple[str, str]", str]


class _Drawing:
    """What a picture is drawn from."""

    def __init__(
        self,
        plan: Mapping[str, Any],
        states: States,
        spoken: Mapping[str, str],
        further: Mapping[str, Sequence[str]],
    ) -> None:
        self._plan = plan
        self._states = states
        self._spoken = spoken
        self._further = further
        self._where: Layout = layout(plan)

    def svg(self) -> Markup:
        """The whole picture."""
        where = self._where
        return element(
            "svg",
            element("title", f"The fabric of {self._plan['cluster']['name']}"),
            *self._rails(),
            *self._lines(),
            *(self._host(name, point) for name, point in where.hosts.items()),
            class_="fabric wide" if where.width > _WIDE else "fabric",
            viewBox=f"0 0 {where.width:g} {where.height:g}",
            width=where.width,
            height=where.height,
            style=f"min-width:{_LEAST * where.width:g}px;max-width:{_MOST * where.width:g}px",
            role="img",
            xmlns="http://www.w3.org/2000/svg",
        )

    def _state(self, place: str, family: str) -> str:
        return self._states.get((place, family), IDLE)

    def _title(self, place: str, family: str, addresses: Iterable[str | None], state: str) -> Markup:
        shown = " and ".join(address for address in addresses if address)
        words = self._spoken.get(state, "")
        return element(
            "title", f"{place}, {FAMILY_NAME[family]}{' ' if shown else ''}{shown}{': ' if words else ''}{words}"
        )

    def _lines(self) -> list[Markup]:
        """Connections outside the racks: between routers, and from a router to the hosts behind it."""
        drawn = []
        for edge in edges(self._plan):
            name = connection(edge.one, edge.other)
            strands = {
                family: (self._title(name, family, addresses, self._state(name, family)), self._state(name, family))
                for family, addresses in edge.families.items()
            }
            drawn.append(_connection(name, strands, self._where.hosts[edge.one], self._where.hosts[edge.other]))
        return drawn

    def _rails(self) -> list[Markup]:
        drawn = []
        for name, rail in self._where.rails.items():
            segment = self._plan["segments"][name]
            routers = [host for host in rail.ties if host in self._plan["routers"]]
            nodes = [host for host in rail.ties if host not in self._plan["routers"]]
            networks = ", ".join(segment["networks"].values())
            for host, x in rail.ties.items():
                others = nodes if host in routers else routers
                strands = {}
                for family, address in segment["members"][host]["addresses"].items():
                    known = (self._state(connection(host, other), family) for other in others)
                    state = _tie(known, host in routers)
                    strands[family] = self._title(f"{host} on {name}", family, [address], state), state
                ends = Point(x, self._where.hosts[host].y), Point(x, rail.y)
                drawn.append(_connection(f"{host}--{name}", strands, *ends))
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

    def _host(self, name: str, point: Point) -> Markup:
        kind, about, families = _about(self._plan, name)
        states = {family: self._state(name, family) for family in families}
        width, height = _BOX
        left, top = point.x - width / 2, point.y - height / 2
        pips = [
            element(
                "g",
                self._title(name, family, [], state),
                element("rect", x=left + width - 24, y=top + 6 + 18 * number, width=17, height=15, rx=4),
                element("text", family[-1], x=left + width - 15.5, y=top + 17.5 + 18 * number),
                class_=f"pip {family} {state}",
            )
            for number, (family, state) in enumerate(states.items())
        ]
        worst = RED if RED in states.values() else GREEN if GREEN in states.values() else IDLE
        further = self._further.get(name, ())
        more = f" +{len(further)}" if further else ""
        return element(
            "g",
            element("rect", x=left, y=top, width=width, height=height, rx=9, class_="box"),
            element("title", f"{', '.join([name, *further])}, {about}"),
            element("text", _short(name, _LETTERS - len(more)) + more, x=left + 12, y=top + 20, class_="name"),
            element("text", about, x=left + 12, y=top + 36, class_="about"),
            *pips,
            class_=f"host {kind} {worst}",
            data_place=name,
        )


def drawing(
    plan: Mapping[str, Any],
    states: States | None = None,
    spoken: Mapping[str, str] | None = None,
    further: Mapping[str, Sequence[str]] | None = None,
) -> Markup:
    """An SVG of a plan's fabric. Every strand and host carries its state as a class: ``green``, ``red`` or ``idle``.

    ``states`` maps (host or connection, family) to a state; ``idle`` is what it does not name. ``spoken`` says a state
    in words where the pointer rests; without one only the addresses are said. ``further``: the hosts that the box of a
    host stands for beside itself.
    """
    return _Drawing(plan, states or {}, spoken or {}, further or {}).svg()


def _connection(name: str, strands: Mapping[str, tuple[Markup, str]], one: Point, other: Point) -> Markup:
    """Strands of all families side by side; each with its title and state."""
    length = ((other.x - one.x) ** 2 + (other.y - one.y) ** 2) ** 0.5 or 1.0
    across = Point((other.y - one.y) / length, (one.x - other.x) / length)
    if across.x < 0 or (across.x == 0 and across.y < 0):
        across = Point(-across.x, -across.y)
    lines = []
    for number, (family, (title, state)) in enumerate(strands.items()):
        shift = _APART * (number - (len(strands) - 1) / 2)
        lines.append(
            element(
                "line",
                title,
                class_=f"strand {family} {state}",
                x1=round(one.x + across.x * shift, 1),
                y1=round(one.y + across.y * shift, 1),
                x2=round(other.x + across.x * shift, 1),
                y2=round(other.y + across.y * shift, 1),
            )
        )
    return element("g", *lines, class_="connection", data_place=name)


def _tie(states: Iterable[str], router: bool) -> str:
    """The state of a host's tie to a rack, from its connections; a router's is red only when all of them are."""
    known = [state for state in states if state != IDLE]
    if not known:
        return IDLE
    red = all(state == RED for state in known) if router else RED in known
    return RED if red else GREEN


def _about(plan: Mapping[str, Any], name: str) -> tuple[str, str, list[str]]:
    """(kind, what stands below the name, families) of a host."""
    families = plan["cluster"]["families"]
    if name in plan["routers"]:
        router = plan["routers"][name]
        asn = "any AS" if router["asn"] is None else f"AS {router['asn']}"
        return "router" if router["managed"] else "router foreign", asn, families
    if name in plan["nodes"]:
        node = plan["nodes"][name]
        return "node", f"AS {node['asn']}" if node["asn"] else "no BGP", node["families"]
    return "client", "client", plan["clients"][name]["families"]


def _short(name: str, letters: int) -> str:
    """A name that fits its box: both ends of a long one, because the end tells hosts apart."""
    half = (letters - 1) // 2
    return name if len(name) <= letters else f"{name[:half]}…{name[-half:]}"
