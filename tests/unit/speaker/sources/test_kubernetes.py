# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several queries as one source: when it is told that there is something new, and what goes when a query ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from kube_following import Following, Objects, following, until
from kube_server import FAMILIES, Request, Server, event, kubeconfig, listed, pool, serving

from dualstack_speaker.kube.query import Query
from dualstack_speaker.sources import kubernetes

POOLS = Query("IPAddressPool", "metallb-system")
OTHERS = Query("L2Advertisement", "metallb-system")
Scenario = Callable[[Following, Server], Awaitable[None]]


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(folder: Path, family: str, answer: Callable[[Request], None], scenario: Scenario) -> None:
    async def whole(server: Server) -> None:
        async with following(kubeconfig(folder / "k", server.url)) as seen:
            await asyncio.wait_for(scenario(seen, server), 60)

    with serving(family, answer) as server:
        asyncio.run(whole(server))


def slow(gate: threading.Event) -> Callable[[Request], None]:
    """L2Advertisements are told once the gate is open, all else at once."""

    def answer(request: Request) -> None:
        if request.watches:
            request.stream()
            request.wait()
        else:
            if request.route.endswith("l2advertisements"):
                gate.wait(60)
            request.reply(listed(pool(f"of-{request.route.rsplit('/', 1)[1]}")))

    return answer


def test_the_first_news_is_of_all_queries(tmp_path: Path, family: str) -> None:
    gate = threading.Event()

    async def scenario(seen: Following, server: Server) -> None:
        sink = Objects()
        pools, _others = seen.source.watch(POOLS, sink), seen.source.watch(OTHERS, sink)
        await until(lambda: pools.loaded)
        assert seen.batches == 0
        assert not seen.source.loaded
        gate.set()
        await seen.until(lambda: seen.source.loaded)
        assert sorted(sink.held) == ["of-ipaddresspools", "of-l2advertisements"]
        assert seen.batches == 1

    run(tmp_path, family, slow(gate), scenario)


def test_nobody_waits_for_ever(tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "PATIENCE", 0.1)
    gate = threading.Event()

    async def scenario(seen: Following, server: Server) -> None:
        sink = Objects()
        seen.source.watch(POOLS, sink)
        seen.source.watch(OTHERS, sink)
        await seen.until(lambda: sink.held and seen.source.settled)
        assert not seen.source.loaded
        gate.set()
        await seen.until(lambda: seen.source.loaded)

    run(tmp_path, family, slow(gate), scenario)


def test_a_query_that_is_added_is_waited_for_and_what_it_brought_goes_with_it(tmp_path: Path, family: str) -> None:
    gate = threading.Event()

    async def scenario(seen: Following, server: Server) -> None:
        sink = Objects()
        seen.source.watch(POOLS, sink)
        await seen.until(lambda: seen.source.loaded and seen.source.settled)
        added = seen.source.watch(OTHERS, sink)
        assert seen.source.watch(OTHERS, sink) is added
        assert seen.source.follows(OTHERS) is added
        assert seen.source.loaded
        assert not seen.source.settled
        assert seen.source.lost
        gate.set()
        await seen.until(lambda: added.loaded)
        assert seen.source.settled
        assert not seen.source.lost
        seen.source.unwatch(OTHERS)
        assert sorted(sink.held) == ["of-ipaddresspools"]
        assert seen.source.follows(OTHERS) is None

    run(tmp_path, family, slow(gate), scenario)


def test_what_others_ask_for_may_be_refused_before_all_else_is_there(tmp_path: Path, family: str) -> None:
    """A Secret of a BGPPeer that may not be read, named by a peer that was listed before other kinds were."""
    gate = threading.Event()

    def answer(request: Request) -> None:
        if request.route.endswith("l2advertisements"):
            request.reply({"reason": "Forbidden"}, 403)
        else:
            slow_pools(request)

    def slow_pools(request: Request) -> None:
        if request.watches:
            request.stream()
            request.wait()
        else:
            gate.wait(60)
            request.reply(listed(pool("late")))

    async def scenario(seen: Following, server: Server) -> None:
        refused = seen.source.watch(OTHERS, Objects(), needed=False)
        pools = seen.source.watch(POOLS, Objects())
        await until(lambda: refused.trouble is not None)
        assert not seen.source.loaded
        gate.set()
        await seen.until(lambda: pools.loaded and seen.source.loaded)
        assert seen.source.settled and seen.source.lost
        assert [finding.id for finding in seen.source.findings()] == ["kubernetes-forbidden"]

    run(tmp_path, family, answer, scenario)


def test_one_finding_for_a_server_that_answers_nobody(tmp_path: Path, family: str) -> None:
    async def scenario(seen: Following, server: Server) -> None:
        for query in (POOLS, OTHERS):
            seen.source.watch(query, Objects())
        await seen.until(lambda: all(watched.away for watched in seen.source.watched))
        assert [finding.id for finding in seen.source.findings()] == ["kubernetes-away"]

    run(tmp_path, family, Request.cut, scenario)


def test_credentials_that_nobody_knows_are_told_once(tmp_path: Path, family: str) -> None:
    async def scenario(seen: Following, server: Server) -> None:
        for query in (POOLS, OTHERS):
            seen.source.watch(query, Objects())
        await seen.until(lambda: all(watched.trouble is not None for watched in seen.source.watched))
        (finding,) = seen.source.findings()
        assert finding.id == "kubernetes-credentials" and finding.path.endswith(" and 1 more")

    run(tmp_path, family, lambda request: request.refuse(401, "Unauthorized"), scenario)


def test_a_file_that_is_missing_is_told_once_and_as_such(tmp_path: Path, family: str) -> None:
    async def scenario(seen: Following, server: Server) -> None:
        (tmp_path / "k").unlink()
        for query in (POOLS, OTHERS):
            seen.source.watch(query, Objects())
        await seen.until(lambda: all(watched.away for watched in seen.source.watched))
        (finding,) = seen.source.findings()
        assert (finding.id, finding.path) == ("kubernetes-credentials", str(tmp_path / "k"))
        assert server.seen == []

    run(tmp_path, family, Request.cut, scenario)


def test_many_events_are_few_news(tmp_path: Path, family: str) -> None:
    """They wait in the stream while the loop is busy, and are taken over together."""
    begin = threading.Event()

    def answer(request: Request) -> None:
        if not request.watches:
            request.reply(listed())
            return
        request.stream()
        begin.wait(60)
        request.chunk(*[event("ADDED", pool(f"p{number}", number + 2)) for number in range(200)])
        request.wait()

    async def scenario(seen: Following, server: Server) -> None:
        sink = Objects()
        seen.source.watch(POOLS, sink)
        await seen.until(lambda: seen.source.loaded)
        before = seen.batches
        begin.set()
        await seen.until(lambda: len(sink.held) == 200)
        assert seen.batches - before < 200

    run(tmp_path, family, answer, scenario)
