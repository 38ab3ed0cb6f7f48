# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to one connection with a peer: its state, framing, what was offered and agreed, its deadlines.

RFC 4271 section 8.2.1 gives each connection a state machine of its own. It says what arrived (``take``) and makes what
is to be sent; what follows for the peer as a whole is ``session``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..base.backoff import jittered
from ..base.deadlines import Deadlines
from ..base.model import Peer
from . import capabilities, iana, messages, words
from .errors import SessionError
from .framing import Framer
from .fsm import Event, State

DIAL_TIME = 5.0  # seconds: SYNs at 0, 1 and 3 s
OPEN_HOLD = 60.0  # seconds for the peer's OPEN; RFC 4271 suggests 4 minutes, we leave a dead end sooner
ACCEPTED_HOLD = 10.0  # … where a connection of the peer's stands in the way of our dial: who dials has its OPEN at hand
LEAST_KEEPALIVE = 1.0  # seconds between two (RFC 4271 section 4.4)
_STANDING = ("hold", "keepalive", "send_hold")  # deadlines of an established connection
_KEEPING = (iana.CONFIGURATION_CHANGE, iana.COLLISION)  # after which the peer may keep our routes
SEND_HOLD = 480.0  # seconds; RFC 9687: the greater of 8 minutes and twice the hold time


class Detail(NamedTuple):
    """What comes with an event."""

    text: str = ""
    refused: frozenset[capabilities.Capability] = frozenset()
    family: str | None = None
    error: SessionError | None = None
    negotiated: messages.Negotiated | None = None
    removed: bool = False


NONE = Detail()


