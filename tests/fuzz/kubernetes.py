# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server answers, octets on the wire: lists, watches, refusals; and the kubeconfig that leads to it.

The thread that follows a query must outlive every answer, and nothing of an answer that can't be read may take objects
away that are there: only a list that is whole does. Errors of a kubeconfig name the file and no secret.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from fuzz import mutate, resources
from fuzz.engine import Step
from fuzz.strict_bgp import Wrong, need

from dualstack.resources import modes
from dualstack.resources.collection import Collection
from dualstack_speaker.kube import settings
from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import Client
from dualstack_speaker.kube.errors import SettingsError
from dualstack_speaker.kube.query import Query
from dualstack_speaker.kube.reflector import Reflector, Timing
from dualstack_speaker.sources.kubernetes import Watched

SECRET = resources.SECRET


class _Socket:
    """What ``http.client`` needs to read an answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        need(mode == "rb", "how an answer is read")
        return io.BytesIO(self._data)


def answer(data: bytes) -> http.client.HTTPResponse:
    """An answer as it is read off a connection. Raises as ``http.client`` does."""
    response = http.client.HTTPResponse(_Socket(data), method="GET")  # type: ignore[arg-type]
    response.begin()
    return response


class _Now:
    """An inbox whose loop is this thread."""

    def post(self, weight: int, function: Callable[..., object], *arguments: Any) -> None:
        need(weight >= 0, "the weight of a call")
        try:
            function(*arguments)
        except Exception as error:
            raise Wrong(f"the loop fails with {type(error).__name__}: {error}") from error


class _Script(Reflector):
    """The thread without its thread: answers come from a script, waits are none."""

    def __init__(self, client: Client, query: Query, receiver: Watched) -> None:
        super().__init__(client, query, receiver, _Now(), lambda: 0.0, Timing())  # type: ignore[arg-type]
        self.script: list[bytes] = []

    def _ask(self, parameters: dict[str, str]) -> tuple[http.client.HTTPResponse, float]:
        need(urlencode(parameters) is not None, "what is asked for")
        if not self.script:
            raise ConnectionResetError("the script is over")
        return answer(self.script.pop(0)), float("inf")

    def _wait(self, seconds: float) -> None:
        need(0 <= seconds <= 120, f"a wait of {seconds} s")


def _http(code: int, body: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.5:
        size = len(body) + chance.choice((0, 0, 0, 0, 1, -1))
        return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (code, max(0, size), body)
    chunks = b""
    while body:
        size = chance.choice((1, 50, 4000, 70000))
        piece, body = body[:size], body[size:]
        chunks += b"%x\r\n%s\r\n" % (len(piece), piece)
    return b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n" % (code, chunks)


def _object(chance: random.Random) -> Any:
    given = (
        resources.tree(chance) if chance.random() < 0.6 else json.loads(json.dumps(chance.choice(resources.OBJECTS)))
    )
    if isinstance(given, dict) and isinstance(given.get("metadata"), dict) and chance.random() < 0.95:
        given["metadata"]["resourceVersion"] = str(chance.randrange(1000))
    return given


def _list(chance: random.Random) -> Any:
    metadata = {"resourceVersion": str(chance.randrange(1000))}
    if chance.random() < 0.2:
        metadata["continue"] = "more"
    value = {"kind": "List", "metadata": metadata, "items": [_object(chance) for _unused in range(chance.randrange(4))]}
    return mutate.mutate_tree(chance, value) if chance.random() < 0.2 else value


def _line(chance: random.Random) -> bytes:
    kind = chance.choice(("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "ADDED"))
    given: Any = _object(chance)
    if kind == "ERROR":
        given = {"kind": "Status", "code": chance.choice((410, 500, 429, 0)), "message": "expired", "reason": "Expired"}
    value: Any = {"type": kind, "object": given}
    if chance.random() < 0.2:
        value = mutate.mutate_tree(chance, value)
    text = json.dumps(value).encode()
    if chance.random() < 0.1:
        text = mutate.mutate(chance, text)
    if chance.random() < 0.02:
        text = b'{"type":' * chance.choice((10, 1000, 5000))
    return text.replace(b"\n", b" ") + (b"\n" if chance.random() < 0.97 else b"")


def _said(chance: random.Random) -> bytes:
    """One answer."""
    kind = chance.randrange(10)
    if kind < 4:
        data = _http(200, json.dumps(_list(chance)).encode(), chance)
    elif kind < 8:
        data = _http(200, b"".join(_line(chance) for _unused in range(chance.randrange(5))), chance)
    elif kind == 8:
        status = {
            "kind": "Status",
            "reason": "Gone",
            "message": "m",
            "details": {"retryAfterSeconds": chance.choice(mutate.ODD)},
        }
        if chance.random() < 0.5:
            status = mutate.mutate_tree(chance, status)
        data = _http(chance.choice((300, 400, 401, 403, 404, 410, 429, 500, 503)), json.dumps(status).encode(), chance)
    else:
        data = mutate.octets(chance, 80)
    return mutate.mutate(chance, data) if chance.random() < 0.15 else data


class Watching:
    """The fuzzer of lists and watches."""

    name = "watch"
    packages = ("kube/reflector.py", "kube/client.py", "kube/decoding.py", "sources/kubernetes.py")
    slack = 3_000_000  # octets: the objects of the collection, patterns, interned names

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin", chance.choice(("Service", "BGPPeer", "Node", "IPAddressPool", "Secret"))]]
        for _unused in range(chance.randint(1, 8)):
            steps.append(["answers", [_said(chance).hex() for _again in range(chance.choice((1, 2, 2, 3)))]])
        return steps

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        thread: _Script | None = None
        collection = Collection(modes.speaker)
        for verb, argument in steps:
            if verb == "begin":
                query = Query(argument)
                watched = Watched(query, collection, lambda watched: None, True)
                thread = _Script(Client(Access("/nonexistent/kubeconfig")), query, watched)
            elif thread is not None:
                thread.script = [bytes.fromhex(text) for text in argument]
                size = sum(map(len, thread.script))
                for _unused in range(len(argument)):
                    thread._step()
                resources.holds(collection.resources())
                yield size


_CLUSTER = {"server": "https://[2001:db8::10]:6443", "certificate-authority-data": "QUJD"}
_USER = {"token": SECRET, "client-certificate-data": "QUJD", "client-key-data": "czNjcmV0"}
_PLAIN_CLUSTER = {"server": "http://192.0.2.10/prefix/", "certificate-authority": "ca.crt"}
_FILES_OF_USER = {"tokenFile": "token", "client-certificate": "/x.crt", "client-key": "x.key"}


def _kubeconfig(cluster: dict[str, str], user: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    }


KUBECONFIGS = (_kubeconfig(_CLUSTER, _USER), _kubeconfig(_PLAIN_CLUSTER, _FILES_OF_USER))
_URLS = (
    "https://", "http://[::1", "https://a:99999", "https://a:b", "https://a:-1", "ftp://a", "//a", "https://[fe80::1%25eth0]:1",
    "https://\u0130", "https://a\u2100b", "https://user:s3cret@host", "\u0000", "https://[v1.x]:1",
)  # fmt: skip


class Kubeconfig:
    """The fuzzer of the file that says where the API server is and who we are."""

    name = "kubeconfig"
    packages = ("kube/settings.py",)
    slack = 1_500_000  # octets: patterns, caches of URLs and encodings

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dualstack-fuzz-")

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(1, 10)):
            value: Any = json.loads(json.dumps(chance.choice(KUBECONFIGS)))
            kind = chance.randrange(6)
            if kind < 3:
                value = mutate.mutate_tree(chance, value)
            elif kind == 3:
                value["clusters"][0]["cluster"]["server"] = chance.choice(_URLS)
            data = json.dumps(value).encode()
            if kind == 4:
                data = mutate.mutate(chance, data)
            elif kind == 5:
                data = chance.choice((b"", b"{" * 5000, b'{"a":' * 3000, mutate.octets(chance, 100)))
            steps.append(["read", data.hex()])
        return steps

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        path = os.path.join(self._folder.name, "kubeconfig")
        for verb, *arguments in steps:
            if verb != "read":
                continue
            data = bytes.fromhex(arguments[0])
            with open(path, "wb") as file:
                file.write(data)
            try:
                found = settings.from_file(path)
            except SettingsError as error:
                need(str(error).startswith(path) and SECRET not in str(error), "an error names the file and no secret")
            else:
                need(found.host and 0 < found.port < 65536 and SECRET not in repr(found), "where and how")
                need(all(os.path.isabs(name) for name in found.files), "paths are whole")
            yield len(data)
