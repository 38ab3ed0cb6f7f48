# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sessions get another password: the same neighbours, another key."""

from __future__ import annotations

import pytest

from dualstack.routers.passwords import changed

ADDRESSES = ("10.0.1.11", "2001:db8:dc:1::11", "swp1")


def configuration(address: str, key: str | None) -> str:
    lines = [
        f" neighbor {address}{' interface v6only' if address == 'swp1' else ''} remote-as 64512",
        " neighbor 192.0.2.9 remote-as 1",
        " neighbor 192.0.2.9 password same",
    ]
    return "\n".join(["router bgp 64500", *lines, *([f" neighbor {address} password {key}"] if key else []), ""])


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [("a", "a", False), ("a", "b", True), ("a", None, True), (None, "b", True), (None, None, False)],
)
def test_changed(address: str, before: str | None, after: str | None, differs: bool) -> None:
    found = changed(configuration(address, before), configuration(address, after))
    assert found == ([address] if differs else [])


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_neighbour_that_comes_or_goes_is_no_change(address: str) -> None:
    assert changed("", configuration(address, "a")) == []
    assert changed(configuration(address, "a"), "router bgp 64500\n") == []
