# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One watched path: timers, poll sequences and the table. Packets and ``now`` (monotonic seconds) in, outputs out.

RFC 5880 sections 6.5, 6.8.1 to 6.8.4, 6.8.6, 6.8.7, 6.8.12, 6.8.16. The driver performs the outputs in order, then asks
``next_deadline``. Which packets belong here, and whether their TTL is good, ``sessions`` has judged before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Union

from ..base.addresses import show
from ..base.backoff import jittered
from ..base.deadlines import Deadlines
from ..base.model import Bfd
from ..base.outputs import Field, Note, Send
from . import fsm
from .fsm import Effect, Event, State
from .packet import Control, encode

_DEADLINES = ("detect", "transmit", "finish")
_CARRIED = (  # what a session of another process takes over as it is
    *("diagnostic", "remote_diagnostic", "heard_at", "sent_at", "desired_tx", "tx", "required_rx", "rx"),
    *("lost", "polling", "poll_again", "transitions", "ups", "downs", "received", "sent"),
)
SLOW = 1_000_000  # microseconds: the least interval of a session that is not up (section 6.8.3)


class Lost(NamedTuple):
    """The path failed: what relies on it goes down."""

    reason: str


class Back(NamedTuple):
    """After ``Lost``: the path works again, or nobody watches it any more, which is no failure (RFC 5882, 3.2)."""


class Finished(NamedTuple):
    """The last packet is out: forget the session."""


class Missed(NamedTuple):
    """After ``resume``: the other side has noticed that we were gone. Forget the session and begin another one."""


Output = Union[Send, Note, Lost, Back, Finished, Missed]


class Snapshot(NamedTuple):
    """A session's state for status and metrics. ``detection_ms`` is None while nothing is heard."""

    state: str
    remote_state: str
    detection_ms: float | None
    diagnostic: str
    remote_diagnostic: str
    transitions: int
    ups: int
    downs: int
    received: int
    sent: int


