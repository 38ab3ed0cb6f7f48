# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a connection, as a table (RFC 4271 section 8). Nothing else lives here.

::

    Idle ----- start, retry ----> Connect --connected--> OpenSent --open--> OpenConfirm --keepalive--> Established
      |                                                     ^
      +-- passive start, rest --> Active ----accepted-------+

    to Idle: closed, due deadlines, errors, stop, restart, collision, from everywhere

A peer has one machine, and a second one while it has two connections, which begins in Active with the one that was
accepted. What ends is Idle; where it was the last one, a new machine waits, in Idle, or in Active where a connection
of the peer's own is welcome.

Left out: events 12 and 20 (a delayed OPEN: it only makes collisions rarer, and both sides wait for it), 14 and 15 (the
kernel makes connections), 6-8 (damping is the back-off of the dials and the rest between two that we refuse, which
RFC 4271 calls IdleHoldTimer, event 13), 28 (received UPDATEs are dropped unread).

A pair without a row takes its state's row in DEFAULT.
"""

from __future__ import annotations

import enum


class _Word:
    """A word of the table, hashed by identity: the table is asked for every message."""

    __hash__ = object.__hash__


class State(_Word, enum.Enum):
    """States of RFC 4271 section 8.2.2; values are what operators read."""

    IDLE = "Idle"
    CONNECT = "Connect"
    ACTIVE = "Active"  # waits for a connection that the peer makes, perhaps for the time to dial as well
    OPEN_SENT = "OpenSent"
    OPEN_CONFIRM = "OpenConfirm"
    ESTABLISHED = "Established"


class Event(_Word, enum.Enum):
    """Events; the number is that of RFC 4271 section 8.1 where it has one."""

    START = "start"  # 1, 3
    START_PASSIVE = "passive start"  # 4, 5
    STOP = "stop"  # 2
    LEAVE = "leave"  # 2 for a process that restarts (RFC 4724 section 4.1)
    RESTART = "restart"  # 2, then 1: a changed configuration
    PATH_LOST = "path lost"  # 2, then 1 once the path is back (RFC 5882 section 4)
    RETRY_DUE = "retry"  # 9, 13
    REST_DUE = "rest"  # 13, for connections that the peer makes
    DIAL_DUE = "dial"  # 9 in Connect
    HOLD_DUE = "hold"  # 10
    KEEPALIVE_DUE = "keepalive"  # 11
    SEND_HOLD_DUE = "send_hold"  # 29 (RFC 9687)
    CONNECTED = "connected"  # 16
    ACCEPTED = "accepted"  # 17
    CLOSED = "closed"  # 18
    OPEN = "open"  # 19
    HEADER_BAD = "header bad"  # 21
    OPEN_BAD = "open bad"  # 22
    COLLISION = "collision"  # 23: the other connection is kept
    REPLACED = "replaced"  # 16, 17 in Established, from a peer that restarts (RFC 4724 section 5)
    NOTIFICATION = "notification"  # 24, 25
    OFFER_REFUSED = "offer refused"  # 25, with a capability that can be left out (RFC 5492)
    REFRESH_BAD = "route refresh bad"  # RFC 7313 section 5
    KEEPALIVE = "keepalive received"  # 26
    UPDATE = "update"  # 27
    ROUTE_REFRESH = "route refresh"  # RFC 2918


class Action(_Word, enum.Enum):
    """What a session does on a transition; one method each."""

    NOTHING = "nothing"
    LISTEN = "listen"  # a connection of the peer's is welcome from now on
    TURN_AWAY = "turn_away"  # hang up at once, nothing was said yet
    DIAL = "dial"
    SEND_OPEN = "send_open"
    CONFIRM = "confirm"  # take the OPEN, answer KEEPALIVE
    ESTABLISH = "establish"
    ALIVE = "alive"  # the peer spoke: move the hold deadline
    REFRESH = "refresh"
    SEND_KEEPALIVE = "send_keepalive"
    FAIL = "fail"  # the connection is gone or useless: hang up, back off
    REFUSE = "refuse"  # NOTIFICATION from the error, hang up, back off
    HOLD_EXPIRED = "hold_expired"
    SEND_HOLD_EXPIRED = "send_hold_expired"
    UNEXPECTED = "unexpected"  # FSM error with the subcode of RFC 6608, hang up, back off
    OFFER_LESS = "offer_less"  # hang up, dial at once and offer what was not refused
    CEASE = "cease"  # Cease with a reason, hang up, stay down
    GO_SILENTLY = "go_silently"  # hang up without a word, stay down
    AGAIN = "again"  # Cease with a reason, hang up, dial at once
    COLLIDE = "collide"  # Cease: collision, hang up
    GIVE_WAY = "give_way"  # hang up without a word, in favour of the other connection
    WAIT_FOR_PATH = "wait_for_path"  # Cease: BFD down, hang up, dial when the path is back


_GONE = {
    Event.STOP: (Action.CEASE, State.IDLE),
    Event.LEAVE: (Action.GO_SILENTLY, State.IDLE),
    Event.RESTART: (Action.AGAIN, State.IDLE),
    Event.PATH_LOST: (Action.WAIT_FOR_PATH, State.IDLE),
}
_DOWN = {
    **_GONE,
    Event.CLOSED: (Action.FAIL, State.IDLE),
}
_TALKING = {
    **_DOWN,
    Event.HOLD_DUE: (Action.HOLD_EXPIRED, State.IDLE),
    Event.SEND_HOLD_DUE: (Action.SEND_HOLD_EXPIRED, State.IDLE),
    Event.NOTIFICATION: (Action.FAIL, State.IDLE),
    Event.OFFER_REFUSED: (Action.OFFER_LESS, State.IDLE),
    Event.HEADER_BAD: (Action.REFUSE, State.IDLE),
    Event.COLLISION: (Action.COLLIDE, State.IDLE),
}

TABLE: dict[State, dict[Event, tuple[Action, State]]] = {
    State.IDLE: {
        Event.START: (Action.DIAL, State.CONNECT),
        Event.START_PASSIVE: (Action.LISTEN, State.ACTIVE),
        Event.RETRY_DUE: (Action.DIAL, State.CONNECT),
        Event.REST_DUE: (Action.LISTEN, State.ACTIVE),
        Event.ACCEPTED: (Action.TURN_AWAY, State.IDLE),
        **_GONE,
    },
    State.CONNECT: {
        **_DOWN,
        Event.START: (Action.NOTHING, State.CONNECT),
        Event.START_PASSIVE: (Action.NOTHING, State.CONNECT),
        Event.COLLISION: (Action.COLLIDE, State.IDLE),
        Event.CONNECTED: (Action.SEND_OPEN, State.OPEN_SENT),
        Event.DIAL_DUE: (Action.FAIL, State.IDLE),
    },
    State.ACTIVE: {
        **_GONE,
        Event.START: (Action.DIAL, State.CONNECT),
        Event.START_PASSIVE: (Action.LISTEN, State.ACTIVE),
        Event.RETRY_DUE: (Action.DIAL, State.CONNECT),
        Event.ACCEPTED: (Action.SEND_OPEN, State.OPEN_SENT),
    },
    State.OPEN_SENT: {
        **_TALKING,
        Event.START: (Action.NOTHING, State.OPEN_SENT),
        Event.START_PASSIVE: (Action.NOTHING, State.OPEN_SENT),
        Event.OPEN: (Action.CONFIRM, State.OPEN_CONFIRM),
        Event.OPEN_BAD: (Action.REFUSE, State.IDLE),
    },
    State.OPEN_CONFIRM: {
        **_TALKING,
        Event.START: (Action.NOTHING, State.OPEN_CONFIRM),
        Event.START_PASSIVE: (Action.NOTHING, State.OPEN_CONFIRM),
        Event.KEEPALIVE: (Action.ESTABLISH, State.ESTABLISHED),
        Event.KEEPALIVE_DUE: (Action.SEND_KEEPALIVE, State.OPEN_CONFIRM),
    },
    State.ESTABLISHED: {
        **_TALKING,
        Event.START: (Action.NOTHING, State.ESTABLISHED),
        Event.START_PASSIVE: (Action.NOTHING, State.ESTABLISHED),
        Event.REPLACED: (Action.GIVE_WAY, State.IDLE),
        Event.KEEPALIVE: (Action.ALIVE, State.ESTABLISHED),
        Event.UPDATE: (Action.ALIVE, State.ESTABLISHED),
        Event.ROUTE_REFRESH: (Action.REFRESH, State.ESTABLISHED),
        Event.REFRESH_BAD: (Action.REFUSE, State.IDLE),
        Event.KEEPALIVE_DUE: (Action.SEND_KEEPALIVE, State.ESTABLISHED),
    },
}

DEFAULT: dict[State, tuple[Action, State]] = {
    State.IDLE: (Action.NOTHING, State.IDLE),  # RFC 4271: any other event does not change the state
    State.CONNECT: (Action.FAIL, State.IDLE),
    State.ACTIVE: (Action.FAIL, State.IDLE),
    State.OPEN_SENT: (Action.UNEXPECTED, State.IDLE),
    State.OPEN_CONFIRM: (Action.UNEXPECTED, State.IDLE),
    State.ESTABLISHED: (Action.UNEXPECTED, State.IDLE),
}

UNEXPECTED_SUBCODE = {State.OPEN_SENT: 1, State.OPEN_CONFIRM: 2, State.ESTABLISHED: 3}  # RFC 6608


def step(state: State, event: Event) -> tuple[Action, State]:
    """What happens on ``event`` in ``state``, and the state after it."""
    return TABLE[state].get(event) or DEFAULT[state]
