# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named blocks carved out of supernets: wishes as people write them, in; blocks by name, out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .blocks import FAMILY_NAME, AddressError, Block
from .entries import check_family
from .explain import shown
from .space import Space, Wish, of_count, of_length


def wishes(value: Any, families: Sequence[str], exact: bool = False) -> list[Wish]:
    """What ``value`` wishes: ``/26``, a number of addresses (of every one of ``families``), or a mapping per family.

    Raises AddressError for anything else.
    """
    if not families:
        raise AddressError("there is no supernet to carve from; give at least one block")
    if isinstance(value, Mapping):
        found = []
        for family, item in value.items():
            check_family(family)
            if family not in families:
                raise AddressError(f"{shown(item)} is wished in {FAMILY_NAME[family]}, of which there is no supernet")
            found += wishes(item, [family], exact)
        return found
    if isinstance(value, int) and not isinstance(value, bool):
        return [of_count(family, value, exact) for family in families]
    if isinstance(value, str) and re.fullmatch("/[0-9]{1,3}", value):
        if len(families) > 1:
            raise AddressError(f"{value!r} is of no family, and there are two; write {{ipv4: {value}, ipv6: /…}}")
        return [of_length(families[0], int(value[1:]))]
    fix = "write a prefix length such as /26, or a number of addresses without quotes"
    raise AddressError(f"{shown(value)} is no wish; {fix}")


def carve(
    supernets: Sequence[Block],
    wished: Mapping[str, Sequence[Wish]],
    taken: Iterable[Block] = (),
    kept: Mapping[str, Sequence[Block]] | None = None,
) -> dict[str, list[Block]]:
    """A block for each wish, first fit in the order of the names: names added at the end move no other block.

    Blocks ``kept`` from an earlier result stay where they are as long as their name is wished, whatever else changes.

    Raises AddressError that tells every name without room, and every kept block that is not free or not what is wished.
    """
    space = Space(supernets, taken)
    problems: list[str] = []
    held = {name: _hold(space, name, items, (kept or {}).get(name, ()), problems) for name, items in wished.items()}
    result: dict[str, list[Block]] = {}
    for name, items in wished.items():
        for wish, block in zip(items, held[name]):
            try:
                result.setdefault(name, []).append(block or space.take(wish))
            except AddressError as problem:
                problems.append(f"{name}: {problem}")
    if problems:
        raise AddressError("\n".join(problems))
    return result


def _hold(
    space: Space, name: str, wished: Sequence[Wish], kept: Sequence[Block], problems: list[str]
) -> list[Block | None]:
    """For each wish the block that is kept for it, or None."""
    held: list[Block | None] = [None] * len(wished)
    for block in kept:
        index = next((i for i, wish in enumerate(wished) if held[i] is None and _fulfils(block, wish)), None)
        if index is None:
            problems.append(f"{name}: kept {block} is not what is wished; leave it out of keep to carve it anew")
        elif not space.claim(block):
            problems.append(f"{name}: kept {block} is not free; leave it out of keep to carve it anew")
        else:
            held[index] = block
    return held


def _fulfils(block: Block, wish: Wish) -> bool:
    return block.family == wish.family and block.size == wish.size and block.first % wish.alignment == 0
