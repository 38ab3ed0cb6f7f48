# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process itself, on sockets below a temporary folder: it needs no right to run without layer-2 addresses."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest


class Link:
    """A client of the link."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self._file = self.socket.makefile("rb")
        self._seq = 0

    def send(self, line: bytes) -> None:
        self.socket.sendall(line)

    def answer(self) -> dict[str, Any]:
        """The next answer; empty when the other side closed."""
        line = self._file.readline()
        answer: dict[str, Any] = json.loads(line) if line else {}
        return answer

    def ask(self, op: str, **parts: Any) -> dict[str, Any]:
        self._seq += 1
        self.send(json.dumps({"op": op, "seq": self._seq, **parts}).encode() + b"\n")
        answer = self.answer()
        assert answer["seq"] == self._seq
        return answer

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class Wire:
    """A ``wire`` process with its own files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "wire.sock"
        self.journal = folder / "wire.journal"
        self.config = folder / "wire.json"
        self.config.write_text(json.dumps({"socket": str(self.path), "journal": str(self.journal)}))
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self._links: list[Link] = []

    def start(self) -> None:
        begun = self.log.read_text().count("event=started") if self.log.exists() else 0
        command = [sys.executable, "-m", "dualstack_speaker", "wire", "--config", str(self.config)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stderr=log)
        until(lambda: self.log.read_text().count("event=started") > begun, "wire started")

    def link(self) -> Link:
        link = Link(self.path)
        self._links.append(link)
        return link

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.process = None
        return status

    def end(self) -> None:
        for link in self._links:
            link.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def until(true: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
    """Waits until something is true; fails by name when it does not become so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    process = Wire(tmp_path)
    process.start()
    yield process
    process.end()


@pytest.fixture
def wait() -> Callable[..., None]:
    return until
