# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever comes in, nothing but AddressError comes out; and what is an address is decided as ``ipaddress`` does."""

from __future__ import annotations

import contextlib
import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.addresses import blocks, carving, entries
from dualstack.addresses.blocks import AddressError

pytestmark = pytest.mark.soak

CHARACTERS = "0123456789abcdefABCDEF.:/-–,;# \n\t%[]*xX"
ADDRESSES = st.ip_addresses().map(str) | st.ip_addresses(network="::ffff:0:0/96").map(str)
LENGTHS = st.integers(-1, 130).map(lambda length: f"/{length}")
LIKELY = st.builds("".join, st.lists(ADDRESSES | LENGTHS | st.text(CHARACTERS, max_size=4), max_size=5))
TEXT = st.text(CHARACTERS, max_size=40) | LIKELY | st.text(max_size=20)
DATA: st.SearchStrategy[Any] = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["ipv4", "ipv6", "a"]) | TEXT, inner),
    max_leaves=12,
)


@given(DATA)
def test_any_data_is_read_or_refused(value: Any) -> None:
    found, problems = entries.read(value)
    for problem in problems:
        assert problem.reason
        assert str(problem)
    for entry in found:
        assert blocks.parse(entry.text) == entry.block
    try:
        owned = entries.owned(value)
    except AddressError:
        assert problems
    else:
        assert not problems
        assert [entry.block for _owner, entry in owned] == [entry.block for entry in found]


@given(TEXT)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (blocks.parse, blocks.parse_network, blocks.parse_interface, blocks.parse_address):
        with contextlib.suppress(AddressError):
            parse(text)


@given(DATA, st.lists(st.sampled_from(blocks.FAMILIES), unique=True), st.booleans())
def test_any_wish_is_read_or_refused(value: Any, families: list[str], exact: bool) -> None:
    with contextlib.suppress(AddressError):
        carving.wishes(value, families, exact)


@given(st.text("0123456789abcdef.:", max_size=20) | ADDRESSES)
def test_addresses_are_what_ipaddress_takes(text: str) -> None:
    try:
        expected: Any = ipaddress.ip_address(text)
    except ValueError:
        expected = None
    if getattr(expected, "ipv4_mapped", None) is not None:
        expected = None
    try:
        found = blocks.parse_address(text)
    except AddressError:
        assert expected is None
        return
    assert expected is not None
    assert (found.first, found.family[-1]) == (int(expected), str(expected.version))


@given(st.text("0123456789/.:abf", max_size=24) | LIKELY)
def test_networks_are_what_ipaddress_takes(text: str) -> None:
    try:
        found = blocks.parse_network(text)
    except AddressError:
        return
    expected = ipaddress.ip_network(text.replace(" ", "").strip())
    assert (found.first, found.prefix_length) == (int(expected.network_address), expected.prefixlen)
