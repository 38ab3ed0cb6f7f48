# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of the control plane, and the ports that nobody else takes from them."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL, Signals


class Daemon:
    """A process with a log, which can be ended and started again."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.command = list(command)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, f"{self.log.stem} does not run"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and not ended; ``check`` tells whether it still lives."""
        return self._process is not None

    def start(self) -> None:
        """Starts it and does not wait."""
        assert self._process is None, f"{self.log.stem} runs already"
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def check(self) -> None:
        """Fails when it has ended by itself, and tells its last words."""
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"{self.log.stem} ended ({self._process.returncode}):\n{self.tail()}")

    def tail(self, lines: int = 30) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def end(self, number: Signals = SIGKILL) -> None:
        """Ends it where it runs, and waits for that; with SIGTERM by force after 20 s."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def signal(self, number: Signals) -> None:
        """Sends it a signal, such as SIGSTOP."""
        os.kill(self.pid, number)


class Port:
    """A TCP port that stays ours: bound by this object, which does not listen, and shared with what we start there.

    SO_REUSEPORT lets only the same user's sockets join; connections reach those that listen.
    """

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind((address, 0))
        self.number: int = self._socket.getsockname()[1]

    def free(self) -> None:
        """Gives it back."""
        self._socket.close()
