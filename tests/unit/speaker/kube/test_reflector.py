# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists and watches against a server that fails in every way that servers and networks do."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from kube_following import TIMING, Following, Objects, following, until
from kube_server import FAMILIES, Request, Server, bookmark, event, kubeconfig, listed, pool, serving

from dualstack_speaker.kube import reflector
from dualstack_speaker.kube.query import Query
from dualstack_speaker.kube.reflector import Timing

POOLS = Query("IPAddressPool", "metallb-system")
SELECTED = Query("IPAddressPool", "metallb-system", field_selector="spec.kind=ours")
Scenario = Callable[[Following, Objects, Server], Awaitable[None]]


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(
    folder: Path,
    family: str,
    answer: Callable[[Request], None],
    scenario: Scenario,
    query: Query = POOLS,
    timing: Timing = TIMING,
) -> None:
    async def whole(server: Server) -> None:
        async with following(kubeconfig(folder / "kubeconfig", server.url), timing) as seen:
            sink = Objects()
            seen.source.watch(query, sink)
            await asyncio.wait_for(scenario(seen, sink, server), 60)

    with serving(family, answer) as server:
        asyncio.run(whole(server))


def quiet(request: Request) -> None:
    """A watch on which nothing happens."""
    request.stream()
    request.wait()


def test_pages_are_one_list(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        if request.watches:
            quiet(request)
        elif "continue" not in request.query:
            request.reply(listed(pool("a"), version=7, more="token"))
        else:
            request.reply(listed(pool("b"), version=7))

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: seen.source.loaded)
        assert sorted(sink.held) == ["a", "b"]
        await until(lambda: server.asked(watch="1", resourceVersion="7", allowWatchBookmarks="true"))
        assert server.asked(limit=str(TIMING.page), **{"continue": "token"}) == 1
        assert seen.batches == 1

    run(tmp_path, family, answer, scenario)


def test_pages_that_expire_are_asked_for_anew_and_then_all_at_once(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        if request.watches:
            quiet(request)
        elif "continue" in request.query:
            request.refuse(410, "Expired")
        elif "limit" in request.query:
            request.reply(listed(pool("a"), more="token"))
        else:
            request.reply(listed(pool("a"), pool("b")))

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: seen.source.loaded)
        assert sorted(sink.held) == ["a", "b"]
        assert not seen.source.findings()

    run(tmp_path, family, answer, scenario)


@pytest.mark.parametrize("way", ["status", "event"])
def test_what_is_too_old_is_listed_anew_and_only_then_what_is_missing_is_dropped(
    tmp_path: Path, family: str, way: str
) -> None:
    lists = iter([listed(pool("a"), pool("b"), version=5), listed(pool("b"), pool("c", 9), version=9)])
    gone = threading.Event()

    def answer(request: Request) -> None:
        if not request.watches:
            request.reply(next(lists))
        elif request.query["resourceVersion"] == "9":
            quiet(request)
        elif way == "status":
            gone.wait(60)
            request.refuse(410, "Expired", "too old resource version")
        else:
            request.stream()
            gone.wait(60)
            request.chunk(event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"}))
            request.wait()

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: seen.source.loaded)
        assert sorted(sink.held) == ["a", "b"]
        batches = seen.batches
        gone.set()
        await seen.until(lambda: "a" not in sink.held)
        assert sorted(sink.held) == ["b", "c"]
        assert seen.batches == batches + 1
        assert sink.log[-1] == "-a"

    run(tmp_path, family, answer, scenario)


def test_a_watch_goes_on_from_its_last_bookmark(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        version = request.query.get("resourceVersion", "")
        if not request.watches:
            request.reply(listed(pool("a"), version=1))
        elif version == "1":
            request.stream()
            request.chunk(event("ADDED", pool("b", 3)), bookmark(40))
            request.finish_stream()
        else:
            quiet(request)

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await until(lambda: server.asked(watch="1", resourceVersion="40"))
        await seen.until(lambda: "b" in sink.held)
        assert seen.source.watched[0].version == "40"
        assert sum("watch" not in query for _method, _path, query in server.seen) == 1

    run(tmp_path, family, answer, scenario)


@pytest.mark.parametrize("end", ["cut", "half a line", "no JSON", "no object", "garbage in chunks"])
def test_a_broken_watch_loses_nothing_and_repeats_nothing(tmp_path: Path, family: str, end: str) -> None:
    def answer(request: Request) -> None:
        version = request.query.get("resourceVersion", "")
        if not request.watches:
            request.reply(listed(pool("a"), version=1))
        elif version == "1":
            request.stream()
            request.chunk(event("ADDED", pool("b", 2)))
            if end == "half a line":
                request.chunk(b'{"type":"ADDED","object":{"metadata":{"na')
                request.finish_stream()
            elif end == "no JSON":
                request.chunk(event("MODIFIED", pool("b", 3)), b"}{\n")
            elif end == "no object":
                request.chunk(event("MODIFIED", pool("b", 3)), {"type": "ADDED"})
            elif end == "garbage in chunks":
                request.wfile.write(b"zz\r\nwhat\r\n")
                request.wfile.flush()
            request.cut()
        elif version in ("2", "3"):
            request.stream()
            request.chunk(event("ADDED", pool("c", 4)))
            request.wait()

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: "c" in sink.held)
        expected = "3" if end.startswith("no ") else "2"
        assert server.asked(watch="1", resourceVersion=expected) == 1
        assert sink.log == ["+a", "+b", *(["+b"] if expected == "3" else []), "+c"]
        assert sum("watch" not in query for _method, _path, query in server.seen) == 1

    run(tmp_path, family, answer, scenario)


