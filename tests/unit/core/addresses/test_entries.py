# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading addresses: every form that people write, and the place, the literal and the fix for what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.addresses import entries
from dualstack.addresses.blocks import AddressError

SURVEY = """\
# racks
10.0.1.0/24, 2001:db8:0:1::/64

10.0.2.10 - 10.0.2.20 ; 10.0.3.1,   # the lab
2001:DB8:0:2::1
"""


def texts(value: Any, family: str | None = None) -> list[str]:
    return [str(block) for block in entries.blocks(value, family)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.0.0.0/24", ["10.0.0.0/24"]),
        (" 2001:DB8::1 ", ["2001:db8::1/128"]),
        ("10.0.0.1\r\n10.0.0.2\r\n", ["10.0.0.1/32", "10.0.0.2/32"]),
        (SURVEY, ["10.0.1.0/24", "2001:db8:0:1::/64", "10.0.2.10-10.0.2.20", "10.0.3.1/32", "2001:db8:0:2::1/128"]),
        (["10.0.0.0/24", "10.0.0.0/24"], ["10.0.0.0/24", "10.0.0.0/24"]),
        (
            [["2001:db8::/64"], [["10.0.0.1", "10.0.0.2-10.0.0.3,"]]],
            ["2001:db8::/64", "10.0.0.1/32", "10.0.0.2/31"],
        ),
        (("10.0.0.1",), ["10.0.0.1/32"]),
        ({"ipv6": "2001:db8::/64", "ipv4": ["10.0.0.1"]}, ["2001:db8::/64", "10.0.0.1/32"]),
        ({"prod": {"ipv4": "10.0.0.1"}, "lab": "2001:db8::/64"}, ["10.0.0.1/32", "2001:db8::/64"]),
        ([], []),
        ({"ipv4": [], "ipv6": []}, []),
    ],
)
def test_forms(value: Any, expected: list[str]) -> None:
    assert texts(value) == expected


@pytest.mark.parametrize(("family", "expected"), [("ipv4", ["10.0.0.1/32"]), ("ipv6", ["2001:db8::/64"])])
def test_one_family(family: str, expected: list[str]) -> None:
    assert texts("10.0.0.1, 2001:db8::/64", family) == expected


