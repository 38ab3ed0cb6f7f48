# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the router behind one interface. Messages and ``now`` (monotonic seconds) in, a list of outputs out.

Times are those of RFC 4861 section 10 and, for questions that nobody answers, RFC 7559. A router that is known is
never given up for its silence alone: it is asked first. Whoever has a session with it keeps that session.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Union

from ..base.addresses import show
from ..base.deadlines import Deadlines
from ..base.outputs import Field, Note
from . import messages
from .fsm import Action, Event, State, step
from .messages import Advertisement, Message

SOLICITATION_DELAY = 1.0  # seconds: MAX_RTR_SOLICITATION_DELAY
SOLICITATION_INTERVAL = 4.0  # seconds: RTR_SOLICITATION_INTERVAL, the first of RFC 7559
MOST_INTERVAL = 3600.0  # seconds: MRT of RFC 7559
LEAST_ADVERTISING, MOST_ADVERTISING = 3.3, 10.0  # seconds: MinRtrAdvInterval, MaxRtrAdvInterval
ANSWER_DELAY = 0.5  # seconds: MAX_RA_DELAY_TIME
BETWEEN_ADVERTISEMENTS = 3.0  # seconds: MIN_DELAY_BETWEEN_RAS
CHECK = 2 * SOLICITATION_INTERVAL  # seconds in which routers answer one of two questions
PATIENCE = 60.0  # seconds until several routers are looked at again
SILENCE = 1800.0  # seconds: three times the greatest default interval, for routers that state none
MISSED = 3  # advertisements in a row after which one that states its interval is asked
MOST_ROUTERS = 16  # kept in mind; a link has one, or something is wrong with it


class Transmit(NamedTuple):
    """Send this ICMPv6 message to a packed multicast address."""

    data: bytes
    destination: bytes


class Found(NamedTuple):
    """The router behind the interface has this packed address."""

    address: bytes


class Lost(NamedTuple):
    """There is no such router now; why, in words."""

    reason: str


Output = Union[Transmit, Found, Lost, Note]


class _Router:
    def __init__(self, heard: float, message: Advertisement) -> None:
        self.heard = heard
        self.mac = message.mac
        stated = message.lifetime or (message.interval and MISSED * message.interval) or SILENCE
        self.until = heard + stated


