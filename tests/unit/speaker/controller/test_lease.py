# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lease: who is active, for how long, and that two candidates never are at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualstack_speaker.controller.config import Timing
from dualstack_speaker.controller.lease import LAST_WRITE, Candidate, Step

TIMING = Timing(15.0, 10.0, 2.0)
Lease = dict[str, Any]


class Server:
    """The API server as far as one Lease is concerned: versions, and conflicts where they do not fit."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.version = 100

    def carry_out(self, step: Step) -> tuple[int, Lease]:
        """Status and body."""
        if step.body is None:
            return (404, {}) if self.lease is None else (200, self.lease)
        if step.method == "POST" and self.lease is not None:
            return 409, {}
        if step.method == "PUT" and self.lease is None:
            return 404, {}
        given_version = step.body["metadata"].get("resourceVersion")
        if step.method == "PUT" and self.lease and given_version != self.lease["metadata"]["resourceVersion"]:
            return 409, {}
        self.version += 1
        metadata = {**step.body["metadata"], "resourceVersion": str(self.version)}
        self.lease = {**step.body, "metadata": metadata}
        return (201 if step.method == "POST" else 200), self.lease


def candidate(name: str, timing: Timing = TIMING) -> Candidate:
    return Candidate(name, "dualstack-controller", "metallb-system", timing)


def turn(one: Candidate, server: Server, now: float) -> Step:
    """One request and its answer, at once."""
    step = one.step(now, f"wall {now}")
    one.answered(step, now, *server.carry_out(step))
    return step


def settle(one: Candidate, server: Server, now: float) -> None:
    """All requests that are due."""
    for _unused in range(10):
        if one.due > now:
            return
        turn(one, server, now)
    raise AssertionError("it never rests")


def test_the_first_one_makes_the_lease() -> None:
    server, one = Server(), candidate("a")
    settle(one, server, 0.0)
    assert one.leading(9.9) and one.term == 1 and one.since == 0.0
    assert server.lease is not None
    assert server.lease["spec"] == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "acquireTime": "wall 0.0",
        "renewTime": "wall 0.0",
        "leaseTransitions": 0,
    }


def test_it_is_renewed_and_runs_out_after_the_renew_deadline_only() -> None:
    server, one = Server(), candidate("a")
    settle(one, server, 0.0)
    assert one.due == 2.0
    settle(one, server, 2.0)
    assert one.remaining(2.0) == 10.0
    assert server.lease is not None and server.lease["spec"]["renewTime"] == "wall 2.0"
    assert server.lease["spec"]["acquireTime"] == "wall 0.0"
    assert one.leading(11.9)
    assert not one.leading(12.0)


def test_who_woke_up_too_late_may_not_act_until_it_has_renewed() -> None:
    server, one = Server(), candidate("a")
    settle(one, server, 0.0)
    assert one.remaining(1000.0) == 0.0
    settle(one, server, 1000.0)
    assert one.leading(1000.0)
    assert (one.term, one.since) == (1, 0.0), "nobody else held it: the same term"


def test_who_comes_back_after_another_one_begins_a_new_term() -> None:
    server, one, two = Server(), candidate("a"), candidate("b")
    settle(one, server, 0.0)
    settle(two, server, 0.0)
    settle(two, server, 15.0)
    assert two.leading(15.0)
    settle(one, server, 16.0)
    settle(one, server, 31.0)
    assert one.leading(31.0) and (one.term, one.since) == (2, 31.0)


def test_the_standby_takes_over_when_nothing_has_changed_for_the_lease_duration() -> None:
    server, one, two = Server(), candidate("a"), candidate("b")
    settle(one, server, 0.0)
    settle(two, server, 1.0)
    assert not two.leading(1.0) and two.holder == "a"
    settle(one, server, 2.0)
    settle(two, server, 3.0)
    settle(two, server, 17.9)
    assert not two.leading(17.9)
    assert two.due == 18.0
    settle(two, server, 18.0)
    assert two.leading(18.0) and two.inherited == ""
    assert server.lease is not None and server.lease["spec"]["leaseTransitions"] == 1
    settle(one, server, 18.0)
    assert not one.leading(18.0) and one.holder == "b"


def test_the_duration_that_counts_is_the_holders() -> None:
    server, one, two = Server(), candidate("a", Timing(60.0, 40.0, 2.0)), candidate("b")
    settle(one, server, 0.0)
    settle(two, server, 0.0)
    settle(two, server, 59.0)
    assert not two.leading(59.0)


def test_who_leaves_in_order_is_followed_at_once_and_tells_its_last_write() -> None:
    server, one, two = Server(), candidate("a"), candidate("b")
    settle(one, server, 0.0)
    settle(two, server, 1.0)
    step = one.release("wall", "4711")
    assert step is not None and not one.leading(1.5)
    status, lease = server.carry_out(step)
    assert status == 200 and lease["metadata"]["annotations"][LAST_WRITE] == "4711"
    two.seen(lease, 1.6)
    assert two.due == 1.6
    settle(two, server, 1.6)
    assert two.leading(1.6) and two.inherited == "4711"
    assert server.lease is not None and LAST_WRITE not in server.lease["metadata"]["annotations"]


def test_who_does_not_hold_it_has_nothing_to_release() -> None:
    server, one, two = Server(), candidate("a"), candidate("b")
    settle(one, server, 0.0)
    settle(two, server, 0.0)
    assert two.release("wall", "1") is None


def test_a_renewal_without_an_answer_is_looked_for_and_does_not_count() -> None:
    server, one = Server(), candidate("a")
    settle(one, server, 0.0)
    step = one.step(2.0, "wall")
    server.carry_out(step)
    one.failed()
    assert one.remaining(2.0) == 8.0
    assert turn(one, server, 4.0).method == "GET"
    assert turn(one, server, 4.0).method == "PUT"
    assert one.remaining(4.0) == 10.0 and one.term == 1


def test_who_got_it_by_a_request_without_an_answer_begins_a_term_when_it_knows() -> None:
    server, one = Server(), candidate("a")
    turn(one, server, 0.0)
    server.carry_out(one.step(0.0, "wall"))
    one.failed()
    assert server.lease and not one.leading(0.0)
    settle(one, server, 2.0)
    assert one.leading(2.0) and (one.term, one.since) == (1, 2.0)


def test_an_old_lease_from_a_late_watch_changes_nothing() -> None:
    server, one, two = Server(), candidate("a"), candidate("b")
    settle(one, server, 0.0)
    old = server.lease
    assert old is not None
    settle(two, server, 1.0)
    settle(two, server, 16.0)
    assert two.leading(16.0)
    two.seen(old, 16.5)
    assert two.leading(16.5) and two.holder == "b"


def test_a_lease_that_was_deleted_counts_until_it_would_have_expired() -> None:
    """client-go's candidates make a new one at once, while the holder still acts."""
    server, one, two = Server(), candidate("a"), candidate("b")
    settle(one, server, 0.0)
    settle(two, server, 0.0)
    server.lease = None
    settle(two, server, 2.0)
    assert not two.leading(2.0)
    settle(one, server, 2.5)
    assert one.leading(2.5), "the holder makes it again"
    server.lease = None
    settle(two, server, 4.0)
    settle(two, server, 15.0)
    assert two.leading(15.0)


