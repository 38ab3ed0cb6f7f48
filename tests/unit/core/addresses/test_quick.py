# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick way of reading addresses says what ``ipaddress`` says, or nothing."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualstack.addresses import quick

pytestmark = pytest.mark.soak

NEAR = st.text(alphabet="0123456789abcdefABCDEF:.%/ +-_xg\n\u0661", max_size=45)
VALUE4, VALUE6 = st.integers(0, 2**32 - 1), st.integers(0, 2**128 - 1)


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """An IPv6 address in any spelling, and some that are none."""
    groups = draw(st.lists(st.sampled_from(["0", "00ff", "1", "abcd", "ABCD", "10000", ""]), max_size=9))
    text = ":".join(groups)
    return draw(st.sampled_from([text, f"::{text}", f"{text}::", text.replace(":0:", "::", 1)]))


@given(VALUE4)
def test_every_ipv4_address_is_read(value: int) -> None:
    assert quick.ipv4(str(ipaddress.IPv4Address(value))) == value


@given(VALUE6)
def test_every_ipv6_address_is_read(value: int) -> None:
    address = ipaddress.IPv6Address(value)
    assert quick.ipv6(address.exploded) == value
    plain = ":".join(f"{value >> 16 * place & 0xFFFF:x}" for place in range(7, -1, -1))
    assert quick.ipv6(plain) == quick.ipv6(plain.upper()) == value
    if "." not in str(address):
        assert quick.ipv6(str(address)) == value


@given(NEAR | spelled())
@example("::")
@example(":::")
@example("1:::2")
@example("1:2:3:4:5:6:7::")
@example("1::2::3")
@example(":1:2:3:4:5:6:7")
@example("1:2:3:4:5:6:7:8:")
@example("1:2:3:4:5:6:7:8::")
@example("01.2.3.4")
@example("1.2.3.256")
@example("1.2.3.4\n")
def test_nothing_is_read_that_is_no_address(text: str) -> None:
    for value, kind in ((quick.ipv4(text), ipaddress.IPv4Address), (quick.ipv6(text), ipaddress.IPv6Address)):
        if value is not None:
            assert int(kind(text)) == value
