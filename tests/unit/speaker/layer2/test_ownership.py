# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts: every state with every event, when they are told, and how they are defended."""

from __future__ import annotations

import itertools

import pytest

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.layer2 import ownership
from dualstack_speaker.layer2.ownership import (
    DEFEND_INTERVAL,
    FORGET,
    GRACE,
    SUSPICION,
    Announce,
    Ask,
    Disputed,
    Event,
    Holding,
    Key,
    Output,
    Ownership,
    Settled,
    State,
)

KEYS: list[Key] = [(2, parse("10.0.1.200")), (2, parse("2001:db8::200"))]
THEIRS, OTHERS = bytes.fromhex("0200000000ee"), bytes.fromhex("0200000000ef")

both = pytest.mark.parametrize("key", KEYS, ids=["ipv4", "ipv6"])


def held(key: Key, state: State, refresh: float = 0) -> Ownership:
    """Taken over at 0; in this state at 100."""
    owned = Ownership(refresh)
    owned.began(key, 0.0)
    if state is not State.FRESH:
        assert owned.due(GRACE) == [Ask(key)]
    if state in (State.SUSPECTED, State.DISPUTED):
        assert owned.claimed(key, THEIRS, True, 100.0 - SUSPICION) == []
    if state is State.DISPUTED:
        assert owned.due(100.0) == [Disputed(key, THEIRS), Announce(key), Ask(key)]
    assert [one.state for one in owned.holdings()] == [state]
    return owned


def test_every_state_has_a_row_for_every_event() -> None:
    assert set(ownership._ACTIONS) == set(itertools.product(State, Event))


@both
def test_claims_right_after_a_take_over_do_not_count(key: Key) -> None:
    """The announcer before us still sends its rounds."""
    owned = held(key, State.FRESH)
    assert owned.claimed(key, THEIRS, True, GRACE - 0.1) == []
    assert owned.due(GRACE) == [Ask(key)]
    assert owned.next is None


@both
def test_an_announcer_after_us_is_no_conflict(key: Key) -> None:
    """It announces, and we are told a moment later."""
    owned = held(key, State.HELD)
    assert owned.claimed(key, THEIRS, True, 100.0) == []
    assert owned.next == 100.0 + SUSPICION
    owned.ended(key)
    assert owned.next is None and owned.due(200.0) == []


@both
def test_a_claim_that_stands_is_a_conflict_and_defended_once(key: Key) -> None:
    """RFC 5227 section 2.4: recorded, and one single announcement."""
    owned = held(key, State.SUSPECTED)
    assert owned.claimed(key, OTHERS, False, 99.0) == []
    assert owned.due(100.0) == [Disputed(key, THEIRS), Disputed(key, OTHERS), Announce(key), Ask(key)]
    (one,) = owned.holdings()
    assert (one.conflicts, one.since, set(one.macs)) == (1, 100.0, {THEIRS, OTHERS})


@both
@pytest.mark.parametrize(
    ("after", "public", "defended"),
    [(DEFEND_INTERVAL - 0.1, True, False), (DEFEND_INTERVAL, True, True), (DEFEND_INTERVAL, False, False)],
    ids=["too soon", "in time", "told to us alone"],
)
def test_at_most_one_defence_in_ten_seconds(key: Key, after: float, public: bool, defended: bool) -> None:
    """RFC 5227 section 2.4 (c); what only we heard has misled nobody."""
    owned = held(key, State.DISPUTED)
    assert owned.claimed(key, THEIRS, public, 100.0 + after) == ([Announce(key)] if defended else [])


@both
def test_a_further_owner_is_told_once(key: Key) -> None:
    owned = held(key, State.DISPUTED)
    assert owned.claimed(key, OTHERS, False, 101.0) == [Disputed(key, OTHERS)]
    assert owned.claimed(key, OTHERS, False, 102.0) == []


@both
def test_claims_of_very_many_do_not_fill_the_memory(key: Key) -> None:
    owned = held(key, State.DISPUTED)
    for number in range(1000):
        owned.claimed(key, number.to_bytes(6, "big"), False, 101.0)
    (one,) = owned.holdings()
    assert len(one.macs) == ownership.MOST


