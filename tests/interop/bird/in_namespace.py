# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real BIRD 2 of a lab root for tests, in a network namespace: one configuration, commands over its control socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

from processes import until

_START = """
set -e
mount --bind "$WORK" "$ROOT/mnt"
exec chroot "$ROOT" /usr/sbin/bird -f -c /mnt/bird.conf -s /mnt/bird.ctl -P /mnt/bird.pid
"""


class Bird:
    """bird with a configuration."""

    def __init__(self, root: Path, namespace: str, folder: Path, configuration: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bird.conf").write_text(configuration)
        self._control = str(folder / "bird.ctl")
        environment = {"PATH": os.environ["PATH"], "ROOT": str(root), "WORK": str(folder)}
        private = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _START]
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *private],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=open(folder / "start.log", "wb"),  # noqa: SIM115
        )
        try:
            until(self._there, "bird's control socket")
        except BaseException:
            self.end()
            raise

    def _there(self) -> bool:
        assert self._process.poll() is None, "bird did not start"
        try:
            return bool(self.run("show status"))
        except OSError:
            return False

    def run(self, command: str) -> str:
        """A command's answer, without BIRD's numbers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(60)
            sock.connect(self._control)
            with sock.makefile("r") as stream:
                stream.readline()  # the greeting
                sock.sendall(f"{command}\n".encode())
                lines = []
                for line in stream:
                    numbered = line[:4].isdigit()
                    lines.append(line[5:] if numbered else line[1:])
                    if numbered and line[4] == " ":  # the last one has no hyphen
                        break
        return "".join(lines)

    def end(self) -> None:
        """Ends it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
