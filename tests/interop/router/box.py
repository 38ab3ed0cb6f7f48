# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of its own for FRR: network, mount and process namespaces over a lab root, in which modules run as on a host.

The first process of the process namespace only waits; with it everything else ends, daemons and mounts included.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import ansible
from processes import until

COLLECTION = "opt/python/ansible_collections/baremetal/dualstack"

_START = f"""
set -e
mount -t tmpfs tmpfs "$WORK"
mkdir "$WORK/upper" "$WORK/work" "$WORK/root"
mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$WORK/upper,workdir=$WORK/work" "$WORK/root"
cd "$WORK/root"
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p opt/python/ansible {COLLECTION}
mount --bind "$ANSIBLE" opt/python/ansible
mount --bind "$CHECKOUT" {COLLECTION}
touch run/ready
exec chroot . /usr/bin/python3 -c '
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    signal.pause()
'
"""


class Box:
    """One host."""

    def __init__(self, name: str, root: Path, folder: Path, checkout: Path) -> None:
        self.name = name
        self.namespace = f"dsr-{secrets.token_hex(4)}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        self.ip("link", "set", "lo", "up")
        environment = {
            "PATH": os.environ["PATH"],
            "ROOT": str(root),
            "WORK": str(folder),
            "ANSIBLE": str(Path(ansible.__file__).parent),
            "CHECKOUT": str(checkout),
        }
        own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        self._holder = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", *own, "sh", "-c", _START],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            self._pid = until(self._first, "the first process of the host")
            self._inside = f"/proc/{self._pid}/root"
            until(lambda: os.path.exists(f"{self._inside}/run/ready") and self._chrooted(), "the host's root")
        except BaseException:
            self.end()
            raise

    def _first(self) -> int:
        assert self._holder.poll() is None, "the host did not start"
        found = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        return int(found[0]) if found else 0

    def _chrooted(self) -> bool:
        return os.path.exists(f"{self._inside}/etc/frr/daemons")

    def ip(self, *words: str) -> str:
        """``ip`` of the machine in the host's network."""
        command = ["ip", "-n", self.namespace, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        """A program on the host."""
        enter = ["nsenter", "-t", str(self._pid), "--mount", "--pid", "--net", f"--root={self._inside}", "--wd=/"]
        return subprocess.Popen([*enter, *command], text=True, **options)

    def run(self, *command: str, data: str = "") -> str:
        """The output of a program on the host, which must succeed."""
        process = self.start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, error = process.communicate(data, timeout=300)
        assert process.returncode == 0, f"{self.name}: {command}: {output}{error}"
        return output

    def begin(self, module: str, check: bool = False, **arguments: Any) -> subprocess.Popen[str]:
        """A module of the collection, started; ``finish`` gives its result."""
        settings = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_tmpdir": "/tmp"}
        program = f"/{COLLECTION}/plugins/modules/{module}.py"
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = {
            "PYTHONPATH": "/opt/python",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        process = self.start("/usr/bin/python3", program, env=environment, **pipes)
        assert process.stdin
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **settings}}))
        process.stdin.close()
        process.stdin = None
        return process

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
        """The result of a module, with everything that it said under ``raw``."""
        output, error = process.communicate(timeout=600)
        try:
            result: dict[str, Any] = json.loads(output)
        except ValueError:
            raise AssertionError(f"no result: {output}{error}") from None
        return {**result, "raw": output + error}

    def module(self, module: str, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """The result of a module of the collection."""
        return self.finish(self.begin(module, check, **arguments))

    def vty(self, *commands: str) -> str:
        """What FRR answers."""
        return self.run("vtysh", *(word for command in commands for word in ("-c", command)))

    def configure(self, *lines: str) -> None:
        """Lines typed into FRR's configuration mode."""
        self.vty("configure terminal", *lines)

    def counters(self) -> dict[str, tuple[int, int]]:
        """Per neighbour how often its session was established and dropped, as FRR counts."""
        shown = json.loads(self.vty("show bgp neighbors json"))
        return {
            address: (facts["connectionsEstablished"], facts["connectionsDropped"])
            for address, facts in shown.items()
            if isinstance(facts, dict) and "connectionsEstablished" in facts
        }

    def up(self) -> set[str]:
        """The neighbours whose session is established."""
        shown = json.loads(self.vty("show bgp neighbors json"))
        return {address for address, facts in shown.items() if facts.get("bgpState") == "Established"}

    def table(self, family: str) -> set[str]:
        """The prefixes in the BGP table."""
        return set(json.loads(self.vty(f"show bgp {family} unicast json")).get("routes", {}))

    def frr(self, verb: str) -> None:
        """Start or stop all daemons."""
        self.run("/bin/sh", "-c", f"/usr/lib/frr/frrinit.sh {verb} </dev/null >/dev/null 2>&1")

    def read(self, path: str) -> str:
        """A file of the host."""
        return Path(f"{self._inside}{path}").read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Fill a file of the host; its owner stays."""
        Path(f"{self._inside}{path}").write_text(text, encoding="utf-8")

    def stat(self, path: str) -> str:
        """Mode, owner and group of a file."""
        return self.run("stat", "-c", "%a %U %G", path).strip()

    def end(self) -> None:
        """Everything on the host ends."""
        self._holder.kill()
        self._holder.wait()
        subprocess.run(["ip", "netns", "delete", self.namespace], check=False, capture_output=True)
