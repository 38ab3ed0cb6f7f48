# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces from messages of rtnetlink: names, carriers, ports of bridges and bonds, what stands on what."""

from __future__ import annotations

import struct

import pytest

from dualstack_speaker.base import netlink
from dualstack_speaker.base.links import Link, Links

RUNNING = netlink.RUNNING


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def told(index: int, *attributes: bytes, flags: int = RUNNING | 1, family: int = 0) -> bytes:
    return struct.pack("=BxHiII", family, 1, index, flags, 0) + b"".join(attributes)


def named(name: str) -> bytes:
    return attribute(3, name.encode() + b"\0")


def of_kind(kind: bytes, *data: bytes) -> bytes:
    return attribute(18, attribute(1, kind + b"\0") + attribute(2, b"".join(data)))


def port_of(master: int, state: int) -> bytes:
    """A port of a bridge."""
    data = attribute(5, attribute(1, bytes((state,))))
    return attribute(10, number(master)) + attribute(18, attribute(4, b"bridge\0") + data)


def ups(count: int) -> bytes:
    return attribute(47, number(count))


def known(*bodies: bytes) -> Links:
    table = Links()
    for body in bodies:
        table.apply(netlink.NEWLINK, body)
    return table


def attached(table: Links, index: int) -> frozenset[tuple[int, ...]]:
    return table.attached(index, table.ports())


def address(index: int, packed: bytes, flags: int = 0x80) -> bytes:
    family = 2 if len(packed) == 4 else 10
    return struct.pack("=BBBBI", family, 24, flags, 0, index) + attribute(1, packed)


LOCAL4, LOCAL6 = bytes((10, 0, 1, 11)), b"\xfe\x80" + bytes(13) + b"\x0b"


def test_an_interface_comes_changes_and_goes() -> None:
    mac = bytes.fromhex("02000000000a")
    names = attribute(52 | 0x8000, attribute(53, b"uplink\0") + attribute(53, b"eno1\0"))
    table = known(told(7, named("eth1"), attribute(1, mac), ups(3), names))
    assert table.links == {7: Link(7, "eth1", mac, RUNNING | 1, 1, 0, ("uplink", "eno1"), ups=3)}
    table.apply(netlink.NEWLINK, told(7, named("rack1"), attribute(10, number(9)), flags=1))
    assert table.links == {7: Link(7, "rack1", b"", 1, 1, 9)}
    table.apply(netlink.NEWLINK, told(7, named("rack1"), attribute(11, bytes(4))))  # news of a radio
    assert table.links[7].master == 9
    table.apply(netlink.DELLINK, told(7))
    assert table.links == {} and table.addresses(7) == []


@pytest.mark.parametrize("packed", [LOCAL4, LOCAL6], ids=["ipv4", "ipv6"])
def test_an_address_comes_and_goes(packed: bytes) -> None:
    table = Links()
    table.apply(netlink.NEWADDR, address(7, packed))
    assert [(one.packed, one.bits, one.sure) for one in table.addresses(7)] == [(packed, 24, True)]
    table.apply(netlink.DELADDR, address(7, packed))
    assert table.addresses(7) == []


def test_an_address_that_may_be_taken_is_no_source() -> None:
    """RFC 4862 section 5.4: tentative, or found to be a duplicate."""
    table = Links()
    for flags, found in ((0xC0, None), (0x80, LOCAL6), (0x88, None)):
        table.apply(netlink.NEWADDR, address(7, LOCAL6, flags))
        assert table.link_local(7) == found
    table.apply(netlink.NEWADDR, address(8, bytes.fromhex("20010db8") + bytes(12)))
    assert table.link_local(8) is None


def test_a_carrier_that_came_again_is_a_new_attachment() -> None:
    table = known(told(7, ups(1)))
    before = attached(table, 7)
    table.apply(netlink.NEWLINK, told(7, ups(1), named("other")))
    assert attached(table, 7) == before
    table.apply(netlink.NEWLINK, told(7, ups(2)))
    assert not attached(table, 7) <= before


def test_a_carrier_counts_once_the_interface_runs() -> None:
    """802.1X, LACP: the carrier is there, frames do not pass yet."""
    table = known(told(7, ups(1)))
    before = attached(table, 7)
    table.apply(netlink.NEWLINK, told(7, ups(2), flags=1))
    waiting = attached(table, 7)
    assert waiting <= before
    table.apply(netlink.NEWLINK, told(7, ups(2)))
    assert not attached(table, 7) <= waiting


def test_a_bridge_hangs_on_its_open_ports() -> None:
    table = known(told(3), told(7, port_of(3, 2)), told(8, port_of(3, 3)))
    before = attached(table, 3)
    table.apply(netlink.NEWLINK, told(7, port_of(3, 3)))
    after = attached(table, 3)
    assert before < after
    closed = attribute(12 | 0x8000, attribute(1, b"\x04"))  # as the bridge itself tells it
    table.apply(netlink.NEWLINK, told(7, closed, family=7))
    assert attached(table, 3) == before
    table.apply(netlink.DELLINK, told(7, family=7))  # the port left the bridge; the interface is still there
    assert 7 in table.links
    table.apply(netlink.NEWLINK, told(8, port_of(3, 3), flags=1))
    assert attached(table, 3) < before


def test_a_bond_that_uses_another_port_is_a_new_attachment() -> None:
    """And so is a VLAN on top of it."""
    on_top = of_kind(b"vlan") + attribute(5, number(3))
    ports = [told(index, attribute(10, number(3)), ups(1)) for index in (7, 8)]
    table = known(told(3, of_kind(b"bond", attribute(2, number(7)))), *ports, told(4, on_top))
    before = {index: attached(table, index) for index in (3, 4)}
    table.apply(netlink.NEWLINK, told(3, of_kind(b"bond", attribute(2, number(8)))))
    for index in (3, 4):
        assert not attached(table, index) <= before[index]


def test_a_pair_of_veths_stands_on_nothing() -> None:
    """Each names the other as its link."""
    table = known(
        *(told(one, of_kind(b"veth"), attribute(5, number(other)), ups(1)) for one, other in ((7, 8), (8, 7)))
    )
    before = attached(table, 7)
    table.apply(netlink.NEWLINK, told(8, of_kind(b"veth"), attribute(5, number(7)), ups(2)))
    assert attached(table, 7) == before


def test_a_circle_of_interfaces_ends() -> None:
    table = known(*(told(one, of_kind(b"vlan"), attribute(5, number(other))) for one, other in ((7, 8), (8, 7))))
    assert attached(table, 7) == attached(table, 8)


def test_other_messages_are_passed_over() -> None:
    table = Links()
    table.apply(3, b"")
    table.apply(netlink.NEWADDR, struct.pack("=BBBBI", 2, 24, 0, 0, 7))
    assert (table.links, table.addresses(7)) == ({}, [])
