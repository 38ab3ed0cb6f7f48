# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FRR of this host: its command line, its reload tool, its files and its service. Decides nothing.

Everything that a tool prints passes a mask before it leaves here. The reload tool logs to its standard error instead of
its log file, because it logs the lines it applies, passwords included.
"""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pwd
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Callable

from .dualstack.routers import daemons, delta, sessions
from .dualstack.routers.secrets import Mask

Run = Callable[..., "tuple[int, str, str]"]

OWNER = "frr"
MODE = 0o640
UNIT = "frr"


class FrrError(Exception):
    """A tool of FRR failed; the message (masked) says which and what it printed."""


class Frr:
    """``run`` executes a command (list of words) and returns (status, standard output, standard error)."""

    def __init__(self, run: Run, mask: Mask, config_dir: str, vtysh: str, tools: str) -> None:
        self._run = run
        self._mask = mask
        self._dir = config_dir
        self._vtysh = vtysh
        self._reload = os.path.join(tools, "frr-reload.py")
        self._init = os.path.join(tools, "frrinit.sh")
        self._zebra = os.path.join(tools, "zebra")
        self.config_path = os.path.join(config_dir, "frr.conf")
        self.daemons_path = os.path.join(config_dir, "daemons")

    def missing(self) -> list[str]:
        """The programs that are not there; empty when FRR is installed with its tools."""
        return [path for path in (self._vtysh, self._reload) if not os.access(path, os.X_OK)]

    def version(self) -> str:
        """As ``8.4.4``; empty when FRR is not installed or does not say."""
        if not os.access(self._zebra, os.X_OK):
            return ""
        _status, output, _error = self._run([self._zebra, "--version"])
        found = re.match(r"zebra version (\d+(?:\.\d+)*)", output)
        return found.group(1) if found else ""

    def connected(self) -> set[str]:
        """The daemons that answer; empty when FRR does not run."""
        status, output, _error = self._vty("-c", "show daemons")
        return daemons.running(output) if status == 0 else set()

    def check(self, path: str) -> None:
        """FRR's own syntax check of a file. Raises FrrError with the lines that it refuses."""
        status, output, error = self._vty("-C", "-f", path)
        if status != 0:
            said = [line for line in (output + error).splitlines() if "processing failure" not in line]
            raise FrrError(self._mask("FRR refuses the configuration:\n" + "\n".join(said)))

    def changes(self, path: str, against: str | None = None) -> delta.Delta:
        """What changes from the running configuration (or the file ``against``) to the file ``path``; masked."""
        source = ["--input", against] if against else []
        output = self._reload_tool("--test", "--log-level", "error", *source, path)
        return delta.parse(self._mask(output))

    def apply(self) -> None:
        """Make the running configuration what the configuration file says."""
        self._reload_tool("--reload", "--stdout", "--log-level", "error", self.config_path)

    def restart(self) -> None:
        """Restart (or start) all daemons; they load the configuration file."""
        systemd = os.path.isdir("/run/systemd/system")
        # Without systemd the daemons inherit what the script has open: a pipe would never see its end.
        script = ["/bin/sh", "-c", 'exec "$0" restart </dev/null >/dev/null 2>&1', self._init]
        status, output, error = self._run(["systemctl", "restart", UNIT] if systemd else script)
        if status != 0:
            raise FrrError(self._mask(f"FRR does not start (status {status}): {(error or output).strip()}"))

    def running_config(self) -> str:
        """The running configuration, with its passwords: never to be shown unmasked."""
        status, output, error = self._vty("-c", "show running-config no-header")
        if status != 0:
            raise FrrError(self._mask(f"FRR does not show its configuration: {(error or output).strip()}"))
        return output

    def sessions(self) -> dict[str, dict[str, Any]]:
        """All BGP sessions as ``sessions.summary`` gives them; empty when bgpd does not answer."""
        return sessions.summary(self._json("show bgp summary json"))

    def last_errors(self) -> dict[str, str]:
        """What FRR tells of the last end of each session, where it tells something."""
        shown = self._json("show bgp neighbors json").items()
        found = {address: sessions.last_error(facts) for address, facts in shown if isinstance(facts, dict)}
        return {address: text for address, text in found.items() if text}

    def neighbour(self, address: str) -> dict[str, Any]:
        """FRR's details of one session, empty when it has none."""
        found = self._json(f"show bgp neighbors {address} json").get(address, {})
        return found if isinstance(found, dict) else {}

    def show(self, commands: Sequence[str]) -> str:
        """The output of several ``show`` commands, one after the other. Raises FrrError."""
        words = [word for command in commands for word in ("-c", command)]
        status, output, error = self._vty(*words)
        if status != 0:
            raise FrrError(self._mask((error or output).strip() or f"vtysh ended with status {status}"))
        return output

    @contextlib.contextmanager
    def private_file(self, text: str) -> Iterator[str]:
        """The path of a temporary file with ``text`` that nobody else can read."""
        handle, path = tempfile.mkstemp(prefix="dualstack-", suffix=".conf")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            yield path
        finally:
            os.unlink(path)

    def _vty(self, *words: str) -> tuple[int, str, str]:
        return self._run([self._vtysh, "--config_dir", self._dir, *words])

    def _json(self, command: str) -> dict[str, Any]:
        status, output, _error = self._vty("-c", command)
        if status != 0:
            return {}
        try:
            found = json.loads(output)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _reload_tool(self, *words: str) -> str:
        bindir = os.path.dirname(self._vtysh)
        status, output, error = self._run([self._reload, "--bindir", bindir, "--confdir", self._dir, *words])
        if status != 0:
            raise FrrError(self._mask(f"frr-reload.py ended with status {status}:\n{(error + output).strip()}"))
        return output


def read(path: str) -> str | None:
    """The text of a file, None when there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def rightly_owned(path: str) -> bool:
    """Whether a file belongs to FRR and nobody else can read it."""
    found = os.stat(path)
    return (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (MODE, *_owner())


def write(path: str, text: str) -> None:
    """Replace a file at once; it is never readable by others, not for a moment."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".dualstack-")
    try:
        os.fchmod(handle, MODE)
        os.fchown(handle, *_owner())
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _owner() -> tuple[int, int]:
    return pwd.getpwnam(OWNER).pw_uid, grp.getgrnam(OWNER).gr_gid
