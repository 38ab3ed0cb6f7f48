# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node announces to whom: resources and the node's facts in, the desired state of ``wire`` out.

Deterministic: nodes that see the same resources agree, in whatever order these arrived. Left out on purpose: endpoints
(externalTrafficPolicy Local), which the sources do not know yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..addresses.blocks import BITS, Block, address_text, parse_address
from ..findings import Finding
from ..resources.model import L2Advertisement, Resources, Service
from ..resources.selectors import selected
from . import reasons
from .context import Context
from .facts import NodeFacts
from .offers import Paths, merge

BGP = "bgp"
LAYER2 = "layer2"


class Announcement(NamedTuple):
    """One VIP as this node sees it, once per way of announcing it.

    ``mode``: bgp, layer2, or None when no advertisement selects the pool; ``announcer``: the node that announces it by
    layer 2, this node by BGP, or None; ``reason``: empty when this node announces it, else a word of ``reasons``.
    """

    vip: str
    family: str
    service: str
    mode: str | None
    announcer: str | None
    routes: tuple[tuple[str, Paths], ...]
    interfaces: tuple[str, ...]
    reason: str


class Decision(NamedTuple):
    """``desired``: the state for ``wire``, in the shape of docs/architecture.md; the rest explains it."""

    desired: dict[str, dict[str, Any]]
    announcements: list[Announcement]
    findings: list[Finding]


class Decider:
    """Decides again and again, at the cost of what changed."""

    def __init__(self) -> None:
        self._frame: tuple[Any, ...] = ()
        self._context: Context | None = None
        self._known: dict[str, tuple[Service, tuple[Announcement, ...]]] = {}

    def decide(self, resources: Resources, facts: NodeFacts) -> Decision:
        """The decision for these resources."""
        context = self._context_of(resources, facts)
        known, self._known = self._known, {}
        announcements: list[Announcement] = []
        for key, service in resources.services.items():
            before = known.get(key)
            found = before[1] if before and before[0] is service else tuple(_service(context, service))
            self._known[key] = (service, found)
            announcements += found
        return Decision(_desired(context, announcements), announcements, context.findings)

    def _context_of(self, resources: Resources, facts: NodeFacts) -> Context:
        frame = (
            facts,
            resources.pools,
            resources.l2_advertisements,
            resources.bgp_advertisements,
            resources.peers,
            resources.bfd_profiles,
            resources.communities,
            resources.secrets,
            resources.nodes,
        )
        if self._context is None or frame != self._frame:
            self._frame, self._context = frame, Context(resources, facts)
            self._known = {}
        return self._context


def decide(resources: Resources, facts: NodeFacts) -> Decision:
    """One decision from scratch."""
    return Decider().decide(resources, facts)


def _service(context: Context, service: Service) -> Iterator[Announcement]:
    if service.load_balancer_class != context.facts.load_balancer_class:
        return
    placed = []
    for text in service.addresses:
        block = parse_address(text)
        placed.append((text, block, context.pool_of(block.family, block.first)))
    adverts: dict[str, L2Advertisement] = {}
    for _block, _name, pool in placed:
        adverts.update({advert.name: advert for advert in (context.layer2(pool) if pool else ())})
    for text, block, pool in placed:
        if pool is None:
            yield _silent(service, text, block.family, None, reasons.NO_POOL)
            continue
        by_bgp = context.bgp(pool, block.family, service)
        if by_bgp is not None:
            offers, reason = by_bgp
            routes = tuple((_prefix(block, offer.length), offer.paths) for offer in offers)
            announcer = None if reason else context.facts.name
            yield Announcement(text, block.family, service.key, BGP, announcer, routes, (), reason)
        if context.layer2(pool):
            yield _layer2(context, service, text, block.family, list(adverts.values()))
        elif by_bgp is None:
            yield _silent(service, text, block.family, None, reasons.NO_ADVERTISEMENT)


def _layer2(context: Context, service: Service, text: str, family: str, adverts: list[L2Advertisement]) -> Announcement:
    """MetalLB's rules (`speaker/layer2_controller.go`): the elected node announces every address of the Service."""
    if service.shared and any(advert.service_selectors for advert in adverts):
        return _silent(service, text, family, LAYER2, reasons.SHARED)
    matching = [advert for advert in adverts if selected(advert.service_selectors, service.labels)]
    if not matching:
        return _silent(service, text, family, LAYER2, reasons.NO_MATCH)
    announcer = context.announcer(matching, service.addresses[0])
    own = [advert for advert in matching if context.selects_node(advert)]
    reason = (own and context.node_reason()) or ("" if announcer == context.facts.name else reasons.NOT_OWNER)
    named = {name for advert in own for name in advert.interfaces}
    interfaces = tuple(sorted(named)) if all(advert.interfaces for advert in own) and not reason else ()
    return Announcement(text, family, service.key, LAYER2, announcer, (), interfaces, reason or "")


def _silent(service: Service, text: str, family: str, mode: str | None, reason: str) -> Announcement:
    return Announcement(text, family, service.key, mode, None, (), (), reason)


def _prefix(block: Block, length: int) -> str:
    rest = BITS[block.family] - length
    return f"{address_text(block.family, block.first >> rest << rest)}/{length}"


def _desired(context: Context, announcements: list[Announcement]) -> dict[str, dict[str, Any]]:
    routes: dict[str, Paths] = {}
    layer2: dict[str, dict[str, Any]] = {}
    for entry in announcements:
        if entry.reason:
            continue
        for prefix, paths in entry.routes:
            routes[prefix] = merge(routes[prefix], paths) if prefix in routes else paths
        if entry.mode == LAYER2:
            before = layer2.get(entry.vip)
            names = sorted({*(before["interfaces"] if before else ()), *entry.interfaces})
            every = not entry.interfaces or (before is not None and not before["interfaces"])
            layer2[entry.vip] = {"interfaces": [] if every else names}
    return {"peers": dict(context.sessions), "routes": routes, "layer2": layer2}
