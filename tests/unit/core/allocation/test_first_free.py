# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next free address of a pool."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dualstack.addresses.blocks import BITS, address_text, family_of
from dualstack.allocation.first_free import Cursor


def handed_out(texts: list[str], taken: set[str], avoid_buggy: bool = False) -> list[str]:
    family = family_of(texts[0])
    values = {int(ip_address(text)) for text in taken}
    cursor = Cursor(texts, avoid_buggy)
    result = []
    while (value := cursor.take(values)) is not None:
        result.append(address_text(family, value))
    return result


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["10.0.0.0/30"], ["10.0.0.1", "10.0.0.2"]),
        (["2001:db8::/126"], ["2001:db8::1", "2001:db8::2", "2001:db8::3"]),
        (["10.0.0.0/31", "10.9.0.5-10.9.0.6"], ["10.0.0.0", "10.0.0.1", "10.9.0.5", "10.9.0.6"]),
        (
            ["2001:db8::/127", "2001:db8:9::5-2001:db8:9::6"],
            ["2001:db8::", "2001:db8::1", "2001:db8:9::5", "2001:db8:9::6"],
        ),
        (["10.0.0.0-10.0.0.3"], ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3"]),
        (["2001:db8::-2001:db8::3"], ["2001:db8::", "2001:db8::1", "2001:db8::2", "2001:db8::3"]),
    ],
)
def test_order_and_what_is_left_out(texts: list[str], expected: list[str]) -> None:
    assert handed_out(texts, set()) == expected
    assert handed_out(texts, {expected[0]}) == expected[1:]


def test_a_huge_pool_is_not_enumerated() -> None:
    cursor = Cursor(["2001:db8::/32"])
    first = cursor.take(set())
    assert first is not None and address_text("ipv6", first) == "2001:db8::1"
    assert first < 2 ** BITS["ipv6"]


def test_avoid_buggy_is_about_ipv4_only() -> None:
    assert handed_out(["10.0.0.254-10.0.1.1"], set(), avoid_buggy=True) == ["10.0.0.254", "10.0.1.1"]
    assert handed_out(["2001:db8::fe-2001:db8::101"], set(), avoid_buggy=True) == [
        "2001:db8::fe",
        "2001:db8::ff",
        "2001:db8::100",
        "2001:db8::101",
    ]
