# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order statuses of Services are written, so that no address is ever in two of them by our hand. No I/O.

What counts is what the API server may hold at any moment, as this process can be killed between any two writes, and
whoever comes next believes the Services: an address is written to a Service only when the write that takes it away
from another one was acknowledged. Where Services wait for each other in a circle, one of them is emptied first. Writes
of one Service follow each other; those of different ones may be under way at once.
Services that share an address do not wait: none of them gives it away.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple


class Target(NamedTuple):
    """What status and annotation of a Service must become; without addresses both are emptied."""

    addresses: tuple[str, ...]
    note: str
    ip_mode: str


class Write(NamedTuple):
    """One write; ``final``: with it the Service is as it should be, else it gives up what others wait for."""

    key: str
    target: Target
    final: bool


class _Entry:
    """A Service of which a write is wanted or under way."""

    __slots__ = ("doubtful", "flying", "held", "leaving", "parked", "right", "target", "unsure")

    def __init__(self, held: frozenset[str]) -> None:
        self.held = held  # what its status held when it was last known
        self.doubtful: frozenset[str] = frozenset()  # what a write without an answer may have put there
        self.unsure = False  # whether there was such a write
        self.flying: Write | None = None
        self.target: Target | None = None
        self.right: frozenset[str] | None = None  # what was right to have, while a write may still change it
        self.parked = False  # it waits for its newest version
        self.leaving: frozenset[str] = frozenset()  # what it may hold and should not


