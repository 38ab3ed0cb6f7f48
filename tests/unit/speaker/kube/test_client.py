# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single requests: what is tried again and what never is, what is told of a failure, TLS and credentials."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kube_server import FAMILIES, Request, kubeconfig, serving

from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import MERGE_PATCH, Client
from dualstack_speaker.kube.errors import ApiError, Unreachable

if TYPE_CHECKING:
    from cluster.pki import Pki

PATH = "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def echo(request: Request) -> None:
    request.reply(
        {
            "method": request.command,
            "path": request.route,
            "query": request.query,
            "body": request.body,
            "type": request.headers.get("Content-Type"),
            "token": request.headers.get("Authorization"),
            "port": request.client_address[1],
        }
    )


def client(path: str) -> Client:
    return Client(Access(path))


def test_requests_of_all_kinds_on_one_connection(tmp_path: Path, family: str) -> None:
    with serving(family, echo) as server:
        asking = client(kubeconfig(tmp_path / "k", server.url, {"token": "t0ken"}))
        ports = set()
        for method, body in (("GET", None), ("POST", {"a": 1}), ("PATCH", {"b": None}), ("PUT", {}), ("DELETE", None)):
            answer = asking.request(method, PATH, body, query={"fieldSelector": "a=b"}, content_type=MERGE_PATCH)
            assert answer.status == 200
            assert (answer.body["method"], answer.body["path"], answer.body["body"]) == (method, PATH, body)
            assert answer.body["query"] == {"fieldSelector": "a=b"}
            assert answer.body["type"] == (None if body is None else MERGE_PATCH)
            assert answer.body["token"] == "Bearer t0ken"
            ports.add(answer.body["port"])
        assert len(ports) == 1
        asking.close()


def test_a_refusal_has_the_fields_of_the_status_object(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        details = {"retryAfterSeconds": 7}
        request.reply({"reason": "Conflict", "message": "the object has been modified", "details": details}, 409)

    with serving(family, answer) as server:
        with pytest.raises(ApiError) as caught:
            client(kubeconfig(tmp_path / "k", server.url)).request("PUT", PATH, {})
        error = caught.value
        assert (error.status, error.reason, error.retry_after) == (409, "Conflict", 7.0)
        assert error.message == "the object has been modified"


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"[]"])
def test_a_refusal_by_somebody_else_is_one_as_well(tmp_path: Path, family: str, body: bytes) -> None:
    with serving(family, lambda request: request.reply(body, 502, {"Retry-After": "soon"})) as server:
        with pytest.raises(ApiError) as caught:
            client(kubeconfig(tmp_path / "k", server.url)).request("GET", PATH)
        error = caught.value
        assert (error.status, error.reason, error.message, error.retry_after) == (
            502,
            "Bad Gateway",
            "Bad Gateway",
            None,
        )


def test_a_new_token_is_used_after_a_refusal(tmp_path: Path, family: str) -> None:
    def answer(request: Request) -> None:
        if request.headers.get("Authorization") == "Bearer new":
            echo(request)
            return
        stale = token.stat()
        token.write_text("new", encoding="ascii")
        os.utime(token, ns=(stale.st_atime_ns, stale.st_mtime_ns))  # as if nothing had changed
        request.refuse(401, "Unauthorized")

    token = tmp_path / "token"
    token.write_text("old", encoding="ascii")
    with serving(family, answer) as server:
        asking = client(kubeconfig(tmp_path / "k", server.url, {"tokenFile": str(token)}))
        assert asking.request("POST", PATH, {"a": 1}).body["token"] == "Bearer new"
        assert [entry[0] for entry in server.seen] == ["POST", "POST"]


def test_a_refused_token_is_refused_in_the_end(tmp_path: Path, family: str) -> None:
    with serving(family, lambda request: request.refuse(401, "Unauthorized", "nobody")) as server:
        with pytest.raises(ApiError, match="401 Unauthorized: nobody") as caught:
            client(kubeconfig(tmp_path / "k", server.url, {"token": "s3cret"})).request("GET", PATH)
        assert "s3cret" not in repr(caught.value)
        assert len(server.seen) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_without_an_answer_is_never_tried_again(tmp_path: Path, family: str, method: str) -> None:
    with serving(family, Request.cut) as server:
        with pytest.raises(Unreachable) as caught:
            client(kubeconfig(tmp_path / "k", server.url)).request(method, PATH, {})
        assert caught.value.sent
        assert len(server.seen) == 1


def test_a_kept_connection_that_the_server_has_closed_is_made_anew_before_a_write(tmp_path: Path, family: str) -> None:
    closed = threading.Event()

    def answer(request: Request) -> None:
        echo(request)
        request.cut()
        closed.set()

    with serving(family, answer) as server:
        asking = client(kubeconfig(tmp_path / "k", server.url))
        first = asking.request("POST", PATH, {"a": 1}).body["port"]
        assert closed.wait(60)
        assert asking.request("POST", PATH, {"a": 2}).body["port"] != first


@pytest.mark.parametrize(
    "ending", [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"HTTP/1.1 2", b"SSH-2.0-x\r\n", b"\0" * 70000]
)
def test_half_an_answer_is_none(tmp_path: Path, family: str, ending: bytes) -> None:
    def answer(request: Request) -> None:
        request.wfile.write(ending)
        request.cut()

    with serving(family, answer) as server, pytest.raises(Unreachable) as caught:
        client(kubeconfig(tmp_path / "k", server.url)).request("POST", PATH, {})
    assert caught.value.sent
    assert caught.value.strerror


