# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real BIRD 2 of a lab root for tests, in a network namespace: one configuration, commands over its control socket."""

from __future__ import annotations

from pathlib import Path

from interop.peers.bird import COMMAND, ask
from interop.peers.jail import Jail
from processes import until


class Bird:
    """bird with a configuration."""

    def __init__(self, root: Path, namespace: str, folder: Path, configuration: str) -> None:
        self._jail = Jail(root, namespace, folder)
        try:
            (folder / "bird.conf").write_text(configuration)
            self._process = self._jail.start(COMMAND)
            until(self._there, "bird's control socket")
        except BaseException:
            self.end()
            raise

    def _there(self) -> bool:
        assert self._process.poll() is None, f"bird did not start: {self._jail.log.read_text()}"
        try:
            return bool(self.run("show status"))
        except OSError:
            return False

    def run(self, command: str) -> str:
        """A command's answer, without BIRD's numbers."""
        return ask(self._jail.folder / "bird.ctl", command)

    def end(self) -> None:
        """Ends it."""
        self._jail.end()
