# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reload tool's output, as both versions print it."""

from __future__ import annotations

import pytest

from dualstack.routers.delta import Delta, parse

OLD = """
Lines To Delete
===============
router bgp 64500
 address-family ipv4 unicast
  no network 10.9.0.0/24
router bgp 64500
 address-family ipv4 unicast
  no neighbor 10.0.1.11 activate
router bgp 64500
 no neighbor 10.0.1.11 remote-as 64512

Lines To Add
============
ip prefix-list pools-ipv4 seq 5 permit 192.168.100.0/25 ge 32 le 32
route-map from-node-ipv6 permit 10
route-map from-node-ipv6 permit 10
 match ipv6 address prefix-list pools-ipv6
route-map from-node-ipv6 permit 10
 set ipv6 next-hop prefer-global
no ip prefix-list pools-ipv4 seq 10 permit 192.168.101.0/25
"""

NEW = """2026-11-21 12:30:33,600  INFO: Loading
Lines To Delete
===============
router bgp 64500
 address-family ipv4 unicast
  no network 10.9.0.0/24
 exit
exit
router bgp 64500
 address-family ipv4 unicast
  no neighbor 10.0.1.11 activate
 exit
exit
router bgp 64500
 no neighbor 10.0.1.11 remote-as 64512
exit

Lines To Add
============
ip prefix-list pools-ipv4 seq 5 permit 192.168.100.0/25 ge 32 le 32
route-map from-node-ipv6 permit 10
exit
route-map from-node-ipv6 permit 10
 match ipv6 address prefix-list pools-ipv6
exit
route-map from-node-ipv6 permit 10
 set ipv6 next-hop prefer-global
exit
no ip prefix-list pools-ipv4 seq 10 permit 192.168.101.0/25
"""


@pytest.mark.parametrize("output", [OLD, NEW])
def test_entries_of_one_context_are_put_together(output: str) -> None:
    found = parse(output)
    assert found.delete == [
        "router bgp 64500",
        " address-family ipv4 unicast",
        "  no network 10.9.0.0/24",
        "  no neighbor 10.0.1.11 activate",
        " no neighbor 10.0.1.11 remote-as 64512",
    ]
    assert found.add == [
        "ip prefix-list pools-ipv4 seq 5 permit 192.168.100.0/25 ge 32 le 32",
        "route-map from-node-ipv6 permit 10",
        " match ipv6 address prefix-list pools-ipv6",
        " set ipv6 next-hop prefer-global",
        "no ip prefix-list pools-ipv4 seq 10 permit 192.168.101.0/25",
    ]
    assert found.commands == found.delete + found.add


@pytest.mark.parametrize("output", ["", "\n", "2026-11-21 INFO: nothing\n"])
def test_no_difference(output: str) -> None:
    assert not parse(output)
    assert parse(output) == Delta([], [])


def test_lines_of_one_neighbour() -> None:
    assert parse(OLD).mentions("10.0.1.11") == [
        "no neighbor 10.0.1.11 activate",
        "no neighbor 10.0.1.11 remote-as 64512",
    ]
    assert parse(OLD).mentions("10.0.1.1") == []
