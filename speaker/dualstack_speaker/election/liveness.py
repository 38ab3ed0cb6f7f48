# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of another node: a machine of five states, driven by its heartbeats and by their absence.

A heartbeat counts once: its sequence must rise within the sender's incarnation, and another incarnation must echo the
challenge that this node told the sender and tells nobody twice. So neither a heartbeat of another moment nor one from
before a restart of either side counts, without a clock that both share.

A node that was silent and is heard again is held back for a while that doubles with each such return (1 s to a minute),
so that a flapping link does not move addresses each time. ``counts`` is what the election asks for.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from .packet import Beat

HOLD = 1.0  # seconds that a node is held back after its first return
MOST_HOLD = 60.0  # seconds at most
STEADY = 300.0  # seconds of being alive after which earlier silences are forgotten


class State(enum.Enum):
    """Of another node; values are what the status shows."""

    UNHEARD = "unheard"
    ALIVE = "alive"
    RETURNING = "returning"
    SILENT = "silent"
    LEAVING = "leaving"


class Event(enum.Enum):
    """What happens to it."""

    BEAT = "beat"
    GOODBYE = "goodbye"  # a heartbeat that says that the node is leaving
    OVERDUE = "overdue"  # no heartbeat within the detection time
    HELD = "held"  # the time to be held back is over


# (state, event) → state; pairs that are missing cannot happen. A return with no time to wait goes on at once.
TABLE: dict[tuple[State, Event], State] = {
    (State.UNHEARD, Event.BEAT): State.ALIVE,
    (State.UNHEARD, Event.GOODBYE): State.LEAVING,
    (State.ALIVE, Event.BEAT): State.ALIVE,
    (State.ALIVE, Event.GOODBYE): State.LEAVING,
    (State.ALIVE, Event.OVERDUE): State.SILENT,
    (State.RETURNING, Event.BEAT): State.RETURNING,
    (State.RETURNING, Event.GOODBYE): State.LEAVING,
    (State.RETURNING, Event.OVERDUE): State.SILENT,
    (State.RETURNING, Event.HELD): State.ALIVE,
    (State.SILENT, Event.BEAT): State.RETURNING,
    (State.SILENT, Event.GOODBYE): State.LEAVING,
    (State.LEAVING, Event.BEAT): State.ALIVE,
    (State.LEAVING, Event.GOODBYE): State.LEAVING,
    (State.LEAVING, Event.OVERDUE): State.SILENT,
}
SECOND, REPLAYED, UNPROVEN = "second copy", "replayed", "unproven"  # why a heartbeat does not count
HEARD = (State.ALIVE, State.RETURNING, State.LEAVING)


