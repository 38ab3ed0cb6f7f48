# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Announcements after a take-over: gratuitous ARP and unsolicited advertisements.

Sent at once and then every 1.1 s for 5 s, as MetalLB does.

Paced: a driver takes at most so many at a time, so that a thousand addresses do not flood a switch.
"""

from __future__ import annotations

import heapq

from . import arp, ndp

INTERVAL = 1.1  # seconds between rounds
ROUNDS = 5  # at 0, 1.1, 2.2, 3.3 and 4.4 s: what fits into MetalLB's 5 s
BATCH = 100  # addresses at a time …
PAUSE = 0.002  # … and the seconds between such batches


def frames(mac: bytes, address: bytes) -> list[bytes]:
    """One round for an address on an interface."""
    return arp.gratuitous(mac, address) if len(address) == 4 else [ndp.unsolicited(mac, address)]


class Announcer:
    """Rounds that are due, by interface name and address."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, str, bytes]] = []  # when, order, interface, address
        self._left: dict[tuple[str, bytes], tuple[int, int]] = {}  # rounds left, the order that counts
        self._order = 0
        self._not_before = 0.0

    def begin(self, interface: str, address: bytes, now: float) -> None:
        """A burst begins; one under way begins anew."""
        self._push(interface, address, ROUNDS, now)

    def cease(self, interface: str, address: bytes) -> None:
        """The address is lost: no further round."""
        self._left.pop((interface, address), None)

    def take(self, now: float) -> list[tuple[str, bytes]]:
        """The rounds to send now, at most a batch."""
        out: list[tuple[str, bytes]] = []
        if now < self._not_before:
            return out
        while self._queue and self._queue[0][0] <= now and len(out) < BATCH:
            _unused, order, interface, address = heapq.heappop(self._queue)
            left, current = self._left.get((interface, address), (0, 0))
            if order != current or not left:
                continue
            out.append((interface, address))
            if left > 1:
                self._push(interface, address, left - 1, now + INTERVAL)
            else:
                del self._left[(interface, address)]
        if len(out) == BATCH:
            self._not_before = now + PAUSE
        return out

    @property
    def next(self) -> float | None:
        """When ``take`` has something, monotonic seconds."""
        return max(self._queue[0][0], self._not_before) if self._queue else None

    def _push(self, interface: str, address: bytes, rounds: int, at: float) -> None:
        self._order += 1
        self._left[(interface, address)] = (rounds, self._order)
        heapq.heappush(self._queue, (at, self._order, interface, address))
