# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon out of a lab root, with files of its own, in a network namespace; its overlay is gone with it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from interop.stage import Host

_START = """
set -e
mount -t tmpfs tmpfs "$WORK"
mkdir "$WORK/upper" "$WORK/work" "$WORK/root"
mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$WORK/upper,workdir=$WORK/work" "$WORK/root"
mount -t proc proc "$WORK/root/proc"
mount --bind /dev "$WORK/root/dev"
cp -r "$FILES/." "$WORK/root/"
exec chroot "$WORK/root" "$@"
"""


class Daemon:
    """A running program; ``files`` by their path in the root."""

    def __init__(self, root: Path, host: Host, folder: Path, files: dict[str, str], command: list[str]) -> None:
        self._host = host
        for name, text in files.items():
            path = folder / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "mount").mkdir()
        environment = {
            "PATH": os.environ["PATH"], "ROOT": str(root), "WORK": str(folder / "mount"),
            "FILES": str(folder / "files"),
        }  # fmt: skip
        private = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _START, "sh"]
        with open(folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [*host.prefix, *private, *command], env=environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a program beside it, in its root."""
        root = f"/proc/{self._process.pid}/root"
        words = [*self._host.prefix, "chroot", root, *command]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def end(self) -> None:
        """Ends it."""
        if self.alive:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
