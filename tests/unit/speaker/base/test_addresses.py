# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and prefixes as bytes, against the standard library's."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack_speaker.base import addresses

ADDRESS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.integers(0, 2**33).map(ipaddress.IPv6Address))


@given(ADDRESS)
def test_text_and_octets_agree_with_ipaddress(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert addresses.parse(str(address)) == address.packed
    assert addresses.parse(address.exploded.upper()) == address.packed
    mapped = address.version == 6 and int(address) >> 32 == 0xFFFF  # newer Pythons write these with an IPv4 tail
    assert mapped or addresses.show(address.packed) == address.compressed
    assert addresses.parse(addresses.show(address.packed)) == address.packed
    assert addresses.family(address.packed) == f"ipv{address.version}"


@given(st.text(alphabet="0123456789abcdefABCDEFx:./% ", max_size=20))
def test_any_text_is_taken_or_refused_as_ipaddress_does(text: str) -> None:
    try:
        expected = None if "%" in text else ipaddress.ip_address(text).packed
    except ValueError:
        expected = None
    try:
        found = addresses.parse(text)
    except ValueError as error:
        assert expected is None
        assert "is not an IP address" in str(error)
    else:
        assert found == expected


@given(ADDRESS, st.data())
def test_a_prefix_key_holds_the_nlri(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    bits = data.draw(st.integers(0, address.max_prefixlen))
    network = ipaddress.ip_network((address, bits), strict=False)
    key = addresses.parse_prefix(str(network))
    assert key[1:2] == bytes((bits,))
    assert key[0] == address.version
    assert key[1] == bits
    assert key[2:] == network.network_address.packed[: (bits + 7) // 8]
    assert addresses.parse_prefix(addresses.show_prefix(key)) == key
    assert addresses.prefix_family(key) == f"ipv{address.version}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("192.0.2.1", "is not written as address/length"),
        ("192.0.2.0/33", "has a length of more than 32"),
        ("2001:db8::/129", "has a length of more than 128"),
        ("192.0.2.1/24", "has bits set behind its length of 24"),
        ("2001:db8::1/64", "has bits set behind its length of 64"),
        ("192.0.2.0/08", "has a length of more than 32"),
        ("192.0.02.0/24", "is not an IP address"),
        ("192.0.2.256/32", "an octet is above 255"),
        ("2001:db8:::/64", "are no groups"),
        ("2001:db8:1:2:3:4:5:6:7/128", "does not have 8 groups"),
        ("1:2:3:4:5:6:7::8/128", None),
    ],
)
def test_a_bad_prefix_says_why(text: str, reason: str | None) -> None:
    if reason is None:
        with pytest.raises(ValueError, match="stands for no group"):
            addresses.parse_prefix(text)
        return
    with pytest.raises(ValueError, match=reason):
        addresses.parse_prefix(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("fe80::1", True), ("febf::1", True), ("fec0::1", False), ("fe00::1", False), ("2001:db8::1", False)],
)
def test_link_local_addresses(text: str, is_one: bool) -> None:
    assert addresses.link_local(addresses.parse(text)) is is_one
    assert not addresses.link_local(addresses.parse("169.254.0.1"))
