# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD Control packets (RFC 5880 section 4.1) and the checks that need no session (section 6.8.6).

Left out on purpose: authentication sections. Packets that carry one are refused, as the RFC asks of a system that uses
none.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .fsm import State

VERSION = 1
LENGTH = 24  # octets, without authentication
HIGHEST = 0xFFFFFFFF

_LAYOUT = struct.Struct("!BBBBIIIII")
_POLL, _FINAL, _INDEPENDENT, _AUTHENTICATED, _DEMAND, _MULTIPOINT = 0x20, 0x10, 0x08, 0x04, 0x02, 0x01


class BadPacket(ValueError):
    """A packet that is to be dropped, with the reason."""


class Control(NamedTuple):
    """A packet. Intervals in microseconds; ``your_discriminator`` 0: not known yet."""

    state: State
    diagnostic: int
    multiplier: int
    my_discriminator: int
    your_discriminator: int
    desired_min_tx: int
    required_min_rx: int
    required_min_echo_rx: int = 0
    poll: bool = False
    final: bool = False
    control_plane_independent: bool = False
    demand: bool = False


def encode(packet: Control) -> bytes:
    """The octets of a packet."""
    flags = (
        _POLL * packet.poll
        | _FINAL * packet.final
        | _INDEPENDENT * packet.control_plane_independent
        | _DEMAND * packet.demand
    )
    return _LAYOUT.pack(
        VERSION << 5 | packet.diagnostic,
        packet.state.value << 6 | flags,
        packet.multiplier,
        LENGTH,
        *packet[3:8],
    )


def decode(data: bytes) -> Control:
    """The packet in the payload of a datagram; BadPacket when it is to be dropped."""
    if len(data) < LENGTH:
        raise BadPacket(f"{len(data)} octets are no control packet")
    first, second, multiplier, length, mine, yours, tx, rx, echo = _LAYOUT.unpack_from(data)
    if first >> 5 != VERSION:
        raise BadPacket(f"version {first >> 5}")
    if not LENGTH <= length <= len(data):
        raise BadPacket(f"length {length} in a payload of {len(data)} octets")
    if second & _AUTHENTICATED:
        raise BadPacket("authentication is not in use")
    if second & _MULTIPOINT:
        raise BadPacket("multipoint bit set")
    if not multiplier:
        raise BadPacket("detect multiplier 0")
    if not mine:
        raise BadPacket("my discriminator 0")
    state = State(second >> 6)
    if not yours and state not in (State.DOWN, State.ADMIN_DOWN):
        raise BadPacket(f"your discriminator 0 in state {state.name}")
    return Control(
        state,
        first & 0x1F,
        multiplier,
        mine,
        yours,
        tx,
        rx,
        echo,
        bool(second & _POLL),
        bool(second & _FINAL),
        bool(second & _INDEPENDENT),
        bool(second & _DEMAND),
    )