class Connection:
    """One connection, or the wish for one (Idle, Connect, Active). ``incoming``: the peer made it."""

    def __init__(self, number: int, incoming: bool = False, state: State = State.IDLE) -> None:
        self.number = number
        self.incoming = incoming
        self.state = state
        self.deadlines = Deadlines()
        self.framer = Framer()
        self.offered: tuple[capabilities.Capability, ...] = ()  # what stands in our OPEN
        self.ours = self.theirs = b""  # bodies of both OPENs, as sent and as received
        self.opened_at = 0.0  # when ours was sent
        self.negotiated: messages.Negotiated | None = None
        self.blocked = False

    def take(self, peer: Peer) -> tuple[Event, Detail] | None:
        """The next whole message as an event; None when more octets are needed."""
        try:
            taken = self.framer.take()
        except SessionError as error:
            return Event.HEADER_BAD, Detail(error.text, error=error)
        return None if taken is None else self._judge(peer, *taken)

    def dial(self, now: float) -> None:
        """The connection is being made."""
        self.deadlines.clear()
        self.deadlines.set("dial", now + DIAL_TIME)

    def greet(self, peer: Peer, offered: tuple[capabilities.Capability, ...], now: float) -> bytes:
        """Our OPEN."""
        self.deadlines.clear()
        self.deadlines.set("hold", now + (ACCEPTED_HOLD if self.incoming and not peer.passive else OPEN_HOLD))
        self.offered = offered
        self.opened_at = now
        greeting = messages.encode_open(peer, offered)
        self.ours = greeting[iana.HEADER_LENGTH :]
        return greeting

    def agree(self, negotiated: messages.Negotiated, now: float) -> None:
        """The peer's OPEN was accepted. Without a hold time, its KEEPALIVE is awaited as long as its OPEN was."""
        self.negotiated = negotiated
        if self.hold_time:
            self.alive(now)

    def alive(self, now: float) -> None:
        """The peer spoke; without a hold time, its silence would be no news either."""
        if self.hold_time:
            self.deadlines.set("hold", now + self.hold_time)
        else:
            self.deadlines.clear("hold")

    def keepalive(self, peer: Peer, jitter: float, now: float) -> bytes:
        """A KEEPALIVE, and when the next one is due; none without a hold time, none behind data that waits."""
        if not self.hold_time:
            return b""
        interval = min(peer.keepalive_time, self.hold_time / 3.0)
        self.deadlines.set("keepalive", now + max(LEAST_KEEPALIVE, jittered(interval, jitter)))
        return b"" if self.blocked else messages.KEEPALIVE

    def block(self, now: float) -> None:
        """It takes no more data: the send hold deadline runs from the first time on."""
        if not self.blocked:
            self.blocked = True
            self.deadlines.set("send_hold", now + max(SEND_HOLD, 2.0 * self.hold_time))

    def unblock(self) -> None:
        """It takes data again."""
        self.blocked = False
        self.deadlines.clear("send_hold")

    def parting(self, subcode: int, data: bytes) -> bytes:
        """Cease where our OPEN is out.

        Where the peer would keep our routes after it, and must not, it is a hard reset (RFC 8538 section 3.1).
        """
        if not self.ours:
            return b""
        if self.negotiated and self.negotiated.notification_keeps and subcode not in _KEEPING:
            subcode, data = iana.HARD_RESET, bytes((iana.CEASE, subcode)) + data
        return messages.encode_notification(iana.CEASE, subcode, data)

    @property
    def hold_time(self) -> int:
        """Seconds; 0 where none was agreed on."""
        return self.negotiated.hold_time if self.negotiated else 0

    def export(self) -> dict[str, Any]:
        """An established connection as plain data, for another process."""
        return {
            "offered": [[code, value.hex()] for code, value in self.offered],
            "ours": self.ours.hex(),
            "theirs": self.theirs.hex(),
            "rest": self.framer.rest.hex(),
            "deadlines": {name: at for name in _STANDING if (at := self.deadlines.at(name)) is not None},
            "blocked": self.blocked,
        }

    def adopt(self, peer: Peer, found: Mapping[str, Any]) -> None:
        """Becomes what another process had; KeyError, TypeError or ValueError when it is none."""
        self.offered = tuple((code, bytes.fromhex(value)) for code, value in found["offered"])
        self.ours, self.theirs = bytes.fromhex(found["ours"]), bytes.fromhex(found["theirs"])
        try:
            self.negotiated = messages.negotiate(peer, self.offered, messages.decode_open(self.theirs))
        except SessionError as error:
            raise ValueError(error.text) from None
        self.framer.feed(bytes.fromhex(found["rest"]))
        for name in _STANDING:
            if name in found["deadlines"]:
                self.deadlines.set(name, float(found["deadlines"][name]))
        self.blocked = bool(found["blocked"])
        self.state = State.ESTABLISHED

    def _judge(self, peer: Peer, kind: int, body: bytes) -> tuple[Event, Detail]:
        if kind == iana.OPEN:
            self.theirs = body
            try:
                negotiated = messages.negotiate(peer, self.offered, messages.decode_open(body))
            except SessionError as error:
                return Event.OPEN_BAD, Detail(error.text, error=error)
            return Event.OPEN, Detail(negotiated=negotiated)
        if kind == iana.NOTIFICATION:
            detail = Detail(words.said(body, peer), self._refusal(body))
            return Event.OFFER_REFUSED if detail.refused else Event.NOTIFICATION, detail
        if kind == iana.ROUTE_REFRESH:
            try:
                enhanced = bool(self.negotiated and self.negotiated.enhanced_refresh)
                return Event.ROUTE_REFRESH, Detail(family=messages.decode_route_refresh(body, enhanced))
            except SessionError as error:
                return Event.REFRESH_BAD, Detail(error.text, error=error)
        return Event.UPDATE if kind == iana.UPDATE else Event.KEEPALIVE, NONE

    def _refusal(self, body: bytes) -> frozenset[capabilities.Capability]:
        """What can be left out of the next OPEN after this NOTIFICATION."""
        code, subcode = body[0], body[1]
        if code != iana.OPEN_ERROR or subcode not in (iana.BAD_PARAMETER, iana.BAD_CAPABILITY):
            return frozenset()
        return capabilities.refused(self.offered, subcode, body[2:])
