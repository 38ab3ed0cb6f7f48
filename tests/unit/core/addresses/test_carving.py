# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carving: first fit, nothing moves when wishes or supernets are added at the end, kept blocks stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.addresses import carving, entries
from dualstack.addresses.blocks import BITS, AddressError, Block
from dualstack.addresses.space import Space, Wish, of_count, of_length

POOL = {"ipv4": "10.0.0.0/24", "ipv6": "2001:db8::/120"}
FAMILIES = pytest.mark.parametrize("family", ["ipv4", "ipv6"])


def show(carved: dict[str, list[Block]], family: str) -> dict[str, tuple[int, int]]:
    """Offset in the pool and size of each name's block."""
    [pool] = entries.blocks(POOL[family])
    return {name: (block.first - pool.first, block.size) for name, [block] in carved.items()}


def wished(family: str, **sizes: int) -> dict[str, list[Wish]]:
    return {name: [of_count(family, size)] for name, size in sizes.items()}


@FAMILIES
def test_first_fit_fills_the_gaps(family: str) -> None:
    pool = entries.blocks(POOL[family])
    carved = carving.carve(pool, wished(family, a=10, b=64, c=16, d=100))
    assert show(carved, family) == {"a": (0, 16), "b": (64, 64), "c": (16, 16), "d": (128, 128)}


@FAMILIES
def test_exact_counts_are_ranges(family: str) -> None:
    wishes = {name: [of_count(family, size, exact=True)] for name, size in {"a": 10, "b": 100, "c": 146}.items()}
    assert show(carving.carve(entries.blocks(POOL[family]), wishes), family) == {
        "a": (0, 10),
        "b": (10, 100),
        "c": (110, 146),
    }


@FAMILIES
def test_taken_addresses_stay_free(family: str) -> None:
    pool = entries.blocks(POOL[family])
    taken = [Block(family, pool[0].first + 1, pool[0].first + 1), Block(family, pool[0].first + 60, pool[0].first + 70)]
    assert show(carving.carve(pool, wished(family, a=32, b=1), taken), family) == {"a": (96, 32), "b": (0, 1)}


@FAMILIES
def test_a_block_spans_no_two_supernets(family: str) -> None:
    [pool] = entries.blocks(POOL[family])
    low, high = Block(family, pool.first, pool.first + 127), Block(family, pool.first + 128, pool.last)
    with pytest.raises(AddressError, match="no room for"):
        carving.carve([low, high], wished(family, a=256))
    assert show(carving.carve([high, low], wished(family, a=64, b=128)), family) == {"a": (128, 64), "b": (0, 128)}


@FAMILIES
def test_kept_blocks_stay(family: str) -> None:
    pool = entries.blocks(POOL[family])
    before = carving.carve(pool, wished(family, a=64, b=64, c=32))
    after = carving.carve(pool, wished(family, new=32, b=64, c=32), kept=before)
    assert show(after, family) == {"new": (0, 32), "b": (64, 64), "c": (128, 32)}


@FAMILIES
def test_all_names_without_room_are_told(family: str) -> None:
    with pytest.raises(AddressError) as caught:
        carving.carve(entries.blocks(POOL[family]), wished(family, a=200, b=1, c=2))
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["b", "c"]
    assert all(line.endswith("address is left") for line in lines)


@FAMILIES
def test_what_can_not_be_kept_is_told(family: str) -> None:
    pool = entries.blocks(POOL[family])
    kept = {"a": [Block(family, pool[0].first, pool[0].first + 15)], "b": [Block(family, 0, 15)], "gone": pool}
    with pytest.raises(AddressError) as caught:
        carving.carve(pool, wished(family, a=32, b=16), kept=kept)
    told = str(caught.value).splitlines()
    assert [line.partition(" is ")[2] for line in told] == [
        "not what is wished; leave it out of keep to carve it anew",
        "not free; leave it out of keep to carve it anew",
    ]


@pytest.mark.parametrize(
    ("value", "families", "expected"),
    [
        ("/26", ["ipv4"], [Wish("ipv4", 64, 64)]),
        ("/128", ["ipv6"], [Wish("ipv6", 1, 1)]),
        (50, ["ipv6", "ipv4"], [Wish("ipv6", 64, 64), Wish("ipv4", 64, 64)]),
        (1, ["ipv4"], [Wish("ipv4", 1, 1)]),
        ({"ipv6": "/112", "ipv4": 3}, ["ipv4", "ipv6"], [Wish("ipv6", 65536, 65536), Wish("ipv4", 4, 4)]),
    ],
)
def test_wishes(value: Any, families: list[str], expected: list[Wish]) -> None:
    assert carving.wishes(value, families) == expected


