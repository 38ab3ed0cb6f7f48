# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that decides about a VIP apart from its Service: computed once, used for thousands of Services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILIES
from ..findings import WARNING, Finding
from ..resources.model import L2Advertisement, Node, Pool, Resources, Service
from ..resources.relations import of_pool
from ..resources.selectors import selected
from . import offers, peers, reasons, silence
from .facts import NodeFacts
from .layer2 import Electorate, electorate
from .offers import Offer, Terms
from .pools import PoolIndex

HOSTNAME_LABEL = "kubernetes.io/hostname"


class _Adverts(NamedTuple):
    """The advertisements that select a pool, by family: ``bgp`` those that can be used.

    ``by_bgp``: the families that BGPAdvertisements are for, usable ones or not.
    """

    by_bgp: frozenset[str]
    bgp: Mapping[str, Sequence[Terms]]
    layer2: Mapping[str, Sequence[L2Advertisement]]


class Context:
    """The configuration as one node sees it.

    ``before``: what was in force until now; what names objects that are not there stays as it was then.
    """

    sessions: dict[str, peers.Session]
    _terms: dict[str, Terms]

    def __init__(self, resources: Resources, facts: NodeFacts, before: Context | None = None) -> None:
        self.facts = facts
        self.findings: list[Finding] = []
        self._nodes = dict(resources.nodes)
        self.node = self._own_node()
        self.sessions, found = peers.sessions(resources, self.node.labels, facts, before.sessions if before else {})
        self.findings += found
        self._families = {name: tuple(session["families"]) for name, session in self.sessions.items()}
        self._terms, found = offers.terms(resources, before._terms if before else {})
        self.findings += found + offers.unknown_names(resources) + offers.mistakes(resources)
        self.index = PoolIndex(resources.pools)
        self.findings += self.index.findings
        adverts = {**resources.bgp_advertisements, **{name: entry.advertisement for name, entry in self._terms.items()}}
        self._bgp = [adverts[name] for name in sorted(adverts)]
        self._layer2 = [resources.l2_advertisements[name] for name in sorted(resources.l2_advertisements)]
        self._adverts: dict[str, _Adverts] = {}
        for pool in self.index.pools:
            self._adverts[pool.name] = self._of_pool(pool, self.findings)
        if not facts.ignore_exclude_label:
            self.findings += silence.findings(resources.nodes, [*self._bgp, *self._layer2])
        self._eligible = {name: node for name, node in self._nodes.items() if not self.node_reason(node)}
        self._offers: dict[tuple[str, tuple[str, ...]], tuple[Offer, ...] | None] = {}
        self._electorates: dict[tuple[str, ...], Electorate] = {}
        self.voters = self._voters()

    def judges_like(self, other: Context) -> bool:
        """Whether Services get the same verdicts from both; findings and the rest of the sessions may differ."""
        return self._basis() == other._basis()

    def _basis(self) -> tuple[Any, ...]:
        facts = self.facts
        return (
            (facts.name, facts.load_balancer_class, facts.ignore_exclude_label),
            self._families,
            self.index.pools,
            self._terms,
            self._bgp,
            self._layer2,
            _choice(self._nodes),
        )

    def node_reason(self, node: Node | None = None) -> str:
        """Why a node may announce nothing at all, or nothing."""
        node = node or self.node
        if node.network_unavailable:
            return reasons.NETWORK_UNAVAILABLE
        if silence.EXCLUDE_LABEL in node.labels and not self.facts.ignore_exclude_label:
            return reasons.EXCLUDED
        return ""

    def bgp(self, pool: Pool, family: str, service: Service) -> tuple[tuple[Offer, ...], str] | None:
        """The offers for an address of a pool, or the reason why there are none; None: it is not for BGP."""
        adverts = self._of(pool)
        if family not in adverts.by_bgp:
            return None
        sound = adverts.bgp[family]
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
        reason = self.node_reason()
        return (() if reason else found), reason

    def layer2(self, pool: Pool, family: str) -> Sequence[L2Advertisement]:
        """The L2Advertisements for the addresses of a family of a pool."""
        return self._of(pool).layer2[family]

    def electorate(self, adverts: Sequence[L2Advertisement]) -> Electorate:
        """The nodes that advertisements let answer."""
        key = tuple(advert.name for advert in adverts)
        if key not in self._electorates:
            self._electorates[key] = electorate(adverts, self._eligible)
        return self._electorates[key]

    def selects_node(self, adverts: Sequence[L2Advertisement]) -> bool:
        """Whether any of the advertisements selects this node."""
        return any(selected(advert.node_selectors, self.node.labels) for advert in adverts)

    def _voters(self) -> frozenset[str]:
        """The other nodes that may answer for layer-2 VIPs; none when this node may not.

        Whatever the pools: nodes go on watching each other while one is taken away and its addresses are in use.
        """
        names = self.electorate(self._layer2).weights.keys()
        own = self.facts.name
        return frozenset(names - {own}) if own in names else frozenset()

    def _own_node(self) -> Node:
        name = self.facts.name
        if name not in self._nodes:
            reason = "this node is not among the resources: only its name is known"
            fix = "Add the Node, or correct the node's name in the speaker's configuration."
            self.findings.append(Finding("no-node", WARNING, f"Node {name}", "", reason, fix))
            self._nodes[name] = Node(name, {HOSTNAME_LABEL: name}, False)
        return self._nodes[name]

    def _of(self, pool: Pool) -> _Adverts:
        """The advertisements of a pool, which may be one that is gone while its addresses are still in use."""
        if pool.name not in self._adverts:
            self._adverts[pool.name] = self._of_pool(pool, [])
        return self._adverts[pool.name]

    def _of_pool(self, pool: Pool, findings: list[Finding]) -> _Adverts:
        adverts = of_pool(self._bgp, pool)
        wide: dict[str, set[str]] = {family: set() for family in FAMILIES}
        for advert in adverts:
            for family, finding in offers.too_wide_findings(advert, pool):
                findings.append(finding)
                wide[family].add(advert.name)
        usable = {
            family: [
                self._terms[advert.name]
                for advert in adverts
                if advert.name in self._terms and family in advert.families and advert.name not in wide[family]
            ]
            for family in FAMILIES
        }
        layer2 = of_pool(self._layer2, pool)
        return _Adverts(
            frozenset(family for advert in adverts for family in advert.families),
            usable,
            {family: [advert for advert in layer2 if family in advert.families] for family in FAMILIES},
        )


def same_choice(before: Mapping[str, Node], after: Mapping[str, Node]) -> bool:
    """Whether two sets of Nodes are the same but for what no verdict depends on: addresses, readiness, drain."""
    return before is after or _choice(before) == _choice(after)


def _choice(nodes: Mapping[str, Node]) -> Mapping[str, Any]:
    return {name: (node.labels, node.network_unavailable) for name, node in nodes.items()}
