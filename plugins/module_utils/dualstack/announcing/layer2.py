# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes may answer for a layer-2 VIP, in which order, on which interfaces.

Rules: MetalLB `speaker/layer2_controller.go`. Beyond it: all that share an address have one list of candidates, so that
two nodes never answer for it; a VIP is judged by the endpoints of its own family. Who answers of those is for ``wire``,
which alone knows who is alive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ..resources.model import L2Advertisement, Node
from ..resources.selectors import selected
from .election import order
from .facts import Speaker

ENOUGH = 8  # candidates that are sure to be able to answer; those behind them are not told
SEATS = 512 * 1024  # candidates of all VIPs together: some 16 MB on the way to ``wire``

Candidate = tuple[str, tuple[str, ...]]  # a node and the interfaces that are its own for a VIP; (): any


class Electorate(NamedTuple):
    """The nodes that some advertisements let answer: by name their weights, and what they are as candidates."""

    weights: Mapping[str, int]
    seats: Mapping[str, Candidate]


class Claim(NamedTuple):
    """What one Service says of a VIP: who may answer, and the address by which the election goes.

    ``nodes``: those with endpoints, where the traffic policy asks for it.
    """

    electorate: Electorate
    nodes: frozenset[str] | None
    first: str

    @property
    def voters(self) -> Collection[str]:
        """The nodes that may answer."""
        weights = self.electorate.weights
        return weights.keys() if self.nodes is None else weights.keys() & self.nodes


class Known(NamedTuple):
    """What is known of the nodes. ``ready``: those that Kubernetes calls so; ``speakers``: see NodeFacts.

    ``drained``: those that an annotation takes out of service; they stand last, for when there is nobody else.
    """

    ready: frozenset[str] = frozenset()
    drained: frozenset[str] = frozenset()
    speakers: Mapping[str, Speaker] | None = None

    def sure(self, candidate: Candidate) -> bool:
        """Whether it could answer, as far as is known. Before others are heard, ``wire`` goes by ``ready`` too."""
        name, interfaces = candidate
        if name not in self.ready or name in self.drained:
            return False
        if self.speakers is None:
            return True
        speaker = self.speakers.get(name)
        return speaker is not None and speaker.able(interfaces)


def electorate(adverts: Sequence[L2Advertisement], nodes: Mapping[str, Node]) -> Electorate:
    """Who may answer by these advertisements, of the nodes that may answer at all.

    An advertisement counts on the nodes that it selects only: there its weights add up, and its interfaces join
    those of others; one without interfaces opens all.
    """
    weights: dict[str, int] = {}
    seats: dict[str, Candidate] = {}
    for name, node in nodes.items():
        own = [advert for advert in adverts if selected(advert.node_selectors, node.labels)]
        if own:
            weights[name] = sum(
                preference.weight
                for advert in own
                for preference in advert.preferences
                if preference.selector.matches(node.labels)
            )
            named = {interface for advert in own for interface in advert.interfaces}
            seats[name] = name, tuple(sorted(named)) if all(advert.interfaces for advert in own) else ()
    return Electorate(weights, seats)


def candidates(claims: Sequence[Claim], vip: str, known: Known, room: int) -> tuple[tuple[Candidate, ...], bool]:
    """The candidates of a VIP in the order of the election, and whether some that could matter are left out.

    They end behind the eighth that is sure to be able to answer. Nodes may know differently: each list is a beginning
    of the same order, and who counts stands in all of them. ``room``: they end there in any case.
    Of Services that share a VIP: the nodes that all of them allow, or all that any allows where these are none. Their
    first addresses decide the order as long as they agree, else the VIP itself does.
    """
    first = claims[0]
    if all(claim == first for claim in claims[1:]):
        weights, seats = first.electorate
        names, address = first.voters, first.first
    else:
        weights, seats = _united([claim.electorate for claim in claims])
        names = shared(claims) or frozenset().union(*(claim.voters for claim in claims))
        addresses = {claim.first for claim in claims}
        address = addresses.pop() if len(addresses) == 1 else vip
    found: list[Candidate] = []
    count = 0
    for name in sorted(order(names, address, weights), key=known.drained.__contains__):
        if len(found) == room:
            return tuple(found), True
        found.append(seats[name])
        count += known.sure(seats[name])
        if count == ENOUGH:
            break
    return tuple(found), False


def room(count: int) -> int:
    """How many candidates so many VIPs may have each: a power of two, so that it seldom changes."""
    return max(ENOUGH, 1 << max(SEATS // max(count, 1), 1).bit_length() - 1)


def shared(claims: Sequence[Claim]) -> frozenset[str]:
    """The nodes that every claim allows."""
    return frozenset(claims[0].voters).intersection(*(claim.voters for claim in claims[1:]))


def entry(found: tuple[Candidate, ...], name: str) -> dict[str, Any] | None:
    """What ``wire`` on a node is told of a VIP; None when the node is no candidate. Shape: docs/architecture.md."""
    own = dict(found).get(name)
    if own is None:
        return None
    return {"interfaces": own, "candidates": found}


def _united(several: Sequence[Electorate]) -> Electorate:
    weights: dict[str, int] = {}
    seats: dict[str, Candidate] = {}
    for each in several:
        for name, weight in each.weights.items():
            own = each.seats[name][1]
            before = seats.get(name, each.seats[name])[1]
            weights[name] = max(weight, weights.get(name, 0))
            seats[name] = name, tuple(sorted({*before, *own})) if before and own else ()
    return Electorate(weights, seats)