@both
def test_a_conflict_is_asked_after_and_ends_when_nobody_answers(key: Key) -> None:
    owned = held(key, State.DISPUTED)
    seen: list[tuple[float, Output]] = []
    while (at := owned.next) is not None:
        seen += [(at, output) for output in owned.due(at)]
        if at == 100.0 + DEFEND_INTERVAL:
            assert owned.claimed(key, THEIRS, False, at + 0.1) == []
    asked = [(100.0 + DEFEND_INTERVAL * number, Ask(key)) for number in (1, 2, 3, 4)]
    assert seen == [*asked, (100.0 + 5 * DEFEND_INTERVAL, Settled(key))]
    assert 4 * DEFEND_INTERVAL < DEFEND_INTERVAL + 0.1 + FORGET < 5 * DEFEND_INTERVAL
    (one,) = owned.holdings()
    assert (one.state, one.conflicts) == (State.HELD, 1)


@both
def test_two_that_both_have_it_do_not_storm(key: Key) -> None:
    """Each hears every announcement of the other at once, and each answer to a question; counted over an hour."""
    owners = {THEIRS: held(key, State.HELD, 300), OTHERS: held(key, State.HELD, 300)}
    said: list[float] = []
    waiting: list[tuple[float, bytes, Output]] = [
        (100.0, OTHERS, output) for output in owners[OTHERS].claimed(key, THEIRS, True, 100.0)
    ]
    now = 100.0
    while now < 3700.0:
        while waiting:
            at, mac, output = waiting.pop(0)
            (other,) = set(owners) - {mac}
            if isinstance(output, Announce):
                said.append(at)
                waiting += [(at, other, item) for item in owners[other].claimed(key, mac, True, at)]
            elif isinstance(output, Ask):
                waiting += [(at, mac, item) for item in owners[mac].claimed(key, other, False, at)]
        now = min(at for at in (owner.next for owner in owners.values()) if at is not None)
        waiting = [(now, mac, output) for mac, owner in owners.items() for output in owner.due(now)]
    assert {one.state for owner in owners.values() for one in owner.holdings()} == {State.DISPUTED}
    assert 2 <= len(said) <= 2 * 3600 / DEFEND_INTERVAL
    for first, third in zip(said, said[2:]):
        assert third - first >= DEFEND_INTERVAL


@both
def test_an_address_without_conflict_is_announced_and_asked_for_once_in_a_while(key: Key) -> None:
    """MetalLB 5.4 refresh: none in 0.16."""
    owned = held(key, State.HELD, refresh=300)
    seen = []
    for _unused in range(3):
        assert owned.next is not None
        seen.append(owned.next)
        assert owned.due(owned.next) == [Announce(key), Ask(key)]
    assert all(0.75 * 300 <= second - first <= 1.25 * 300 for first, second in zip([GRACE, *seen], seen))


def test_neighbouring_addresses_are_not_refreshed_at_the_same_time() -> None:
    owned = Ownership(300)
    for number in range(64):
        owned.began((2, parse(f"10.0.1.{number}")), 0.0)
    owned.due(GRACE)
    times = []
    while (at := owned.next) is not None and at < GRACE + 400:
        times += [at for output in owned.due(at) if isinstance(output, Ask)]
        if len(times) >= 64:
            break
    assert len(set(times)) == 64


@both
@pytest.mark.parametrize("state", State)
def test_another_process_goes_on(key: Key, state: State) -> None:
    first, second = held(key, state, refresh=300), Ownership(300)
    for one in first.holdings():
        second.resume(Holding.adopt(one.export()))
    (before,), (after,) = first.holdings(), second.holdings()
    assert before.export() == after.export()
    assert first.next is not None
    assert first.next == second.next
    assert first.due(first.next) == second.due(second.next)


@both
def test_an_address_that_is_not_held_has_no_conflict(key: Key) -> None:
    assert Ownership(300).claimed(key, THEIRS, True, 1.0) == []