class Peer:
    """Another node. ``draw`` gives eight random octets, other ones each time."""

    def __init__(self, name: str, draw: Callable[[], bytes]) -> None:
        self.name = name
        self.state = State.UNHEARD
        self.last: Beat | None = None  # the last heartbeat that counted
        self.challenge = draw()  # what it must echo when it begins anew
        self.echo = bytes(8)  # what it told us to echo
        self.heard: float | None = None  # when a heartbeat counted last, monotonic seconds
        self.due: float | None = None  # when OVERDUE or HELD comes
        self.returns = 0  # silences that count for how long it is held back
        self._proven = False  # whether the sequence of its incarnation is known for sure
        self._since = 0.0  # alive since
        self._held = 0.0  # until when it is held back
        self._draw = draw

    @property
    def counts(self) -> bool:
        """Whether it is there to answer, as far as its heartbeats tell; never heard: not known."""
        return self.state is State.ALIVE and self.last is not None and self.last.serving

    def check(self, beat: Beat) -> str:
        """Why a heartbeat does not count; empty when it does."""
        last = self.last
        if self._proven and last is not None and beat.incarnation == last.incarnation:
            if beat.sequence == last.sequence:
                return SECOND
            return "" if beat.sequence > last.sequence else REPLAYED
        return "" if beat.echo == self.challenge else UNPROVEN

    def hear(self, beat: Beat, now: float) -> bool:
        """Takes in a heartbeat that counts; whether anything is different now."""
        before, last = self.state, self.last
        if not self._proven or last is None or last.incarnation != beat.incarnation:
            self.challenge = self._draw()
            self._proven = True
        self.last, self.echo, self.heard = beat, beat.challenge, now
        self._follow(Event.GOODBYE if beat.leaving else Event.BEAT, now)
        return self.state is not before or last is None or _told(beat) != _told(last)

    def lapse(self, now: float) -> bool:
        """Lets time pass; whether anything is different now."""
        before = self.state
        while self.due is not None and self.due <= now:
            overdue = self.state is not State.RETURNING or self._end <= now
            self._follow(Event.OVERDUE if overdue else Event.HELD, now)
        return self.state is not before

    def forgive(self) -> None:
        """It was not the node that was away, but we: it is not held back for that."""
        if self.state is State.SILENT:
            self.returns = 0

    def assume(self, now: float) -> None:
        """Takes a node that was heard by the process before, a moment ago, as it was; it has to prove itself anew."""
        self._proven = False
        self.challenge = self._draw()
        if self.state in HEARD:
            self.heard = now
            self._arm()

    def excuse(self, now: float) -> None:
        """It could not be heard until now, because this node stood still."""
        if self.state in HEARD:
            self.heard = now
            self._arm()

    @property
    def _end(self) -> float:
        """When it is silent."""
        assert self.last is not None and self.heard is not None
        return self.heard + self.last.detection_ms / 1000

    def _follow(self, event: Event, now: float) -> None:
        before = self.state
        self.state = TABLE[before, event]
        if self.state is not before:
            self._enter(before, now)
        self._arm()

    def _arm(self) -> None:
        if self.state in HEARD:
            self.due = min(self._end, self._held) if self.state is State.RETURNING else self._end
        else:
            self.due = None

    def _enter(self, before: State, now: float) -> None:
        if self.state is State.SILENT and before is State.LEAVING:
            self.returns = 0  # that was no failure
        elif self.state is State.SILENT:
            steady = before is State.ALIVE and now - self._since >= STEADY
            self.returns = 1 if steady else self.returns + 1
        elif self.state is State.RETURNING:
            wait = min(HOLD * 2 ** min(self.returns - 1, 16), MOST_HOLD) if self.returns else 0.0
            self._held = now + wait
            if not wait:
                self._follow(Event.HELD, now)
        elif self.state is State.ALIVE:
            self._since = now

    # Another process

    def export(self) -> dict[str, Any]:
        """As plain data."""
        last = None
        if self.last is not None:
            last = self.last._asdict()
            for name in ("receiver", "challenge", "echo"):
                last[name] = last[name].hex()
            last["without"] = sorted(one.hex() for one in self.last.without)
            last["macs"] = [mac.hex() for mac in self.last.macs]
            last["interfaces"] = list(self.last.interfaces)
        return {
            "state": self.state.value,
            "last": last,
            "challenge": self.challenge.hex(),
            "echo": self.echo.hex(),
            "heard": self.heard,
            "proven": self._proven,
            "returns": self.returns,
            "since": self._since,
            "held": self._held,
        }

    def adopt(self, data: dict[str, Any]) -> None:
        """Goes on with what ``export`` gave; KeyError, TypeError or ValueError when it is something else."""
        last = data["last"]
        if last is not None:
            last = dict(last)
            for name in ("receiver", "challenge", "echo"):
                last[name] = bytes.fromhex(last[name])
            last["without"] = frozenset(bytes.fromhex(one) for one in last["without"])
            last["macs"] = tuple(bytes.fromhex(mac) for mac in last["macs"])
            last["interfaces"] = tuple(last["interfaces"])
            last = Beat(**last)
        state = State(data["state"])
        if (last is None or data["heard"] is None) != (state is State.UNHEARD):
            raise ValueError("a node that was heard has a heartbeat")
        challenge, echo = bytes.fromhex(data["challenge"]), bytes.fromhex(data["echo"])
        self.state, self.last, self.challenge, self.echo = state, last, challenge, echo
        self.heard, self.returns, self._proven = data["heard"], data["returns"], data["proven"]
        self._since, self._held = float(data["since"]), float(data["held"])
        self._arm()


def _told(beat: Beat) -> tuple[object, ...]:
    """What the election looks at."""
    return (beat.serving, beat.drained, beat.is_open, beat.blind, beat.interfaces, beat.macs, beat.without)
