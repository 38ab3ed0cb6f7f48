# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a search on one interface, as a table. Nothing else lives here.

::

    Absent --present, appeared--> Searching --first--> Found --other--> Checking --several left--> Ambiguous
                                      ^                  ^                 |                          |
                                      +--- none left ----+---- one left ---+<------- check due -------+

A pair without a row changes nothing.
"""

from __future__ import annotations

import enum


class State(enum.Enum):
    """What is known of the link."""

    ABSENT = "absent"  # the interface can't be used
    SEARCHING = "searching"  # no router is known
    FOUND = "found"  # one is
    CHECKING = "checking"  # another one spoke, or the known one is in doubt: who answers?
    AMBIGUOUS = "ambiguous"  # several answered


class Event(enum.Enum):
    """What happens on the link, to the interface, or to the clock."""

    PRESENT = "present"  # the interface was there before we looked
    APPEARED = "appeared"  # it came up just now
    GONE = "gone"
    FIRST = "first"  # an advertisement, and no router was known
    KNOWN = "known"  # an advertisement of a known router
    SUCCESSOR = "successor"  # the router that was found has a new address: its link-layer address is the same
    OTHER = "other"  # an advertisement of another router
    ASKED = "asked"  # a solicitation
    DOUBT = "doubt"  # the session failed, or nothing was heard for the lifetime
    SOLICIT_DUE = "solicit"
    ADVERTISE_DUE = "advertise"
    CHECK_DUE = "check"
    NONE_LEFT = "none left"  # what a check showed
    ONE_LEFT = "one left"
    SEVERAL_LEFT = "several left"


class Action(enum.Enum):
    """What a search does on a transition; one method each."""

    NOTHING = "nothing"
    BEGIN = "begin"  # solicit and advertise at once
    BEGIN_LATER = "begin_later"  # solicit after a random delay (RFC 4861 section 6.3.7)
    FORGET = "forget"
    TAKE = "take"  # this router is the peer
    CONFIRM = "confirm"  # as a check showed
    LOSE = "lose"  # nobody is the peer, and search anew
    CHECK = "check"  # ask who is there
    JUDGE = "judge"  # who answered?
    COMPLAIN = "complain"  # several: nobody is the peer
    SOLICIT = "solicit"
    ADVERTISE = "advertise"
    ANSWER = "answer"  # advertise soon


def _there(state: State, rows: dict[Event, tuple[Action, State]]) -> dict[Event, tuple[Action, State]]:
    """Rows of a state in which the interface works: whoever asks is answered."""
    return {
        Event.GONE: (Action.FORGET, State.ABSENT),
        Event.ASKED: (Action.ANSWER, state),
        Event.ADVERTISE_DUE: (Action.ADVERTISE, state),
        **rows,
    }


TABLE: dict[State, dict[Event, tuple[Action, State]]] = {
    State.ABSENT: {
        Event.PRESENT: (Action.BEGIN, State.SEARCHING),
        Event.APPEARED: (Action.BEGIN_LATER, State.SEARCHING),
        Event.GONE: (Action.FORGET, State.ABSENT),  # for another reason than before
    },
    State.SEARCHING: _there(
        State.SEARCHING,
        {
            Event.FIRST: (Action.TAKE, State.FOUND),
            Event.SOLICIT_DUE: (Action.SOLICIT, State.SEARCHING),
        },
    ),
    State.FOUND: _there(
        State.FOUND,
        {
            Event.SUCCESSOR: (Action.TAKE, State.FOUND),
            Event.OTHER: (Action.CHECK, State.CHECKING),
            Event.DOUBT: (Action.CHECK, State.CHECKING),
        },
    ),
    State.CHECKING: _there(
        State.CHECKING,
        {
            Event.SUCCESSOR: (Action.TAKE, State.CHECKING),
            Event.SOLICIT_DUE: (Action.SOLICIT, State.CHECKING),
            Event.CHECK_DUE: (Action.JUDGE, State.CHECKING),
            Event.NONE_LEFT: (Action.LOSE, State.SEARCHING),
            Event.ONE_LEFT: (Action.CONFIRM, State.FOUND),
            Event.SEVERAL_LEFT: (Action.COMPLAIN, State.AMBIGUOUS),
        },
    ),
    State.AMBIGUOUS: _there(
        State.AMBIGUOUS,
        {
            Event.OTHER: (Action.COMPLAIN, State.AMBIGUOUS),
            Event.CHECK_DUE: (Action.CHECK, State.CHECKING),
        },
    ),
}


def step(state: State, event: Event) -> tuple[Action, State]:
    """What happens on ``event`` in ``state``, and the state after it."""
    return TABLE[state].get(event) or (Action.NOTHING, state)
