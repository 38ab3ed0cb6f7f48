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


def place(address: bytes, wanted: tuple[str, ...], interfaces: list[Interface], excluded: re.Pattern[str]) -> list[str]:
    """The names of the interfaces that answer for ``address``."""
    able = [interface for interface in interfaces if usable(interface)]
    if wanted:
        return [interface.name for interface in able if interface.name in wanted]
    candidates = [interface for interface in able if not excluded.search(interface.name)]
    on_link = [interface.name for interface in candidates if any(_covers(net, address) for net in interface.networks)]
    return on_link or [interface.name for interface in candidates]


def _covers(network: tuple[bytes, int], address: bytes) -> bool:
    base, bits = network
    if len(base) != len(address):
        return False
    shift = len(base) * 8 - bits
    return int.from_bytes(base, "big") >> shift == int.from_bytes(address, "big") >> shift
