# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interfaces of a host and their addresses, kept from messages of rtnetlink (linux/if_link.h, if_addr.h)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from . import netlink

_LINK = struct.Struct("=BxHiII")
_BRIDGE = 7  # AF_BRIDGE: news of a bridge about one of its ports
_ADDRESS, _IFNAME, _LOWER, _MASTER, _WIRELESS, _PROTINFO, _LINKINFO = 1, 3, 5, 10, 11, 12, 18  # IFLA_…
_EXT_MASK, _CARRIER_CHANGES, _CARRIER_UPS, _PROPERTIES, _ALT_NAME = 29, 35, 47, 52, 53
_INFO_KIND, _INFO_DATA, _INFO_PORT_KIND, _INFO_PORT_DATA = 1, 2, 4, 5  # IFLA_INFO_…
_SKIP_STATISTICS = 8  # RTEXT_FILTER_SKIP_STATS
_PORT_STATE, _FORWARDING = 1, 3  # IFLA_BRPORT_STATE, BR_STATE_FORWARDING
_BOND_ACTIVE = 2  # IFLA_BOND_ACTIVE_SLAVE
_ON_TOP = ("vlan", "macvlan", "macvtap", "ipvlan")  # kinds that use another interface of the host
_UNSURE = 0x48  # IFA_F_TENTATIVE | IFA_F_DADFAILED


class Link(NamedTuple):
    """An interface; ``kind`` is its ARPHRD number, ``master`` the number of its bridge, bond or VRF (0: none).

    ``names``: alternative ones; ``lower``: the number of the interface that it stands on (0: none); ``ups``: how often
    its carrier came; ``forwarding``: False for a port that its bridge keeps closed; ``active``: the number of the port
    that a bond uses (0: several, or no bond).
    """

    number: int
    name: str
    mac: bytes
    flags: int
    kind: int
    master: int
    names: tuple[str, ...] = ()
    lower: int = 0
    ups: int = 0
    forwarding: bool = True
    active: int = 0


class Address(NamedTuple):
    """An address of an interface: packed, prefix length, whether it can be a source.

    Of a point-to-point address the far end stands there: its network is the one on link.
    """

    packed: bytes
    bits: int
    sure: bool


def question() -> netlink.Dump:
    """The question for all interfaces."""
    mask = struct.pack("=HHI", 8, _EXT_MASK, _SKIP_STATISTICS)
    return netlink.Dump(netlink.GETLINK, netlink.NEWLINK, _LINK.pack(0, 0, 0, 0, 0) + mask)


def link(body: bytes) -> Link:
    """The interface that a message tells about."""
    _unused, kind, index, flags, _unused = _LINK.unpack_from(body)
    found = netlink.attributes(body[_LINK.size :])
    info = netlink.attributes(found.get(_LINKINFO, b""))
    active = forwarding = b""
    if _text(info.get(_INFO_KIND, b"")) == "bond":
        active = netlink.attributes(info.get(_INFO_DATA, b"")).get(_BOND_ACTIVE, b"")
    if _text(info.get(_INFO_PORT_KIND, b"")) == "bridge":
        forwarding = netlink.attributes(info.get(_INFO_PORT_DATA, b"")).get(_PORT_STATE, b"")
    names = [value for number, value in netlink.pairs(found.get(_PROPERTIES, b"")) if number == _ALT_NAME]
    on_top = _text(info.get(_INFO_KIND, b"")) in _ON_TOP
    return Link(
        index,
        _text(found.get(_IFNAME, b"")),
        found.get(_ADDRESS, b""),
        flags,
        kind,
        _number(found.get(_MASTER, b"")),
        tuple(map(_text, names)),
        _number(found.get(_LOWER, b"")) if on_top else 0,
        _number(found.get(_CARRIER_UPS, found.get(_CARRIER_CHANGES, b""))),
        not forwarding or forwarding[0] == _FORWARDING,
        _number(active),
    )


class Links:
    """All interfaces by number, and their addresses."""

    def __init__(self) -> None:
        self.links: dict[int, Link] = {}
        self._addresses: dict[int, dict[tuple[bytes, int], Address]] = {}

    def addresses(self, number: int) -> list[Address]:
        """The addresses of an interface."""
        return list(self._addresses.get(number, {}).values())

    def link_local(self, number: int) -> bytes | None:
        """An IPv6 link-local address to send from."""
        held = (one.packed for one in self.addresses(number) if one.sure and len(one.packed) == 16)
        return next((packed for packed in held if packed[0] == 0xFE and packed[1] & 0xC0 == 0x80), None)

    def apply(self, kind: int, body: bytes) -> None:
        """A message; what is none of an interface or an address is passed over."""
        if kind in (netlink.NEWLINK, netlink.DELLINK):
            self._apply_link(kind, body)
        elif kind in (netlink.NEWADDR, netlink.DELADDR):
            self._apply_address(kind, body)

    def ports(self) -> dict[int, list[Link]]:
        """The ports that are open and have a carrier, by master."""
        found: dict[int, list[Link]] = {}
        for one in self.links.values():
            if one.master and one.forwarding and one.flags & netlink.RUNNING:
                found.setdefault(one.master, []).append(one)
        return found

    def attached(self, number: int, ports: Mapping[int, Iterable[Link]]) -> frozenset[tuple[int, ...]]:
        """What an interface hangs on: its carrier, its ports with theirs, what it stands on."""
        parts: set[tuple[int, ...]] = set()
        seen: set[int] = set()
        while number in self.links and number not in seen:
            seen.add(number)
            mine = self.links[number]
            if mine.flags & netlink.RUNNING:  # later than the carrier itself, where more than a cable is needed
                parts |= {(number, mine.ups), (number, -1, mine.active)}
            parts |= {(one.number, one.ups) for one in ports.get(number, ())}
            number = mine.lower
        return frozenset(parts)

    def _apply_link(self, kind: int, body: bytes) -> None:
        family, _unused, index, _unused, _unused = _LINK.unpack_from(body)
        if family == _BRIDGE:
            known = self.links.get(index)
            told = netlink.attributes(body[_LINK.size :]).get(_PROTINFO)
            if known is not None and told is not None and kind == netlink.NEWLINK:
                state = netlink.attributes(told).get(_PORT_STATE, bytes((_FORWARDING,)))
                self.links[index] = known._replace(forwarding=state[0] == _FORWARDING)
        elif kind == netlink.NEWLINK:
            if _WIRELESS not in netlink.attributes(body[_LINK.size :]):  # news of a radio, which lack the rest
                self.links[index] = link(body)
        else:
            self.links.pop(index, None)
            self._addresses.pop(index, None)

    def _apply_address(self, kind: int, body: bytes) -> None:
        held = netlink.address(body)
        local = held.attributes.get(netlink.IFA_LOCAL)
        packed = held.attributes.get(netlink.IFA_ADDRESS) or local
        if not packed:
            return
        key = (local or packed, held.bits)
        if kind == netlink.NEWADDR:
            sure = not held.flags & _UNSURE
            self._addresses.setdefault(held.interface, {})[key] = Address(packed, held.bits, sure)
        else:
            self._addresses.get(held.interface, {}).pop(key, None)


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "replace")


def _number(value: bytes) -> int:
    return int.from_bytes(value, "little")
