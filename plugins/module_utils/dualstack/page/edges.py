# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of a fabric that its picture shows as lines between two hosts; racks are rails instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME


class Edge(NamedTuple):
    """Two hosts, and for each family that runs between them the addresses of both; None where there are none."""

    one: str
    other: str
    families: dict[str, tuple[str | None, str | None]]


def connection(one: str, other: str) -> str:
    """The name of the connection between two hosts, the same from either side."""
    return "--".join(sorted((one, other)))


def edges(plan: Mapping[str, Any]) -> Iterator[Edge]:
    """Links, routers and the clients behind them, peers known by address and the nodes they serve."""
    for segment in plan["segments"].values():
        members = segment["members"]
        routers = [name for name in members if name in plan["routers"]]
        if segment["kind"] == "link":
            yield _edge(plan, segment, *members)
        elif segment["kind"] in ("network", "remote"):
            hosts = [name for name in members if name in plan["clients"] or name in plan["nodes"]]
            yield from (_edge(plan, segment, router, host) for router in routers for host in hosts)


def _edge(plan: Mapping[str, Any], segment: Mapping[str, Any], one: str, other: str) -> Edge:
    """Without addresses of a router the session runs between link-local ones and carries all families (RFC 8950)."""
    ends = [segment["members"][host]["addresses"] for host in (one, other)]
    unnumbered = not ends[0]
    families = plan["cluster"]["families"] if unnumbered else [each for each in FAMILY_NAME if each in ends[0]]
    return Edge(
        one,
        other,
        {family: (ends[0].get(family), ends[1].get(family)) for family in families if unnumbered or family in ends[1]},
    )
