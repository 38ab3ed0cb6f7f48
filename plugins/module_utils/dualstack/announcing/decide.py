# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node announces to whom: resources and the node's facts in, the desired state of ``wire`` out.

Deterministic: nodes that see the same resources agree, in whatever order these arrived. One thing depends on the past,
so that a mistake with a pool is no outage: a VIP whose pool is taken away or shrinks stays announced for as long as its
Service holds it (MetalLB refuses the whole new configuration meanwhile).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..addresses.blocks import Block, parse_address
from ..findings import WARNING, Finding
from ..resources.model import Key, Node, Pool, Resources, Service
from . import reasons
from .announcements import LAYER2, Announcement, Announcements
from .context import Context, same_choice
from .desired import Desired
from .endpoints import Endpoints
from .facts import OF_ALL, UNKNOWN, NodeFacts
from .verdicts import Verdict, unknown_endpoints, verdict

__all__ = ["Announcement", "Decider", "Decision", "decide", "nothing"]

Parts = Mapping[str, Mapping[str, Any]]


class Decision(NamedTuple):
    """``desired``: the state for ``wire``, in the shape of docs/architecture.md; the next decision changes it in place.

    ``changes``: what differs from the decision before, by part and name, None for what is gone. ``changed``: the
    Services of which an announcement may differ. ``drain``: seconds, where the Node asks to be taken out of service.
    """

    desired: Parts
    announcements: Announcements
    findings: list[Finding]
    changes: Parts
    changed: frozenset[str]
    drain: int | None


class Decider:
    """Decides again and again, at the cost of what changed."""

    def __init__(self) -> None:
        self._context: Context | None = None
        self._frame: tuple[Any, ...] = ()
        self._nodes: Mapping[str, Node] = {}
        self._endpoints = Endpoints()
        self._known: dict[str, Verdict] = {}
        self._local: set[str] = set()
        self._strays: dict[str, dict[str, Pool]] = {}
        self._notes: dict[str, list[Finding]] = {}
        self._desired = Desired()
        self._announcements = Announcements(self._known, self._announced)

    def decide(self, resources: Resources, facts: NodeFacts, touched: Iterable[Key] | None = None) -> Decision:
        """The decision for these resources.

        ``touched``: the Services and EndpointSlices that may differ from those of the last call; None: any.
        """
        context, everything, more = self._renew(resources, facts)
        keys = self._touched(resources, None if everything else touched) | more
        if everything:
            keys.update(self._known, resources.services)
        for key in sorted(keys):
            self._judge(context, key, resources.services.get(key))
        changes, shared = self._desired.settle()
        said = [finding for key in sorted(self._notes) for finding in self._notes[key]]
        return Decision(
            self._desired.parts,
            self._announcements,
            [*context.findings, *said, *self._desired.findings()],
            changes,
            frozenset(keys | shared),
            resources.nodes[facts.name].drain if facts.name in resources.nodes else None,
        )

    def _renew(self, resources: Resources, facts: NodeFacts) -> tuple[Context, bool, set[str]]:
        """The context, whether every Service must be judged again for it, and else which ones must."""
        frame = (
            replace(facts, endpoints=UNKNOWN, speakers=None),
            resources.pools,
            resources.l2_advertisements,
            resources.bgp_advertisements,
            resources.peers,
            resources.bfd_profiles,
            resources.communities,
            resources.secrets,
        )
        before, context = self._context, self._context
        if context is None or frame != self._frame or not same_choice(self._nodes, resources.nodes):
            context = Context(resources, facts, before)
            if before is not None and before.index.pools != context.index.pools:
                self._keep(before, context)
            self._desired.peers(context.sessions)
        told = before is not None and before.facts.speakers == facts.speakers
        if context is not before or self._nodes is not resources.nodes or not told:
            self._desired.nodes(facts.name, context.voters, resources.nodes, facts.speakers)
        known = context.facts.endpoints if before is None else before.facts.endpoints
        context.facts = facts
        self._context, self._frame, self._nodes = context, frame, resources.nodes
        if before is None or (context is not before and not context.judges_like(before)):
            return context, True, set()
        if known == facts.endpoints:
            return context, False, set()
        return context, OF_ALL in (known, facts.endpoints), set(self._local)

    def _touched(self, resources: Resources, touched: Iterable[Key] | None) -> set[str]:
        """The Services that must be judged again."""
        if touched is None:
            concerned = self._endpoints.replace(resources.endpoint_slices)
            concerned.update(self._known.keys() - resources.services.keys())
            for name, service in resources.services.items():
                if name not in self._known or self._known[name].service is not service:
                    concerned.add(name)
        else:
            concerned = set()
            for key in touched:
                name = f"{key.namespace}/{key.name}"
                if key.kind == "Service":
                    concerned.add(name)
                elif key.kind == "EndpointSlice":
                    concerned |= self._endpoints.put(name, resources.endpoint_slices.get(name))
        return {name for name in concerned if name in self._known or name in resources.services}

    def _judge(self, context: Context, key: str, service: Service | None) -> None:
        before = self._known.pop(key, None)
        self._local.discard(key)
        self._notes.pop(key, None)
        strays = self._strays.pop(key, {})
        if service is None:
            self._desired.replace(key, before, None)
            return
        used: dict[str, Pool] = {}

        def pool_of(text: str, block: Block) -> Pool | None:
            found = context.index.find(block.family, block.first, service.noted)
            if found is None and text in strays:
                found = used[text] = strays[text]
            return found

        after = verdict(context, self._endpoints, key, service, pool_of)
        self._known[key] = after
        if used:
            self._strays[key] = used
        if service.local:
            self._local.add(key)
        notes = [_stray(key, text, pool) for text, pool in used.items()]
        notes += unknown_endpoints(context, service)
        if notes:
            self._notes[key] = notes
        self._desired.replace(key, before, after)

    def _keep(self, before: Context, after: Context) -> None:
        """The pools of VIPs that are in no pool any more, until their Services let go of them."""
        for key, known in self._known.items():
            for text in known.service.addresses:
                block = parse_address(text)
                if after.index.find(block.family, block.first) is None:
                    pool = before.index.find(block.family, block.first, known.service.noted)
                    if pool is not None:
                        self._strays.setdefault(key, {})[text] = pool

    def _announced(self, key: str) -> tuple[Announcement, ...]:
        known = self._known[key]
        return tuple(self._completed(entry) if entry.vip in known.claims else entry for entry in known.entries)

    def _completed(self, entry: Announcement) -> Announcement:
        """An announcement with what depends on who else shares the VIP."""
        if entry.mode != LAYER2:
            return entry
        found = self._desired.candidates(entry.vip)
        own = dict(found).get(self._context.facts.name) if self._context else None
        return entry._replace(
            announcer=found[0][0],
            interfaces=own or (),
            reason="" if own is not None else entry.reason or reasons.NOT_OWNER,
            candidates=found,
        )


def decide(resources: Resources, facts: NodeFacts) -> Decision:
    """One decision from scratch."""
    return Decider().decide(resources, facts)


def nothing() -> Decision:
    """What is decided before anything is known."""
    return decide(Resources(), NodeFacts(""))._replace(findings=[])


def _stray(key: str, text: str, pool: Pool) -> Finding:
    place = f"Service {key}: status.loadBalancer"
    reason = (
        f"is in no pool any more (it was in {pool.name}): announced as before until the controller moves the Service"
    )
    fix = "Put the address back into a pool, or see why the controller does not act."
    return Finding("stray-address", WARNING, place, text, reason, fix)
