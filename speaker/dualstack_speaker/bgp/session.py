# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One peer: framing, the table, deadlines and the routes towards it.

Data and ``now`` (monotonic seconds) in, a list of outputs out.

The driver performs the outputs in order, then asks ``next_deadline``. UPDATEs are pulled: whenever the connection
takes data and ``waiting`` is true, the driver calls ``writable``. Inputs of an old connection (by its number) are
dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, NamedTuple

from ..base.addresses import show
from ..base.backoff import Backoff, jittered
from ..base.deadlines import Deadlines
from ..base.model import Attributes, Peer
from ..base.outputs import Dial, Field, Hangup, Note, Output, Send
from . import capabilities, iana, messages
from .adj_out import AdjOut
from .errors import SessionError
from .framing import Framer
from .fsm import UNEXPECTED_SUBCODE, Action, Event, State, step

FIRST_RETRY = 1.0  # seconds; doubles up to the peer's connect_retry
DIAL_TIME = 5.0  # seconds: SYNs at 0, 1 and 3 s
OPEN_HOLD = 60.0  # seconds for the peer's OPEN; RFC 4271 suggests 4 minutes, we leave a dead end sooner
LEAST_KEEPALIVE = 1.0  # seconds between two (RFC 4271 section 4.4)
STABLE = 10.0  # seconds in Established after which the back-off forgets
PATH_PATIENCE = 60.0  # seconds that a lost path may stay away before a dial tries it all the same
SEND_HOLD = 480.0  # seconds; RFC 9687: the greater of 8 minutes and twice the hold time


class _Detail(NamedTuple):
    """What comes with an event."""

    text: str = ""
    refused: frozenset[capabilities.Capability] = frozenset()
    family: str | None = None
    error: SessionError | None = None
    negotiated: messages.Negotiated | None = None


_NONE = _Detail()


class Snapshot(NamedTuple):
    """A session's state for status and metrics. ``established_s``: seconds in Established, None otherwise.

    ``peer_asn``: None where any is accepted and none is known.
    """

    state: str
    established_s: float | None
    families: tuple[str, ...]
    peer_asn: int | None
    flaps: int
    announced: dict[str, int]
    updates_received: int
    last_error: str