def test_the_text_and_its_place_are_kept() -> None:
    assert [(entry.text, entry.where) for entry in entries.entries(SURVEY)] == [
        ("10.0.1.0/24", "line 2, entry 1"),
        ("2001:db8:0:1::/64", "line 2, entry 2"),
        ("10.0.2.10 - 10.0.2.20", "line 4, entry 1"),
        ("10.0.3.1", "line 4, entry 2"),
        ("2001:DB8:0:2::1", "line 5, entry 1"),
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("10.0.0.300", "'10.0.0.300' is not an address: part 4 is 300; the largest is 255"),
        ("10.0.0.1, 10.0.0", "line 1, entry 2: '10.0.0' is not an address: it has 3 parts; an IPv4 address has 4"),
        ("10", "'10' is not an address: it has 1 part; an IPv4 address has 4"),
        ("2001:db8::1\n\n2001:db8::g", "line 3, entry 1: '2001:db8::g' is not an address: group 4 ('g') holds 'g'"),
        (["10.0.0.1", ["10.0.0.2", "x"]], "entry 2, entry 2: 'x' is not an address: it looks like a name"),
        ({"prod": ["10.0.0.1", "10.0.0.1/8"]}, "key prod, entry 2: '10.0.0.1/8' has host bits set; the network is"),
        ({"ipv4": ["2001:db8::1"]}, "key ipv4, entry 1: '2001:db8::1': is IPv6 and stands under ipv4; move it to ipv6"),
        ({"ipv6": {"pool": "10.0.0.1"}}, "key ipv6, key pool: '10.0.0.1': is IPv4 and stands under ipv6"),
        ("10.0.0.9-10.0.0.300", "'10.0.0.9-10.0.0.300': '10.0.0.300' is not an address: part 4 is 300"),
        ("10.0.0.1-50", "'10.0.0.1-50' is not a range: write the end in full: 10.0.0.1-10.0.0.50"),
        ("2001:db8::1-ff", "'2001:db8::1-ff' is not a range: write the end in full: 2001:db8::1-2001:db8::ff"),
        ("10.0.0.1-", "'10.0.0.1-' is half a range; write both ends, first-last, or no hyphen"),
        ("- 2001:db8::1", "'- 2001:db8::1' is half a range"),
        ("10.0.0.0/24-10.0.1.0/24", "it has a prefix length; write the address alone"),
        ("10.0.0.1–10.0.0.5", "it holds a long dash; write a plain hyphen (-)"),
        ("10.0.0.0/255.255.254.0", "has a netmask; write the prefix length: 10.0.0.0/23"),
        ("10.0.0.0/255.0.255.0", "the prefix length '255.0.255.0' is not a number from 0 to 32"),
        ("10.0.0.*", "it holds '*'; write a CIDR or a range first-last"),
        ("10.0.0.1 10.0.0.2", "it holds a space; put a comma or a line break between entries"),
        ("[2001:db8::1]", "it stands in brackets; write it without"),
        ("10.0..1", "part 3 is ''; the 4 parts of an IPv4 address are decimal numbers"),
        ("2001:db8", "it has 2 groups; write all 8, or '::' for the zeros"),
        ("1::2::3", "'::' may stand for zeros only once; write the other zeros"),
        ("1:2:3:4:5:6:7:8:9", "it has too many groups; an IPv6 address has 8"),
        ("2001:db8::12345", "group 4 ('12345') has 5 digits; a group has at most 4"),
        ("2001:db8::/0x40", "the prefix length '0x40' is not a number from 0 to 128"),
        ("10.0.0.0/" + "9" * 60, "is not a number from 0 to 32"),
        ("::ffff:10.0.0.1", "is an IPv4-mapped IPv6 address; write 10.0.0.1"),
        ("fe80::1%eth0", "has a zone identifier; write the address without it"),
        ("1.1.1.1," * 3 + "a" * 200, "line 1, entry 4: 'aaaa"),
        ("a" * 200, "200 characters are no block; put a comma or a line break between entries"),
        ("", "the text holds no address; write an address, a CIDR or a range first-last"),
        ([" , ; \n# nothing\n"], "entry 1: ' , ; \\n# nothing\\n': the text holds no address"),
        (None, "None is nothing; write addresses as text, in quotes"),
        ([1.5], "entry 1: 1.5 is a number; write addresses as text, in quotes"),
        pytest.param(10**5000, "a number of 16610 bits is a number; write", id="huge"),
        ({"a": False}, "key a: False is a boolean"),
        ([b"10.0.0.1"], "entry 1: b'10.0.0.1' is of type bytes"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_fix(value: Any, message: str) -> None:
    with pytest.raises(AddressError) as caught:
        entries.blocks(value)
    assert message in str(caught.value)


def test_everything_wrong_is_told_at_once() -> None:
    found, problems = entries.read(["10.0.0.1", "a", "2001:db8::1", "b"])
    assert [entry.where for entry in found] == ["entry 1", "entry 3"]
    assert [(problem.text, problem.where) for problem in problems] == [("a", "entry 2"), ("b", "entry 4")]
    with pytest.raises(AddressError) as caught:
        entries.blocks(["wrong"] * 50)
    assert len(str(caught.value).splitlines()) == 21
    assert str(caught.value).endswith("\nand 30 more problems")


def test_lists_without_end() -> None:
    endless: list[Any] = ["10.0.0.1"]
    endless.append(endless)
    with pytest.raises(AddressError, match="lists within lists, 16 deep; write one list"):
        entries.blocks(endless)


def test_owners() -> None:
    value = {"prod": {"ipv4": "10.0.0.1"}, "lab": ["10.0.0.2", "2001:db8::/64"]}
    assert [(owner, str(entry.block)) for owner, entry in entries.owned(value)] == [
        ("prod", "10.0.0.1/32"),
        ("lab", "10.0.0.2/32"),
        ("lab", "2001:db8::/64"),
    ]
    assert [owner for owner, _entry in entries.owned(["10.0.0.1", "2001:db8::"])] == ["entry 1", "entry 2"]
    assert [owner for owner, _entry in entries.owned("10.0.0.1")] == ["10.0.0.1"]
    with pytest.raises(AddressError, match=r"key a: 'x' is not an .*\nkey b, entry 1: 'y' is not an .*"):
        entries.owned({"a": "x", "b": ["y"]})
