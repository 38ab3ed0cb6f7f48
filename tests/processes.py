# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process ``wire`` as a test starts it, and a client of its link."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable


def until(true: Callable[[], Any], what: str, seconds: float = 180.0) -> Any:
    """Waits until something is true and returns it; fails by name when it does not become so.

    The pauses between two looks grow to 0.2 s, so that waiting costs a busy machine little.
    """
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not (value := true()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(pause)
        pause = min(1.5 * pause, 0.2)
    return value


class Link:
    """A client of the link."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self._file = self.socket.makefile("rb")
        self._seq = 0

    def send(self, line: bytes) -> None:
        """Sends octets as they are."""
        self.socket.sendall(line)

    def answer(self) -> dict[str, Any]:
        """The next answer; empty when the other side closed."""
        line = self._file.readline()
        answer: dict[str, Any] = json.loads(line) if line else {}
        return answer

    def ask(self, op: str, **parts: Any) -> dict[str, Any]:
        """Sends a request and returns its answer."""
        self._seq += 1
        self.send(json.dumps({"op": op, "seq": self._seq, **parts}).encode() + b"\n")
        answer = self.answer()
        assert answer["seq"] == self._seq
        return answer

    def full(self, **parts: Any) -> None:
        """Hands a whole state over; what is left out is empty."""
        answer = self.ask("full", desired={"peers": {}, "routes": {}, "layer2": {}, **parts})
        assert answer["ok"], answer

    def delta(self, **parts: Any) -> None:
        """Hands changes over."""
        answer = self.ask("delta", **parts)
        assert answer["ok"], answer

    def session(self, name: str) -> dict[str, Any]:
        """A session's part of the status."""
        found: dict[str, Any] = self.ask("status")["status"]["sessions"][name]
        return found

    def layer2(self, address: str) -> dict[str, Any]:
        """A layer-2 address's part of the status."""
        found: dict[str, Any] = self.ask("status")["status"]["layer2"][address]
        return found

    def close(self) -> None:
        """Goes away."""
        self._file.close()
        self.socket.close()


class Heir:
    """A process that took over from one of ours: not our child, so nobody learns its exit status."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def send_signal(self, number: signal.Signals) -> None:
        """Signals it, unless it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds: float | None = None) -> None:
        """Waits for its end."""
        if self._handle >= 0:
            assert select.select([self._handle], [], [], seconds)[0], "it did not end"
            os.close(self._handle)
            self._handle = -1


class Wire:
    """A ``wire`` process with its own files; ``prefix`` is a command that starts it in a network namespace."""

    def __init__(self, folder: Path, prefix: Sequence[str] = (), **config: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # In memory, as on a node; and a socket's path has at most 107 octets.
        self._short = tempfile.TemporaryDirectory(prefix="ds-", dir="/dev/shm")
        self.path = Path(self._short.name) / "wire.sock"
        self.journal = Path(self._short.name) / "wire.journal"
        self.config = folder / "wire.json"
        self.config.write_text(json.dumps({"socket": str(self.path), "journal": str(self.journal), **config}))
        self.log = folder / "log"
        self.command = [*prefix, sys.executable, "-m", "dualstack_speaker", "wire", "--config", str(self.config)]
        self.process: subprocess.Popen[bytes] | Heir | None = None
        self._links: list[Link] = []

    def spawn(self) -> None:
        """Starts the process and does not wait."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log)

    def start(self) -> None:
        """Starts the process and waits until it listens."""
        begun = self.log.read_text().count("event=started") if self.log.exists() else 0
        self.spawn()
        until(lambda: self.log.read_text().count("event=started") > begun, "wire started")

    def take_over(self) -> subprocess.CompletedProcess[str]:
        """Starts a process that takes over, and waits until it has or has not."""
        return subprocess.run([*self.command, "--take-over"], check=False, stderr=subprocess.PIPE, text=True)

    def upgrade(self) -> float:
        """Has another process take over; for how many milliseconds BGP stood still."""
        assert self.process is not None
        with open(self.log, "ab") as log:
            subprocess.run([*self.command, "--take-over"], check=True, stderr=log)
        self.process.wait(60)
        words = self.log.read_text().rpartition('event="taken over"')[2].split()
        found = dict(word.split("=") for word in words[:2])
        self.process = Heir(int(found["process"]))
        return float(found["still_ms"])

    def link(self) -> Link:
        """A new client, which takes the link over."""
        link = Link(self.path)
        self._links.append(link)
        return link

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Ends the process with a signal; its exit status, None when nobody learns it."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(60)
        self.process = None
        return status

    def end(self) -> None:
        """Takes everything away."""
        for link in self._links:
            link.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        self._short.cleanup()
