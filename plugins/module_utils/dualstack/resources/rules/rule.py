# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule over resources is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

from ...addresses.blocks import parse_address
from ...findings import Finding, Problem
from .. import modes
from ..foreign import Foreign
from ..model import Key, Peer, Pool, Resources
from ..selectors import common, selected
from ..wishes import ServiceWish

__all__ = ["Case", "Check", "Problem", "Rule", "rule"]


@dataclass(frozen=True)
class Case:
    """Manifests as they were read, and the mode for which they are judged.

    ``objects``: all that have a name, as they were given. ``namespace``: that of the metallb.io objects. ``unread``:
    kinds of which an object can't be read, so that nothing can be said of what is missing.
    """

    mode: str
    objects: tuple[tuple[Key, Mapping[str, Any]], ...] = ()
    resources: Resources = field(default_factory=Resources)
    wishes: Mapping[str, ServiceWish] = field(default_factory=dict)
    foreign: Foreign = field(default_factory=Foreign)
    namespace: str = "metallb-system"
    unread: frozenset[str] = frozenset()

    def there(self, kind: str, name: str) -> bool:
        """Whether an object of this kind and name is there, be it readable or not."""
        return (kind, name) in self._names

    @cached_property
    def _names(self) -> frozenset[tuple[str, str]]:
        return frozenset((key.kind, key.name) for key, _unused in self.objects)

    @cached_property
    def heard(self) -> Resources:
        """The resources as the mode counts them: without what it passes over (``modes.heard``)."""
        return modes.heard(self.resources, self.mode)

    @cached_property
    def neighbours(self) -> list[tuple[Peer, Peer]]:
        """Pairs of peers that share a node; without Nodes among the objects: that may share one."""
        peers = [self.resources.peers[name] for name in sorted(self.resources.peers)]
        if not self.resources.nodes:
            return [(one, two) for one, two in combinations(peers, 2) if common(one.node_selectors, two.node_selectors)]
        nodes = [
            {name for name, node in self.resources.nodes.items() if selected(peer.node_selectors, node.labels)}
            for peer in peers
        ]
        return [(one, two) for (one, here), (two, there) in combinations(zip(peers, nodes), 2) if here & there]

    @cached_property
    def _holders(self) -> dict[str, Pool | None]:
        return {}

    def pool_of(self, text: str) -> Pool | None:
        """The pool that holds an address."""
        if text not in self._holders:
            address = parse_address(text)
            self._holders[text] = next(
                (
                    self.resources.pools[name]
                    for name in sorted(self.resources.pools)
                    if any(block.contains(address) for block in self.resources.pools[name].blocks)
                ),
                None,
            )
        return self._holders[text]

    def node_labels(self) -> list[Mapping[str, str]]:
        """The labels of the Nodes that are known."""
        return [node.labels for node in self.resources.nodes.values()]


Check = Callable[[Case], Iterator[Problem]]


@dataclass(frozen=True)
class Rule:
    """A rule over resources; it holds in ``modes``, with a severity of its own for our ``speaker``.

    The docstring of ``check`` says what is checked and, after ``Source:``, where the rule comes from.
    """

    id: str
    severity: str
    check: Check
    modes: tuple[str, ...]
    speaker: str

    def __call__(self, case: Case) -> Iterator[Finding]:
        """The findings of the rule."""
        if case.mode in self.modes:
            severity = self.speaker if case.mode == modes.SPEAKER else self.severity
            for problem in self.check(case):
                yield Finding(self.id, severity, *problem)


def rule(
    identifier: str, severity: str, only: tuple[str, ...] = modes.MODES, speaker: str = ""
) -> Callable[[Check], Rule]:
    """Makes a rule of a function. ``only``: its modes; ``speaker``: its severity for our speaker if that differs."""
    return lambda check: Rule(identifier, severity, check, only, speaker or severity)
