# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages, metrics text, log lines and signs of life."""

from __future__ import annotations

import asyncio
import socket
import uuid
from pathlib import Path

import pytest

from dualstack_speaker.observe import living, systemd
from dualstack_speaker.observe.config_file import ConfigError, Given
from dualstack_speaker.observe.http import PageServer, Unavailable
from dualstack_speaker.observe.logs import BURST, Log
from dualstack_speaker.observe.metrics import CONTENT_TYPE, Metric, render


def test_metrics_text_escapes_label_values() -> None:
    metric = Metric("m", "gauge", "a metric", [({"a": 'x"y\\z\n'}, 1), ({}, 2.5)])
    assert render([metric]) == '# HELP m a metric\n# TYPE m gauge\nm{a="x\\"y\\\\z\\n"} 1\nm 2.5\n'


def serve(host: str, *requests: bytes) -> list[bytes]:
    """The answers to raw requests, one connection each."""

    async def page() -> str:
        return "metrics here\n"

    async def broken() -> str:
        raise KeyError("ipv4")

    async def unready() -> str:
        raise Unavailable("pools: not listed\n")

    async def whole() -> list[bytes]:
        server = PageServer({"/metrics": page, "/readyz": unready, "/broken": broken}, CONTENT_TYPE)
        port = await server.start(host, 0)
        answers = []
        for request in requests:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request)
            answers.append(await asyncio.wait_for(reader.read(), 60))
            writer.close()
        server.close()
        return answers

    return asyncio.run(whole())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_page(host: str) -> None:
    (answer,) = serve(host, b"GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    head, body = answer.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/plain; version=0.0.4" in head
    assert b"Content-Length: 13" in head
    assert body == b"metrics here\n"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/1.1", b"404"),
        (b"POST /metrics HTTP/1.1", b"405"),
        (b"GET /metrics", b"400"),
        (b"GET /metrics SPDY/3", b"400"),
        (b"\xff\xfe", b"400"),
    ],
)
def test_other_requests_are_refused(request_line: bytes, status: bytes) -> None:
    (answer,) = serve("127.0.0.1", request_line + b"\r\n\r\n")
    assert answer.split(b" ")[1] == status


def test_a_page_that_is_unavailable_says_why() -> None:
    (answer,) = serve("127.0.0.1", b"GET /readyz HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert answer.endswith(b"\r\n\r\npools: not listed\n")


def test_a_page_that_is_broken_says_so() -> None:
    (answer,) = serve("127.0.0.1", b"GET /broken HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


@pytest.mark.parametrize(
    ("text", "expected"), [("0.0.0.0:8080", ("0.0.0.0", 8080)), ("[2001:db8::1]:0", ("2001:db8::1", 0))]
)
def test_a_listener_of_either_family(text: str, expected: tuple[str, int]) -> None:
    assert Given("x", {"health": text}, ["health"]).listener("health") == expected


@pytest.mark.parametrize("text", ["0.0.0.0", "example.net:80", "10.0.0.1:70000", "127.0.0.1:x", 8080, ":8080"])
def test_what_is_no_listener(text: object) -> None:
    with pytest.raises(ConfigError, match="x: health: "):
        Given("x", {"health": text}, ["health"]).listener("health")


def test_a_task_that_ends_ends_the_process() -> None:
    async def ends(error: Exception | None) -> None:
        if error:
            raise error

    async def whole(error: Exception | None) -> None:
        await living.until(asyncio.Event(), [asyncio.ensure_future(ends(error))])

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(whole(ValueError("broken")))
    with pytest.raises(RuntimeError, match="ended by itself"):
        asyncio.run(whole(None))


def test_a_callback_that_fails_ends_the_process() -> None:
    async def whole() -> None:
        failure = living.failure()
        asyncio.get_running_loop().call_soon(int, "no number")
        await living.until(asyncio.Event(), [failure])

    with pytest.raises(ValueError, match="no number"):
        asyncio.run(whole())


def test_head_has_no_body_and_an_endless_head_gets_nothing() -> None:
    head, endless, after = serve(
        "127.0.0.1", b"HEAD /metrics HTTP/1.1\r\n\r\n", b"x" * 100_000, b"GET /metrics HTTP/1.0\r\n\r\n"
    )
    assert head.endswith(b"\r\n\r\n") and b"Content-Length: 13" in head
    assert endless == b""
    assert after.endswith(b"metrics here\n")


def test_log_lines_quote_and_do_not_flood(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log("info", prefix=True)
    log.write("debug", "not this")
    log.write("error", "it failed", {"reason": 'no "route"', "none": None, "n": 5})
    for _unused in range(BURST + 5):
        log.write("info", "often")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == '<3>level=error event="it failed" reason="no \\"route\\"" n=5'
    assert len(lines) == 1 + BURST + 1
    assert 'more="left out' in lines[-1]


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_hears(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@dualstack-test-{uuid.uuid4()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        systemd.notify("READY=1")
        assert manager.recv(100) == b"READY=1"
    systemd.notify("WATCHDOG=1")  # nobody listens any more: no error


def test_the_watchdogs_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert systemd.watchdog_interval() is None
    monkeypatch.setenv("WATCHDOG_USEC", "15000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert systemd.watchdog_interval() == 7.5
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert systemd.watchdog_interval() is None
