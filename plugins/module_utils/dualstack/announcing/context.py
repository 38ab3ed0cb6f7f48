# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that decides about a VIP apart from its Service: computed once, used for thousands of Services."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from ..addresses.blocks import FAMILIES
from ..addresses.sets import overlaps
from ..findings import ERROR, WARNING, Finding
from ..resources.model import L2Advertisement, Node, Pool, Resources, Service
from ..resources.relations import of_pool
from ..resources.selectors import selected
from . import offers, peers, reasons
from .election import elect
from .facts import NodeFacts
from .offers import Offer, Terms

EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
HOSTNAME_LABEL = "kubernetes.io/hostname"


class Context:
    """The configuration as one node sees it."""

    def __init__(self, resources: Resources, facts: NodeFacts) -> None:
        self.facts = facts
        self.findings: list[Finding] = []
        self._nodes = dict(resources.nodes)
        self.node = self._own_node()
        self.sessions, found = peers.sessions(resources, self.node.labels, facts)
        self.findings += found
        self._families = {name: session["families"] for name, session in self.sessions.items()}
        self._terms, found = offers.terms(resources)
        self.findings += found + offers.unknown_names(resources)
        self._pools = [resources.pools[name] for name in sorted(resources.pools)]
        self._index_pools()
        self._bgp: dict[tuple[str, str], list[Terms]] = {}
        self._advertised: set[str] = set()
        self._layer2: dict[str, list[L2Advertisement]] = {}
        self._assign(resources)
        self._offers: dict[tuple[str, tuple[str, ...]], tuple[Offer, ...] | None] = {}
        self._scores: dict[tuple[str, ...], dict[str, int]] = {}

    def pool_of(self, family: str, value: int) -> Pool | None:
        """The pool that holds an address."""
        if self._overlapping:
            for pool in self._pools:
                if any(block.family == family and block.first <= value <= block.last for block in pool.blocks):
                    return pool
            return None
        at = bisect.bisect_right(self._firsts[family], value) - 1
        if at < 0 or self._lasts[family][at][0] < value:
            return None
        return self._lasts[family][at][1]

    def node_reason(self, node: Node | None = None) -> str:
        """Why a node may announce nothing at all, or nothing."""
        node = node or self.node
        if node.network_unavailable:
            return reasons.NETWORK_UNAVAILABLE
        if EXCLUDE_LABEL in node.labels and not self.facts.ignore_exclude_label:
            return reasons.EXCLUDED
        return ""

    def bgp(self, pool: Pool, family: str, service: Service) -> tuple[tuple[Offer, ...], str] | None:
        """The offers for an address of a pool, or the reason why there are none; None: the pool is not for BGP."""
        if pool.name not in self._advertised:
            return None
        sound = self._bgp[pool.name, family]
        own = [entry for entry in sound if selected(entry.advertisement.node_selectors, self.node.labels)]
        matching = [entry for entry in own if selected(entry.advertisement.service_selectors, service.labels)]
        if not matching:
            return (), reasons.NO_MATCH if own else reasons.NOT_OWNER if sound else reasons.UNUSABLE
        key = (family, tuple(entry.advertisement.name for entry in matching))
        if key not in self._offers:
            self._offers[key] = offers.combine(family, matching, self._families)
        found = self._offers[key]
        if found is None:
            return (), reasons.CONFLICT
        reason = self.node_reason() or ("" if found else reasons.NO_PEER)
        return (() if reason else found), reason

    def layer2(self, pool: Pool) -> list[L2Advertisement]:
        """The L2Advertisements of a pool."""
        return self._layer2[pool.name]

    def announcer(self, adverts: Sequence[L2Advertisement], address: str) -> str | None:
        """The node that the election gives an address to, among those that the advertisements select."""
        key = tuple(sorted(advert.name for advert in adverts))
        if key not in self._scores:
            self._scores[key] = self._candidates(adverts)
        return elect(self._scores[key], address, self._scores[key])

    def selects_node(self, advert: L2Advertisement) -> bool:
        """Whether an advertisement selects this node."""
        return selected(advert.node_selectors, self.node.labels)

    def _candidates(self, adverts: Sequence[L2Advertisement]) -> dict[str, int]:
        scores: dict[str, int] = {}
        for name, node in self._nodes.items():
            own = [advert for advert in adverts if selected(advert.node_selectors, node.labels)]
            if own and not self.node_reason(node):
                scores[name] = sum(
                    preference.weight
                    for advert in own
                    for preference in advert.preferences
                    if preference.selector.matches(node.labels)
                )
        return scores

    def _own_node(self) -> Node:
        name = self.facts.name
        if name not in self._nodes:
            reason = "this node is not among the resources: only its name is known"
            fix = "Add the Node, or correct the node's name in the speaker's configuration."
            self.findings.append(Finding("no-node", WARNING, f"Node {name}", "", reason, fix))
            self._nodes[name] = Node(name, {HOSTNAME_LABEL: name}, False)
        return self._nodes[name]

    def _index_pools(self) -> None:
        owned = [(pool.name, block) for pool in self._pools for block in pool.blocks]
        self._overlapping = False
        for first, second, shared in overlaps(owned):
            self._overlapping = True
            reason, fix = f"shares {shared} with the pool {second}", "Take the addresses out of one of the pools."
            self.findings.append(
                Finding("pool-overlap", ERROR, f"IPAddressPool {first}: spec.addresses", "", reason, fix)
            )
        blocks = sorted(((block, pool) for pool in self._pools for block in pool.blocks), key=lambda entry: entry[0])
        self._firsts = {
            family: [block.first for block, _unused in blocks if block.family == family] for family in FAMILIES
        }
        self._lasts = {
            family: [(block.last, pool) for block, pool in blocks if block.family == family] for family in FAMILIES
        }

    def _assign(self, resources: Resources) -> None:
        bgp = [resources.bgp_advertisements[name] for name in sorted(resources.bgp_advertisements)]
        layer2 = [resources.l2_advertisements[name] for name in sorted(resources.l2_advertisements)]
        for pool in self._pools:
            self._layer2[pool.name] = of_pool(layer2, pool)
            adverts = of_pool(bgp, pool)
            if adverts:
                self._advertised.add(pool.name)
            wide: dict[str, set[str]] = {family: set() for family in FAMILIES}
            for advert in adverts:
                found = offers.too_wide_findings(advert, pool)
                self.findings += [finding for _unused, finding in found]
                for family, _unused in found:
                    wide[family].add(advert.name)
            for family in FAMILIES:
                self._bgp[pool.name, family] = [
                    self._terms[advert.name]
                    for advert in adverts
                    if advert.name in self._terms and advert.name not in wide[family]
                ]
