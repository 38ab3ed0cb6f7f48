# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real FRR for tests and measurements: bgpd, zebra and, when asked for, bfdd of a lab root, in a network namespace.

Their overlay lives in the daemons' own mount namespace, so that it is gone with them. Commands go over vty sockets.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from processes import until

_START = """
set -e
mount -t tmpfs tmpfs "$WORK"
mkdir "$WORK/upper" "$WORK/work" "$WORK/root"
mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$WORK/upper,workdir=$WORK/work" "$WORK/root"
mount -t proc proc "$WORK/root/proc"
mount --bind /dev "$WORK/root/dev"
cd "$WORK/root"
mkdir -p run/frr
echo 'log file /run/frr/bgpd.log' > etc/frr/bgpd.conf
: > etc/frr/zebra.conf
chown --reference=etc/frr run/frr etc/frr/bgpd.conf etc/frr/zebra.conf
chroot "$WORK/root" /usr/lib/frr/zebra -f /etc/frr/zebra.conf -s 90000000 &
until [ -S run/frr/zserv.api ]; do sleep 0.05; done
if [ -n "$BFD" ]; then
    echo 'log file /run/frr/bfdd.log' > etc/frr/bfdd.conf
    chown --reference=etc/frr etc/frr/bfdd.conf
    chroot "$WORK/root" /usr/lib/frr/bfdd -f /etc/frr/bfdd.conf &
    until [ -S run/frr/bfdd.vty ]; do sleep 0.05; done
fi
exec chroot "$WORK/root" /usr/lib/frr/bgpd -f /etc/frr/bgpd.conf
"""


class Vty:
    """A daemon's vty socket: a command with a zero behind it; the answer ends in three zeros and a status."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.run("enable")

    def run(self, command: str) -> str:
        """A command's answer; AssertionError when FRR refuses it."""
        self.socket.sendall(command.encode() + b"\0")
        data = bytearray()
        while not (len(data) >= 4 and data[-4:-1] == b"\0\0\0"):
            got = self.socket.recv(1 << 20)
            assert got, f"FRR closed its vty at {command!r}"
            data += got
        text = data[:-4].decode("utf-8", "replace")
        assert data[-1] == 0, f"FRR refuses {command!r}: {text}"
        return text

    def run_all(self, commands: Sequence[str]) -> None:
        """Many commands without waiting for one before the next; AssertionError when FRR refuses one of them."""
        self.socket.sendall(b"".join(command.encode() + b"\0" for command in commands))
        data = b""
        for command in commands:
            while (end := data.find(b"\0\0\0")) < 0 or len(data) < end + 4:
                got = self.socket.recv(1 << 20)
                assert got, f"FRR closed its vty at {command!r}"
                data += got
            text, status, data = data[:end], data[end + 3], data[end + 4 :]
            assert status == 0, f"FRR refuses {command!r}: {text.decode('utf-8', 'replace')}"

    def configure(self, text: str) -> None:
        """Configuration lines; indentation does not matter, blank lines are left out."""
        self.run("configure terminal")
        try:
            for line in filter(None, map(str.strip, text.splitlines())):
                self.run(line)
        finally:
            self.run("end")

    def show(self, command: str) -> Any:
        """A show command as JSON."""
        return json.loads(self.run(f"{command} json") or "{}")

    def close(self) -> None:
        """Hangs up."""
        self.socket.close()


class Frr:
    """bgpd (and zebra, and bfdd where ``bfd`` is true) of a root file system in a network namespace."""

    def __init__(self, root: Path, namespace: str, folder: Path, bfd: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "ROOT": str(root), "WORK": str(folder), "BFD": "yes" if bfd else ""}
        command = [
            "ip",
            "netns",
            "exec",
            namespace,
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            _START,
        ]
        self._process = subprocess.Popen(
            command,
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=open(folder / "start.log", "wb"),  # noqa: SIM115
        )
        self.pid = self._process.pid  # bgpd's: every step above it is an exec
        try:
            self.vty: Vty = until(lambda: self._connected("bgpd"), "bgpd's vty")
            self.bfd: Vty | None = self._connected("bfdd") if bfd else None  # its socket was there before bgpd's
        except BaseException:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            raise

    def _connected(self, daemon: str) -> Vty | None:
        assert self._process.poll() is None, "bgpd did not start"
        try:
            return Vty(f"/proc/{self.pid}/root/run/frr/{daemon}.vty")
        except OSError:
            return None

    def another_vty(self) -> Vty:
        """One more connection to bgpd, for another thread."""
        return Vty(f"/proc/{self.pid}/root/run/frr/bgpd.vty")

    def route(self, prefix: str) -> list[dict[str, Any]]:
        """The paths of a prefix in bgpd's table."""
        family = "ipv6" if ":" in prefix else "ipv4"
        found: list[dict[str, Any]] = self.vty.show(f"show bgp {family} unicast {prefix}").get("paths", [])
        return [path for path in found if not path.get("removed")]  # a path that only waits for its removal

    def neighbour(self, address: str) -> dict[str, Any]:
        """What bgpd tells about a neighbour."""
        found: dict[str, Any] = self.vty.show(f"show bgp neighbors {address}")[address]
        return found

    def accepted(self, address: str, family: str) -> int:
        """How many prefixes of a neighbour bgpd accepted."""
        info = self.neighbour(address).get("addressFamilyInfo", {})
        count: int = info.get(f"{family}Unicast", {}).get("acceptedPrefixCounter", 0)
        return count

    def freeze(self) -> None:
        """Stops bgpd in its tracks."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets bgpd go on."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """Ends the daemons; their mounts go with them."""
        self.vty.close()
        if self.bfd is not None:
            self.bfd.close()
        for number in (signal.SIGCONT, signal.SIGTERM):
            os.killpg(self.pid, number)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # zebra, where it hesitates
