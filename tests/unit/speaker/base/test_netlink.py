# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of rtnetlink: a dump over several datagrams, what else comes between, a refusal, attributes cut short."""

from __future__ import annotations

import struct

import pytest

from dualstack_speaker.base import netlink

DONE, ERROR = 3, 2


def message(kind: int, body: bytes) -> bytes:
    padding = bytes(-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body + padding


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def test_a_dump_ends_with_its_last_message() -> None:
    dump = netlink.addresses()
    assert struct.unpack_from("=IHH", dump.request) == (len(dump.request), netlink.GETADDR, 0x301)
    first = message(netlink.NEWADDR, b"one!x") + message(netlink.NEWLINK, b"not asked for")
    assert list(dump.take(first)) == [b"one!x"] and not dump.done
    assert list(dump.take(message(netlink.NEWADDR, b"two") + message(DONE, bytes(4)) + first)) == [b"two"]
    assert dump.done


def test_a_refusal_is_an_error_of_the_system() -> None:
    with pytest.raises(PermissionError):
        list(netlink.addresses().take(message(ERROR, struct.pack("=i", -1))))


@pytest.mark.parametrize("packed", [bytes([10, 0, 1, 11]), bytes(15) + b"\x01"], ids=["ipv4", "ipv6"])
def test_an_address_with_flags_that_need_an_attribute(packed: bytes) -> None:
    head = struct.pack("=BBBBI", 2, 24, 0x80, 0, 7)
    held = netlink.address(head + attribute(netlink.IFA_ADDRESS, packed))
    assert (held.bits, held.flags, held.interface, held.attributes) == (24, 0x80, 7, {netlink.IFA_ADDRESS: packed})
    wide = attribute(netlink.IFA_FLAGS, struct.pack("=I", 0x140))
    assert netlink.address(head + wide).flags == 0x140


def test_attributes_that_end_too_early_are_left_out() -> None:
    whole = attribute(1, b"abc")
    assert netlink.attributes(whole + struct.pack("=HH", 2, 9) + whole) == {1: b"abc"}
    assert netlink.attributes(whole + b"\x08") == {1: b"abc"}
