# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast is written: a budget, the price of slow answers, and what waits while Services change."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from dualstack_speaker.reporting import pace
from dualstack_speaker.reporting.correlation import NORMAL, WARNING, Occasion, Reference
from dualstack_speaker.reporting.events import Recorder
from dualstack_speaker.reporting.pace import BURST, DEAREST, PATIENCE, QUIET, RATE, SHARE, Pace


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 1e-6)


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    monkeypatch.setattr(pace.asyncio, "sleep", clock.sleep)
    return clock


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that waits by the clock alone."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something else")


def written(paced: Pace, clock: Clock, seconds: float, takes: float) -> int:
    """How many writes begin within a time, one after the other."""
    end, count = clock.now + seconds, 0
    while True:
        began = done(paced.turn())
        if began > end:
            return count
        count += 1
        clock.now += takes
        paced.worked(began)


@pytest.mark.parametrize(("takes", "rate"), [(0.002, RATE), (0.05, SHARE / 0.05), (0.2, SHARE / 0.2)])
def test_a_slow_api_server_is_asked_less(clock: Clock, takes: float, rate: float) -> None:
    """At most RATE a second, and never more than SHARE of the time in waiting for answers.

    MetalLB 2 how many events: client-go: repeats are counted, 25 about one object at once.
    """
    paced = Pace(burst=1)
    assert written(paced, clock, 100.0, takes) == pytest.approx(100 * rate, rel=0.05)


def test_one_answer_that_hangs_costs_no_more_than_its_bound(clock: Clock) -> None:
    paced = Pace()
    began = done(paced.turn())
    clock.now += 60.0
    paced.worked(began)
    before = clock.now
    assert done(paced.turn()) - before <= (DEAREST + 1 - BURST + 1) / RATE + 0.01


def test_writes_wait_until_services_are_quiet(clock: Clock) -> None:
    paced = Pace()
    paced.changing()
    since = clock.now
    assert done(paced.turn()) == pytest.approx(since + QUIET, abs=0.001)


def test_a_write_that_must_not_wait_goes_while_services_change(clock: Clock) -> None:
    paced = Pace()
    paced.changing()
    since = clock.now
    assert done(paced.turn(waits=False)) == pytest.approx(since, abs=0.001)


def test_services_that_never_rest_hold_writes_back_for_a_bounded_time(clock: Clock) -> None:
    paced = Pace()
    began = clock.now
    while paced.unrest() > 0 or clock.now == began:
        paced.changing()
        clock.now += QUIET / 2
    assert clock.now - began == pytest.approx(PATIENCE, abs=QUIET)
    clock.now += 2 * QUIET  # a gap: the next unrest is one of its own
    paced.changing()
    assert paced.unrest() == pytest.approx(QUIET)


class Server:
    """Takes every write."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def send(self, _method: str, _path: str, body: Any = None, *, content_type: str = "") -> None:
        del content_type
        self.bodies.append(dict(body))


def test_an_end_in_order_writes_what_waits_and_counts_repeats() -> None:
    """Changing Services hold normal events back and a repeat has its time; neither is lost when the process ends."""

    async def scene() -> list[dict[str, Any]]:
        server, paced = Server(), Pace()
        recorder = Recorder(server, "metallb-speaker", "node1", None, paced)  # type: ignore[arg-type]
        task = asyncio.ensure_future(recorder.run())
        about = Reference("v1", "Service", "default", "web")
        warning = Occasion(about, WARNING, "announceFailed", "nobody answers")
        paced.changing()
        recorder.say(Occasion(about, NORMAL, "nodeAssigned", "announced"))
        recorder.say(warning)
        while recorder.written == 0:
            await asyncio.sleep(0)
        recorder.say(warning)
        assert [body["type"] for body in server.bodies] == [WARNING]
        await recorder.flush(60.0)
        task.cancel()
        return server.bodies

    first, *rest = asyncio.run(scene())
    assert first["reason"] == "announceFailed"
    assert [body["reason"] for body in rest if "reason" in body] == ["nodeAssigned"]
    assert [body["count"] for body in rest if "reason" not in body] == [2]
