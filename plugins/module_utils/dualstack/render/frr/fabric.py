# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one router stands in the fabric: its neighbours by direction, and the part of the fabric that is its own.

Directions follow the tiers of the plan: a node and a router with a lower tier are below, a higher tier is above, the
same tier is beside. What a router reaches without ever going up (itself, everything beside and below it) is its cone:
nobody above it can be the right one to announce that space.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NODE = "node"
BELOW = "below"
BESIDE = "beside"
ABOVE = "above"

Plan = Mapping[str, Any]


@dataclass(frozen=True)
class Neighbour:
    """The other end of one session of the router. ``direction`` is where it stands, seen from the router."""

    host: str
    direction: str
    internal: bool
    address: str
    own_address: str
    asn: int
    families: tuple[str, ...]
    timers: Mapping[str, int]
    secret: str | None

    @property
    def relation(self) -> str:
        """The name of the policy of this session: node, below, above, peer (beside, eBGP) or mesh (beside, iBGP)."""
        if self.direction != BESIDE:
            return self.direction
        return "mesh" if self.internal else "peer"


def neighbours(plan: Plan, router: str) -> list[Neighbour]:
    """Every session of ``router``, in the order of the plan."""
    return [
        Neighbour(
            host=other["host"],
            direction=NODE if session["kind"] == NODE else _direction(own["tier"], other["tier"]),
            internal=session["type"] == "ibgp",
            address=other["address"],
            own_address=own["address"],
            asn=other["asn"],
            families=tuple(session["families"]),
            timers=session["timers"],
            secret=session["password"]["secret"] if session["password"] else None,
        )
        for session, own, other in _sessions(plan, router)
    ]


def cone(plan: Plan, router: str) -> set[str]:
    """``router`` and every router that it reaches by sessions that never lead up."""
    found = {router}
    wave = [router]
    while wave:
        wave = [
            other["host"]
            for name in wave
            for session, own, other in _sessions(plan, name)
            if session["kind"] != NODE and other["tier"] <= own["tier"] and other["host"] not in found
        ]
        found.update(wave)
    return found


def below(plan: Plan, router: str) -> set[str]:
    """The cones of all routers directly below ``router``: whoever may stand behind a session to below."""
    lower = [neighbour.host for neighbour in neighbours(plan, router) if neighbour.direction == BELOW]
    return set().union(*(cone(plan, name) for name in lower)) if lower else set()


def paths_differ(plan: Plan, router: str) -> bool:
    """Whether equally long AS paths at ``router`` can have different ASNs in them.

    FRR then needs ``bgp bestpath as-path multipath-relax`` to use them together, as the plan's next hops count on.
    """
    tiers: dict[int, set[int]] = {}
    own_tier = plan["routers"][router]["tier"]
    for session in plan["sessions"]:
        for end in session["ends"]:
            if end["tier"] < own_tier:
                tiers.setdefault(end["tier"], set()).add(end["asn"])
    around: dict[str, set[int]] = {}
    for neighbour in neighbours(plan, router):
        if not neighbour.internal:
            around.setdefault(neighbour.direction, set()).add(neighbour.asn)
    return any(len(asns) > 1 for asns in (*tiers.values(), *around.values()))


def has_far_namesake(plan: Plan, router: str) -> bool:
    """Whether another router has the same ASN without a session between the two.

    What it originates then arrives through other ASNs with the router's own ASN in the path.
    """
    near = {neighbour.host for neighbour in neighbours(plan, router)}
    asn = plan["routers"][router]["asn"]
    return any(facts["asn"] == asn for name, facts in plan["routers"].items() if name != router and name not in near)


def _sessions(plan: Plan, router: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]:
    """(session, own end, other end)."""
    for session in plan["sessions"]:
        first, second = session["ends"]
        if first["host"] == router:
            yield session, first, second
        elif second["host"] == router:
            yield session, second, first


def _direction(own_tier: int, other_tier: int) -> str:
    if other_tier == own_tier:
        return BESIDE
    return BELOW if other_tier < own_tier else ABOVE
