# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one router stands in the fabric: its neighbours by direction, and the part of the fabric that is its own.

Directions follow the tiers of the plan: a node and a router with a lower tier are below, a higher tier is above, the
same tier is beside. What a router reaches without ever going up (itself, everything beside and below it) is its cone:
nobody above it can be the right one to announce that space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ...addresses.blocks import Block, parse

Kept = TypeVar("Kept")
NODE = "node"
BELOW = "below"
BESIDE = "beside"
ABOVE = "above"
PEER = "peer"
MESH = "mesh"
FRR = "frr"

Plan = Mapping[str, Any]
Session = Mapping[str, Any]
End = Mapping[str, Any]


@dataclass(frozen=True)
class Neighbour:
    """The other end of one session of the router. ``direction`` is where it stands, seen from the router.

    ``platform`` and ``own_platform``: what the two ends run; empty for a node.
    """

    host: str
    direction: str
    session: Session
    own: End
    other: End
    platform: str
    own_platform: str

    @property
    def relation(self) -> str:
        """The name of the policy of this session: node, below, above, peer (beside, eBGP) or mesh (beside, iBGP)."""
        if self.direction != BESIDE:
            return self.direction
        return MESH if self.internal else PEER

    @property
    def internal(self) -> bool:
        """Whether it is an iBGP session."""
        return bool(self.session["type"] == "ibgp")

    @property
    def unnumbered(self) -> bool:
        """Whether it runs between link-local addresses, so that only our interface tells where the other end is."""
        return bool(self.session["unnumbered"])

    @property
    def client(self) -> bool:
        """Whether we reflect for it (RFC 4456)."""
        return bool(self.session["reflector"] == self.own["host"])

    @property
    def multihop_bfd(self) -> bool:
        """Whether the session is watched by multi-hop BFD (RFC 5883) though its ends share a subnet.

        FRR does so over eBGP with TTL security, which it takes for a session of several hops.
        """
        plain = self.internal or self.unnumbered or not self.session["ttl_security"]
        return bool(self.session["bfd"]) and not plain and FRR in (self.platform, self.own_platform)

    @property
    def secret(self) -> str | None:
        """The name of the secret with the session's password."""
        return self.session["password"]["secret"] if self.session["password"] else None

    @property
    def families(self) -> list[str]:
        """The families that the session carries."""
        return list(self.session["families"])


class Fabric:
    """The plan with an index of its sessions, and what all routers have in common: made once for all of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._parsed: dict[str, Block] = {}
        self._kept: dict[str, Any] = {}
        self._ends: dict[str, list[tuple[Session, End, End]]] = {}
        for session in plan["sessions"]:
            first, second = session["ends"]
            self._ends.setdefault(first["host"], []).append((session, first, second))
            self._ends.setdefault(second["host"], []).append((session, second, first))

    def block(self, text: str) -> Block:
        """The block of a text of the plan."""
        if text not in self._parsed:
            self._parsed[text] = parse(text)
        return self._parsed[text]

    def once(self, name: str, make: Callable[[], Kept]) -> Kept:
        """What ``make`` returns, computed for the first router that asks for ``name``."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: Kept = self._kept[name]
        return kept

    def neighbours(self, router: str) -> list[Neighbour]:
        """Every session of ``router``, in the order of the plan."""
        return [
            Neighbour(
                other["host"],
                NODE if session["kind"] == NODE else _direction(own["tier"], other["tier"]),
                session,
                own,
                other,
                self._platform(other["host"]),
                self._platform(router),
            )
            for session, own, other in self._ends.get(router, [])
        ]

    def _platform(self, host: str) -> str:
        return str(self.plan["routers"][host]["platform"]) if host in self.plan["routers"] else ""

    def cone(self, router: str) -> set[str]:
        """``router`` and every router that it reaches by sessions that never lead up."""
        return self._walk(router, lambda session, own, other: session["kind"] != NODE and other["tier"] <= own["tier"])

    def below(self, router: str) -> set[str]:
        """The cones of all routers directly below ``router``: whoever may stand behind a session to below."""
        lower = {neighbour.host for neighbour in self.neighbours(router) if neighbour.direction == BELOW}
        return set().union(*(self.cone(name) for name in lower)) if lower else set()

    def paths_differ(self, router: str) -> bool:
        """Whether equally long AS paths at ``router`` can have different ASNs in them.

        The plan's next hops count on their being used together, which routers do only when told.
        """
        tiers: dict[int, set[int]] = {}
        own_tier = self.plan["routers"][router]["tier"]
        for session in self.plan["sessions"]:
            for end in session["ends"]:
                if end["tier"] < own_tier:
                    tiers.setdefault(end["tier"], set()).add(end["asn"])
        around: dict[str, set[int]] = {}
        for neighbour in self.neighbours(router):
            if not neighbour.internal:
                around.setdefault(neighbour.direction, set()).add(neighbour.other["asn"])
        return any(len(asns) > 1 for asns in (*tiers.values(), *around.values()))

    def has_far_namesake(self, router: str) -> bool:
        """Whether another router has the same ASN without being reached by iBGP.

        What it originates then arrives through other ASNs with the router's own ASN in the path.
        """
        asn = self.plan["routers"][router]["asn"]
        near = self._island(router)
        return asn is not None and any(
            facts["asn"] == asn for name, facts in self.plan["routers"].items() if name not in near
        )

    def _island(self, router: str) -> set[str]:
        """``router`` and all hosts that iBGP sessions join with it."""
        return self._walk(router, lambda session, _own, _other: session["type"] == "ibgp")

    def _walk(self, router: str, follow: Callable[[Session, End, End], bool]) -> set[str]:
        """``router`` and all that it reaches over sessions that ``follow`` (session, near end, far end) takes."""
        found = {router}
        wave = [router]
        while wave:
            ends = [
                other["host"]
                for name in wave
                for session, own, other in self._ends.get(name, [])
                if follow(session, own, other)
            ]
            wave = [name for name in dict.fromkeys(ends) if name not in found]
            found.update(wave)
        return found


def _direction(own_tier: int, other_tier: int) -> str:
    if other_tier == own_tier:
        return BESIDE
    return BELOW if other_tier < own_tier else ABOVE
