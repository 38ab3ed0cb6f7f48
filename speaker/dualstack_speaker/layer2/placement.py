# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which interfaces an address is answered.

Candidates are up, Ethernet, without a master, not loopback, able to resolve neighbours (no NOARP), and match no
excluded pattern (MetalLB's rules); an interface that is asked for by its name needs to match no pattern. An address
with names is answered on those; one without, on the candidates in whose networks it lies, and if it lies in none, on
every candidate.
"""

from __future__ import annotations

import re
from typing import NamedTuple

UP, LOOPBACK, NOARP = 0x1, 0x8, 0x80  # IFF_… of linux/if.h
ETHERNET = 1  # ARPHRD_ETHER of linux/if_arp.h


class Interface(NamedTuple):
    """An interface of the host; networks are (packed address, prefix length)."""

    name: str
    number: int
    mac: bytes
    flags: int
    kind: int
    master: int
    networks: tuple[tuple[bytes, int], ...]


def usable(interface: Interface) -> bool:
    """Whether neighbours can be answered there at all."""
    flags = interface.flags
    return bool(flags & UP) and not flags & (LOOPBACK | NOARP) and interface.kind == ETHERNET and not interface.master


class Placement:
    """Where addresses are answered, given the interfaces of the moment."""

    def __init__(self, interfaces: list[Interface], excluded: re.Pattern[str]) -> None:
        able = [interface for interface in interfaces if usable(interface)]
        candidates = [interface for interface in able if not excluded.search(interface.name)]
        self._able = [interface.name for interface in able]
        self._candidates = [interface.name for interface in candidates]
        self._networks = [(*_range(net), one.name) for one in candidates for net in one.networks]

    def of(self, address: bytes, wanted: tuple[str, ...]) -> list[str]:
        """The names of the interfaces that answer for ``address``."""
        if wanted:
            return [name for name in self._able if name in wanted]
        size, number = len(address), int.from_bytes(address, "big")
        on_link = {name for octets, low, high, name in self._networks if octets == size and low <= number <= high}
        return sorted(on_link) or self._candidates


def _range(network: tuple[bytes, int]) -> tuple[int, int, int]:
    """Octets of an address, first and last number of a network."""
    base, bits = network
    host = (1 << (len(base) * 8 - bits)) - 1
    number = int.from_bytes(base, "big")
    return len(base), number & ~host, number | host