class Ordering:
    """Wishes in, writes out: ``take`` gives the next one that may be sent; a call then says how it went.

    Keys are ``namespace/name``; times are seconds of any clock that does not go back.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._queue: OrderedDict[str, None] = OrderedDict()
        self._later: list[tuple[float, str]] = []
        self._leaving: dict[str, set[str]] = {}  # address → keys that may hold it and should not
        self._blocked: dict[str, set[str]] = {}  # address → keys that wait until nobody does

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        """Whether a write of a Service is wanted, under way, or in doubt."""
        return key in self._entries

    def may_hold(self, key: str) -> frozenset[str]:
        """The addresses that its status may hold by our hand while a write is under way or in doubt."""
        entry = self._entries.get(key)
        if entry is None:
            return frozenset()
        flying = entry.flying.target.addresses if entry.flying is not None else ()
        return entry.held | entry.doubtful | frozenset(flying)

    @property
    def flying(self) -> int:
        """How many writes are under way."""
        return sum(entry.flying is not None for entry in self._entries.values())

    @property
    def due(self) -> float | None:
        """When ``take`` may have something to give though nothing happened."""
        return self._later[0][0] if self._later else None

    def want(self, key: str, target: Target, held: Collection[str]) -> None:
        """A Service must become something else than the API server has, with ``held`` in its status."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(frozenset(held))
        elif entry.flying is None and not entry.unsure:
            entry.held = frozenset(held)
        entry.target, entry.right, entry.parked = target, None, False
        self._queue[key] = None
        self._settle(key, entry)

    def content(self, key: str, held: Collection[str], should: Collection[str] | None = None) -> None:
        """Nothing is to be written of a Service, with ``held`` in its status.

        ``should``: what it is to have, where that is less and can't be written: nobody gets the rest before it is gone.
        """
        right = frozenset(held if should is None else should)
        entry = self._entries.get(key)
        if entry is None and not right.issuperset(held):
            entry = self._entries[key] = _Entry(frozenset(held))
        if entry is not None:
            entry.target, entry.right, entry.parked = None, right, False
            if entry.flying is None and not entry.unsure:
                entry.held = frozenset(held)
            self._settle(key, entry)

    def gone(self, key: str) -> None:
        """A Service is no more."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._index(key, entry, frozenset())
            self._queue.pop(key, None)

    def take(self, now: float) -> Write | None:
        """The next write that may be sent."""
        while self._later and self._later[0][0] <= now:
            key = heapq.heappop(self._later)[1]
            if key in self._entries:
                self._queue[key] = None
        while self._queue:
            key = self._queue.popitem(last=False)[0]
            entry = self._entries[key]
            if entry.target is None or entry.flying or entry.parked or entry.unsure:
                continue
            write = self._next(key, entry, entry.target)
            if write is not None:
                entry.flying = write
                self._settle(key, entry)
                return write
        return None

    def acknowledged(self, write: Write) -> None:
        """The API server has taken a write."""
        entry = self._landed(write)
        if entry is not None:
            entry.held = frozenset(write.target.addresses)
            if entry.target == write.target:
                entry.target = None
            self._settle(write.key, entry)
            if entry.target is not None:
                self._queue[write.key] = None

    def refused(self, write: Write, again: float | None) -> None:
        """A write has changed nothing: try again at a time, or (None) once a newer version of the Service is known."""
        entry = self._landed(write)
        if entry is not None:
            entry.parked = again is None
            if again is not None:
                heapq.heappush(self._later, (again, write.key))
            self._settle(write.key, entry)

    def unanswered(self, write: Write) -> None:
        """A write may have been carried out: its Service waits until ``sure``, and nobody gets what it may hold."""
        entry = self._landed(write)
        if entry is not None:
            entry.unsure, entry.doubtful = True, frozenset(write.target.addresses)
            self._settle(write.key, entry)

    def sure(self, key: str, held: Collection[str]) -> None:
        """What a Service's status holds was asked after a write of it got no answer."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.held, entry.unsure, entry.doubtful = frozenset(held), False, frozenset()
            self._queue[key] = None
            self._settle(key, entry)

    def again(self, key: str) -> None:
        """A newer version of a Service is known, and it still must become what was wanted."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.parked = False
            self._queue[key] = None

    def _next(self, key: str, entry: _Entry, target: Target) -> Write | None:
        contested = [text for text in target.addresses if text not in entry.held and text in self._leaving]
        if not contested:
            return Write(key, target, True)
        for text in contested:
            self._blocked.setdefault(text, set()).add(key)
            for other in self._leaving[text]:
                self._queue[other] = None  # it may have to make room, now that somebody waits
        if all(map(self._moving, contested)) or not any(text in self._blocked for text in entry.leaving):
            return None
        kept = tuple(text for text in target.addresses if text in entry.held)
        return Write(key, Target(kept, target.note if kept else "", target.ip_mode), False)

    def _moving(self, address: str) -> bool:
        """Whether all who should not hold an address are giving it away just now."""
        flying = [self._entries[key].flying for key in self._leaving[address]]
        return all(write is not None and address not in write.target.addresses for write in flying)

    def _landed(self, write: Write) -> _Entry | None:
        entry = self._entries.get(write.key)
        if entry is None or entry.flying is not write:
            return None  # the Service is gone, and perhaps another one has its name
        entry.flying = None
        return entry

    def _settle(self, key: str, entry: _Entry) -> None:
        """Brings the index up to date with an entry, and forgets an entry that has nothing to wait for."""
        may_hold = entry.held | entry.doubtful
        if entry.flying is not None:
            may_hold |= frozenset(entry.flying.target.addresses)
        should = entry.held if entry.right is None else entry.right
        if entry.target is not None:
            should = frozenset(entry.target.addresses)
        self._index(key, entry, may_hold - should)
        if entry.target is None and entry.flying is None and not entry.unsure and not entry.leaving:
            del self._entries[key]
            self._queue.pop(key, None)

    def _index(self, key: str, entry: _Entry, leaving: frozenset[str]) -> None:
        for text in entry.leaving - leaving:
            keys = self._leaving[text]
            keys.discard(key)
            if not keys:
                del self._leaving[text]
                for waiting in self._blocked.pop(text, ()):
                    if waiting in self._entries:
                        self._queue[waiting] = None
        for text in leaving - entry.leaving:
            self._leaving.setdefault(text, set()).add(key)
        entry.leaving = leaving
