# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks: parsing, canonical text and messages, in both families."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.addresses import blocks, carve, sets
from dualstack.addresses.blocks import AddressError, Block


@pytest.mark.parametrize(
    ("text", "canonical", "size"),
    [
        ("10.0.0.0/24", "10.0.0.0/24", 256),
        ("10.0.0.7", "10.0.0.7/32", 1),
        ("10.0.0.5 - 10.0.0.9", "10.0.0.5-10.0.0.9", 5),
        ("10.0.0.0-10.0.0.255", "10.0.0.0/24", 256),
        ("0.0.0.0/0", "0.0.0.0/0", 2**32),
        ("2001:DB8:0::/64", "2001:db8::/64", 2**64),
        ("2001:db8::1", "2001:db8::1/128", 1),
        ("2001:db8::100-2001:db8::1ff", "2001:db8::100/120", 256),
        ("2001:db8::1-2001:db8::3", "2001:db8::1-2001:db8::3", 3),
        ("::/0", "::/0", 2**128),
    ],
)
def test_parse(text: str, canonical: str, size: int) -> None:
    block = blocks.parse(text)
    assert (str(block), block.size) == (canonical, size)
    assert blocks.parse(str(block)) == block


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.0.0.1/24", "host bits set; the network is 10.0.0.0/24"),
        ("2001:db8::1/64", "host bits set; the network is 2001:db8::/64"),
        ("10.0.0.0/33", "'33' is not a number from 0 to 32"),
        ("2001:db8::/129", "'129' is not a number from 0 to 128"),
        ("010.0.0.0/8", "leading zero"),
        ("2001:db8:prod::/64", "group 3 ('prod') holds 'p'"),
        ("10.0.0.9-10.0.0.5", "ends before it begins; write 10.0.0.5-10.0.0.9"),
        ("2001:db8::9-2001:db8::5", "ends before it begins; write 2001:db8::5-2001:db8::9"),
        ("10.0.0.1-fc00::1", "begins in IPv4 and ends in IPv6"),
        ("::ffff:10.0.0.1", "IPv4-mapped IPv6 address; write 10.0.0.1"),
        ("fe80::1%eth0", "zone identifier"),
        ("300.0.0.1", "is not an address"),
        ("", "is not an address"),
    ],
)
def test_parse_refuses(text: str, message: str) -> None:
    with pytest.raises(AddressError) as caught:
        blocks.parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["10.0.0.0", "2001:db8::"])
def test_a_network_needs_its_length(text: str) -> None:
    with pytest.raises(AddressError, match="no prefix length"):
        blocks.parse_network(text)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("192.168.100.0/24", "192.168.100.0/25", "192.168.100.128/25"),
        ("2001:db8:1::/64", "2001:db8:1::/65", "2001:db8:1:0:8000::/65"),
    ],
)
def test_halves(text: str, first: str, second: str) -> None:
    assert tuple(map(str, carve.halves(blocks.parse(text)))) == (first, second)


@pytest.mark.parametrize("text", ["10.0.0.1/32", "2001:db8::1/128", "10.0.0.1-10.0.0.3", "2001:db8::1-2001:db8::3"])
def test_no_halves(text: str) -> None:
    with pytest.raises(AddressError, match="no halves"):
        carve.halves(blocks.parse(text))


@pytest.mark.parametrize(
    ("text", "length", "index", "expected"),
    [
        ("172.16.0.0/24", 31, 127, "172.16.0.254/31"),
        ("2001:db8::/64", 127, 2**63 - 1, "2001:db8::ffff:ffff:ffff:fffe/127"),
    ],
)
def test_subnet(text: str, length: int, index: int, expected: str) -> None:
    assert str(carve.subnet(blocks.parse(text), length, index)) == expected
    with pytest.raises(AddressError, match="does not fit"):
        carve.subnet(blocks.parse(text), length, index + 1)


@pytest.mark.parametrize(
    ("text", "last"), [("10.0.0.0/24", 254), ("10.0.0.0/31", 1), ("2001:db8::/64", 2**64 - 1), ("2001:db8::/127", 1)]
)
def test_host_numbers_end_before_the_broadcast_address(text: str, last: int) -> None:
    subnet = blocks.parse(text)
    assert carve.host(subnet, last).first == subnet.first + last
    with pytest.raises(AddressError, match="host number"):
        carve.host(subnet, last + 1)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("10.0.0.0/24", "10.0.0.128-10.0.1.5", "10.0.0.128/25"),
        ("2001:db8::/64", "2001:db8::5-2001:db8::7", "2001:db8::5-2001:db8::7"),
    ],
)
def test_overlaps_name_owners_and_the_shared_block(first: str, second: str, shared: str) -> None:
    owned = [("a", blocks.parse(second)), ("b", blocks.parse(first)), ("c", blocks.parse("192.0.2.0/24"))]
    assert [(one, two, str(block)) for one, two, block in sets.overlaps(owned)] == [("a", "b", shared)]


FAMILY = st.sampled_from(blocks.FAMILIES)


@st.composite
def any_block(draw: st.DrawFn, span: int = 64) -> Block:
    family = draw(FAMILY)
    base = draw(st.sampled_from([0, 2 ** blocks.BITS[family] - span]))
    first = base + draw(st.integers(0, span - 1))
    return Block(family, first, draw(st.integers(first, base + span - 1)))


@given(any_block())
def test_cidrs_are_what_ipaddress_says(block: Block) -> None:
    kind = ipaddress.IPv4Address if block.family == blocks.IPV4 else ipaddress.IPv6Address
    expected = [str(network) for network in ipaddress.summarize_address_range(kind(block.first), kind(block.last))]
    assert [str(cidr) for cidr in sets.cidrs(block)] == expected


@given(any_block(), st.lists(any_block(), max_size=5))
def test_subtract_against_sets(block: Block, holes: list[Block]) -> None:
    def values(of: Block) -> set[int]:
        return set(range(of.first, of.last + 1))

    left = values(block).difference(*(values(hole) for hole in holes if hole.family == block.family))
    assert set().union(*(values(part) for part in sets.subtract(block, holes))) == left


@given(st.lists(any_block(), max_size=8))
def test_overlaps_against_all_pairs(found: list[Block]) -> None:
    owned = list(enumerate(found))
    expected = {(one, two, shared) for one, a in owned for two, b in owned if one < two and (shared := a.overlap(b))}
    assert set(sets.overlaps(owned)) == expected
