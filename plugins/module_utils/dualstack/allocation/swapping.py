# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that ask for the addresses of each other in a circle: each keeps its own until all of them can move at once.

MetalLB takes the address away first and so has no circles, but also leaves a Service without any when it can't move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..resources.wishes import ServiceWish
from .asking import asked_of, families_of
from .choosing import Chooser
from .holdings import Holdings

Place = tuple[str, int]  # family and address


def circles(wishes: Mapping[str, ServiceWish], chooser: Chooser, holdings: Holdings) -> Iterator[frozenset[str]]:
    """Sets of Services, by name, that all can have what they ask for once each of them leaves what it has instead."""
    asked = {key: _asked(wish) for key, wish in wishes.items()}
    blockers = {key: _blockers(wish, asked[key], chooser) for key, wish in wishes.items()}
    for start in sorted(wishes):
        circle, left = {start}, [start]
        while left:
            found = blockers[left.pop()]
            if not found or not found <= set(wishes):
                break
            left += found - circle
            circle |= found
        else:
            if _all_can(circle, asked, holdings):
                yield frozenset(circle)


def _asked(wish: ServiceWish) -> set[Place]:
    families = families_of(wish)
    return {place for place in asked_of(wish).items() if place[0] in families}


def _blockers(wish: ServiceWish, asked: set[Place], chooser: Chooser) -> set[str]:
    """Who has what a Service asks for; empty where nobody, or where it could not have it anyway."""
    found: set[str] = set()
    for family, value in asked:
        users = chooser.in_the_way(wish, family, value)
        if chooser.requested(wish, family, value, apart=frozenset(users)) is None:
            return set()
        found.update(users)
    return found


def _all_can(circle: set[str], asked: Mapping[str, set[Place]], holdings: Holdings) -> bool:
    """Whether no two of a circle ask for the same, and nobody stays on what another one asks for.

    Who asks for no address of a family stays on the one that it has.
    """
    places = [place for key in circle for place in asked[key]]
    stay = {}
    for key in circle:
        leaves = {family for family, _unused in asked[key]}
        have = {address[:2] for address in holdings.of(key).addresses}
        stay[key] = {place for place in have if place[0] not in leaves or place in asked[key]}
    moved_to = {place for key in circle for place in asked[key] - stay[key]}
    return len(set(places)) == len(places) and all(moved_to.isdisjoint(stay[key]) for key in circle)
