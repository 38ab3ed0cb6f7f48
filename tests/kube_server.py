# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that does what a test tells it, over real sockets: for the faults that a real one shows too seldom."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
FAMILIES = {"ipv4": ("127.0.0.1", socket.AF_INET), "ipv6": ("::1", socket.AF_INET6)}


class Request(BaseHTTPRequestHandler):
    """One request, with the answers that a test may give."""

    protocol_version = "HTTP/1.1"
    server: Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True  # the client went away, or the test cut the connection

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def do_any(self) -> None:
        parts = urlsplit(self.path)
        self.route = parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("Content-Length", 0))
        self.body = json.loads(self.rfile.read(length)) if length else None
        self.server.seen.append((self.command, self.route, self.query))
        self.server.answer(self)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_any

    @property
    def watches(self) -> bool:
        """Whether it is a watch."""
        return "watch" in self.query

    def reply(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer; ``body``: an object, or octets as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, reason: str, message: str = "no", headers: Mapping[str, str] | None = None) -> None:
        """An answer with a Status object."""
        self.reply({"kind": "Status", "code": status, "reason": reason, "message": message}, status, headers)

    def stream(self) -> None:
        """Begins an answer in chunks."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, *events: Any) -> None:
        """Events, a line each; octets as they are."""
        content = b"".join(
            event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n" for event in events
        )
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def finish_stream(self) -> None:
        """Ends the chunks in order."""
        self.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Ends the connection, whatever was promised."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def wait(self) -> None:
        """Says nothing more until the client or the test goes away."""
        self.server.closing.wait()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest shows what failed."""


class Server(ThreadingHTTPServer):
    """``answer`` is called for every request, in a thread of its own; ``seen``: all requests so far."""

    daemon_threads = True

    def __init__(self, family: str, answer: Callable[[Request], None], context: ssl.SSLContext | None) -> None:
        host, self.address_family = FAMILIES[family]
        self.answer = answer
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.connections: list[socket.socket] = []
        self.closing = threading.Event()
        super().__init__((host, 0), Request)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        bare = f"[{host}]" if ":" in host else host
        self.url = f"{'http' if context is None else 'https'}://{bare}:{self.server_address[1]}"

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients that go away are part of the tests."""

    def asked(self, **query: str) -> int:
        """How many requests had all of these in their query."""
        return sum(query.items() <= entry[2].items() for entry in self.seen)


@contextmanager
def serving(family: str, answer: Callable[[Request], None], context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that runs."""
    server = Server(family, answer, context)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        for connection in server.connections:
            connection.close()


def kubeconfig(path: Path, url: str, user: Mapping[str, str] | None = None, **cluster: Any) -> str:
    """Writes a kubeconfig; its path."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": url, **cluster}}],
        "users": [{"name": "user", "user": dict(user or {})}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "user"}}],
        "current-context": "tests",
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def pool(name: str, version: int = 1, **spec: Any) -> Object:
    """An IPAddressPool as the server has it."""
    metadata = {"name": name, "namespace": "metallb-system", "resourceVersion": str(version)}
    return {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": metadata, "spec": spec}


def listed(*objects: Object, version: int = 1, more: str = "") -> Object:
    """A list, or a page of one."""
    return {
        "kind": "IPAddressPoolList",
        "metadata": {"resourceVersion": str(version), **({"continue": more} if more else {})},
        "items": list(objects),
    }


def event(kind: str, given: Object) -> Object:
    """An event of a watch."""
    return {"type": kind, "object": given}


def bookmark(version: int) -> Object:
    """A bookmark."""
    return event("BOOKMARK", {"kind": "IPAddressPool", "metadata": {"resourceVersion": str(version)}})