@pytest.mark.parametrize(
    ("value", "families", "message"),
    [
        ("/26", ["ipv4", "ipv6"], "'/26' is of no family, and there are two; write {ipv4: /26, ipv6: /…}"),
        ("/33", ["ipv4"], "/33 is no prefix length of IPv4; choose /0 to /32"),
        ("/129", ["ipv6"], "/129 is no prefix length of IPv6; choose /0 to /128"),
        ("/1000", ["ipv6"], "'/1000' is no wish"),
        ("26", ["ipv4"], "'26' is no wish; write a prefix length such as /26, or a number of addresses without quotes"),
        (0, ["ipv4"], "0 IPv4 addresses can't be had; ask for 1 to 2^32"),
        (-1, ["ipv6"], "-1 IPv6 addresses can't be had; ask for 1 to 2^128"),
        (2**32 + 1, ["ipv4"], "IPv4 addresses can't be had"),
        pytest.param(10**5000, ["ipv6"], "a number of 16610 bits IPv6 addresses can't be had", id="huge"),
        (True, ["ipv4"], "True is no wish"),
        (None, ["ipv4"], "None is no wish"),
        ({"ipv6": 5}, ["ipv4"], "5 is wished in IPv6, of which there is no supernet"),
        ({"IPv4": 5}, ["ipv4"], "'IPv4' is not a family; write ipv4 or ipv6"),
        ("/26", [], "there is no supernet to carve from"),
    ],
)
def test_wishes_refused(value: Any, families: list[str], message: str) -> None:
    with pytest.raises(AddressError) as caught:
        carving.wishes(value, families)
    assert message in str(caught.value)


@st.composite
def spaces(draw: st.DrawFn) -> tuple[str, list[Block], list[Block], list[Wish]]:
    """A family, disjoint supernets in any order, taken blocks, wishes that may not all fit."""
    family = draw(st.sampled_from(["ipv4", "ipv6"]))
    borders = sorted(draw(st.sets(st.integers(0, 255), min_size=2, max_size=8)))
    base = draw(st.sampled_from([0, 2 ** BITS[family] - 256]))
    parts = [Block(family, base + one, base + two - 1) for one, two in zip(borders, borders[1:])]
    supernets = draw(st.lists(st.sampled_from(parts), unique=True, min_size=1))
    singles = draw(st.lists(st.integers(base, base + 255), max_size=5))
    lengths = st.integers(BITS[family] - 8, BITS[family]).map(lambda length: of_length(family, length))
    counts = st.integers(1, 64).map(lambda count: of_count(family, count, exact=True))
    wishes = draw(st.lists(lengths | counts, max_size=12))
    return family, supernets, [Block(family, value, value) for value in singles], wishes


def attempt(supernets: list[Block], taken: list[Block], wishes: list[Wish]) -> list[Block | None]:
    """What each wish gets, None where there is no room."""
    space = Space(supernets, taken)
    got: list[Block | None] = []
    for wish in wishes:
        try:
            got.append(space.take(wish))
        except AddressError:
            got.append(None)
    return got


def by_trying(supernets: list[Block], taken: list[Block], wishes: list[Wish]) -> list[Block | None]:
    """The same by trying every address."""
    used = {block.first for block in taken}
    got: list[Block | None] = []
    for wish in wishes:
        starts = (
            first
            for supernet in supernets
            for first in range(supernet.first, supernet.last - wish.size + 2)
            if first % wish.alignment == 0 and used.isdisjoint(range(first, first + wish.size))
        )
        first = next(starts, None)
        got.append(None if first is None else Block(wish.family, first, first + wish.size - 1))
        if first is not None:
            used |= set(range(first, first + wish.size))
    return got


@given(spaces())
def test_first_fit_is_what_trying_every_address_finds(case: tuple[str, list[Block], list[Block], list[Wish]]) -> None:
    _family, supernets, taken, wishes = case
    assert attempt(supernets, taken, wishes) == by_trying(supernets, taken, wishes)


@given(spaces(), st.integers(0, 12), st.integers(0, 7))
def test_appending_moves_nothing(case: tuple[str, list[Block], list[Block], list[Wish]], some: int, fewer: int) -> None:
    """Fewer wishes from fewer supernets get what they get among more, unless there was no room for one of them."""
    _family, supernets, taken, wishes = case
    before = attempt(supernets[: max(1, len(supernets) - fewer)], taken, wishes[:some])
    after = attempt(supernets, taken, wishes)
    if None not in before:
        assert after[: len(before)] == before


@given(spaces(), st.data())
def test_keeping_moves_nothing(case: tuple[str, list[Block], list[Block], list[Wish]], data: st.DataObject) -> None:
    """Whatever names go, and whatever is wished instead in front, the others stay."""
    _family, supernets, taken, wishes = case
    names = {str(number): [wish] for number, wish in enumerate(wishes)}
    try:
        before = carving.carve(supernets, names, taken)
    except AddressError:
        return
    stay = data.draw(st.sets(st.sampled_from(list(names)))) if names else set()
    fresh = {"new": [of_count(supernets[0].family, 1)]} if len(stay) < len(names) else {}
    after = carving.carve(supernets, {**fresh, **{name: names[name] for name in stay}}, taken, before)
    assert {name: after[name] for name in stay} == {name: before[name] for name in stay}