def test_a_server_that_falls_silent_is_asked_anew(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        if not request.watches:
            request.reply(listed(pool("a"), version=1))
        elif server_seen(request) == 1:
            quiet(request)  # as after a cut without a reset: the connection stands, and nobody speaks
        else:
            request.stream()
            request.chunk(event("ADDED", pool("b", 2)))
            request.wait()

    def server_seen(request: Request) -> int:
        return request.server.asked(watch="1")

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: "b" in sink.held)
        assert sink.log == ["+a", "+b"]

    run(tmp_path, family, answer, scenario, timing=TIMING._replace(silence=0.2))


def test_nothing_goes_away_while_the_server_is_away_and_it_is_said_since_when(tmp_path: Path, family: str) -> None:
    gone = threading.Event()
    back = threading.Event()

    def answer(request: Request) -> None:
        if gone.is_set() and not back.is_set():
            request.cut()
        elif not request.watches:
            items = [pool("b", 5)] if back.is_set() else [pool("a"), pool("b")]
            request.reply(listed(*items, version=5 if back.is_set() else 1))
        elif back.is_set() and request.query["resourceVersion"] == "1":
            request.refuse(410, "Expired")
        else:
            request.stream()
            (request.wait if back.is_set() else gone.wait)()
            request.cut()

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: seen.source.loaded)
        gone.set()
        await seen.until(seen.source.findings)
        (finding,) = seen.source.findings()
        assert (finding.id, finding.severity, finding.path) == ("kubernetes-away", "warning", server.url)
        assert "does not answer since 20" in finding.reason
        assert sorted(sink.held) == ["a", "b"]
        assert seen.source.loaded
        log = len(sink.log)
        back.set()
        await seen.until(lambda: not seen.source.findings())
        assert sink.log[log:] == ["+b", "-a"]

    run(tmp_path, family, answer, scenario)


@pytest.mark.parametrize(
    ("status", "reason", "name", "words"),
    [
        (401, "Unauthorized", "kubernetes-credentials", "Renew the token"),
        (403, "Forbidden", "kubernetes-forbidden", "ipaddresspools.metallb.io in the namespace metallb-system"),
        (404, "NotFound", "kubernetes-kind", "Install the CustomResourceDefinition of ipaddresspools.metallb.io"),
        (500, "InternalError", "kubernetes-refused", "tried again"),
        (503, "ServiceUnavailable", "kubernetes-refused", "tried again"),
    ],
)
def test_a_refusal_is_told_with_its_fix_and_asked_again(
    tmp_path: Path, family: str, status: int, reason: str, name: str, words: str
) -> None:
    granted = threading.Event()

    def answer(request: Request) -> None:
        if not granted.is_set():
            request.refuse(status, reason, "User system:nobody cannot")
        elif request.watches:
            quiet(request)
        else:
            request.reply(listed(pool("a")))

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(seen.source.findings)
        (finding,) = seen.source.findings()
        assert (finding.id, finding.severity) == (name, "warning" if status >= 500 else "error")
        assert "User system:nobody cannot" in finding.reason
        assert words in finding.fix
        assert seen.source.loaded is (status == 404)
        assert seen.source.lost
        granted.set()
        await seen.until(lambda: "a" in sink.held and not seen.source.findings())
        assert seen.source.loaded
        assert not seen.source.lost

    run(tmp_path, family, answer, scenario)


def test_a_kind_that_disappears_keeps_its_objects(tmp_path: Path, family: str) -> None:
    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(seen.source.findings)
        assert sorted(sink.held) == ["a"]

    def once(request: Request) -> None:
        if request.watches:
            request.refuse(410, "Expired")
        elif len(request.server.seen) == 1:
            request.reply(listed(pool("a")))
        else:
            request.refuse(404, "NotFound", "the server could not find the requested resource")

    run(tmp_path, family, once, scenario)


