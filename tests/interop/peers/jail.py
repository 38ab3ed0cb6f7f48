# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab roots, and programs that run in one inside a network namespace; what they write is gone when they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from processes import until

_PREPARE = """
set -e
mount -t tmpfs tmpfs "$WORK/.overlay"
mkdir "$WORK/.overlay/upper" "$WORK/.overlay/work" "$WORK/.overlay/root"
mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$WORK/.overlay/upper,workdir=$WORK/.overlay/work" \\
    "$WORK/.overlay/root"
cd "$WORK/.overlay/root"
mount -t proc proc proc
mount --bind /dev dev
mount --bind "$WORK" mnt
: > "$WORK/.ready"
exec chroot . sleep infinity
"""


def root_of(suite: str, checkout: Path, flavour: str = "lean") -> Path:
    """The lab's root of a Debian release; built where it is missing."""
    command = [sys.executable, "molecule/lab", "roots", "--suite", suite, "--flavour", flavour]
    return Path(subprocess.run(command, cwd=checkout, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


class Jail:
    """An overlay over a root, in mount and network namespaces; ``folder`` is /mnt to what runs there.

    It is made once, programs can be started there again and again. A started program's pid is its own: every step
    above it is an exec.
    """

    def __init__(self, root: Path, namespace: str, folder: Path) -> None:
        (folder / ".overlay").mkdir(parents=True, exist_ok=True)
        (folder / ".ready").unlink(missing_ok=True)
        self.folder = folder
        self.log = folder / "log"
        self.log.touch()
        self._started: list[subprocess.Popen[bytes]] = []
        private = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _PREPARE]
        self._holder = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{namespace}", *private],
            env={"PATH": os.environ["PATH"], "ROOT": str(root), "WORK": str(folder)},
            stdin=subprocess.DEVNULL,
        )
        try:
            until(self._ready, "the mounts of a root")
        except BaseException:
            self.end()
            raise

    def _ready(self) -> bool:
        assert self._holder.poll() is None, "the mounts of a root failed"
        return (self.folder / ".ready").exists() and self._comm() == "sleep"

    def _comm(self) -> str:
        return Path(f"/proc/{self._holder.pid}/comm").read_text().strip()

    def path(self, inside: str) -> Path:
        """A file inside as seen from outside."""
        return Path(f"/proc/{self._holder.pid}/root{inside}")

    def command(self, *words: str) -> list[str]:
        """What runs a command inside."""
        return ["nsenter", f"--target={self._holder.pid}", "--mount", "--net", "--root", "--wd", *words]

    def start(self, words: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
        """Starts a program that stays; what it prints is appended to ``log``."""
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                self.command(*words),
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._started.append(process)
        return process

    def run(self, *words: str) -> str:
        """What a command inside prints."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        done = subprocess.run(self.command(*words), env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def around(self, *words: str) -> None:
        """Runs a command of the machine that sees the mounts from outside; it must succeed."""
        enter = ["nsenter", f"--target={self._holder.pid}", "--mount"]
        subprocess.run([*enter, *words], check=True, stdin=subprocess.DEVNULL)

    def end(self) -> None:
        """Ends every program with its children; the mounts go with the last one."""
        for process in self._started:
            stop(process)
        self._holder.kill()
        self._holder.wait()


def stop(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """Ends a program of a jail and its children, by force when it takes more than five seconds."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGCONT)
        os.killpg(process.pid, number)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
