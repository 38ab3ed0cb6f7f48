# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet itself beside a containerd of its own, until it took its flags: in a root of the lab that nobody shares.

It asks the container runtime before it looks at ``--node-ip``. Right after that it ends by itself, at providers of
credentials that are not there; what it sees of the kernel it can't write.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from cluster.verdicts import Verdict, program, started
from interop.peers.jail import Jail, root_of
from processes import until

# What may be seen and not written: the kernel's settings, processors and cgroups, which it reads before --node-ip.
_READ_ONLY = """
set -e
mount --rbind /sys "$1/sys"
mount --bind "$1/proc/sys" "$1/proc/sys"
while read -r what where how; do
    case $where in
    "$1"/sys | "$1"/sys/* | "$1"/proc/sys) mount -o remount,bind,ro "$where" ;;
    esac
done < /proc/self/mounts
"""
SOCKET = "unix:///run/containerd/containerd.sock"
GOES_ON = "Using root directory"  # the next thing that it says once it has read --node-ip
NOWHERE = {"image-credential-provider-config": "/mnt/nowhere", "image-credential-provider-bin-dir": "/mnt/nowhere"}
OWN = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "containerRuntimeEndpoint": SOCKET,
    "authentication": {"webhook": {"enabled": False}},
    "authorization": {"mode": "AlwaysAllow"},
    "enableServer": False,
    "cgroupsPerQOS": False,
    "enforceNodeAllocatable": [],
    "failCgroupV1": False,
    "failSwapOn": False,
}


class Kubelet:
    """The program and its container runtime; ``judge`` starts it anew each time."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self._folder = folder
        self._namespace = f"dsk-{secrets.token_hex(4)}"
        subprocess.run(["ip", "netns", "add", self._namespace], check=True)
        self._jail = None
        try:
            jail = self._jail = Jail(root_of("trixie", checkout, "kubernetes"), self._namespace, folder)
            jail.around("sh", "-c", _READ_ONLY, "sh", str(folder / ".overlay" / "root"))
            # Not on the overlay of the root: containerd's own would have no place there.
            jail.start(["containerd", "--root", "/mnt/containerd"])
            until(lambda: "containerd successfully booted" in jail.log.read_text(errors="replace"), "containerd")
        except BaseException:
            self.end()
            raise
        shutil.copy2(program("kubelet"), folder / "kubelet")

    def judge(self, flags: Mapping[str, str], **fields: Any) -> Verdict:
        """Whether it takes flags, and fields of its configuration."""
        assert self._jail is not None
        (self._folder / "config.yaml").write_text(yaml.safe_dump({**OWN, **fields}), encoding="utf-8")
        words = {"config": "/mnt/config.yaml", "v": "2", "hostname-override": "n11", **NOWHERE, **flags}
        command = self._jail.command("/mnt/kubelet", *(f"--{name}={value}" for name, value in words.items()))
        return started(command, GOES_ON, self._folder / "kubelet.log")

    def end(self) -> None:
        """Ends the container runtime, and takes away what belongs to it."""
        if self._jail is not None:
            self._jail.end()
        subprocess.run(["ip", "netns", "del", self._namespace], check=True)
