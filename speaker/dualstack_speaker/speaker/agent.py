# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heart of ``speaker``: source and facts in, decision and wanted state out. It owns no socket and no clock."""

from __future__ import annotations

from collections.abc import Callable

from dualstack.announcing.decide import Decider, Decision
from dualstack.announcing.facts import NodeFacts
from dualstack.findings import Finding
from dualstack.resources import modes
from dualstack.resources.collection import Collection
from dualstack.resources.model import Resources

from ..sources.files import FolderSource
from .config import Config
from .delta import State


class Agent:
    """``deliver(state, complete)`` is called with every new wanted state, never before the source was loaded once."""

    def __init__(self, config: Config, deliver: Callable[[State, bool], None]) -> None:
        self._config = config
        self._deliver = deliver
        self._source = FolderSource(config.resources)
        self._collection = Collection(modes.speaker)
        self._decider = Decider()
        self._facts = NodeFacts(config.node)
        self.decision = Decision({"peers": {}, "routes": {}, "layer2": {}}, [], [])

    @property
    def loaded(self) -> bool:
        """Whether the source was loaded once."""
        return self._source.loaded

    @property
    def complete(self) -> bool:
        """Whether no file and no object is missing that was there before this process began."""
        return self.loaded and not self._source.lost and not self._collection.lost

    def findings(self) -> list[Finding]:
        """Everything that is wrong, with files, objects and what they say together."""
        return [*self._source.findings(), *self._collection.findings(), *self.decision.findings]

    def resources(self) -> Resources:
        """What was read."""
        return self._collection.resources()

    def scan(self) -> bool:
        """Look at the source. Returns whether anything changed."""
        changed = self._source.scan(self._collection)
        if changed:
            self._decide()
        return changed

    def interfaces(self, interfaces: dict[str, tuple[str, ...]]) -> bool:
        """The node's addresses. Returns whether they changed."""
        config = self._config
        facts = NodeFacts(
            config.node, interfaces, config.router_id, config.load_balancer_class, config.ignore_exclude_label
        )
        if facts == self._facts:
            return False
        self._facts = facts
        self._decide()
        return True

    def _decide(self) -> None:
        if self.loaded:
            self.decision = self._decider.decide(self._collection.resources(), self._facts)
            self._deliver(self.decision.desired, self.complete)
