# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One peer: its connections (two while they collide), the routes towards it, pauses between tries, the last error.

Data and ``now`` (monotonic seconds) in, a list of outputs out.

The driver performs the outputs in order, then asks ``next_deadline``. UPDATEs are pulled: whenever the connection
takes data and ``waiting`` is true, the driver calls ``writable``. Inputs name the connection by its number, and those
of an old one are dropped; so do outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple

from ..base.backoff import Backoff
from ..base.model import Attributes, Peer
from ..base.outputs import Dial, Field, Hangup, Note, Output, Send
from . import capabilities, collision, iana, messages, words
from .adj_out import AdjOut
from .connection import NONE, Connection, Detail
from .errors import SessionError
from .fsm import UNEXPECTED_SUBCODE, Action, Event, State, step

FIRST_RETRY = 1.0  # seconds; doubles up to the peer's connect_retry
STABLE = 10.0  # seconds in Established after which the back-off forgets
PATH_PATIENCE = 60.0  # seconds that a lost path may stay away before a dial tries it all the same
REST = 0.5  # seconds from a connection that we refused to the next that the peer may make
BACK_OFF = -1.0  # instead of seconds until the next dial: what the back-off says
_RANK = {state: rank for rank, state in enumerate(State)}


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
        self._deaf = words.NOT_LISTENING  # why the peer can't dial us; empty where it can
        self._jitter = jitter
        self._last_number = 0
        self._connections = [Connection(0)]  # never empty; the established one is the first
        self._backoff = Backoff(min(FIRST_RETRY, peer.connect_retry), peer.connect_retry)
        self._routes = AdjOut(known=not restarted)
        self._restarted = restarted
        self._draining = False
        self._refused: frozenset[capabilities.Capability] = frozenset()  # what the peer does not take
        self._established_at: float | None = None
        self._flaps = 0
        self._updates_received = 0
        self._last_error = ""
        self._actions: dict[Action, Callable[[Connection, float, Detail], list[Output]]] = {
            action: getattr(self, f"_{action.value}") for action in Action
        }

    # Inputs

    def start(self, now: float) -> list[Output]:
        """Dials, or waits for the peer where it is to dial, unless the session is under way."""
        return self._fire(self._main, Event.START_PASSIVE if self.peer.passive else Event.START, now)

    def stop(self, reason: str, now: float) -> list[Output]:
        """Ends the session for good, with Cease and the reason (RFC 9003): the peer withdraws everything at once."""
        return self._fire_all(Event.STOP, now, Detail(reason))

    def reconfigure(self, peer: Peer, now: float) -> list[Output]:
        """Takes a changed peer over; the session is reset only when the change stands in OPEN or in the connection."""
        before, self.peer = self.peer, peer
        self._refused = frozenset()
        self._backoff = Backoff(min(FIRST_RETRY, peer.connect_retry), peer.connect_retry)
        turned = before.passive != peer.passive and self.state in (State.IDLE, State.CONNECT, State.ACTIVE)
        if turned or before.needs_reset(peer):
            return self._fire_all(Event.RESTART, now)
        changed = [name for name in ("ipv4", "ipv6") if _next_hop(before, name) != _next_hop(peer, name)]
        self._routes.again(changed)
        return []

    def path_lost(self, reason: str, now: float) -> list[Output]:
        """The path to the peer is watched and failed: ends the session at once, with Cease where the peer may hear it.

        ``start`` says that the path is back; a peer that has given up watching is dialled without it in the end.
        """
        return self._fire_all(Event.PATH_LOST, now, Detail(reason))

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
        self._routes.set_known(True)

    def leave(self, now: float) -> list[Output]:
        """Ends the session without a word, so that the peer keeps the routes until the next process is there."""
        return self._fire_all(Event.LEAVE, now)

    def hear(self, deaf: str, now: float) -> None:
        """Whether the peer can dial us from now on; ``deaf`` says why not."""
        self._deaf = deaf
        waiting = self._main.state is State.IDLE and self._main.deadlines.at("retry") is not None
        if waiting and not deaf and self._main.deadlines.at("rest") is None:
            self._fire(self._main, Event.REST_DUE, now)

    def new_number(self) -> int:
        """The number for a connection that the peer has made; ``accepted`` follows."""
        self._last_number += 1
        return self._last_number

    def accepted(self, number: int, now: float) -> list[Output]:
        """A connection that the peer made stands. One that stands still before OPEN gives way to it."""
        out: list[Output] = []
        for other in list(self._connections):
            negotiated = other.negotiated
            if other.state is State.ESTABLISHED and negotiated is not None and negotiated.restart:
                out += self._fire(other, Event.REPLACED, now)
            elif other.incoming and other.state is not State.ESTABLISHED:
                out += self._fire(other, Event.COLLISION, now)
        main = self._main
        resting = main.state in (State.IDLE, State.ACTIVE)
        connection = Connection(number, True, main.state if resting else State.ACTIVE)
        if main.state is State.ACTIVE:
            self._connections = [connection]
        elif main.state is not State.IDLE:
            self._connections.append(connection)
        return out + self._fire(connection, Event.ACCEPTED, now)

    def connected(self, number: int, now: float) -> list[Output]:
        """The connection that was dialled stands."""
        connection = self._find(number)
        return [] if connection is None else self._fire(connection, Event.CONNECTED, now)

    def closed(self, number: int, reason: str, now: float) -> list[Output]:
        """The connection is gone or was not made."""
        connection = self._find(number)
        return [] if connection is None else self._fire(connection, Event.CLOSED, now, Detail(reason))

    def broken(self, reason: str, now: float) -> list[Output]:
        """Whatever this session does has failed in a way that nobody thought of: it ends, and tries again later."""
        out: list[Output] = []
        for connection in list(self._connections):
            out += self._end(connection, reason, now, BACK_OFF)
        return out

    def received(self, number: int, data: bytes, now: float) -> list[Output]:
        """Octets arrived."""
        out: list[Output] = []
        connection = self._find(number)
        if connection is None or connection.state is State.IDLE:
            return out
        connection.framer.feed(data)
        while connection in self._connections:
            taken = connection.take(self.peer)
            if taken is None:
                break
            event, detail = taken
            if event is Event.OPEN and connection.state is State.OPEN_SENT and detail.negotiated is not None:
                loser = collision.loser(self.peer, detail.negotiated, connection, self._connections)
                if loser is not None:
                    out += self._fire(loser, Event.COLLISION, now)
                if loser is connection:
                    break
            out += self._fire(connection, event, now, detail)
        return out

    def blocked(self, number: int, now: float) -> list[Output]:
        """The connection takes no more data: nothing is built until it does, and the send hold deadline runs."""
        connection = self._find(number)
        if connection is not None:
            connection.block(now)
        return []

    def writable(self, number: int, now: float) -> list[Output]:
        """The connection takes data: the next slice of UPDATEs."""
        connection = self._find(number)
        if connection is None:
            return []
        connection.unblock()
        if connection.state is not State.ESTABLISHED or connection.negotiated is None:
            return []
        data = self._routes.take(self.peer, connection.negotiated.four_octet_asn, self._draining)
        if self._routes.complete:
            self._restarted = False
        return [Send(data, number)] if data else []

    def expire(self, now: float) -> list[Output]:
        """Deadlines may be due."""
        out: list[Output] = []
        for connection in list(self._connections):
            for name in connection.deadlines.take_due(now):
                if connection in self._connections:
                    out += self._fire(connection, Event(name), now)
        return out

    # What drivers and people ask

    @property
    def number(self) -> int:
        """Of the connection that counts."""
        return self._main.number

    @property
    def state(self) -> State:
        """Of the connection that has come farthest."""
        return max((connection.state for connection in self._connections), key=_RANK.__getitem__)

    @property
    def opens(self) -> tuple[bytes, bytes] | None:
        """The bodies of our OPEN and the peer's, from which all that was agreed follows; None unless established."""
        main = self._main
        return (main.ours, main.theirs) if main.state is State.ESTABLISHED else None

    @property
    def next_deadline(self) -> float | None:
        """When ``expire`` is to be called, monotonic seconds."""
        due = [connection.deadlines.next for connection in self._connections]
        return min((at for at in due if at is not None), default=None)

    @property
    def waiting(self) -> bool:
        """Whether ``writable`` would send something."""
        main = self._main
        return not main.blocked and main.state is State.ESTABLISHED and self._routes.waiting

    def snapshot(self, now: float) -> Snapshot:
        """The state for status and metrics."""
        up, state = self._established_at, self.state
        negotiated = self._main.negotiated if up is not None else None
        passively = state in (State.IDLE, State.ACTIVE) and self.peer.passive and not self._last_error
        return Snapshot(
            state.value,
            None if up is None else now - up,
            negotiated.families if negotiated else (),
            negotiated.peer_asn if negotiated else self.peer.peer_asn,
            self._flaps,
            self._routes.counts,
            self._updates_received,
            words.waiting(self.peer, self._deaf) if passively else self._last_error,
        )

    # Another process

    def export(self) -> dict[str, Any]:
        """What another process needs beyond peer and routes, as plain data; ``connection`` None unless established."""
        established = self._main.state is State.ESTABLISHED
        return {
            "connection": self._main.export() if established else None,
            "routes": self._routes.export(),
            "restarted": self._restarted,
            "draining": self._draining,
            "established_at": self._established_at,
            "flaps": self._flaps,
            "updates_received": self._updates_received,
            "last_error": self._last_error,
        }

    def adopt(self, found: Mapping[str, Any], known: bool) -> int:
        """Goes on where ``export`` was made, once all routes were put; the connection's number, 0 where there is none.

        ``known``: whether these are all routes. KeyError, TypeError or ValueError when it is not usable.
        """
        self._flaps, self._last_error = int(found["flaps"]), str(found["last_error"])
        self._updates_received = int(found["updates_received"])
        self._restarted, self._draining = bool(found["restarted"]), bool(found["draining"])
        self._routes.set_known(known)
        if found["connection"] is None:
            return 0
        connection = Connection(self.new_number())
        connection.adopt(self.peer, found["connection"])
        assert connection.negotiated is not None
        self._connections = [connection]
        self._routes.adopt(connection.negotiated, found["routes"])
        self._established_at = float(found["established_at"])
        return connection.number

    def repeat(self) -> None:
        """Sends everything once more: what the peer holds is then what this program makes of the routes."""
        negotiated = self._main.negotiated
        if self._main.state is State.ESTABLISHED and negotiated is not None:
            self._routes.again(negotiated.families, negotiated.enhanced_refresh)

    # The table

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

    def _turn_away(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return [Hangup(connection.number)]

    def _dial(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        connection.number = self.new_number()
        connection.dial(now)
        return [Dial(connection.number)]

    def _send_open(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        offer = capabilities.offer(self.peer, self._restarted)
        offered = tuple(item for item in offer if capabilities.key(item) not in self._refused)
        return [Send(connection.greet(self.peer, offered, now), connection.number)]

    def _confirm(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        assert detail.negotiated is not None
        connection.agree(detail.negotiated, now)
        return self._send_keepalive(connection, now, detail)

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

    def _count_update(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        self._updates_received += 1
        return self._alive(connection, now, detail)

    def _refresh(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        negotiated = connection.negotiated
        if negotiated and detail.family in negotiated.families:
            self._routes.again((detail.family,), negotiated.enhanced_refresh)
        return self._alive(connection, now, detail)

    def _send_keepalive(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        data = connection.keepalive(self.peer, self._jitter(), now)
        return [Send(data, connection.number)] if data else []

    def _fail(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._end(connection, detail.text, now, BACK_OFF)

    def _offer_less(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        self._refused |= detail.refused
        return self._end(connection, f"{detail.text}; trying without it", now, 0.0)

    def _refuse(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        error = detail.error
        assert error is not None
        told = Send(messages.encode_notification(error.code, error.subcode, error.data), connection.number)
        return [told, *self._end(connection, error.text, now, BACK_OFF, REST)]

    _unexpected = _refuse

    def _hold_expired(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        text = words.unheard(self.peer, doubtful=connection.negotiated is None)
        return self._refuse(connection, now, Detail(error=SessionError(iana.HOLD_EXPIRED, 0, text)))

    def _send_hold_expired(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        text = words.stuck(self.peer)
        return self._refuse(connection, now, Detail(error=SessionError(iana.SEND_HOLD_EXPIRED, 0, text)))

    def _cease(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        data = messages.shutdown_text(detail.text)
        return self._part(connection, iana.ADMINISTRATIVE_SHUTDOWN, data, detail.text, now, None)

    def _again(self, connection: Connection, now: float, detail: Detail) -> list[Output]:
        return self._part(connection, iana.CONFIGURATION_CHANGE, b"", words.CHANGED, now, 0.0)

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
        told = connection.parting(subcode, data)
        out: list[Output] = [Send(told, connection.number)] if told else []
        return out + self._end(connection, text, now, retry, rest)

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


def _next_hop(peer: Peer, family: str) -> bytes | None:
    return peer.next_hop_ipv4 if family == "ipv4" else peer.next_hop_ipv6