@pytest.mark.parametrize("head", [True, False])
def test_the_whole_request_has_one_deadline(tmp_path: Path, family: str, head: bool) -> None:
    """A server that sends an octet now and then keeps every single read alive: the deadline is for the whole."""

    def answer(request: Request) -> None:
        if not head:
            request.stream()
            while not request.server.closing.wait(0.02):
                request.chunk(b" ")
        request.wait()

    with serving(family, answer) as server:
        with pytest.raises(Unreachable, match="in time") as caught:
            client(kubeconfig(tmp_path / "k", server.url)).request("PUT", PATH, {}, timeout=0.3)
        assert caught.value.sent


def test_nobody_listens(tmp_path: Path, family: str) -> None:
    host, number = FAMILIES[family]
    with socket.socket(number) as taken:
        taken.bind((host, 0))
        bare = f"[{host}]" if ":" in host else host
        url = f"http://{bare}:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match="Connection refused") as caught:
            client(kubeconfig(tmp_path / "k", url)).request("PUT", PATH, {})
        assert not caught.value.sent


def test_a_guard_is_asked_last(tmp_path: Path, family: str) -> None:
    class TooLate(Exception):
        pass

    def guard() -> None:
        raise TooLate

    with serving(family, echo) as server:
        asking = client(kubeconfig(tmp_path / "k", server.url))
        with pytest.raises(TooLate):
            asking.request("PUT", PATH, {}, guard=guard)
        assert server.seen == []
        assert asking.request("PUT", PATH, {}, guard=lambda: None).status == 200


def test_requests_of_a_loop_do_not_hold_it_up(tmp_path: Path, family: str) -> None:
    together = threading.Barrier(3)

    def answer(request: Request) -> None:
        together.wait(60)
        echo(request)

    async def ask(path: str) -> None:
        asking = client(path)
        waiting = [asyncio.ensure_future(asking.send("POST", PATH, {"n": n})) for n in range(2)]
        while together.n_waiting < 2:
            await asyncio.sleep(0.005)
        await asyncio.get_running_loop().run_in_executor(None, together.wait, 60)
        answers = await asyncio.gather(*waiting)
        assert [entry.body["body"]["n"] for entry in answers] == [0, 1]
        asking.close()

    with serving(family, answer) as server:
        asyncio.run(ask(kubeconfig(tmp_path / "k", server.url)))


def test_closing_ends_requests_under_way(tmp_path: Path, family: str) -> None:
    async def ask(path: str, seen: list[object]) -> None:
        asking = client(path)
        waiting = asyncio.ensure_future(asking.send("GET", PATH, timeout=600))
        while not seen:
            await asyncio.sleep(0.005)
        asking.close()
        with pytest.raises(Unreachable):
            await asyncio.wait_for(waiting, 60)

    with serving(family, Request.wait) as server:
        asyncio.run(ask(kubeconfig(tmp_path / "k", server.url), server.seen))


def secured(pki: Pki, names: list[str], clients: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.server(names))
    if clients:
        context.load_verify_locations(pki.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_the_certificate_must_be_signed_and_bear_the_name(tmp_path: Path, family: str, pki: Pki) -> None:
    host = FAMILIES[family][0]
    ca = {"certificate-authority": str(pki.ca)}
    with serving(family, echo, secured(pki, [host])) as server:
        assert client(kubeconfig(tmp_path / "good", server.url, **ca)).request("GET", PATH).status == 200
        named = {**ca, "tls-server-name": "kubernetes.default.svc"}
        assert client(kubeconfig(tmp_path / "named", server.url, **named)).request("GET", PATH).status == 200
        for name, cluster in (("unknown", {}), ("other", {**ca, "tls-server-name": "other.example.com"})):
            with pytest.raises(Unreachable, match="its certificate is refused") as caught:
                client(kubeconfig(tmp_path / name, server.url, **cluster)).request("PUT", PATH, {})
            assert not caught.value.sent


def test_a_renewed_client_certificate_is_taken_up_by_itself(tmp_path: Path, family: str, pki: Pki) -> None:
    def answer(request: Request) -> None:
        peer = request.connection.getpeercert()  # type: ignore[attr-defined]
        request.reply({"serial": peer["serialNumber"]})

    certificate, key = pki.client("node1")
    credentials = {"client-certificate": str(certificate), "client-key": str(key)}
    with serving(family, answer, secured(pki, [FAMILIES[family][0]], clients=True)) as server:
        path = kubeconfig(tmp_path / "k", server.url, credentials, **{"certificate-authority": str(pki.ca)})
        asking = client(path)
        first = asking.request("GET", PATH).body["serial"]
        assert asking.request("GET", PATH).body["serial"] == first
        pki.client("node1")
        assert asking.request("GET", PATH).body["serial"] != first


def test_a_pair_in_the_kubeconfig_itself(tmp_path: Path, family: str, pki: Pki) -> None:
    certificate, key = pki.client("node2")
    user = {
        "client-certificate-data": base64.b64encode(certificate.read_bytes()).decode(),
        "client-key-data": base64.b64encode(key.read_bytes()).decode(),
    }
    ca = {"certificate-authority-data": base64.b64encode(pki.ca.read_bytes()).decode()}
    with serving(family, echo, secured(pki, [FAMILIES[family][0]], clients=True)) as server:
        assert client(kubeconfig(tmp_path / "k", server.url, user, **ca)).request("GET", PATH).status == 200
