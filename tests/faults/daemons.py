# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR whose daemons can be ended one by one and started again, with the configuration that they had."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from interop.frr import Frr, Vty
from processes import until


class Daemons(Frr):
    """zebra stays; bgpd and bfdd come and go."""

    def __init__(self, root: Path, namespace: str, folder: Path, bfd: bool = False) -> None:
        super().__init__(root, namespace, folder, bfd)
        self._zebra = self.pid  # any process in there does until zebra's is known
        self._zebra = self._asked("zebra")
        self._pids = {name: self._asked(name) for name in ("zebra", *(["bfdd"] if bfd else []), "bgpd")}
        self._started = [self._process]

    @property
    def names(self) -> list[str]:
        """Those that can be ended, in the order in which they start."""
        return [name for name in self._pids if name != "zebra"]

    def save(self) -> None:
        """What the daemons are told now, they are told at their next start too."""
        for name in self.names:
            text = self._vty_of(name).run("show running-config")
            self._file(f"etc/frr/{name}.conf").write_text(text[text.index("!") :])

    def finish(self, number: signal.Signals, *names: str) -> None:
        """Ends daemons with a signal, and waits for their end."""
        for name in names:
            self._vty_of(name).close()
            os.kill(self._pids[name], number)
        for name in names:
            until(lambda name=name: self._ended(self._pids[name]), f"the end of {name}")

    def again(self, *names: str, through: Sequence[str] = ()) -> None:
        """Starts daemons, perhaps ``through`` a program that becomes them or their parent; waits until they answer."""
        where = ["nsenter", f"--target={self._zebra}", "--mount", "--net", "--root", "--wd=/"]
        for name in names:
            self._file(f"run/frr/{name}.vty").unlink(missing_ok=True)
            command = [*through, *where, f"/usr/lib/frr/{name}", "-f", f"/etc/frr/{name}.conf"]
            self._process = subprocess.Popen(
                command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self._started.append(self._process)
            vty = until(lambda name=name: self._answers(name), f"the vty of {name}")
            self._pids[name] = self._asked(name)
            if name == "bgpd":
                self.pid, self.vty = self._pids[name], vty
            else:
                self.bfd = vty

    def end(self) -> None:
        """Ends all daemons at once."""
        self.vty.close()
        if self.bfd is not None:
            self.bfd.close()
        for pid in self._pids.values():
            if not self._ended(pid):
                os.kill(pid, signal.SIGKILL)
        for process in self._started:
            process.wait()

    def _answers(self, name: str) -> Vty | None:
        assert self._process.poll() is None, f"{name} did not start"
        try:
            return Vty(str(self._file(f"run/frr/{name}.vty")))
        except OSError:
            return None

    def _vty_of(self, name: str) -> Vty:
        vty = self.vty if name == "bgpd" else self.bfd
        assert vty is not None
        return vty

    def _file(self, path: str) -> Path:
        return Path(f"/proc/{self._zebra}/root/{path}")

    def _asked(self, name: str) -> int:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as vty:
            vty.connect(str(self._file(f"run/frr/{name}.vty")))
            pid: int = struct.unpack("3i", vty.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        return pid

    def _ended(self, pid: int) -> bool:
        for process in self._started:
            process.poll()
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
        except OSError:
            return True
