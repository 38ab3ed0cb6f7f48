# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon out of a lab root, with files of its own, in a network namespace; its overlay is gone with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from interop.peers.jail import Jail
from interop.stage import Host


class Daemon:
    """A running program; ``files`` by their name, which lie in /mnt there."""

    def __init__(self, root: Path, host: Host, folder: Path, files: dict[str, str], command: list[str]) -> None:
        self._jail = Jail(root, host.namespace, folder)
        for name, text in files.items():
            (folder / name).write_text(text)
        self._process = self._jail.start(command)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has printed."""
        return self._jail.log.read_text()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a program beside it."""
        return subprocess.run(self._jail.command(*command), capture_output=True, text=True, check=False)

    def end(self) -> None:
        """Ends it."""
        self._jail.end()