def test_a_busy_server_is_given_the_time_that_it_asks_for(tmp_path: Path, family: str) -> None:
    asked: list[float] = []

    def answer(request: Request) -> None:
        if request.watches:
            quiet(request)
            return
        asked.append(time.monotonic())
        if len(asked) == 1:
            request.refuse(429, "TooManyRequests", "wait", {"Retry-After": "1"})
        else:
            request.reply(listed(pool("a")))

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: seen.source.loaded)
        assert asked[1] - asked[0] >= 1.0

    run(tmp_path, family, answer, scenario, timing=TIMING._replace(ceiling=30.0))


def test_an_older_server_does_not_know_a_field_and_the_selection_is_made_here(tmp_path: Path, family: str) -> None:
    ours, theirs = {"kind": "ours"}, {"kind": "theirs"}

    def answer(request: Request) -> None:
        if "fieldSelector" in request.query:
            request.refuse(400, "BadRequest", "field label not supported: spec.kind")
        elif request.watches:
            request.stream()
            request.chunk(event("ADDED", pool("c", 2, **theirs)), event("ADDED", pool("d", 3, **ours)))
            request.chunk(event("MODIFIED", pool("a", 4, **theirs)))
            request.wait()
        else:
            request.reply(listed(pool("a", **ours), pool("b", **theirs)))

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: "d" in sink.held and "a" not in sink.held)
        assert "+b" not in sink.log
        assert "+c" not in sink.log
        assert not seen.source.findings()

    run(tmp_path, family, answer, scenario, SELECTED)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"items": 7, "metadata": {"resourceVersion": "1"}}', b"{}"])
def test_a_list_that_is_none_changes_nothing(tmp_path: Path, family: str, body: bytes) -> None:
    good = threading.Event()

    def answer(request: Request) -> None:
        if request.watches:
            quiet(request)
        elif good.is_set():
            request.reply(listed(pool("a")))
        else:
            request.reply(body)

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(seen.source.findings)
        assert not seen.source.loaded
        good.set()
        await seen.until(lambda: "a" in sink.held)

    run(tmp_path, family, answer, scenario)


def test_a_list_that_breaks_off_drops_nothing(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        number = sum("watch" not in query for _method, _path, query in request.server.seen)
        if request.watches and request.query["resourceVersion"] == "1":
            request.refuse(410, "Expired")
        elif request.watches:
            quiet(request)
        elif number == 1:
            request.reply(listed(pool("a"), pool("b"), version=1))
        elif "continue" not in request.query:
            request.reply(listed(pool("b", 3), version=9, more="token"))
        elif number < 8:
            request.cut()
        else:
            request.reply(listed(pool("c", 3), version=9))

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: "c" in sink.held and "a" not in sink.held)
        assert sink.log.count("-a") == 1
        assert sink.log.index("-a") > sink.log.index("+c")

    run(tmp_path, family, answer, scenario)


def test_a_new_list_on_demand(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        if request.watches:
            quiet(request)
        else:
            request.reply(listed(pool("a"), version=len(request.server.seen)))

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: seen.source.loaded)
        watched = seen.source.watched[0]
        before = watched.listed_at
        await until(lambda: server.asked(watch="1"))
        watched.refresh()
        await seen.until(lambda: watched.listed_at > before)
        assert sink.log == ["+a", "+a"]

    run(tmp_path, family, answer, scenario)


class Hours:
    """The clocks of a reflector, moved on by what it waits."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.passed

    def time(self) -> float:
        return time.time() + self.passed


def test_an_hour_without_an_api_server(tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known stays; it is tried every half minute at most; then a list tells what has changed and gone."""
    clock, refused, back = Hours(), [], threading.Event()
    monkeypatch.setattr(reflector, "time", clock)

    def wait(self: reflector.Reflector, seconds: float) -> None:
        clock.passed += seconds
        if clock.passed >= 3600:
            back.set()

    monkeypatch.setattr(reflector.Reflector, "_wait", wait)

    def answer(request: Request) -> None:
        if back.is_set() and not request.watches:
            request.reply(listed(pool("b"), pool("c", 9), version=9))
        elif back.is_set():
            quiet(request)
        elif not request.watches and not refused:
            request.reply(listed(pool("a"), pool("b"), version=5))
        else:
            refused.append(clock.passed)
            request.refuse(503, "ServiceUnavailable", "the API server is away")

    async def scenario(seen: Following, sink: Objects, server: Server) -> None:
        await seen.until(lambda: sorted(sink.held) == ["b", "c"] and not seen.source.findings())

    run(tmp_path, family, answer, scenario, timing=Timing())
    assert refused[-1] < 3600 <= clock.passed
    gaps = [after - before for before, after in zip(refused, refused[1:])]
    assert max(gaps) <= Timing().ceiling and 100 <= len(refused) <= 400
