# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said without being asked: rounds of gratuitous ARP and unsolicited advertisements, single ones, probes.

A take-over is told at once and then every 1.1 s for 5 s, as MetalLB does. All is paced by a bucket of tokens: 200
frames may go at once and in each further millisecond; what can wait (every round but the first) counts five times, so
that a thousand addresses do not flood a switch, nor delay what is urgent. Receivers differ in which form of gratuitous
ARP they heed (RFC 5227 section 3): each round sends the request of section 2.3, and the reply when nothing is urgent.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from . import arp, ndp

INTERVAL = 1.1  # seconds between rounds
ROUNDS = 5  # at 0, 1.1, 2.2, 3.3 and 4.4 s: what fits into MetalLB's 5 s
DEPTH = 200  # frames at once
RATE = 200_000  # frames per second
LATER = 5  # what a frame counts that can wait
PAUSE = 0.001  # seconds until there is enough for a useful number again

ROUND, REPLY, ANNOUNCEMENT, PROBE = "round", "reply", "announcement", "probe"


class Saying(NamedTuple):
    """Something to send: its kind, the number of the interface, the address."""

    kind: str
    interface: int
    address: bytes


class Burst(NamedTuple):
    """Rounds under way: how many are left, when the next is due."""

    interface: int
    address: bytes
    left: int
    at: float


def frame(kind: str, mac: bytes, address: bytes, source: bytes | None) -> bytes:
    """The frame of a saying; empty for an IPv6 probe without ``source``, an IPv6 address of the interface."""
    if len(address) == 4:
        if kind == PROBE:
            return arp.probe(mac, address)
        return arp.gratuitous_reply(mac, address) if kind == REPLY else arp.announcement(mac, address)
    if kind != PROBE:
        return ndp.unsolicited(mac, address)
    return ndp.probe(mac, source, address) if source else b""


class Announcer:
    """What is due, by number of the interface and address."""

    def __init__(self) -> None:
        self._urgent: deque[tuple[int, Saying]] = deque()  # order, what
        self._later: list[tuple[float, int, Saying]] = []  # when, order, what
        self._rounds: dict[tuple[int, bytes], tuple[int, int, float]] = {}  # rounds left, the order that counts, when
        self._order = 0
        self._tokens = float(DEPTH)
        self._filled = 0.0  # when the tokens were counted
        self._ready = 0.0  # nothing goes before

    def begin(self, interface: int, address: bytes, now: float) -> None:
        """A burst begins; one under way begins anew."""
        self._order += 1
        self._rounds[interface, address] = (ROUNDS, self._order, now)
        self._urgent.append((self._order, Saying(ROUND, interface, address)))

    def once(self, kind: str, interface: int, address: bytes, now: float) -> None:
        """A single announcement or a probe, as soon as there is room."""
        self._order += 1
        heapq.heappush(self._later, (now, self._order, Saying(kind, interface, address)))

    def cease(self, interface: int, address: bytes) -> None:
        """The address is lost: no further round."""
        self._rounds.pop((interface, address), None)

    def take(self, now: float) -> list[Saying]:
        """What to send now."""
        out: list[Saying] = []
        if now < self._ready:
            return out
        self._tokens = min(DEPTH, self._tokens + max(0.0, now - self._filled) * RATE)
        self._filled = now
        while self._tokens > 0:
            if self._urgent:
                order, saying = self._urgent.popleft()
                weight = 1
            elif self._later and self._later[0][0] <= now:
                _unused, order, saying = heapq.heappop(self._later)
                weight = LATER
            else:
                return out
            if saying.kind != ROUND or self._count(saying, order, now):
                out.append(saying)
                self._tokens -= weight
        self._ready = now + max(PAUSE, -self._tokens / RATE)
        return out

    @property
    def next(self) -> float | None:
        """When ``take`` has something, monotonic seconds."""
        if self._urgent:
            return self._ready
        return max(self._later[0][0], self._ready) if self._later else None

    def bursts(self) -> list[Burst]:
        """The rounds that are still to come."""
        return [Burst(*key, left, at) for key, (left, _unused, at) in self._rounds.items()]

    def resume(self, bursts: Iterable[Burst]) -> None:
        """Goes on with rounds that another process began."""
        for burst in bursts:
            self._follow(Saying(ROUND, burst.interface, burst.address), burst.left, burst.at)

    def _count(self, saying: Saying, order: int, now: float) -> bool:
        """Whether the round still counts; the next one is then on its way."""
        left, current, _unused = self._rounds.get((saying.interface, saying.address), (0, 0, 0.0))
        if order != current:
            return False
        if len(saying.address) == 4:
            self.once(REPLY, saying.interface, saying.address, now)
        if left > 1:
            self._follow(saying, left - 1, now + INTERVAL)
        else:
            del self._rounds[saying.interface, saying.address]
        return True

    def _follow(self, saying: Saying, left: int, at: float) -> None:
        self._order += 1
        self._rounds[saying.interface, saying.address] = (left, self._order, at)
        heapq.heappush(self._later, (at, self._order, saying))
