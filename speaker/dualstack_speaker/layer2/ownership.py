# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else has an address of ours: RFC 5227 section 2.4 for ARP, and the same for Neighbour Discovery.

Somebody else's claim (an ARP packet with the address as its sender, an advertisement of it, a solicitation from it)
may be the announcer before or after us, whose rounds cross ours. So claims do not count for the first 6 s after a
take-over, which is a burst and a second; later ones make a suspicion, and only if we still have the address after 3 s
it is a conflict: an announcer that was replaced has been told by then. A conflict is defended by single announcements,
at most one in 10 s (DEFEND_INTERVAL), and only against claims that others heard too: two that both defend do not
storm. It ends when nobody has claimed the address for 30 s, in which time it is asked for every 10 s.

Without a claim the address is asked for when the first 6 s are over and announced and asked for again once in a while:
owners that answer others by unicast are found that way, and neighbours that missed the burst are put right.
"""

from __future__ import annotations

import enum
import heapq
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple, Union

GRACE = 6.0  # seconds after a take-over
SUSPICION = 3.0  # seconds from a claim to a conflict
DEFEND_INTERVAL = 10.0  # seconds, RFC 5227 section 1.1
FORGET = 30.0  # seconds without a claim after which its MAC is forgotten
MOST = 16  # MACs per address and interface

Key = tuple[int, bytes]  # number of the interface, address


class State(enum.Enum):
    """Of an address on an interface."""

    FRESH = "fresh"
    HELD = "held"
    SUSPECTED = "suspected"
    DISPUTED = "disputed"


class Event(enum.Enum):
    """What happens to it."""

    CLAIM = "claim"
    DUE = "due"


class Announce(NamedTuple):
    """Say once that the address is ours."""

    key: Key


class Ask(NamedTuple):
    """Ask whether somebody else has it."""

    key: Key


class Disputed(NamedTuple):
    """Another owner was found."""

    key: Key
    mac: bytes


class Settled(NamedTuple):
    """No other owner is left."""

    key: Key


Output = Union[Announce, Ask, Disputed, Settled]


class Holding:
    """An address on an interface. ``macs``: who claimed it and when; ``conflicts``: how many began."""

    __slots__ = ("conflicts", "deadline", "defended", "key", "macs", "since", "state")

    def __init__(self, key: Key, deadline: float | None) -> None:
        self.key = key
        self.state = State.FRESH
        self.deadline = deadline
        self.macs: dict[bytes, float] = {}
        self.since = 0.0
        self.defended = -DEFEND_INTERVAL  # long ago
        self.conflicts = 0

    def export(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "interface": self.key[0],
            "address": self.key[1].hex(),
            "state": self.state.value,
            "deadline": self.deadline,
            "macs": {mac.hex(): heard for mac, heard in self.macs.items()},
            "since": self.since,
            "defended": self.defended,
            "conflicts": self.conflicts,
        }

    @classmethod
    def adopt(cls, data: dict[str, Any]) -> Holding:
        """Of what ``export`` gave; KeyError, TypeError or ValueError when it is something else."""
        held = cls((data["interface"], bytes.fromhex(data["address"])), data["deadline"])
        held.state = State(data["state"])
        held.macs = {bytes.fromhex(mac): heard for mac, heard in data["macs"].items()}
        held.since, held.defended, held.conflicts = data["since"], data["defended"], data["conflicts"]
        return held


class Ownership:
    """All addresses that are held. ``refresh``: seconds after which each is announced and asked for again; 0: never."""

    def __init__(self, refresh: float) -> None:
        self._refresh = refresh
        self._held: dict[Key, Holding] = {}
        self._due: list[tuple[float, int, Holding]] = []
        self._order = 0

    def began(self, key: Key, now: float) -> None:
        """The address was taken over."""
        held = self._held[key] = Holding(key, None)
        self._arm(held, now + GRACE)

    def ended(self, key: Key) -> None:
        """The address was given up."""
        held = self._held.pop(key, None)
        if held is not None:
            held.deadline = None

    def claimed(self, key: Key, mac: bytes, public: bool, now: float) -> list[Output]:
        """Somebody else claims it; ``public`` when others heard it too."""
        held = self._held.get(key)
        if held is None:
            return []
        return list(_ACTIONS[held.state, Event.CLAIM](self, held, now, mac, public))

    def due(self, now: float) -> list[Output]:
        """What time brings."""
        out: list[Output] = []
        while self._due and self._due[0][0] <= now:
            at, _unused, held = heapq.heappop(self._due)
            if held.deadline == at:
                held.deadline = None
                out += _ACTIONS[held.state, Event.DUE](self, held, now)
        return out

    @property
    def next(self) -> float | None:
        """When something is due, monotonic seconds."""
        while self._due and self._due[0][2].deadline != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def holdings(self) -> Iterator[Holding]:
        """All that is held."""
        return iter(self._held.values())

    def resume(self, held: Holding) -> None:
        """Goes on with what another process held."""
        self._held[held.key] = held
        if held.deadline is not None:
            self._arm(held, held.deadline)

    def _arm(self, held: Holding, at: float) -> None:
        self._order += 1
        held.deadline = at
        heapq.heappush(self._due, (at, self._order, held))

    def _pass_over(self, _held: Holding, _now: float, _mac: bytes, _public: bool) -> Iterator[Output]:
        return iter(())

    def _look(self, held: Holding, now: float) -> Iterator[Output]:
        held.state = State.HELD
        self._rest(held, now)
        yield Ask(held.key)

    def _renew(self, held: Holding, now: float) -> Iterator[Output]:
        self._rest(held, now)
        yield Announce(held.key)
        yield Ask(held.key)

    def _rest(self, held: Holding, now: float) -> None:
        """Until the next renewal; neighbouring addresses spread over half of the time."""
        if self._refresh:
            self._arm(held, now + self._refresh * (0.75 + sum(held.key[1]) % 64 / 128))

    def _suspect(self, held: Holding, now: float, mac: bytes, _public: bool) -> Iterator[Output]:
        held.state = State.SUSPECTED
        held.macs = {mac: now}
        self._arm(held, now + SUSPICION)
        return iter(())

    def _gather(self, held: Holding, now: float, mac: bytes, _public: bool) -> Iterator[Output]:
        if mac in held.macs or len(held.macs) < MOST:
            held.macs[mac] = now
        return iter(())

    def _report(self, held: Holding, now: float) -> Iterator[Output]:
        held.state = State.DISPUTED
        held.conflicts += 1
        held.since = held.defended = now
        self._arm(held, now + DEFEND_INTERVAL)
        for mac in held.macs:
            yield Disputed(held.key, mac)
        yield Announce(held.key)
        yield Ask(held.key)

    def _defend(self, held: Holding, now: float, mac: bytes, public: bool) -> Iterator[Output]:
        if mac not in held.macs and len(held.macs) < MOST:
            yield Disputed(held.key, mac)
        self._gather(held, now, mac, public)
        if public and now >= held.defended + DEFEND_INTERVAL:
            held.defended = now
            yield Announce(held.key)

    def _look_again(self, held: Holding, now: float) -> Iterator[Output]:
        held.macs = {mac: heard for mac, heard in held.macs.items() if now < heard + FORGET}
        if held.macs:
            self._arm(held, now + DEFEND_INTERVAL)
            yield Ask(held.key)
        else:
            held.state = State.HELD
            self._rest(held, now)
            yield Settled(held.key)


_ACTIONS: dict[tuple[State, Event], Callable[..., Any]] = {
    (State.FRESH, Event.CLAIM): Ownership._pass_over,
    (State.FRESH, Event.DUE): Ownership._look,
    (State.HELD, Event.CLAIM): Ownership._suspect,
    (State.HELD, Event.DUE): Ownership._renew,
    (State.SUSPECTED, Event.CLAIM): Ownership._gather,
    (State.SUSPECTED, Event.DUE): Ownership._report,
    (State.DISPUTED, Event.CLAIM): Ownership._defend,
    (State.DISPUTED, Event.DUE): Ownership._look_again,
}
