# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How blocks of different owners relate: what they share, which holds which, which touch. O(n log n + pairs)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .blocks import Block
from .sets import overlaps

IDENTICAL = "identical"
CONTAINS = "contains"
INSIDE = "inside"
PARTIAL = "partial"
ADJACENT = "adjacent"


class Claim(NamedTuple):
    """A block and the name of its owner."""

    owner: str
    block: Block


class Relation(NamedTuple):
    """Two claims, ``kind`` of the first towards the second, and the shared block (None where they only touch)."""

    first: Claim
    second: Claim
    kind: str
    shared: Block | None


def relations(claims: Iterable[Claim], adjacent: bool = False) -> list[Relation]:
    """Every pair of claims that share addresses, with ``adjacent`` also those that touch; in the order of the claims.

    Two claims of one owner are a pair like any other.
    """
    given = list(claims)
    found = [
        (one, two, Relation(given[one], given[two], kind(given[one].block, given[two].block), shared))
        for one, two, shared in overlaps((position, claim.block) for position, claim in enumerate(given))
    ]
    if adjacent:
        found += [(one, two, Relation(given[one], given[two], ADJACENT, None)) for one, two in _touching(given)]
    return [relation for _one, _two, relation in sorted(found, key=lambda entry: entry[:2])]


def kind(first: Block, second: Block) -> str:
    """What ``first`` is to ``second``, which overlaps it: identical, contains, inside or partial."""
    if first == second:
        return IDENTICAL
    if first.contains(second):
        return CONTAINS
    return INSIDE if second.contains(first) else PARTIAL


def _touching(claims: list[Claim]) -> list[tuple[int, int]]:
    beginning: dict[tuple[str, int], list[int]] = {}
    for position, claim in enumerate(claims):
        beginning.setdefault((claim.block.family, claim.block.first), []).append(position)
    return [
        (min(one, two), max(one, two))
        for one, claim in enumerate(claims)
        for two in beginning.get((claim.block.family, claim.block.last + 1), [])
    ]
