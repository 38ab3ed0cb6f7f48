# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address filters and tests in the templar, with the tagged values and lazy containers that inventories give."""

from __future__ import annotations

from typing import Any

import pytest
import templating

from ansible_collections.baremetal.dualstack.plugins.filter.address_sets import FilterModule

VARIABLES = """
pool: [10.0.0.0/24, '2001:db8::/64']
nested: [['10.0.0.0/25'], {deep: '{{ half }}'}, ['2001:db8::/64']]
half: 10.0.0.128/25
survey: "10.0.0.0/25, 10.0.0.128/25  # both halves\\n2001:db8::/64\\n"
lazy: '{{ pool }}'
owners: {rack: '{{ pool }}', guests: [10.0.0.64/26], more: '2001:db8::1'}
wishes: {a: 20, b: {ipv4: '/{{ length }}'}}
length: 28
wrong: "2001:db8::/64\\n2001:db8::g"
index: 1
avoid: true
"""


GOOD: list[tuple[str, Any]] = [
    ("pool | d.cidrs", ["10.0.0.0/24", "2001:db8::/64"]),
    ("nested | d.cidrs", ["10.0.0.0/24", "2001:db8::/64"]),
    ("survey | d.cidrs", ["10.0.0.0/24", "2001:db8::/64"]),
    ("lazy | d.cidrs", ["10.0.0.0/24", "2001:db8::/64"]),
    ("lazy | d.cidrs | d.ranges('ipv4')", ["10.0.0.0-10.0.0.255"]),
    ("pool | d.exclude(half) | d.exclude(lazy[1])", ["10.0.0.0/25"]),
    ("lazy | d.nth_address(index, family='ipv6')", "2001:db8::1"),
    ("lazy | d.capacity('ipv4', avoid_buggy=avoid)", 254),
    ("[survey, lazy] | d.capacity('ipv6')", 2**64),
    ("lazy | d.halves", [["10.0.0.0/25", "2001:db8::/65"], ["10.0.0.128/25", "2001:db8:0:0:8000::/65"]]),
    ("lazy | d.carve(wishes)", {"a": ["10.0.0.0/27", "2001:db8::/123"], "b": ["10.0.0.32/28"]}),
    (
        "owners | d.overlaps | map(attribute='shared')",
        ["10.0.0.64/26", "2001:db8::1/128"],
    ),
    ("owners.more | d.twin(lazy)", "10.0.0.1"),
    ("half is d.inside(lazy)", True),
    ("owners.guests is d.overlapping(half)", False),
    ("lazy is d.dual_stack", True),
    ("pool | reject('d.ipv4_block')", ["2001:db8::/64"]),
    ("pool | d.families", ["ipv4", "ipv6"]),
    ("(lazy | d.pair).unpaired", {"ipv4": [], "ipv6": ["2001:db8::100-2001:db8::ffff:ffff:ffff:ffff"]}),
]

