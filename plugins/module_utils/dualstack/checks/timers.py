# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timers of sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..findings import ERROR, HINT
from ..intent.load import Intent
from ..plan.terms import terms
from .places import agreed
from .rule import Plan, Problem, rule

LONG_HOLD = 60  # seconds
SHORT_HOLD = 6


@rule("timers-keepalive", ERROR)
def keepalive(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """KEEPALIVE messages come at least three times in the hold time.

    Source: RFC 4271 section 4.4.
    """
    del plan
    fabric = terms(intent, None).values["timers"]
    for group in (None, *intent.fabric["peer_groups"]):
        values = terms(intent, group).values["timers"]
        if values["keepalive"] * 3 > values["hold"] and (group is None or values != fabric):
            where = f"dualstack.fabric.{'' if group is None else f'peer_groups.{group}.'}timers.keepalive"
            reason = f"is more than a third of hold ({values['hold']} s)"
            fix = f"Use at most {max(1, values['hold'] // 3)}, or a hold of {values['keepalive'] * 3} or more."
            yield Problem(where, str(values["keepalive"]), reason, fix)


@rule("hold-long", HINT)
def hold_long(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A dead neighbour is noticed within a minute, by the hold time or by BFD.

    Source: RFC 4271 section 6.5 (routes stay until the Hold Timer expires), RFC 5882 section 4.1.
    """
    for path, values, bfd in _used(intent, plan, "hold"):
        if values["hold"] > LONG_HOLD and bfd is None:
            reason = f"without BFD, traffic to a dead neighbour is lost for up to {values['hold']} s"
            fix = f"Shorten hold to {LONG_HOLD} s or less, or name a BFD profile."
            yield Problem(path, str(values["hold"]), reason, fix)


@rule("hold-short", HINT)
def hold_short(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The hold time leaves a busy BGP process time to breathe; what must be seen sooner is BFD's work.

    Source: RFC 4271 section 10 (90 s are suggested), RFC 5882 section 3.2.
    """
    for path, values, _unused in _used(intent, plan, "hold"):
        if values["hold"] < SHORT_HOLD:
            reason = "a BGP process that is busy for so long (a reload, a full table) loses all its sessions at once"
            fix = f"Use at least {SHORT_HOLD}, and BFD where failures must be seen sooner."
            yield Problem(path, str(values["hold"]), reason, fix)


@rule("connect-late", HINT)
def connect_late(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A lost session is tried again before its hold time would be over.

    Source: RFC 4271 section 8.2.2 (ConnectRetryTimer in the states Connect and Active).
    """
    for path, values, _unused in _used(intent, plan, "connect"):
        if values["connect"] > values["hold"]:
            reason = f"a lost session may stay down for longer than it took to notice ({values['hold']} s)"
            yield Problem(path, str(values["connect"]), reason, f"Use at most {values['hold']}.")


RULES = (keepalive, hold_long, hold_short, connect_late)


def _used(intent: Intent, plan: Plan, key: str) -> Iterator[tuple[str, Mapping[str, int], str | None]]:
    """(path of the timer, timers, BFD profile) that sessions run with; each path once."""
    found = {
        (session["peer_group"], *session["timers"].values(), session["bfd"]): session for session in plan["sessions"]
    }
    told = set()
    for session in found.values():
        path = agreed(intent, session["peer_group"], f"timers.{key}")
        if path not in told:
            told.add(path)
            yield path, session["timers"], session["bfd"]
