# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hosts of a fabric stand in its picture: clients above, routers by tier, racks as rails, nodes below.

Coordinates are pixels of the picture's own scale. Every row is spread over the whole width; its order follows the row
below (barycentre), so that what belongs together stands together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

PITCH = 164
TOP = 34
ROW = 104
LANE = 22
HOME = 16
APART = 26


class Point(NamedTuple):
    """The middle of a host."""

    x: float
    y: float


class Rail(NamedTuple):
    """A rack: a horizontal line at ``y``, and for each member the x at which it is tied to the rail."""

    y: float
    left: float
    right: float
    ties: dict[str, float]


class Layout(NamedTuple):
    """Positions of all hosts and rails, and the size of the picture."""

    width: float
    height: float
    hosts: dict[str, Point]
    rails: dict[str, Rail]


def layout(plan: Mapping[str, Any]) -> Layout:
    """The layout of a plan."""
    rows = _rows(plan)
    width = float(PITCH * max(2, *(len(row) for row in rows)))
    x = {name: (number + 0.5) / len(row) * width for row in rows for number, name in enumerate(row)}
    racks = {name: segment for name, segment in plan["segments"].items() if segment["kind"] == "rack"}
    ties = {name: _ties(racks, name, x) for name in racks}
    lanes = _lanes(ties)
    first_rail = TOP + ROW * (len(rows) - 2) + ROW / 2 + HOME
    below = first_rail + LANE * (max(lanes.values(), default=0) + 1) + ROW / 2 - HOME
    y = {name: below if row is rows[-1] else TOP + ROW * number for number, row in enumerate(rows) for name in row}
    return Layout(
        width,
        below + TOP,
        {name: Point(x[name], y[name]) for name in x},
        {
            name: Rail(first_rail + LANE * lanes[name], min(tie.values()), max(tie.values()), tie)
            for name, tie in ties.items()
        },
    )


def _rows(plan: Mapping[str, Any]) -> list[list[str]]:
    """Rows from above: clients, routers from the highest tier down, nodes."""
    tiers = sorted({router["tier"] for router in plan["routers"].values()})
    rack_order = {name: float(number) for number, name in enumerate(plan["segments"])}
    place: dict[str, float] = {}
    nodes = _ordered(plan, list(plan["nodes"]), rack_order, place, {"rack"})
    rows = [nodes]
    for tier in tiers:
        names = [name for name, router in plan["routers"].items() if router["tier"] == tier]
        rows.insert(0, _ordered(plan, names, rack_order, place, {"rack", "remote"} if tier == 0 else {"link"}))
    clients = _ordered(plan, list(plan["clients"]), rack_order, place, {"network", "rack"})
    return [clients, *rows] if clients else rows


def _ordered(
    plan: Mapping[str, Any], names: list[str], racks: Mapping[str, float], place: dict[str, float], kinds: set[str]
) -> list[str]:
    """Names by the mean place of what they are tied to; then their own places are noted."""
    row = set(names)
    tied: dict[str, list[float]] = {}
    for segment, content in plan["segments"].items():
        if content["kind"] in kinds:
            others = [place[other] for other in content["members"] if other in place and other not in row]
            middles = [racks[segment]] if content["kind"] == "rack" and not others else others
            for name in row.intersection(content["members"]):
                tied.setdefault(name, []).extend(middles)

    def middle(name: str) -> float:
        of = tied.get(name)
        return sum(of) / len(of) if of else len(names)

    ordered = sorted(names, key=middle)
    place.update({name: (number + 0.5) / len(ordered) for number, name in enumerate(ordered)})
    return ordered


def _ties(racks: Mapping[str, Any], name: str, x: Mapping[str, float]) -> dict[str, float]:
    """Where each member meets the rail: a host of several racks has one tie beside the other."""
    ties = {}
    for host in racks[name]["members"]:
        homes = [rack for rack, content in racks.items() if host in content["members"]]
        ties[host] = x[host] + HOME * (2 * homes.index(name) - len(homes) + 1)
    return ties


def _lanes(ties: Mapping[str, Mapping[str, float]]) -> dict[str, int]:
    """A lane for each rail, so that no two rails in a lane touch."""
    lanes: dict[str, int] = {}
    taken: list[list[tuple[float, float]]] = []
    for name, tie in ties.items():
        left, right = min(tie.values()), max(tie.values())
        free = (
            n
            for n, spans in enumerate(taken)
            if all(right + APART < first or last + APART < left for first, last in spans)
        )
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((left, right))
        lanes[name] = lane
    return lanes
