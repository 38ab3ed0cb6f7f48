# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``vip_probe`` against real servers on loopback, in both families."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.modules import vip_probe as module

LOOPBACK = {"ipv4": "127.0.0.1", "ipv6": "::1"}
FAMILY = pytest.mark.parametrize("family", list(LOOPBACK))
Answer = Callable[[int, bytes], "bytes | None"]


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    with patch_module_args({"timeout": 60, **arguments}), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


class Server:
    """Answers each connection with what ``answer`` makes of (its number from 0, the request); None: says nothing."""

    def __init__(self, family: str, answer: Answer) -> None:
        self.requests: list[bytes] = []
        self.sources: list[int] = []
        self._answer = answer
        self._silent: list[socket.socket] = []
        kind = socket.AF_INET6 if family == "ipv6" else socket.AF_INET
        self._listener = socket.socket(kind, socket.SOCK_STREAM)
        self._listener.bind((LOOPBACK[family], 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, source = self._listener.accept()
            if source[1] == self._last:
                connection.close()
                return
            request = connection.recv(4096)
            answer = self._answer(len(self.requests), request)
            self.sources.append(source[1])
            self.requests.append(request)
            if answer is None:
                self._silent.append(connection)
                continue
            connection.sendall(answer)
            connection.close()

    _last = -1

    def close(self) -> None:
        with socket.socket(self._listener.family, socket.SOCK_STREAM) as last:
            last.bind((self._listener.getsockname()[0], 0))
            self._last = last.getsockname()[1]
            last.connect(self._listener.getsockname()[:2])
            self._thread.join()
        for connection in (*self._silent, self._listener):
            connection.close()


@contextmanager
def server(family: str, answer: Answer) -> Iterator[Server]:
    served = Server(family, answer)
    try:
        yield served
    finally:
        served.close()


def http(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.0 " + status + b"\r\nContent-Type: text/plain\r\n\r\n" + body


@FAMILY
def test_flows_come_from_ports_of_their_own_and_name_their_nodes(
    family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    vip = LOOPBACK[family]
    with server(family, lambda number, _request: http(b"node=node%d\nfamily=x\n" % (1 + (number == 0)))) as served:
        result = run(capsys, probes=[{"vip": vip, "port": served.port}], flows=6)
    probe = result["probes"][vip]
    assert probe["ok"] and probe["detail"] == "6 of 6 flows answered, HTTP 200"
    assert probe["nodes"] == {"node1": 5, "node2": 1} and probe["node"] == "node1" and probe["ms"] >= 0
    assert len(set(served.sources)) == 6
    host = f"[{vip}]" if family == "ipv6" else vip
    assert all(request.startswith(b"GET / HTTP/1.0\r\n") for request in served.requests)
    assert all(f"Host: {host}:{served.port}\r\n".encode() in request for request in served.requests)
    assert result["changed"] is False and result["neighbours"] == {}


def test_both_families_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        server("ipv4", lambda *_unused: http(b"node=four")) as four,
        server("ipv6", lambda *_unused: http(b"node=six")) as six,
    ):
        probes = [{"vip": LOOPBACK["ipv4"], "port": four.port}, {"vip": LOOPBACK["ipv6"], "port": six.port}]
        result = run(capsys, probes=probes, flows=1)["probes"]
    assert {vip: probe["node"] for vip, probe in result.items()} == {"127.0.0.1": "four", "::1": "six"}


@FAMILY
def test_an_error_status_is_an_answer_and_a_body_without_a_node_names_none(
    family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    vip = LOOPBACK[family]
    with server(family, lambda *_unused: http(b"<h1>not here</h1>\nnodes=3\n", b"404 Not Found")) as served:
        probe = run(capsys, probes=[{"vip": vip, "port": served.port}], flows=2)["probes"][vip]
    assert probe["ok"] and probe["node"] == "" and probe["nodes"] == {} and "HTTP 404" in probe["detail"]


@FAMILY
def test_nobody_listens(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    vip = LOOPBACK[family]
    with socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET) as taken:
        taken.bind((vip, 0))  # but does not listen
        probe = run(capsys, probes=[{"vip": vip, "port": taken.getsockname()[1]}], flows=3)["probes"][vip]
    assert not probe["ok"] and probe["node"] == "" and probe["ms"] is None
    assert probe["detail"] == "0 of 3 flows answered, connect: Connection refused"


@FAMILY
@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (lambda *_unused: b"SSH-2.0-OpenSSH_9.2\r\n", "the reply is not HTTP"),
        (lambda *_unused: b"", "connected, but no reply"),
        (lambda *_unused: None, "connected, then: nothing within 0.1 s"),
    ],
)
def test_a_connection_alone_is_no_answer_unless_that_is_asked_for(
    answer: Answer, detail: str, family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    vip = LOOPBACK[family]
    with server(family, answer) as served:
        probes = [{"vip": vip, "port": served.port}]
        patience = {"timeout": 0.1} if answer(0, b"") is None else {}
        probe = run(capsys, probes=probes, flows=1, retries=0, **patience)["probes"][vip]
        assert not probe["ok"] and detail in probe["detail"]
        plain = run(capsys, probes=probes, flows=1, http=False)["probes"][vip]
        assert plain["ok"] and plain["detail"] == "1 of 1 flows answered, TCP connection accepted"


@FAMILY
def test_one_flow_that_fails_fails_the_probe(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    vip = LOOPBACK[family]
    with server(family, lambda number, _request: http(b"node=node1") if number else b"") as served:
        probe = run(capsys, probes=[{"vip": vip, "port": served.port}], flows=3, retries=0)["probes"][vip]
    assert not probe["ok"] and probe["nodes"] == {"node1": 2}
    assert probe["detail"] == "2 of 3 flows answered, HTTP 200, connected, but no reply"


@FAMILY
def test_a_flow_is_tried_again(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    vip = LOOPBACK[family]
    with server(family, lambda number, _request: http(b"node=node1") if number >= 2 else b"") as served:
        probe = run(capsys, probes=[{"vip": vip, "port": served.port}], flows=1, retries=2)["probes"][vip]
        assert probe["ok"] and len(served.requests) == 3


@pytest.mark.parametrize(("option", "value"), [("flows", 0), ("retries", -1)])
def test_numbers_that_make_no_sense(option: str, value: int, capsys: pytest.CaptureFixture[str]) -> None:
    failed = run(capsys, probes=[], **{option: value})
    assert failed["failed"] and option in failed["msg"]


def test_nothing_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, _ansible_check_mode=True)
    assert (result["probes"], result["neighbours"], result["changed"]) == ({}, {}, False)