def test_a_dead_predecessor_is_not_waited_for() -> None:
    server, one, two = Server(), candidate("a"), candidate("b")
    settle(one, server, 0.0)
    two.predecessor = "a"
    settle(two, server, 0.5)
    assert two.leading(0.5)


def test_a_refusal_is_no_lease() -> None:
    one = candidate("a")
    step = one.step(0.0, "wall")
    one.answered(step, 0.0, 403, {})
    assert not one.leading(0.0) and one.due == 2.0


@pytest.mark.parametrize("broken", [{}, {"metadata": None, "spec": None}, {"spec": {"holderIdentity": None}}])
def test_a_lease_without_content_is_to_be_had(broken: Lease) -> None:
    server, one = Server(), candidate("a")
    server.lease = {**broken, "metadata": {"resourceVersion": "1"}}
    settle(one, server, 0.0)
    assert one.leading(0.0)


_ACTIONS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["act", "lost", "late", "stop", "release"]), st.floats(0.0, 9.0)),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(_ACTIONS, st.floats(0.0, 1e6))
def test_two_are_never_active_at_once(actions: list[tuple[str, str, float]], skew: float) -> None:
    """Answers that come late, requests that get lost, processes that stand still, clocks that start anywhere."""
    server, now = Server(), 0.0
    clocks = {"a": 0.0, "b": skew, "c": 2 * skew}
    everyone = {name: candidate(name) for name in clocks}
    for name, action, seconds in actions:
        one, offset = everyone[name], clocks[name]
        if action == "stop" or one.due > now + offset:
            now += seconds
        elif action == "release":
            given_away = one.release("wall", "")
            if given_away is not None:
                server.carry_out(given_away)
        else:
            step = one.step(now + offset, "wall")
            answer = server.carry_out(step) if action != "lost" or seconds < 4 else None
            now += min(seconds, step.patience) if action == "late" else 0.0
            if answer is None or action == "lost":
                one.failed()
            else:
                one.answered(step, now + offset, *answer)
        active = [other for other in everyone if everyone[other].leading(now + clocks[other])]
        assert len(active) <= 1
