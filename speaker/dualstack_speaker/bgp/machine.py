# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens on the events of a peer's connections: the table of ``fsm`` carried out.

One object per peer, with one connection or, while two collide, two. It knows the routes towards the peer, the pauses
between tries and the last errors, because what a connection's end means depends on whether another one is left.
"""

from __future__ import annotations

from typing import Callable

from ..base.backoff import Backoff
from ..base.model import Peer
from ..base.outputs import Dial, Field, Hangup, Note, Output, Send
from . import capabilities, iana, messages, words
from .adj_out import AdjOut
from .connection import NONE, Connection, Detail
from .counters import Counters
from .errors import SessionError
from .fsm import UNEXPECTED_SUBCODE, Action, Event, State, step

FIRST_RETRY = 1.0  # seconds; doubles up to the peer's connect_retry
STABLE = 10.0  # seconds in Established after which the back-off forgets
PATH_PATIENCE = 60.0  # seconds that a lost path may stay away before a dial tries it all the same
REST = 0.5  # seconds from a connection that we refused to the next that the peer may make
BACK_OFF = -1.0  # instead of seconds until the next dial: what the back-off says


class Machine:
    """The machines of a peer's connections. ``session.Session`` is its face."""

    def __init__(self, name: str, peer: Peer, jitter: Callable[[], float], restarted: bool) -> None:
        self.name = name
        self.peer = peer
        self._deaf = words.NOT_LISTENING  # why the peer can't dial us; empty where it can
        self._jitter = jitter
        self._last_number = 0
        self._connections = [Connection(0)]  # never empty; the established one is the first
        self._backoff = self._new_backoff()
        self._routes = AdjOut(known=not restarted)
        self._restarted = restarted
        self._refused: frozenset[capabilities.Capability] = frozenset()  # what the peer does not take
        self._established_at: float | None = None
        self._flaps = 0
        self._last_error = ""
        self._counters = Counters()
        self._actions: dict[Action, Callable[[Connection, float, Detail], list[Output]]] = {
            action: getattr(self, f"_{action.value}") for action in Action
        }

    def new_number(self) -> int:
        """The number for a new connection."""
        self._last_number += 1
        return self._last_number

    def _new_backoff(self) -> Backoff:
        return Backoff(min(FIRST_RETRY, self.peer.connect_retry), self.peer.connect_retry)

    @property
    def _main(self) -> Connection:
        return self._connections[0]

    def _find(self, number: int) -> Connection | None:
        for connection in self._connections:
            if connection.number == number:
                return connection
        return None

    def _fire_all(self, event: Event, now: float, detail: Detail = NONE) -> list[Output]:
        out: list[Output] = []
        for connection in self._connections[::-1]:  # the first one last: what follows is for the whole session then
            out += self._fire(connection, event, now, detail)
        return out

    def _fire(self, connection: Connection, event: Event, now: float, detail: Detail = NONE) -> list[Output]:
        before = connection.state
        action, after = step(before, event)
        if action is Action.UNEXPECTED:
            text = f"{event.value} is not expected in {before.value}"
            detail = Detail(text, error=SessionError(iana.FSM_ERROR, UNEXPECTED_SUBCODE[before], text))
        elif action is Action.FAIL and not detail.text:
            silent = event is Event.DIAL_DUE
            detail = Detail(words.silence(self.peer) if silent else f"{event.value} in {before.value}")
        connection.state = after
        out = self._actions[action](connection, now, detail)
        if State.ESTABLISHED in (before, after) and before is not after:
            fields: dict[str, Field] = {"peer": self.name, "address": self.peer.where}
            if after is not State.ESTABLISHED:
                fields["reason"] = self._last_error
            out.append(Note("session up" if after is State.ESTABLISHED else "session down", fields))
        return out

    # Actions, one per row kind of the table

    def _nothing(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return []

    def _listen(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        connection.deadlines.clear("rest")
        return []

    def _turn_away(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return [Hangup(connection.number)]

    def _dial(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        connection.number = self.new_number()
        connection.dial(now)
        return [Dial(connection.number)]

    def _send_open(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        offer = capabilities.offer(self.peer, self._restarted)
        offered = tuple(item for item in offer if capabilities.key(item) not in self._refused)
        return self._send(connection, connection.greet(self.peer, offered, now))

    def _confirm(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        assert detail.negotiated is not None
        connection.agree(detail.negotiated, now)
        connection.keepalive(self.peer, self._jitter(), now)
        return self._send(connection, messages.KEEPALIVE)  # whatever the hold time, and behind what waits

    def _establish(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        out: list[Output] = []
        for other in [other for other in self._connections if other is not connection]:
            out += self._fire(other, Event.COLLISION, now)
        negotiated = connection.negotiated
        assert negotiated is not None
        self._established_at = now
        self._routes.up(negotiated)
        connection.alive(now)
        self._last_error = words.missing(self.peer, negotiated.families)
        return out

    def _alive(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        connection.alive(now)
        return []

    def _refresh(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        negotiated = connection.negotiated
        if negotiated and detail.family in negotiated.families:
            self._routes.again((detail.family,), negotiated.enhanced_refresh)
        return self._alive(connection, now, detail)

    def _send_keepalive(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._send(connection, connection.keepalive(self.peer, self._jitter(), now))

    def _fail(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._end(connection, detail.text, now, BACK_OFF)

    def _offer_less(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        self._refused |= detail.refused
        return self._end(connection, f"{detail.text}; trying without it", now, 0.0)

    def _refuse(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        error = detail.error
        assert error is not None
        told = self._send(connection, messages.encode_notification(error.code, error.subcode, error.data))
        return told + self._end(connection, error.text, now, BACK_OFF, REST)

    _unexpected = _refuse

    def _hold_expired(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        text = words.unheard(self.peer, doubtful=connection.negotiated is None)
        return self._refuse(connection, now, Detail(error=SessionError(iana.HOLD_EXPIRED, 0, text)))

    def _send_hold_expired(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        text = words.stuck(self.peer)
        return self._refuse(connection, now, Detail(error=SessionError(iana.SEND_HOLD_EXPIRED, 0, text)))

    def _cease(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        if detail.removed:
            return self._part(connection, iana.PEER_DECONFIGURED, b"", detail.text, now, None)
        data = messages.shutdown_text(detail.text)
        return self._part(connection, iana.ADMINISTRATIVE_SHUTDOWN, data, detail.text, now, None)

    def _again(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        text = words.CHANGED if connection.ours else ""  # an error of the old configuration says nothing of the new
        return self._part(connection, iana.CONFIGURATION_CHANGE, b"", text, now, 0.0)

    def _collide(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._part(connection, iana.COLLISION, b"", words.COLLISION, now, BACK_OFF)

    def _give_way(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._end(connection, words.PEER_RESTARTED, now, BACK_OFF)

    def _wait_for_path(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._part(connection, iana.BFD_DOWN, b"", detail.text, now, PATH_PATIENCE, PATH_PATIENCE)

    def _go_silently(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._end(connection, words.REPLACED, now, None)

    def _part(
        self,
        connection: Connection,
        subcode: int,
        data: bytes,
        text: str,
        now: float,
        retry: float | None,
        rest: float = 0.0,
    ) -> list[Output]:
        """Cease, then the end."""
        told = self._send(connection, connection.parting(subcode, data))
        return told + self._end(connection, text, now, retry, rest)

    def _send(self, connection: Connection, data: bytes) -> list[Output]:
        self._counters.sent(data)
        return [Send(data, connection.number)] if data else []

    def _end(
        self, connection: Connection, text: str, now: float, retry: float | None, rest: float = 0.0
    ) -> list[Output]:
        """A connection is over. Where it was the last: seconds until the next dial, until the peer may dial.

        ``retry`` None: neither, until ``start``.
        """
        out: list[Output] = [Hangup(connection.number)]
        if connection is self._main and self._established_at is not None:
            up, self._established_at = self._established_at, None
            self._flaps += 1
            self._refused = frozenset()  # the peer may come back as another version
            self._last_error = text
            self._routes.down()
            if now - up >= STABLE:
                self._backoff.forget()
        if len(self._connections) > 1:
            self._connections.remove(connection)
            return out
        self._last_error = text
        self._connections = [waiting] = [Connection(self.new_number())]
        if retry is None:
            return out
        if not self.peer.passive:
            pause = self._backoff.delay(self._jitter()) if retry == BACK_OFF else retry
            waiting.deadlines.set("retry", now + pause)
        if self.peer.passive or not self._deaf:
            if rest:
                waiting.deadlines.set("rest", now + rest)
            else:
                self._fire(waiting, Event.REST_DUE, now)
        return out
