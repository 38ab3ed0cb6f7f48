# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which interfaces an address is answered."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.layer2.placement import LOOPBACK, NOARP, UP, Interface, Placement, unusable

EXCLUDED = re.compile("^veth|^docker")


def interface(name: str, *networks: str, **fields: Any) -> Interface:
    pairs = [text.split("/") for text in networks]
    held = tuple((parse(base), int(bits)) for base, bits in pairs)
    given = {"flags": UP, "kind": 1, "master": 0, **fields}
    return Interface(name, zlib.crc32(name.encode()), bytes(6), networks=held, **given)


HOST = [
    interface("lo", "127.0.0.1/8", "::1/128", flags=UP | LOOPBACK, kind=772),
    interface("rack1", "10.0.1.11/24", "2001:db8:dc:1::11/64", "fe80::1/64"),
    interface("rack2", "10.0.2.11/24", "2001:db8:dc:2::11/64", "fe80::1/64"),
    interface("bare"),
    interface("down", "10.0.1.12/24", "2001:db8:dc:1::12/64", flags=0),
    interface("slave", "10.0.1.13/24", "2001:db8:dc:1::13/64", master=7),
    interface("noarp", "10.0.1.14/24", "2001:db8:dc:1::14/64", flags=UP | NOARP),
    interface("tun", "10.0.1.15/24", "2001:db8:dc:1::15/64", kind=65534),
    interface("renamed", names=("rack9", "uplink")),
    interface("veth77", "10.0.1.16/24", "2001:db8:dc:1::16/64"),
]


@pytest.mark.parametrize(
    ("address", "wanted", "expected"),
    [
        ("10.0.1.200", (), ["rack1"]),
        ("2001:db8:dc:1::200", (), ["rack1"]),
        ("10.0.2.200", (), ["rack2"]),
        ("2001:db8:dc:2::200", (), ["rack2"]),
        ("192.0.2.1", (), ["rack1", "rack2", "bare", "renamed"]),
        ("2001:db8:99::1", (), ["rack1", "rack2", "bare", "renamed"]),
        ("10.0.1.200", ("rack2",), ["rack2"]),
        ("2001:db8:dc:1::200", ("rack2", "bare"), ["rack2", "bare"]),
        ("10.0.1.200", ("rack9",), ["renamed"]),
        ("2001:db8:dc:1::200", ("rack9", "uplink"), ["renamed"]),
        ("10.0.1.200", ("veth77",), ["veth77"]),
        ("2001:db8:dc:1::200", ("veth77",), ["veth77"]),
        ("10.0.1.200", ("down", "slave", "noarp", "lo", "tun"), []),
        ("2001:db8:dc:1::200", ("down", "slave", "noarp", "lo", "tun"), []),
        ("10.0.1.200", ("absent",), []),
        ("2001:db8:dc:1::200", ("absent",), []),
    ],
)
def test_place(address: str, wanted: tuple[str, ...], expected: list[str]) -> None:
    """MetalLB 5.3 interfaces: rescanned every 10 s; up, no master, no NOARP; excluded by patterns."""
    numbers = Placement(HOST, EXCLUDED).of(parse(address), wanted)
    assert {one.name for one in HOST if one.number in numbers} == set(expected)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lo", "no Ethernet"),
        ("tun", "no Ethernet"),
        ("down", "down"),
        ("noarp", "without ARP"),
        ("slave", "part of another interface"),
        ("rack1", ""),
    ],
)
def test_why_an_interface_cannot_answer(name: str, why: str) -> None:
    (one,) = [one for one in HOST if one.name == name]
    assert unusable(one) == why
