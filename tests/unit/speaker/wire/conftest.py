"""The process itself, on sockets below a temporary folder: it needs no right to run without layer-2 addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Wire


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    process = Wire(tmp_path)
    process.start()
    yield process
    process.end()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, of both families, taken so that nobody else does."""
    with socket.socket(socket.AF_INET6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        yield sock.getsockname()[1]