BAD = [
    ("['10.0.0.0/24', '10.0.1.300'] | d.cidrs", "cidrs: entry 2: '10.0.1.300' is not an address: part 4 is 300"),
    ("wrong | d.ranges", "ranges: line 2, entry 1: '2001:db8::g' is not an address"),
    ("none | d.cidrs", "cidrs: None is nothing; write addresses as text, in quotes"),
    ("'' | d.capacity", "capacity: the text holds no address"),
    ("42 | d.blocks", "blocks: 42 is a number; write addresses as text, in quotes"),
    ("[true] | d.blocks", "blocks: entry 1: True is a boolean"),
    ("pool | d.blocks('IPv4')", "blocks: 'IPv4' is not a family; write ipv4 or ipv6"),
    ("pool | d.exclude('10.0.0')", "exclude: holes: '10.0.0' is not an address: it has 3 parts"),
    ("pool | d.capacity", "capacity: the blocks are of both families; choose one"),
    ("pool | d.nth_address('1', 'ipv4')", "nth_address: number is '1'; give a whole number, without quotes"),
    ("pool | d.nth_address(true, 'ipv4')", "nth_address: number is True; give a whole number"),
    ("pool | d.nth_address(1)", "nth_address: the blocks are of both families"),
    ("[] | d.first_address", "first_address: there is no address number 0: the blocks hold no address"),
    ("pool | d.parts(0)", "parts: 10.0.0.0/24 can't be cut into 0 parts"),
    ("pool | d.parts(257)", "parts: 10.0.0.0/24 can't be cut into 257 parts; it holds only 256 addresses"),
    ("[] | d.halves", "halves: there is no block to cut"),
    ("[] | d.carve({'a': 1})", "carve: a: there is no supernet to carve from"),
    ("pool | d.carve({'a': '/26'})", "carve: a: '/26' is of no family, and there are two"),
    ("half | d.carve({'a': '26'})", "carve: a: '26' is no wish; write a prefix length such as /26"),
    ("half | d.carve({'a': {'ipv6': 1}})", "carve: a: 1 is wished in IPv6, of which there is no supernet"),
    ("half | d.carve({'a': 1}, exact='no')", "carve: exact is 'no'; give true or false, without quotes"),
    ("half | d.carve({'a': 1}, keep=['10.0.0.128'])", "carve: keep is no mapping"),
    ("half | d.carve({'a': 1}, keep={'a': '10.0.0.1'})", "carve: a: kept 10.0.0.1/32 is not free"),
    ("half | d.carve({'a': 2}, keep={'a': half})", "carve: a: kept 10.0.0.128/25 is not what is wished"),
    ("[half, half] | d.carve(1)", "carve: the supernets 10.0.0.128/25 and 10.0.0.128/25 share 10.0.0.128/25"),
    ("{'a': '10.0.0.x'} | d.overlaps", "overlaps: key a: '10.0.0.x' is not an address"),
    ("half | d.overlaps(adjacent=1)", "overlaps: adjacent is 1; give true or false"),
    ("[half, half] | d.pair", "pair: 10.0.0.128/25 and 10.0.0.128/25 share"),
    ("half | d.twin(pool)", "twin: only a single address has a twin"),
    ("'192.0.2.1' | d.twin(pool)", "twin: 192.0.2.1 is in none of the blocks"),
    ("'2001:db8::1:0' | d.twin(pool)", "twin: 2001:db8::1:0 has no twin"),
    ("'10.0.0.0/33' is d.inside(pool)", "inside: '10.0.0.0/33': the prefix length '33'"),
    ("pool is d.inside('nowhere')", "inside: other: 'nowhere' is not an address: it looks like a name"),
    ("pool is d.overlapping(none)", "overlapping: other: None is nothing"),
    ("[] is d.dual_stack", "dual_stack: there is no block to judge"),
    ("pool is d.same_family([])", "same_family: there is no block to judge"),
    ("'router1' is d.address", "address: 'router1' is not an address: it looks like a name"),
    ("nowhere | d.cidrs", "'nowhere' is undefined"),
]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[str, Any]]:
    """What each expression results in."""
    expressions = [expression for expression, _expected in (*GOOD, *BAD)]
    results = templating.evaluate(VARIABLES, [text.replace("d.", "baremetal.dualstack.") for text in expressions])
    return dict(zip(expressions, results))


@pytest.mark.parametrize(("expression", "expected"), GOOD)
def test_templates(outcomes: dict[str, tuple[str, Any]], expression: str, expected: Any) -> None:
    assert outcomes[expression] == (type(expected).__name__, expected)


@pytest.mark.parametrize(("expression", "message"), BAD)
def test_bad_input_is_an_error(outcomes: dict[str, tuple[str, Any]], expression: str, message: str) -> None:
    kind, told = outcomes[expression]
    assert kind == "error"
    assert message in told


def test_inputs_stay_as_they_are() -> None:
    given = {"ipv4": ["10.0.0.128/25", "10.0.0.0/25"]}
    assert FilterModule().filters()["merge"](given) == ["10.0.0.0/24"]
    assert given == {"ipv4": ["10.0.0.128/25", "10.0.0.0/25"]}