class Search:
    """One interface, by its name. ``jitter`` gives numbers in [0, 1)."""

    def __init__(self, interface: str, jitter: Callable[[], float]) -> None:
        self.interface = interface
        self.state = State.ABSENT
        self._jitter = jitter
        self._deadlines = Deadlines()
        self._own = self._mac = b""
        self._routers: dict[bytes, _Router] = {}
        self._found: bytes | None = None
        self._questions = 0
        self._checked_from = 0.0
        self._advertised_at: float | None = None
        self._text = ""
        self._actions: dict[Action, Callable[[float, bytes], list[Output]]] = {
            action: getattr(self, f"_{action.value}") for action in Action
        }

    # Inputs

    def present(self, own: bytes, mac: bytes, fresh: bool, now: float) -> list[Output]:
        """The interface can be used: our link-local address and link-layer address there. ``fresh``: only just."""
        self._own, self._mac = own, mac
        return self._fire(Event.APPEARED if fresh else Event.PRESENT, now)

    def gone(self, reason: str, now: float) -> list[Output]:
        """The interface can't be used."""
        self._text = reason
        return self._fire(Event.GONE, now)

    def heard(self, message: Message, now: float) -> list[Output]:
        """A message arrived that ``messages.decode`` took."""
        if message.source == self._own or self.state is State.ABSENT:
            return []
        if not isinstance(message, Advertisement):
            return self._fire(Event.ASKED, now)
        event = self._kind_of(message)
        if message.source in self._routers or len(self._routers) < MOST_ROUTERS:
            self._routers[message.source] = _Router(now, message)
            self._deadlines.set("doubt", min(router.until for router in self._routers.values()))
        return self._fire(event, now, message.source)

    def doubt(self, now: float) -> list[Output]:
        """The session with the router failed: is it still there?"""
        return self._fire(Event.DOUBT, now)

    def expire(self, now: float) -> list[Output]:
        """Deadlines may be due."""
        out: list[Output] = []
        for name in self._deadlines.take_due(now):
            out += self._fire(Event(name), now)
        return out

    @property
    def next_deadline(self) -> float | None:
        """When ``expire`` is to be called, monotonic seconds."""
        return self._deadlines.next

    @property
    def found(self) -> bytes | None:
        """The router's address."""
        return self._found

    @property
    def problem(self) -> str:
        """Why there is none; empty when there is."""
        if self._found is not None:
            return ""
        return self._text or f"no router advertisement on {self.interface} yet"

    # What follows

    def _kind_of(self, message: Advertisement) -> Event:
        """What an advertisement is to us; the former address of its router is forgotten."""
        if message.source in self._routers:
            return Event.KNOWN
        if not self._routers:
            return Event.FIRST
        former = [address for address, each in self._routers.items() if message.mac and each.mac == message.mac]
        for address in former:
            del self._routers[address]
        return Event.SUCCESSOR if self._found in former else Event.OTHER

    def _fire(self, event: Event, now: float, source: bytes = b"") -> list[Output]:
        action, self.state = step(self.state, event)
        return self._actions[action](now, source)

    def _nothing(self, now: float, source: bytes) -> list[Output]:
        return []

    def _begin(self, now: float, source: bytes) -> list[Output]:
        self._text = ""
        self._questions = 0
        return self._solicit(now, source) + self._advertise(now, source)

    def _begin_later(self, now: float, source: bytes) -> list[Output]:
        self._text = ""
        self._questions = 0
        self._deadlines.set("solicit", now + SOLICITATION_DELAY * self._jitter())
        return self._answer(now, source)

    def _forget(self, now: float, source: bytes) -> list[Output]:
        self._routers.clear()
        self._found = None
        self._advertised_at = None
        self._deadlines.clear()
        return [Lost(self.problem)]

    def _take(self, now: float, source: bytes) -> list[Output]:
        self._found = source
        fields: dict[str, Field] = {"interface": self.interface, "address": show(source)}
        return [Note("router found", fields), Found(source)]

    def _confirm(self, now: float, source: bytes) -> list[Output]:
        (address,) = self._routers
        return [] if address == self._found else self._take(now, address)

    def _lose(self, now: float, source: bytes) -> list[Output]:
        self._found = None
        self._questions = 0
        self._text = f"no router advertisement on {self.interface} any more"
        self._ask_again(now)
        return [Lost(self.problem)]

    def _check(self, now: float, source: bytes) -> list[Output]:
        self._questions = 0
        self._checked_from = now
        self._deadlines.set("check", now + CHECK)
        return self._solicit(now, source)

    def _judge(self, now: float, source: bytes) -> list[Output]:
        self._routers = {address: each for address, each in self._routers.items() if each.heard >= self._checked_from}
        left = min(len(self._routers), 2)
        return self._fire((Event.NONE_LEFT, Event.ONE_LEFT, Event.SEVERAL_LEFT)[left], now)

    def _complain(self, now: float, source: bytes) -> list[Output]:
        self._found = None
        names = ", ".join(show(address) for address in sorted(self._routers))
        self._text = f"several routers on {self.interface}: {names}; state the address of the one that is meant"
        self._deadlines.set("check", now + PATIENCE)
        return [Note("several routers", {"interface": self.interface, "addresses": names}), Lost(self.problem)]

    def _solicit(self, now: float, source: bytes) -> list[Output]:
        self._ask_again(now)
        return [Transmit(messages.solicitation(self._mac), messages.ALL_ROUTERS)]

    def _ask_again(self, now: float) -> None:
        """RFC 7559 section 2: questions that nobody answers become rarer."""
        wait = min(SOLICITATION_INTERVAL * 2.0 ** min(self._questions, 20), MOST_INTERVAL)
        self._questions += 1
        self._deadlines.set("solicit", now + wait * (0.9 + 0.2 * self._jitter()))

    def _advertise(self, now: float, source: bytes) -> list[Output]:
        self._advertised_at = now
        wait = LEAST_ADVERTISING + (MOST_ADVERTISING - LEAST_ADVERTISING) * self._jitter()
        self._deadlines.set("advertise", now + wait)
        return [Transmit(messages.advertisement(self._mac), messages.ALL_NODES)]

    def _answer(self, now: float, source: bytes) -> list[Output]:
        """Section 6.2.6: after a random delay, but some time after the one before."""
        soonest = now if self._advertised_at is None else max(now, self._advertised_at + BETWEEN_ADVERTISEMENTS)
        at, planned = soonest + ANSWER_DELAY * self._jitter(), self._deadlines.at("advertise")
        if planned is None or at < planned:
            self._deadlines.set("advertise", at)
        return []