class Session:
    """One peer. ``jitter`` gives numbers in [0, 1).

    ``restarted``: the peer may still have routes of the process before, and ``put`` may not have given all of them
    again; ``all_known`` says when it has.
    """

    def __init__(self, name: str, peer: Peer, jitter: Callable[[], float], restarted: bool = False) -> None:
        self.name = name
        self.peer = peer
        self.state = State.IDLE
        self._jitter = jitter
        self.number = 0  # of the connection that counts
        self._deadlines = Deadlines()
        self._backoff = Backoff(min(FIRST_RETRY, peer.connect_retry), peer.connect_retry)
        self._framer = Framer()
        self._routes = AdjOut(known=not restarted)
        self._restarted = restarted
        self._draining = False
        self._negotiated: messages.Negotiated | None = None
        self._greeted = False  # our OPEN is out
        self._offered: tuple[capabilities.Capability, ...] = ()  # what stands in it
        self._refused: frozenset[capabilities.Capability] = frozenset()  # what the peer does not take
        self._blocked = False
        self._established_at: float | None = None
        self._flaps = 0
        self._updates_received = 0
        self._last_error = ""
        self._actions: dict[Action, Callable[[float, _Detail], list[Output]]] = {
            action: getattr(self, f"_{action.value}") for action in Action
        }

    # Inputs

    def start(self, now: float) -> list[Output]:
        """Dials, unless the session is under way."""
        return self._fire(Event.START, now)

    def stop(self, reason: str, now: float) -> list[Output]:
        """Ends the session for good, with Cease and the reason (RFC 9003): the peer withdraws everything at once."""
        return self._fire(Event.STOP, now, _Detail(reason))

    def reconfigure(self, peer: Peer, now: float) -> list[Output]:
        """Takes a changed peer over; the session is reset only when the change stands in OPEN or in the connection."""
        before, self.peer = self.peer, peer
        self._refused = frozenset()
        self._backoff = Backoff(min(FIRST_RETRY, peer.connect_retry), peer.connect_retry)
        if before.needs_reset(peer):
            return self._fire(Event.RESTART, now)
        changed = [name for name in ("ipv4", "ipv6") if _next_hop(before, name) != _next_hop(peer, name)]
        self._routes.again(changed)
        return []

    def path_lost(self, reason: str, now: float) -> list[Output]:
        """The path to the peer is watched and failed: ends the session at once, with Cease where the peer may hear it.

        ``start`` says that the path is back; a peer that has given up watching is dialled without it in the end.
        """
        return self._fire(Event.PATH_LOST, now, _Detail(reason))

    def put(self, keys: Iterable[bytes], value: Attributes | None) -> None:
        """The peer should hold these prefixes with these attributes (None: not at all)."""
        self._routes.put(keys, value)

    def drain(self, on: bool) -> None:
        """Whether routes are sent as about to go (RFC 8326); a change sends all of them again."""
        if on != self._draining:
            self._draining = on
            self._routes.again(("ipv4", "ipv6"))

    def all_known(self) -> None:
        """All routes were put: the peer may now drop what it kept over the restart and did not get again."""
        self._routes.all_known()

    def leave(self, now: float) -> list[Output]:
        """Ends the session without a word, so that the peer keeps the routes until the next process is there."""
        return self._fire(Event.LEAVE, now)

    def connected(self, number: int, now: float) -> list[Output]:
        """The connection that was dialled stands."""
        return self._fire(Event.CONNECTED, now) if number == self.number else []

    def closed(self, number: int, reason: str, now: float) -> list[Output]:
        """The connection is gone or was not made."""
        return self._fire(Event.CLOSED, now, _Detail(reason)) if number == self.number else []

    def received(self, number: int, data: bytes, now: float) -> list[Output]:
        """Octets arrived."""
        out: list[Output] = []
        if number == self.number:
            self._framer.feed(data)
        while number == self.number:
            try:
                taken = self._framer.take()
            except SessionError as error:
                return out + self._fire(Event.HEADER_BAD, now, _Detail(error.text, error=error))
            if taken is None:
                break
            out += self._message(*taken, now)
        return out

    def blocked(self, number: int, now: float) -> list[Output]:
        """The connection takes no more data: nothing is built until it does, and the send hold deadline runs."""
        if number == self.number and not self._blocked:
            self._blocked = True
            hold = self._negotiated.hold_time if self._negotiated else 0
            self._deadlines.set("send_hold", now + max(SEND_HOLD, 2.0 * hold))
        return []

    def writable(self, number: int, now: float) -> list[Output]:
        """The connection takes data: the next slice of UPDATEs."""
        if number != self.number:
            return []
        self._blocked = False
        self._deadlines.clear("send_hold")
        if self.state is not State.ESTABLISHED or self._negotiated is None:
            return []
        data = self._routes.take(self.peer, self._negotiated.four_octet_asn, self._draining)
        if self._routes.complete:
            self._restarted = False
        return [Send(data)] if data else []

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
    def waiting(self) -> bool:
        """Whether ``writable`` would send something."""
        return not self._blocked and self.state is State.ESTABLISHED and self._routes.waiting

    def snapshot(self, now: float) -> Snapshot:
        """The state for status and metrics."""
        up = self._established_at
        return Snapshot(
            self.state.value,
            None if up is None else now - up,
            self._negotiated.families if self._negotiated and up is not None else (),
            self._negotiated.peer_asn if self._negotiated and up is not None else self.peer.peer_asn,
            self._flaps,
            self._routes.counts,
            self._updates_received,
            self._last_error,
        )

    # Messages

    def _message(self, kind: int, body: bytes, now: float) -> list[Output]:
        if kind == iana.OPEN:
            try:
                negotiated = messages.negotiate(self.peer, self._offered, messages.decode_open(body))
            except SessionError as error:
                return self._fire(Event.OPEN_BAD, now, _Detail(error.text, error=error))
            return self._fire(Event.OPEN, now, _Detail(negotiated=negotiated))
        if kind == iana.NOTIFICATION:
            detail = _Detail(messages.describe_notification(body, self.peer), self._refusal(body))
            return self._fire(Event.OFFER_REFUSED if detail.refused else Event.NOTIFICATION, now, detail)
        if kind == iana.ROUTE_REFRESH:
            try:
                family = messages.decode_route_refresh(
                    body, bool(self._negotiated and self._negotiated.enhanced_refresh)
                )
            except SessionError as error:
                return self._fire(Event.REFRESH_BAD, now, _Detail(error.text, error=error))
            return self._fire(Event.ROUTE_REFRESH, now, _Detail(family=family))
        return self._fire(Event.UPDATE if kind == iana.UPDATE else Event.KEEPALIVE, now)

    def _refusal(self, body: bytes) -> frozenset[capabilities.Capability]:
        """What can be left out of the next OPEN after this NOTIFICATION."""
        code, subcode = body[0], body[1]
        if code != iana.OPEN_ERROR or subcode not in (iana.BAD_PARAMETER, iana.BAD_CAPABILITY):
            return frozenset()
        return capabilities.refused(self._offered, subcode, body[2:])

    def _fire(self, event: Event, now: float, detail: _Detail = _NONE) -> list[Output]:
        action, after = step(self.state, event)
        before = self.state
        if action is Action.UNEXPECTED:
            text = f"{event.value} is not expected in {before.value}"
            subcode = UNEXPECTED_SUBCODE[before]
            detail = _Detail(text, error=SessionError(iana.FSM_ERROR, subcode, text))
        elif action is Action.FAIL and not detail.text:
            detail = _Detail(self._silence() if event is Event.DIAL_DUE else f"{event.value} in {before.value}")
        self.state = after
        out = self._actions[action](now, detail)
        if State.ESTABLISHED in (before, after) and before is not after:
            fields: dict[str, Field] = {"peer": self.name, "address": show(self.peer.address)}
            if after is not State.ESTABLISHED:
                fields["reason"] = self._last_error
            out.append(Note("session up" if after is State.ESTABLISHED else "session down", fields))
        return out

    def _silence(self) -> str:
        return f"no answer from {show(self.peer.address)} port {self.peer.port}{self._doubts()}"

    def _doubts(self) -> str:
        """What both sides must have alike, or the other one is not heard at all."""
        shared = ["the TCP MD5 password"] if self.peer.password else []
        shared += ["ttl_security"] if self.peer.ttl_security is not None else []
        return "".join(f"; is {term} the same on both sides?" for term in shared)

    # Actions, one per row kind of the table

    def _nothing(self, now: float, detail: _Detail) -> list[Output]:
        return []

    def _dial(self, now: float, detail: _Detail) -> list[Output]:
        self.number += 1
        self._framer = Framer()
        self._deadlines.clear()
        self._deadlines.set("dial", now + DIAL_TIME)
        return [Dial(self.number)]

    def _send_open(self, now: float, detail: _Detail) -> list[Output]:
        self._deadlines.clear()
        self._deadlines.set("hold", now + OPEN_HOLD)
        self._greeted = True
        self._offered = tuple(
            item
            for item in capabilities.offer(self.peer, self._restarted)
            if capabilities.key(item) not in self._refused
        )
        return [Send(messages.encode_open(self.peer, self._offered))]

    def _confirm(self, now: float, detail: _Detail) -> list[Output]:
        self._negotiated = detail.negotiated
        self._deadlines.clear("hold")
        self._move_hold(now)
        return self._send_keepalive(now, detail)

    def _establish(self, now: float, detail: _Detail) -> list[Output]:
        assert self._negotiated is not None
        self._established_at = now
        self._routes.up(self._negotiated)
        self._move_hold(now)
        missing = [name for name in self.peer.families if name not in self._negotiated.families]
        self._last_error = f"peer does not carry {', '.join(missing)}: activate it for us there" if missing else ""
        if "ipv4" in missing and self.peer.extended_next_hop:
            self._last_error += ", with an IPv6 next hop for IPv4 (RFC 8950)"
        return []

    def _alive(self, now: float, detail: _Detail) -> list[Output]:
        self._move_hold(now)
        return []

    def _count_update(self, now: float, detail: _Detail) -> list[Output]:
        self._updates_received += 1
        return self._alive(now, detail)

    def _refresh(self, now: float, detail: _Detail) -> list[Output]:
        if self._negotiated and detail.family in self._negotiated.families:
            self._routes.again((detail.family,), self._negotiated.enhanced_refresh)
        return self._alive(now, detail)

    def _send_keepalive(self, now: float, detail: _Detail) -> list[Output]:
        hold = self._negotiated.hold_time if self._negotiated else 0
        if not hold:
            return []
        interval = min(self.peer.keepalive_time, hold / 3.0)
        self._deadlines.set("keepalive", now + max(LEAST_KEEPALIVE, jittered(interval, self._jitter())))
        return [] if self._blocked else [Send(messages.KEEPALIVE)]

    def _fail(self, now: float, detail: _Detail) -> list[Output]:
        return self._end(detail.text, now, retry=True)

    def _offer_less(self, now: float, detail: _Detail) -> list[Output]:
        self._refused |= detail.refused
        out = self._end(f"{detail.text}; trying without it", now, retry=False)
        self._deadlines.set("retry", now)
        return out

    def _refuse(self, now: float, detail: _Detail) -> list[Output]:
        error = detail.error
        assert error is not None
        out: list[Output] = [Send(messages.encode_notification(error.code, error.subcode, error.data))]
        return out + self._end(error.text, now, retry=True)

    _unexpected = _refuse

    def _hold_expired(self, now: float, detail: _Detail) -> list[Output]:
        text = f"hold timer expired: nothing heard from {show(self.peer.address)}"
        text += "" if self._negotiated else self._doubts()
        return self._refuse(now, _Detail(error=SessionError(iana.HOLD_EXPIRED, 0, text)))

    def _send_hold_expired(self, now: float, detail: _Detail) -> list[Output]:
        text = f"send hold timer expired: {show(self.peer.address)} takes no data"
        return self._refuse(now, _Detail(error=SessionError(iana.SEND_HOLD_EXPIRED, 0, text)))

    def _cease(self, now: float, detail: _Detail) -> list[Output]:
        return self._leave(
            iana.ADMINISTRATIVE_SHUTDOWN, messages.shutdown_text(detail.text), detail.text, now, retry=False
        )

    def _again(self, now: float, detail: _Detail) -> list[Output]:
        out = self._leave(iana.CONFIGURATION_CHANGE, b"", "configuration changed", now, retry=False)
        self._deadlines.set("retry", now)
        return out

    def _wait_for_path(self, now: float, detail: _Detail) -> list[Output]:
        out = self._leave(iana.BFD_DOWN, b"", detail.text, now, retry=False)
        self._deadlines.set("retry", now + PATH_PATIENCE)
        return out

    def _go_silently(self, now: float, detail: _Detail) -> list[Output]:
        return self._end("the process is being replaced", now, retry=False)

    def _leave(self, subcode: int, data: bytes, text: str, now: float, retry: bool) -> list[Output]:
        """Cease where our OPEN is out, then down.

        Where the peer would keep our routes after it, and must not, it is a hard reset (RFC 8538 section 3.1).
        """
        out: list[Output] = []
        if self._negotiated and self._negotiated.notification_keeps and subcode != iana.CONFIGURATION_CHANGE:
            subcode, data = iana.HARD_RESET, bytes((iana.CEASE, subcode)) + data
        if self._greeted:
            out.append(Send(messages.encode_notification(iana.CEASE, subcode, data)))
        return out + self._end(text, now, retry)

    def _end(self, text: str, now: float, retry: bool) -> list[Output]:
        """Everything that belongs to the connection is over."""
        up = self._established_at
        if up is not None:
            self._flaps += 1
            self._refused = frozenset()  # the peer may come back as another version
            if now - up >= STABLE:
                self._backoff.forget()
        self._last_error = text
        self._established_at = None
        self._negotiated = None
        self._blocked = self._greeted = False
        self.number += 1
        self._routes.down()
        self._deadlines.clear()
        if retry:
            self._deadlines.set("retry", now + self._backoff.delay(self._jitter()))
        return [Hangup()]

    def _move_hold(self, now: float) -> None:
        if self._negotiated and self._negotiated.hold_time:
            self._deadlines.set("hold", now + self._negotiated.hold_time)


def _next_hop(peer: Peer, family: str) -> bytes | None:
    return peer.next_hop_ipv4 if family == "ipv4" else peer.next_hop_ipv6
