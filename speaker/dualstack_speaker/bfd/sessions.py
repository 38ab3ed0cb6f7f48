# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which session a packet belongs to (RFC 5880 section 6.3, RFC 5881 sections 3 and 5, RFC 5883 sections 3 and 5).

A packet that knows our discriminator is found by it alone; the first ones, by their addresses. The UDP port tells
single hop from multihop, so that a packet from far away can't reach a session whose packets come from the link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .packet import HIGHEST, BadPacket, Control, decode
from .session import Session

LINK_TTL = 255  # RFC 5881 section 5, RFC 5082


class Path(NamedTuple):
    """The ends of a session. ``local`` None: any of ours. ``interface``: index, of link-local addresses; else 0."""

    remote: bytes
    local: bytes | None
    multihop: bool
    interface: int = 0


class Arrival(NamedTuple):
    """Where and how a datagram came in; ``ttl`` None: the kernel did not tell."""

    source: bytes
    destination: bytes
    multihop: bool
    ttl: int | None
    interface: int


class Sessions:
    """All sessions. ``number`` gives random numbers from 0 to 2**32 - 1."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._by_number: dict[int, tuple[Path, Session]] = {}
        self._by_remote: dict[tuple[bytes, bool], list[tuple[Path, Session]]] = {}

    def __iter__(self) -> Iterator[Session]:
        return (session for _unused, session in self._by_number.values())

    def discriminator(self) -> int:
        """A number of no session (section 6.8.1)."""
        while True:
            number = self._number() & HIGHEST
            if number and number not in self._by_number:
                return number

    def add(self, path: Path, session: Session) -> None:
        """Takes a session up."""
        self._by_number[session.discriminator] = path, session
        self._by_remote.setdefault((path.remote, path.multihop), []).append((path, session))

    def remove(self, session: Session) -> None:
        """Forgets a session."""
        path, _unused = self._by_number.pop(session.discriminator)
        key = path.remote, path.multihop
        left = [entry for entry in self._by_remote[key] if entry[1] is not session]
        if left:
            self._by_remote[key] = left
        else:
            del self._by_remote[key]

    def judge(self, data: bytes, arrival: Arrival) -> tuple[Session, Control]:
        """The session of a datagram and what it says; BadPacket when it is to be dropped."""
        if not arrival.multihop and arrival.ttl != LINK_TTL:
            raise BadPacket(f"TTL {arrival.ttl} on a single hop")
        packet = decode(data)
        session = self._find(packet.your_discriminator, arrival)
        least = session.settings.minimum_ttl
        if least is not None and (arrival.ttl is None or arrival.ttl < least):
            raise BadPacket(f"TTL {arrival.ttl} is below {least}")
        return session, packet

    def _find(self, discriminator: int, arrival: Arrival) -> Session:
        if discriminator:
            path, session = self._by_number.get(discriminator, (None, None))
            if path is None or session is None or path.multihop != arrival.multihop:
                raise BadPacket("no session has this discriminator")
            return session
        for path, session in self._by_remote.get((arrival.source, arrival.multihop), ()):
            if path.local in (None, arrival.destination) and path.interface in (0, arrival.interface):
                return session
        raise BadPacket("no session has these addresses")
