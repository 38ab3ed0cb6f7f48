# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the address algebra, with ``ipaddress`` and ``netaddr`` as oracles."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.addresses import blocks, carve, counting, pairing, sets
from dualstack.addresses.blocks import BITS, FAMILIES, IPV4, AddressError, Block
from dualstack.addresses.relations import ADJACENT, Claim, relations

pytestmark = pytest.mark.soak

WINDOW = 700
FAMILY = st.sampled_from(FAMILIES)


def windows(family: str) -> list[int]:
    """Where narrow blocks begin: at both ends of the family and amid it, across the border of a /8 and a /32."""
    amid = (10 << 24) if family == IPV4 else 0x20010DB8 << 96
    return [0, amid - WINDOW // 2, 2 ** BITS[family] - WINDOW]


@st.composite
def narrow(draw: st.DrawFn, family: str | None = None) -> Block:
    """A block in one of a few windows, so that blocks meet."""
    family = family or draw(FAMILY)
    base = draw(st.sampled_from(windows(family)))
    first, last = sorted(draw(st.tuples(*[st.integers(base, base + WINDOW - 1)] * 2)))
    return Block(family, first, last)


@st.composite
def cidr(draw: st.DrawFn, family: str | None = None) -> Block:
    """Any CIDR of any length."""
    family = family or draw(FAMILY)
    length = draw(st.integers(0, BITS[family]))
    host_bits = BITS[family] - length
    return blocks.network(family, draw(st.integers(0, 2**length - 1)) << host_bits, length)


@st.composite
def wide(draw: st.DrawFn) -> Block:
    """Any range at all."""
    family = draw(FAMILY)
    first, last = sorted(draw(st.tuples(*[st.integers(0, 2 ** BITS[family] - 1)] * 2)))
    return Block(family, first, last)


BLOCK = narrow() | cidr() | wide()
SET = st.lists(BLOCK, max_size=6)


def ipset(given_blocks: Iterable[Block]) -> netaddr.IPSet:
    found = netaddr.IPSet()
    for block in given_blocks:
        version = 4 if block.family == IPV4 else 6
        ends = [netaddr.IPAddress(value, version) for value in (block.first, block.last)]
        found.update(netaddr.IPSet(netaddr.IPRange(*ends)))
    return found


def as_cidrs(found: Iterable[Block]) -> list[str]:
    return [str(part) for block in found for part in sets.cidrs(block)]


def netaddr_cidrs(found: netaddr.IPSet) -> list[str]:
    ordered = sorted(found.iter_cidrs(), key=lambda network: (network.version, network.first))
    return [canonical(network) for network in ordered]


def canonical(network: Any) -> str:
    """The text of a netaddr network as the core writes it; netaddr has its own way with IPv4 tails."""
    family = IPV4 if network.version == 4 else blocks.IPV6
    return f"{blocks.address_text(family, network.first)}/{network.prefixlen}"


def is_canonical(found: list[Block]) -> bool:
    return all(
        one.family < two.family or (one.family == two.family and one.last + 1 < two.first)
        for one, two in zip(found, found[1:])
    )


@given(SET, SET)
def test_netaddr_agrees(a: list[Block], b: list[Block]) -> None:
    one, two = ipset(a), ipset(b)
    assert as_cidrs(sets.merge([*a, *b])) == netaddr_cidrs(one | two)
    assert as_cidrs(sets.difference(a, b)) == netaddr_cidrs(one - two)
    assert as_cidrs(sets.intersection(a, b)) == netaddr_cidrs(one & two)
    assert counting.capacity(a) == one.size
    assert (not sets.difference(a, b)) == one.issubset(two)
    assert (not sets.intersection(a, b)) == one.isdisjoint(two)


@given(st.lists(cidr(), max_size=8))
def test_ipaddress_collapses_the_same(given_blocks: list[Block]) -> None:
    expected = []
    for family in FAMILIES:
        networks = [ipaddress.ip_network(str(block)) for block in given_blocks if block.family == family]
        expected += [str(network) for network in ipaddress.collapse_addresses(networks)]  # type: ignore[type-var]
    ours = [blocks.parse(text) for text in as_cidrs(sets.merge(given_blocks)) if "::ffff:" not in text]
    assert ours == [blocks.parse(text) for text in expected if not text.startswith("::ffff:")]


def union(a: list[Block], b: list[Block]) -> list[Block]:
    return sets.merge([*a, *b])


@given(SET, SET, SET)
def test_laws_of_sets(a: list[Block], b: list[Block], c: list[Block]) -> None:
    cut, minus = sets.intersection, sets.difference
    own = sets.merge(a)
    assert sets.merge(own) == cut(a, a) == own, "idempotence"
    # pylint: disable-next=arguments-out-of-order
    assert (union(a, b), cut(a, b)) == (union(b, a), cut(b, a)), "commutativity"
    assert union(union(a, b), c) == union(a, union(b, c)), "associativity of union"
    assert cut(cut(a, b), c) == cut(a, cut(b, c)), "associativity of intersection"
    assert union(a, cut(a, b)) == cut(a, union(a, b)) == own, "absorption"
    assert cut(a, union(b, c)) == union(cut(a, b), cut(a, c)), "distributivity"
    assert minus(a, union(b, c)) == cut(minus(a, b), minus(a, c)), "De Morgan"
    assert union(minus(a, b), cut(a, b)) == own and not cut(minus(a, b), b), "partition"
    assert minus(a, a) == cut(a, []) == [] and minus(a, []) == own, "the empty set"
    assert all(map(is_canonical, (own, union(a, b), cut(a, b), minus(a, b))))


@given(SET)
def test_ranges_become_cidrs_and_ranges_again(given_blocks: list[Block]) -> None:
    merged = sets.merge(given_blocks)
    assert sets.merge(part for block in merged for part in sets.cidrs(block)) == merged


@given(BLOCK)
def test_cidrs_are_the_fewest(block: Block) -> None:
    version = 4 if block.family == IPV4 else 6
    ends = [netaddr.IPAddress(value, version) for value in (block.first, block.last)]
    assert [str(part) for part in sets.cidrs(block)] == [canonical(part) for part in netaddr.iprange_to_cidrs(*ends)]


@given(BLOCK)
def test_text_and_back(block: Block) -> None:
    texts = {str(block), blocks.range_text(block)}
    for text in texts:
        if "::ffff:" in text:
            continue  # IPv4-mapped ones are written so that they are recognised, and refused
        assert blocks.parse(text) == block
        assert text == text.lower()


@given(st.integers(0, 2**128 - 1).filter(lambda value: value >> 32 != 0xFFFF))
def test_ipv6_text_is_what_ipaddress_writes(value: int) -> None:
    assert blocks.address_text("ipv6", value) == str(ipaddress.IPv6Address(value))


def test_mapped_addresses_are_written_as_rfc_5952_recommends() -> None:
    assert blocks.address_text("ipv6", 0xFFFF_0A00_0001) == "::ffff:10.0.0.1"


@given(cidr(), st.integers(0, 5))
def test_parts_of_cidrs_are_what_ipaddress_says(block: Block, power: int) -> None:
    length = block.prefix_length
    assert length is not None
    if length + power > BITS[block.family]:
        return
    found = carve.parts(block, 2**power)
    kind = ipaddress.IPv4Network if block.family == IPV4 else ipaddress.IPv6Network
    expected = kind((block.first, length)).subnets(prefixlen_diff=power)
    assert [(part.first, part.prefix_length) for part in found] == [
        (int(network.network_address), network.prefixlen) for network in expected
    ]
    if power == 1:
        assert tuple(found) == carve.halves(block)


@given(BLOCK, st.integers(1, 100))
def test_parts_reunite(block: Block, count: int) -> None:
    try:
        found = carve.parts(block, count)
    except AddressError:
        assert count > block.size
        return
    assert sets.merge(found) == [block]
    sizes = [part.size for part in found]
    assert len(sizes) == count and sum(sizes) == block.size, "nothing twice"
    assert sizes == sorted(sizes, reverse=True) and sizes[0] - sizes[-1] <= 1


@given(st.lists(narrow(), max_size=5), st.booleans())
def test_capacity_is_what_counting_gives(given_blocks: list[Block], avoid_buggy: bool) -> None:
    values = {(block.family, value) for block in given_blocks for value in range(block.first, block.last + 1)}
    if avoid_buggy:
        values = {(family, value) for family, value in values if family != IPV4 or value % 256 not in (0, 255)}
    assert counting.capacity(given_blocks, avoid_buggy) == len(values)


@given(FAMILY.flatmap(lambda family: st.lists(narrow(family), max_size=4)), st.integers(-3000, 3000))
def test_nth_is_what_a_list_gives(given_blocks: list[Block], number: int) -> None:
    values = sorted({value for block in given_blocks for value in range(block.first, block.last + 1)})
    try:
        found = counting.nth(given_blocks, number)
    except AddressError:
        assert not -len(values) <= number < len(values)
        return
    assert (found.first, found.size) == (values[number], 1)


@given(SET.filter(lambda found: found == sets.merge(found) or not list(sets.overlaps((None, b) for b in found))))
def test_twins(given_blocks: list[Block]) -> None:
    found = pairing.pair(given_blocks)
    for family in FAMILIES:
        total = sum(block.size for block in given_blocks if block.family == family)
        left = sum(block.size for block in found.unpaired if block.family == family)
        assert total == left + found.size
    paired = [block for twins in found.twins for block in twins]
    assert sets.merge([*paired, *found.unpaired]) == sets.merge(given_blocks)
    assert len({block.family for block in found.unpaired}) < 2
    for twins in found.twins:
        assert twins.ipv4.size == twins.ipv6.size
        for block in twins:
            for value in (block.first, block.last):
                address = Block(block.family, value, value)
                assert pairing.twin(found, pairing.twin(found, address)) == address


@given(st.lists(narrow("ipv4"), max_size=3), st.lists(narrow("ipv6"), max_size=3))
def test_the_nth_goes_with_the_nth(first: list[Block], second: list[Block]) -> None:
    """Against lists of all addresses, in the order of the blocks."""
    try:
        found = pairing.pair([*second, *first])
    except AddressError:
        assert any(list(sets.overlaps((None, block) for block in side)) for side in (first, second))
        return
    ours = [
        (twins.ipv4.first + offset, twins.ipv6.first + offset)
        for twins in found.twins
        for offset in range(twins.ipv4.size)
    ]
    everything = [[value for block in side for value in range(block.first, block.last + 1)] for side in (first, second)]
    assert ours == list(zip(*everything))


@given(st.lists(BLOCK, max_size=8), st.booleans())
def test_relations_against_all_pairs(given_blocks: list[Block], adjacent: bool) -> None:
    claims = [Claim(str(number), block) for number, block in enumerate(given_blocks)]
    found = relations(claims, adjacent)
    expected = [
        (one, two)
        for number, one in enumerate(claims)
        for two in claims[number + 1 :]
        if one.block.overlap(two.block) or (adjacent and touch(one.block, two.block))
    ]
    assert [(relation.first, relation.second) for relation in found] == expected
    for first, second, kind, shared in found:
        assert shared == first.block.overlap(second.block)
        assert kind == (ADJACENT if shared is None else kind)
        assert (first.block.contains(second.block), second.block.contains(first.block)) == {
            "identical": (True, True),
            "contains": (True, False),
            "inside": (False, True),
        }.get(kind, (False, False))


def touch(one: Block, two: Block) -> bool:
    return one.family == two.family and (one.last + 1 == two.first or two.last + 1 == one.first)
