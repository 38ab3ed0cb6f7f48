# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric drawn in plain text: clients above, then routers by tier, then racks with their nodes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..page.edges import edges
from .words import asn

_WIDTH = 110
_LABEL = 10
_MOST = 24

Plan = Mapping[str, Any]


def lines(plan: Plan) -> list[str]:
    """A line per host or rack that names what it is connected to below it, and beside it after ``=``."""
    found: list[str] = []
    for label, rows in _rows(plan):
        found += [""] if found else []
        for number, (name, below, beside) in enumerate(rows):
            begin = f"{label if number == 0 else '':<{_LABEL}}{name}"
            ties = [f"{sign} {_names(others)}" for sign, others in (("──", below), ("══", beside)) if others]
            text = " ".join([begin, *ties])
            found += textwrap.wrap(
                text,
                _WIDTH,
                subsequent_indent=" " * (_LABEL + 4),
                drop_whitespace=True,
                break_long_words=False,
                break_on_hyphens=False,
            )
    return found


_Row = "tuple[str, Sequence[str], Sequence[str]]"


def _rows(plan: Plan) -> Iterator[tuple[str, list[tuple[str, list[str], list[str]]]]]:
    """Tier by tier: (name with its AS, what it is connected to below, what stands beside it)."""
    ties: dict[str, list[str]] = {}
    for edge in edges(plan):
        ties.setdefault(edge.one, []).append(edge.other)
        ties.setdefault(edge.other, []).append(edge.one)
    routers = plan["routers"]
    racks = {name: segment for name, segment in plan["segments"].items() if segment["kind"] == "rack"}
    for segment, content in racks.items():
        for host in content["members"]:
            if host not in plan["nodes"]:
                ties.setdefault(host, []).append(segment)
    if plan["clients"]:
        yield "clients", [(name, ties.get(name, []), []) for name in plan["clients"]]
    for tier in sorted({facts["tier"] for facts in routers.values()}, reverse=True):
        rows = []
        for name, facts in routers.items():
            if facts["tier"] == tier:
                others = ties.get(name, [])
                below = [each for each in others if each in routers and routers[each]["tier"] < tier]
                below += [each for each in others if each in racks or each in plan["nodes"]]
                beside = [each for each in others if each in routers and routers[each]["tier"] == tier]
                rows.append((f"{name} (AS {asn(facts['asn'])})", below, beside))
        yield f"tier {tier}", rows
    if racks:
        yield (
            "racks",
            [
                (name, [each for each in content["members"] if each in plan["nodes"]], [])
                for name, content in racks.items()
            ],
        )
    placed = {host for segment in plan["segments"].values() for host in segment["members"]}
    alone = [name for name in plan["nodes"] if name not in placed]
    if alone:
        yield "nodes", [(name, [], []) for name in alone]


def _names(names: Sequence[str]) -> str:
    if len(names) <= _MOST:
        return ", ".join(names)
    return f"{', '.join(names[: _MOST - 2])} and {len(names) - _MOST + 2} more"
