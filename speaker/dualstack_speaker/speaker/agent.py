# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heart of ``speaker``: source and facts in, decision and wanted state out. It owns no socket and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from dualstack.announcing.decide import Decider, nothing
from dualstack.announcing.facts import UNKNOWN, NodeFacts, Speaker
from dualstack.findings import Finding
from dualstack.resources import modes
from dualstack.resources.collection import Collection
from dualstack.resources.model import Key, Resources

from ..sources.source import Source
from .config import Config
from .delta import State


class Deliver(Protocol):
    """Takes the wanted state, and how it differs from that of the call before."""

    def __call__(self, state: State, complete: bool, changes: State, /) -> object: ...


class Agent:
    """``deliver`` is called with every new wanted state, never before the source was loaded once.

    The source fills ``collection``; whoever feeds it calls ``update`` after each batch.
    """

    def __init__(self, config: Config, source: Source, collection: Collection, deliver: Deliver) -> None:
        self._config = config
        self._deliver = deliver
        self._source = source
        self._collection = collection
        self._decider = Decider()
        self._facts = NodeFacts(config.node)
        self._touched: set[Key] = set()
        self.decision = nothing()

    @property
    def loaded(self) -> bool:
        """Whether the source was loaded once."""
        return self._source.loaded

    @property
    def complete(self) -> bool:
        """Whether no file and no object is missing that was there before this process began."""
        return self.loaded and not self._source.lost and not self._collection.lost

    def findings(self) -> list[Finding]:
        """Everything that is wrong, with the source, with objects and with what they say together."""
        return [*self._source.findings(), *self._collection.findings(), *self.decision.findings]

    @property
    def facts(self) -> NodeFacts:
        """What this node knows about itself."""
        return self._facts

    def resources(self) -> Resources:
        """What was read."""
        return self._collection.resources()

    def update(self, touched: Iterable[Key], endpoints: str = UNKNOWN) -> bool:
        """Something was read: ``touched`` has changed. ``endpoints``: see NodeFacts. Returns whether it is decided."""
        self._touched.update(touched)
        return self._decide(replace(self._facts, endpoints=endpoints))

    def interfaces(self, interfaces: dict[str, tuple[str, ...]]) -> bool:
        """The node's addresses. Returns whether they changed."""
        config = self._config
        facts = replace(
            self._facts,
            interfaces=interfaces,
            router_id=config.router_id,
            load_balancer_class=config.load_balancer_class,
            ignore_exclude_label=config.ignore_exclude_label,
        )
        return self._renew(facts)

    def speakers(self, nodes: Mapping[str, Any]) -> bool:
        """What ``wire`` has heard of other nodes, as it tells them. Returns whether that is new."""
        known = {name: Speaker(frozenset(node["interfaces"]), node["open"]) for name, node in nodes.items()}
        return self._renew(replace(self._facts, speakers=known))

    def _renew(self, facts: NodeFacts) -> bool:
        if facts == self._facts:
            return False
        self._decide(facts)
        return True

    def _decide(self, facts: NodeFacts) -> bool:
        self._facts = facts
        if not self.loaded or not self._source.settled:
            return False
        touched, self._touched = self._touched, set()
        self.decision = self._decider.decide(self._collection.resources(), facts, touched)
        self._deliver(self.decision.desired, self.complete, self.decision.changes)
        return True


def collection() -> Collection:
    """An empty one that judges objects as this speaker does."""
    return Collection(modes.speaker)
