# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which interfaces an address is answered.

Candidates are up, Ethernet, without a master, not loopback, able to resolve neighbours (no NOARP), and match no
excluded pattern (MetalLB's rules); an interface that is asked for by its name, or by an alternative one, needs to match
no pattern. An address with names is answered on those; one without, on the candidates in whose networks it lies, and if
it lies in none, on every candidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

UP, LOOPBACK, RUNNING, NOARP = 0x1, 0x8, 0x40, 0x80  # IFF_… of linux/if.h
ETHERNET = 1  # ARPHRD_ETHER of linux/if_arp.h


class Interface(NamedTuple):
    """An interface of the host; networks are (packed address, prefix length).

    ``names`` are its alternative ones, ``source`` is an IPv6 address to ask from (None: there is none), ``attached``
    says what it hangs on: a new element means that neighbours may have to be told where it is now.
    """

    name: str
    number: int
    mac: bytes
    flags: int
    kind: int
    master: int
    networks: tuple[tuple[bytes, int], ...]
    names: tuple[str, ...] = ()
    source: bytes | None = None
    attached: frozenset[tuple[int, ...]] = frozenset()

    @property
    def running(self) -> bool:
        """Whether it has a carrier."""
        return bool(self.flags & RUNNING)

    @property
    def ipv6(self) -> bool:
        """Whether IPv6 is at work on it."""
        return any(len(address) == 16 for address, _unused in self.networks)


def unusable(interface: Interface) -> str:
    """Why neighbours cannot be answered there at all; empty when they can."""
    if interface.flags & LOOPBACK or interface.kind != ETHERNET:
        return "no Ethernet"
    if not interface.flags & UP:
        return "down"
    if interface.flags & NOARP:
        return "without ARP"
    return "part of another interface" if interface.master else ""


class Placement:
    """Where addresses are answered, given the interfaces of the moment."""

    def __init__(self, interfaces: Iterable[Interface], excluded: re.Pattern[str]) -> None:
        able = [interface for interface in interfaces if not unusable(interface)]
        candidates = [interface for interface in able if not excluded.search(interface.name)]
        self._able = [(interface.number, {interface.name, *interface.names}) for interface in able]
        self._candidates = frozenset(interface.number for interface in candidates)
        self._named: dict[tuple[str, ...], frozenset[int]] = {}  # many addresses have the same names
        self._networks = [(*_range(net), one.number) for one in candidates for net in one.networks]

    def of(self, address: bytes, wanted: tuple[str, ...]) -> frozenset[int]:
        """The numbers of the interfaces that answer for ``address``."""
        if wanted:
            found = self._named.get(wanted)
            if found is None:
                found = frozenset(number for number, names in self._able if not names.isdisjoint(wanted))
                self._named[wanted] = found
            return found
        size, value = len(address), int.from_bytes(address, "big")
        on_link = [number for octets, low, high, number in self._networks if octets == size and low <= value <= high]
        return frozenset(on_link) or self._candidates


def _range(network: tuple[bytes, int]) -> tuple[int, int, int]:
    """Octets of an address, first and last number of a network."""
    base, bits = network
    host = (1 << (len(base) * 8 - bits)) - 1
    number = int.from_bytes(base, "big")
    return len(base), number & ~host, number | host