class Session:
    """One path to ``address``. ``discriminator``: ours, not 0, of no other session; ``jitter`` gives [0, 1)."""

    def __init__(
        self, name: str, address: bytes, settings: Bfd, discriminator: int, jitter: Callable[[], float]
    ) -> None:
        self.name = name
        self.address = address
        self.settings = settings
        self.discriminator = discriminator
        self.state = State.DOWN
        self._jitter = jitter
        self._deadlines = Deadlines()
        self._diagnostic = fsm.NONE
        self._remote: Control | None = None  # the last packet; None: nothing heard for a detection time
        self._remote_diagnostic = fsm.NONE
        self._heard_at = 0.0
        self._sent_at: float | None = None
        self._desired_tx = self._tx = max(SLOW, settings.transmit_ms * 1000)  # advertised, in use; microseconds
        self._required_rx = self._rx = settings.receive_ms * 1000
        self._planned: tuple[float, float | None] | None = None  # what the next packet's deadline was made of
        self._lost = False  # and not back yet
        self._unsure = False  # resumed, and the other side has not said yet that it is up too
        self._polling = False  # our poll bit is out
        self._poll_again = False  # something changed meanwhile
        self._transitions = self._ups = self._downs = self._received = self._sent = 0

    # Inputs

    def start(self, now: float) -> list[Output]:
        """Begins to send, unless the session is passive."""
        self._schedule(now)
        return []

    def configure(self, settings: Bfd, now: float) -> list[Output]:
        """Takes changed settings over, by a poll sequence where the other side has to agree."""
        if settings == self.settings or self.state is State.ADMIN_DOWN:
            return []
        self.settings = settings
        self._set_intervals()
        out = self._send(now)
        self._schedule(now)
        return out

    def disable(self, now: float) -> list[Output]:
        """Tells the other side that this is no failure; ``Finished`` once it must have heard it (section 6.8.16)."""
        if self.state is State.ADMIN_DOWN:
            return []
        talking = self._talking
        out = self._fire(Event.DISABLE, now)
        self._deadlines.clear("detect")
        self._deadlines.set("finish", now + (self._interval * self.settings.multiplier if talking else 0.0))
        return out

    def receive(self, packet: Control, now: float) -> list[Output]:
        """A packet of this session arrived."""
        if self.state is State.ADMIN_DOWN:
            return []
        self._received += 1
        if self._unsure and packet.state is not State.UP:
            return [Missed()]
        self._unsure = False
        event = fsm.RECEIVED[packet.state]
        if event is Event.DOWN and self._anew(packet):
            event = Event.RESTART
        self._remote = packet
        self._remote_diagnostic = packet.diagnostic
        self._heard_at = now
        if packet.final and self._polling:
            self._end_poll()
        out = self._fire(event, now)
        self._watch()
        self._schedule(now)
        if packet.poll:
            out += self._send(now, final=True)
        return out

    def expire(self, now: float) -> list[Output]:
        """Deadlines may be due."""
        out: list[Output] = []
        for name in self._deadlines.take_due(now):
            if name == "detect":
                out += self._silence(now)
            elif name == "transmit":
                if self._sent_at != now:  # a change at the same moment has sent one
                    out += self._send(now)
                self._schedule(now)
            else:
                self._deadlines.clear()
                out.append(Finished())
        return out

    @property
    def next_deadline(self) -> float | None:
        """When ``expire`` is to be called, monotonic seconds."""
        return self._deadlines.next

    def silent(self, now: float) -> bool:
        """Whether the detection time is over, unless a packet still waits to be read."""
        at = self._deadlines.at("detect")
        return at is not None and at <= now

    def snapshot(self) -> Snapshot:
        """The state for status and metrics."""
        return Snapshot(
            self.state.text,
            (self._remote.state if self._remote else State.DOWN).text,
            self._detection * 1000 if self._remote else None,
            fsm.describe(self._diagnostic),
            fsm.describe(self._remote_diagnostic),
            self._transitions,
            self._ups,
            self._downs,
            self._received,
            self._sent,
        )

    # Another process

    def export(self) -> dict[str, Any]:
        """All of it but name, address and settings, as plain data: ``adopt`` goes on from there."""
        remote = None if self._remote is None else [self._remote.state.value, *self._remote[1:]]
        return {
            "discriminator": self.discriminator,
            "state": self.state.value,
            "remote": remote,
            "deadlines": {name: at for name in _DEADLINES if (at := self._deadlines.at(name)) is not None},
            "planned": None if self._planned is None else list(self._planned),
            **{name: getattr(self, f"_{name}") for name in _CARRIED},
        }

    def adopt(self, found: Mapping[str, Any]) -> None:
        """Takes over what another session's ``export`` gave; KeyError, TypeError or ValueError when it is none."""
        remote = found["remote"]
        self.discriminator = int(found["discriminator"])
        self.state = State(found["state"])
        self._remote = None if remote is None else Control(State(remote[0]), *remote[1:])
        self._deadlines.clear()
        for name in _DEADLINES:
            if name in found["deadlines"]:
                self._deadlines.set(name, float(found["deadlines"][name]))
        self._planned = None if found["planned"] is None else (found["planned"][0], found["planned"][1])
        for name in _CARRIED:
            setattr(self, f"_{name}", found[name])

    def resume(self, found: Mapping[str, Any], now: float) -> list[Output]:
        """Goes on as a process that has died would, from what its ``export`` gave some time before.

        Where the other side has noticed the silence, or does not answer, that is no failure of the path: ``Missed``.
        """
        self.adopt(found)
        self._deadlines.clear()
        self._heard_at, self._sent_at, self._planned = now, None, None
        self._polling = self._poll_again = False
        self._unsure = True
        self._watch()
        self._schedule(now)
        return self.expire(now)

    @property
    def standing(self) -> tuple[Any, ...] | None:
        """What ``resume`` needs; it changes seldom. None while the session is not up."""
        if self.state is not State.UP or self._remote is None:
            return None
        seen = self._remote
        theirs = (seen.my_discriminator, seen.multiplier, seen.desired_min_tx, seen.required_min_rx)
        return (self.discriminator, *theirs, self._desired_tx, self._tx, self._required_rx, self._rx)

    # States

    def _anew(self, packet: Control) -> bool:
        """Whether a session that says Down has begun anew, and the path has not failed."""
        known = packet.my_discriminator if self._remote is None else self._remote.my_discriminator
        other = packet.my_discriminator != known and not packet.your_discriminator
        return other or packet.diagnostic == fsm.NEIGHBOUR_DOWN

    def _fire(self, event: Event, now: float, detection: float = 0.0) -> list[Output]:
        """``detection``: the seconds of silence that the event stands for."""
        before = self.state
        self.state, diagnostic, effect = fsm.TABLE[before][event]
        if diagnostic is not None:
            self._diagnostic = diagnostic
        if self.state is before:
            return self._rely(effect, "")
        self._transitions += 1
        self._set_intervals()
        out = self._send(now)
        self._schedule(now)
        reason = ""
        fields: dict[str, Field] = {"peer": self.name, "address": show(self.address)}
        if self.state is State.UP:
            self._ups += 1
            out.append(Note("bfd up", fields))
        elif before is State.UP:
            self._downs += 1
            reason = self._why(event, detection)
            out.append(Note("bfd down", {**fields, "reason": reason}))
        return out + self._rely(effect, reason)

    def _rely(self, effect: Effect, reason: str) -> list[Output]:
        """What an effect says to those who rely on the path."""
        if effect is Effect.LOST:
            self._lost = True
            return [Lost(f"BFD down: {reason}")]
        if effect is Effect.BACK and self._lost:
            self._lost = False
            return [Back()]
        return []

    def _why(self, event: Event, detection: float) -> str:
        if event is Event.DETECTION_DUE:
            return f"no packet from {show(self.address)} for {round(detection * 1000)} ms"
        if event is Event.DISABLE:
            return "taken out of service here"
        if event is Event.RESTART:
            return f"{show(self.address)} began anew"
        if event is Event.ADMIN_DOWN:
            return f"{show(self.address)} took it out of service"
        return f"{show(self.address)} says so: {fsm.describe(self._remote_diagnostic)}"

    def _silence(self, now: float) -> list[Output]:
        """Nothing was heard for a detection time: the other side's discriminator and wishes count no more (6.8.1)."""
        if self._unsure:
            return [Missed()]
        detection, self._remote = self._detection, None
        self._polling = self._poll_again = False
        out = self._fire(Event.DETECTION_DUE, now, detection)
        self._schedule(now)
        return out

    # Timers

    @property
    def _talking(self) -> bool:
        """Whether packets may be sent at all: a passive session waits for the other one (section 6.8.7)."""
        return self._remote is not None or not self.settings.passive

    @property
    def _interval(self) -> float:
        """Seconds between our packets, before jitter."""
        return max(self._tx, self._remote.required_min_rx if self._remote else 1) / 1e6

    @property
    def _detection(self) -> float:
        """Seconds of silence after which the path has failed (section 6.8.4)."""
        if self._remote is None:
            return 0.0
        return self._remote.multiplier * max(self._rx, self._remote.desired_min_tx) / 1e6

    def _set_intervals(self) -> None:
        """What is advertised and what is used (section 6.8.3).

        While the session is up, the other side agrees first to what makes it wait longer for us or us shorter for it.
        """
        desired, required = self.settings.transmit_ms * 1000, self.settings.receive_ms * 1000
        if self.state is not State.UP:
            desired = max(SLOW, desired)
        if (desired, required) == (self._desired_tx, self._required_rx):
            return
        self._desired_tx, self._required_rx = desired, required
        if self.state is not State.UP or desired < self._tx:
            self._tx = desired
        if self.state is not State.UP or required > self._rx:
            self._rx = required
        if self._remote is not None and self.state is not State.ADMIN_DOWN:
            self._poll_again = self._polling
            self._polling = True
        self._watch()

    def _end_poll(self) -> None:
        """The other side knows our intervals, or at least those that were advertised when the poll began."""
        self._polling, self._poll_again = self._poll_again, False
        if not self._polling:
            self._tx, self._rx = self._desired_tx, self._required_rx

    def _watch(self) -> None:
        if self._remote is not None and self.state is not State.ADMIN_DOWN:
            self._deadlines.set("detect", self._heard_at + self._detection)

    def _schedule(self, now: float) -> None:
        """Moves the next packet where the interval changed; jitter of section 6.8.7."""
        if not self._periodic:
            self._deadlines.clear("transmit")
            self._planned = None
            return
        planned = (self._interval, self._sent_at)
        if self._planned == planned:
            return
        self._planned = planned
        at = now if self._sent_at is None else self._sent_at + jittered(self._interval, self._jitter())
        self._deadlines.set("transmit", max(at, now))

    @property
    def _periodic(self) -> bool:
        """Whether packets go out at intervals (section 6.8.7)."""
        if self._remote is None:
            return self._talking
        demanded = self._remote.demand and self.state is self._remote.state is State.UP
        return bool(self._remote.required_min_rx) and (self._polling or not demanded)

    def _send(self, now: float, final: bool = False) -> list[Output]:
        if not self._talking:
            return []
        if not final:
            self._sent_at = now
        self._sent += 1
        packet = Control(
            self.state,
            self._diagnostic,
            self.settings.multiplier,
            self.discriminator,
            self._remote.my_discriminator if self._remote else 0,
            self._desired_tx,
            self._required_rx,
            poll=self._polling and not final,
            final=final,
        )
        return [Send(encode(packet))]
