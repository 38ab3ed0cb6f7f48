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

from ..base.model import Attributes, Peer
from ..base.outputs import Output
from . import collision, iana, words
from .connection import DIAL_TIME, Connection, Detail
from .fsm import Event, State
from .machine import BACK_OFF, Machine

_RANK = {state: rank for rank, state in enumerate(State)}
_KINDS = {
    Event.OPEN: iana.OPEN,
    Event.OPEN_BAD: iana.OPEN,
    Event.UPDATE: iana.UPDATE,
    Event.NOTIFICATION: iana.NOTIFICATION,
    Event.OFFER_REFUSED: iana.NOTIFICATION,
    Event.KEEPALIVE: iana.KEEPALIVE,
    Event.ROUTE_REFRESH: iana.ROUTE_REFRESH,
    Event.REFRESH_BAD: iana.ROUTE_REFRESH,
}


class Snapshot(NamedTuple):
    """A session's state for status and metrics. ``established_s``: seconds in Established, None otherwise.

    ``peer_asn``: None where any is accepted and none is known. ``wanted``: prefixes that the peer should hold, sent or
    not. ``messages``: sent and received, by type. ``last_error``: why the session is down, or not what it should be;
    ``peer_error``: the last NOTIFICATION that ended it, ``peer_error_s`` seconds ago.
    """

    state: str
    established_s: float | None
    families: tuple[str, ...]
    peer_asn: int | None
    flaps: int
    announced: dict[str, int]
    wanted: dict[str, int]
    messages: dict[str, dict[str, int]]
    last_error: str
    peer_error: str
    peer_error_s: float | None


class Session(Machine):
    """One peer. ``jitter`` gives numbers in [0, 1).

    ``restarted``: the peer may still have routes of the process before, and ``put`` may not have given all of them
    again; ``all_known`` says when it has.
    """

    def __init__(self, name: str, peer: Peer, jitter: Callable[[], float], restarted: bool = False) -> None:
        super().__init__(name, peer, jitter, restarted)
        self._draining = False
        self._peer_error: tuple[str, float] | None = None  # the last NOTIFICATION that ended it, and when it came

    # Inputs

    def start(self, now: float) -> list[Output]:
        """Dials, or waits for the peer where it is to dial, unless the session is under way."""
        return self._fire(self._main, Event.START_PASSIVE if self.peer.passive else Event.START, now)

    def stop(self, reason: str, now: float) -> list[Output]:
        """Ends the session for good, with Cease and the reason (RFC 9003): the peer withdraws everything at once."""
        return self._fire_all(Event.STOP, now, Detail(reason))

    def remove(self, now: float) -> list[Output]:
        """Ends the session because the peer is no more: RFC 4486 section 4, Peer De-configured."""
        return self._fire_all(Event.STOP, now, Detail(words.REMOVED, removed=True))

    def reconfigure(self, peer: Peer, now: float) -> list[Output]:
        """Takes a changed peer over; the session is reset only when the change stands in OPEN or in the connection."""
        before, self.peer = self.peer, peer
        self._refused = frozenset()
        self._backoff = self._new_backoff()
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

    def accepted(self, number: int, now: float) -> list[Output]:
        """A connection that the peer made stands; ``new_number`` gave its number.

        An older one of the peer's that is not established gives way to it, and the established one too where the peer
        has graceful restart (RFC 4724 section 5), but not to a dial that may have begun before it was established.
        """
        out: list[Output] = []
        up = self._established_at
        for other in list(self._connections):
            negotiated = other.negotiated
            if up is not None and now - up >= DIAL_TIME and negotiated is not None and negotiated.restart:
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
            kind = _KINDS.get(event)
            if kind is not None:
                self._counters.received(kind)
            if kind == iana.NOTIFICATION and len(self._connections) == 1:
                self._peer_error = detail.text, now
            if event is Event.OPEN and connection.state is State.OPEN_SENT and detail.negotiated is not None:
                loser = collision.loser(self.peer, detail.negotiated, connection, self._connections, now)
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
        return self._send(connection, data)

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
        passively = (
            state in (State.IDLE, State.ACTIVE) and self.peer.passive and self._last_error in ("", words.CHANGED)
        )
        return Snapshot(
            state.value,
            None if up is None else now - up,
            negotiated.families if negotiated else (),
            negotiated.peer_asn if negotiated else self.peer.peer_asn,
            self._flaps,
            self._routes.counts,
            self._routes.wanted,
            self._counters.shown(),
            words.waiting(self.peer, self._deaf) if passively else self._last_error,
            self._peer_error[0] if self._peer_error else "",
            now - self._peer_error[1] if self._peer_error else None,
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
            "messages": self._counters.shown(),
            "last_error": self._last_error,
            "peer_error": self._peer_error,
        }

    def adopt(self, found: Mapping[str, Any], known: bool) -> int:
        """Goes on where ``export`` was made, once all routes were put; the connection's number, 0 where there is none.

        ``known``: whether these are all routes. KeyError, TypeError or ValueError when it is not usable.
        """
        self._flaps, self._last_error = int(found["flaps"]), str(found["last_error"])
        self._counters.adopt(found.get("messages", {}))
        theirs = found.get("peer_error")
        self._peer_error = None if theirs is None else (str(theirs[0]), float(theirs[1]))
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


def _next_hop(peer: Peer, family: str) -> bytes | None:
    return peer.next_hop_ipv4 if family == "ipv4" else peer.next_hop_ipv6
