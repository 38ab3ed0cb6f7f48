# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of ``wire``, changed in place, with the difference that each round of changes made.

Aggregates and shared VIPs have several users: they go when the last one goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..findings import WARNING, Finding
from ..resources.model import Node
from . import layer2
from .facts import Speaker
from .layer2 import Candidate, Claim, Known
from .offers import Paths, merge
from .users import Users
from .verdicts import Verdict

Part = dict[str, Any]


class Desired:
    """``parts``: peers, routes, layer2 and nodes in the shape of docs/architecture.md."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {"peers": {}, "routes": {}, "layer2": {}, "nodes": {}}
        self._changes: dict[str, Part] = {}
        self._routes: Users[Paths] = Users()
        self._claims: Users[Claim] = Users()
        self._candidates: dict[str, tuple[Candidate, ...]] = {}
        self._notes: dict[str, Finding] = {}
        self._name = ""
        self._known = Known()
        self._room = 0
        self._short: set[str] = set()  # VIPs without room for all their candidates
        self._memory: tuple[list[Claim], tuple[Candidate, ...], bool, Part | None] | None = None

    def peers(self, sessions: Mapping[str, Any]) -> None:
        """The sessions are these."""
        self._replace("peers", sessions)

    def nodes(
        self,
        name: str,
        others: frozenset[str],
        nodes: Mapping[str, Node],
        speakers: Mapping[str, Speaker] | None,
    ) -> None:
        """This node is ``name``; ``others`` may answer for layer-2 VIPs too. ``speakers``: see NodeFacts."""
        drained = frozenset(entry.name for entry in nodes.values() if entry.drain is not None)
        known = Known(frozenset(entry.name for entry in nodes.values() if entry.ready), drained, speakers)
        cut = known != self._known and len(nodes) > layer2.ENOUGH
        if name != self._name or drained != self._known.drained or cut:
            self._touch()
        self._name, self._known = name, known
        found = {other: nodes[other] for other in others}
        self._replace(
            "nodes",
            {other: {"addresses": list(node.addresses), "ready": node.ready} for other, node in found.items()},
        )

    def replace(self, service: str, before: Verdict | None, after: Verdict | None) -> None:
        """The verdict about a Service was this one and is now that one; None: the Service is not there."""
        self._routes.replace(service, before.routes if before else {}, after.routes if after else {})
        self._claims.replace(service, before.claims if before else {}, after.claims if after else {})

    def candidates(self, vip: str) -> tuple[Candidate, ...]:
        """Who may answer for a VIP."""
        return self._candidates.get(vip, ())

    def findings(self) -> list[Finding]:
        """What is to be said of VIPs."""
        found = [self._notes[vip] for vip in sorted(self._notes)]
        return [*found, self._crowded()] if self._short else found

    def settle(self) -> tuple[dict[str, Part], set[str]]:
        """What changed since the last call, by part and name, and the Services that share a VIP that did."""
        for prefix in self._routes.touched:
            paths = None
            for claim in self._routes.claims(prefix):
                paths = claim if paths is None else merge(paths, claim)
            self._put("routes", prefix, paths)
        self._routes.touched.clear()
        room = layer2.room(len(self._claims))
        if room != self._room:
            self._room = room
            if self._short or any(len(found) > room for found in self._candidates.values()):
                self._touch()
        concerned: set[str] = set()
        for vip in self._claims.touched:
            if self._elect(vip):
                concerned.update(self._claims.users(vip))
        self._claims.touched.clear()
        self._memory = None
        changes, self._changes = self._changes, {}
        return changes, concerned

    def _elect(self, vip: str) -> bool:
        """Whether the candidates of a VIP are others now."""
        before = self._candidates.pop(vip, ())
        self._notes.pop(vip, None)
        self._short.discard(vip)
        claims = self._claims.claims(vip)
        if not claims:
            self._put("layer2", vip, None)
            return bool(before)
        alike = all(claim == claims[0] for claim in claims[1:])
        if alike and self._memory is not None and self._memory[0] == claims[:1]:
            found, short, told = self._memory[1:]
        else:
            found, short = layer2.candidates(claims, vip, self._known, self._room)
            told = layer2.entry(found, self._name)
        if short:
            self._short.add(vip)
        if alike:
            self._memory = (claims[:1], found, short, told)
        elif not layer2.shared(claims):
            self._notes[vip] = self._split(vip)
        self._candidates[vip] = found
        self._put("layer2", vip, told)
        return found != before

    def _touch(self) -> None:
        self._claims.touched.update(dict.fromkeys(self._claims))

    def _crowded(self) -> Finding:
        reason = (
            f"{len(self._short)} layer-2 VIPs of {len(self._claims)} have more nodes than there is room for, and few "
            f"of these are known to run a speaker: only the first {self._room} may answer"
        )
        fix = "Name the nodes that can answer in the nodeSelectors of the L2Advertisements."
        return Finding("too-many-candidates", WARNING, "L2Advertisement: spec.nodeSelectors", "", reason, fix)

    def _split(self, vip: str) -> Finding:
        services = sorted(self._claims.users(vip))
        reason = f"is shared by {', '.join(services)}, and no node has endpoints of all of them"
        fix = "Use externalTrafficPolicy Cluster, the same pods for all, or an address for each."
        return Finding("shared-endpoints", WARNING, f"Service {services[0]}: status.loadBalancer", vip, reason, fix)

    def _replace(self, part: str, wanted: Mapping[str, Any]) -> None:
        for name in [name for name in self.parts[part] if name not in wanted]:
            self._put(part, name, None)
        for name, item in wanted.items():
            self._put(part, name, item)

    def _put(self, part: str, name: str, item: Any) -> None:
        items = self.parts[part]
        known = items.get(name)
        if known is item or known == item:
            return
        if item is None:
            del items[name]
        else:
            items[name] = item
        self._changes.setdefault(part, {})[name] = item
