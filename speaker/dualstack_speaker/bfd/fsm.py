# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a session as a table (RFC 5880 sections 6.2, 6.8.4, 6.8.6, 6.8.16). Nothing else lives here.

::

    Down --down--> Init --init, up--> Up
    Down --init--> Up
    Init, Up --detection time, admin down--> Down
    Up --down--> Down
    everywhere --disable--> AdminDown, for good: who watches again makes a new session

Every pair of state and event has its row. Packets in AdminDown are dropped (6.8.6), as its rows say. A neighbour that
begins anew takes the session down, but not what relies on it, as the path just carried its packet. It is known by
another discriminator that does not know ours, or by the diagnostic that we had signalled down, which we had not. FRR
does so when BGP is established and tells its BFD session the addresses.
"""

from __future__ import annotations

import enum
from typing import Optional


class State(enum.Enum):
    """States with their numbers on the wire."""

    ADMIN_DOWN = 0
    DOWN = 1
    INIT = 2
    UP = 3

    @property
    def text(self) -> str:
        """As operators read it."""
        return _TEXTS[self]


class Event(enum.Enum):
    """Events. A packet is the state that it carries."""

    ADMIN_DOWN = "admin down received"
    DOWN = "down received"
    INIT = "init received"
    UP = "up received"
    RESTART = "down received, the neighbour begins anew"
    DETECTION_DUE = "detection time expired"
    DISABLE = "disable"


class Effect(enum.Enum):
    """What a row means for those who rely on the path."""

    NOTHING = "nothing"
    LOST = "lost"  # the path failed
    BACK = "back"  # it works, or is not watched any more by the wish of a side: no failure (RFC 5882 section 3.2)


# Diagnostics that we give (RFC 5880 section 4.1)
NONE, DETECTION_EXPIRED, NEIGHBOUR_DOWN, ADMINISTRATIVE = 0, 1, 3, 7
DIAGNOSTIC_TEXT = {
    0: "none",
    1: "control detection time expired",
    2: "echo function failed",
    3: "neighbour signalled session down",
    4: "forwarding plane reset",
    5: "path down",
    6: "concatenated path down",
    7: "administratively down",
    8: "reverse concatenated path down",
}
_TEXTS = {State.ADMIN_DOWN: "AdminDown", State.DOWN: "Down", State.INIT: "Init", State.UP: "Up"}

RECEIVED = {
    State.ADMIN_DOWN: Event.ADMIN_DOWN,
    State.DOWN: Event.DOWN,
    State.INIT: Event.INIT,
    State.UP: Event.UP,
}

Row = tuple[State, Optional[int], Effect]  # the state after it, the new diagnostic (None: as it was), the effect

TABLE: dict[State, dict[Event, Row]] = {
    State.ADMIN_DOWN: {
        Event.ADMIN_DOWN: (State.ADMIN_DOWN, None, Effect.NOTHING),
        Event.DOWN: (State.ADMIN_DOWN, None, Effect.NOTHING),
        Event.INIT: (State.ADMIN_DOWN, None, Effect.NOTHING),
        Event.UP: (State.ADMIN_DOWN, None, Effect.NOTHING),
        Event.RESTART: (State.ADMIN_DOWN, None, Effect.NOTHING),
        Event.DETECTION_DUE: (State.ADMIN_DOWN, None, Effect.NOTHING),
        Event.DISABLE: (State.ADMIN_DOWN, None, Effect.NOTHING),
    },
    State.DOWN: {
        Event.ADMIN_DOWN: (State.DOWN, None, Effect.BACK),
        Event.DOWN: (State.INIT, None, Effect.NOTHING),
        Event.INIT: (State.UP, NONE, Effect.BACK),
        Event.UP: (State.DOWN, None, Effect.NOTHING),
        Event.RESTART: (State.INIT, None, Effect.NOTHING),
        Event.DETECTION_DUE: (State.DOWN, None, Effect.NOTHING),
        Event.DISABLE: (State.ADMIN_DOWN, ADMINISTRATIVE, Effect.BACK),
    },
    State.INIT: {
        Event.ADMIN_DOWN: (State.DOWN, NEIGHBOUR_DOWN, Effect.BACK),
        Event.DOWN: (State.INIT, None, Effect.NOTHING),
        Event.INIT: (State.UP, NONE, Effect.BACK),
        Event.UP: (State.UP, NONE, Effect.BACK),
        Event.RESTART: (State.INIT, None, Effect.NOTHING),
        Event.DETECTION_DUE: (State.DOWN, DETECTION_EXPIRED, Effect.NOTHING),
        Event.DISABLE: (State.ADMIN_DOWN, ADMINISTRATIVE, Effect.BACK),
    },
    State.UP: {
        Event.ADMIN_DOWN: (State.DOWN, NEIGHBOUR_DOWN, Effect.BACK),
        Event.DOWN: (State.DOWN, NEIGHBOUR_DOWN, Effect.LOST),
        Event.INIT: (State.UP, None, Effect.NOTHING),
        Event.UP: (State.UP, None, Effect.NOTHING),
        Event.RESTART: (State.DOWN, NEIGHBOUR_DOWN, Effect.NOTHING),
        Event.DETECTION_DUE: (State.DOWN, DETECTION_EXPIRED, Effect.LOST),
        Event.DISABLE: (State.ADMIN_DOWN, ADMINISTRATIVE, Effect.BACK),
    },
}


def describe(diagnostic: int) -> str:
    """A diagnostic in words."""
    return DIAGNOSTIC_TEXT.get(diagnostic, f"diagnostic {diagnostic}")
