# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools: which blocks each holds, taken in the order of the intent, so that a pool at the end moves no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..addresses import blocks, carve
from ..addresses.blocks import FAMILY_NAME, AddressError, Block
from ..addresses.sets import subtract
from ..addresses.space import Space, Wish, of_count, of_length
from ..allocation.first_free import usable
from ..intent.load import Intent
from ..intent.shapes import Report, error
from .selecting import written


def pools(intent: Intent, report: Report) -> list[dict[str, Any]]:
    """Every pool with its blocks per family, as CIDR or range text, without its reserved holes."""
    spaces = _Spaces()
    result = []
    for pool in intent.pools:
        path = pool["at"]
        found: dict[str, list[str]] = {}
        for text in pool["blocks"] or []:
            found.setdefault(blocks.family_of(text), []).append(text)
        for family, text in (pool["from"] or {}).items():
            try:
                found[family] = [str(_part(pool, spaces, family, blocks.parse_network(text)))]
            except AddressError as problem:
                fix = "Ask for less, or use a larger supernet."
                error(report, "pool-take", f"{path}.{_asked(pool)}", pool[_asked(pool)], str(problem), fix)
        spaces.hold(text for texts in found.values() for text in texts)
        for family in found:
            if family not in intent.families:
                fix = "Remove it, or add the family to cluster.families."
                error(report, "family-extra", path, found[family][0], f"the cluster has no {FAMILY_NAME[family]}", fix)
        holes = [blocks.parse(text) for text in pool["reserve"]]
        allocation = pool["service_allocation"]
        result.append(
            {
                "name": pool["name"],
                "cluster": pool["cluster"] or intent.cluster["name"],
                "auto_assign": pool["auto_assign"],
                "avoid_buggy_ips": pool["avoid_buggy_ips"],
                "labels": dict(pool["labels"]),
                "blocks": {
                    family: [part for text in found[family] for part in _without(text, holes)]
                    for family in intent.families
                    if family in found
                },
                "reserved": list(pool["reserve"]),
                "node_selectors": written(pool["node_selectors"]),
                "service_allocation": _allocation(allocation) if allocation else None,
            }
        )
    return result


def pairs(intent: Intent) -> list[dict[str, Any]]:
    """Pairs of pools: ``{name, pools: {family: pool}}`` with the cluster's families."""
    return [
        {"name": pair["name"], "pools": {family: pair[family] for family in intent.families}} for pair in intent.pairs
    ]


def pool_blocks(pool: Mapping[str, Any]) -> list[Block]:
    """All blocks of a planned pool."""
    return [blocks.parse(text) for texts in pool["blocks"].values() for text in texts]


def _asked(pool: Mapping[str, Any]) -> str:
    return next((key for key in ("size", "prefix_length") if pool[key] is not None), "take")


def _part(pool: Mapping[str, Any], spaces: _Spaces, family: str, supernet: Block) -> Block:
    if pool["size"] is not None:
        return spaces.take(supernet, of_count(family, pool["size"]))
    if pool["prefix_length"] is not None:
        length = pool["prefix_length"][family]
        if length is None:
            raise AddressError(f"no prefix length is given for {FAMILY_NAME[family]}")
        return spaces.take(supernet, of_length(family, length))
    if pool["take"] == "all":
        return supernet
    return carve.halves(supernet)[0 if pool["take"] == "first-half" else 1]


class _Spaces:
    """The free space of every supernet that pools are carved from.

    Pools come in the order of the intent, so what a pool further down states outright never moves one that was carved
    before it; that they overlap is told by a rule.
    """

    def __init__(self) -> None:
        self._taken: list[Block] = []
        self._spaces: dict[Block, tuple[Space, int]] = {}

    def take(self, supernet: Block, wish: Wish) -> Block:
        """The first free block of a supernet that fulfils the wish. Raises AddressError when there is none."""
        space, known = self._spaces.get(supernet) or (Space([supernet]), 0)
        for block in self._taken[known:]:
            space.exclude(block)
        self._spaces[supernet] = space, len(self._taken)
        return space.take(wish)

    def hold(self, texts: Iterable[str]) -> None:
        """These blocks (CIDR or range text) are a pool's now."""
        self._taken += [blocks.parse(text) for text in texts]


def _without(text: str, holes: list[Block]) -> Iterator[str]:
    """The block itself, or what its holes leave of it as ranges, from which every address may be given out.

    The addresses of a CIDR that are never given out (``usable``) go with the holes.
    """
    block = blocks.parse(text)
    if not any(block.overlap(hole) for hole in holes):
        yield text
        return
    for part in subtract(usable(text), holes):
        yield str(part) if part.size == 1 else blocks.range_text(part)


def _allocation(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "priority": given["priority"],
        "namespaces": list(given["namespaces"]),
        "namespace_selectors": written(given["namespace_selectors"]),
        "service_selectors": written(given["service_selectors"]),
    }
