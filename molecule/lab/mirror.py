# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves what a bare host fetches to become a node, by HTTP on the management network, under the paths of dl.k8s.io."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from . import cgroups, images, programs
from .errors import LabError
from .network import enter
from .state import Lab
from .topology import MANAGEMENT_NETWORK

PORT = 8080
URL = f"http://[{MANAGEMENT_NETWORK[1]}]:{PORT}"
# Joins its group before it becomes the server, so that it ends with the lab in any case.
SERVE = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"'


def wanted(lab: Lab) -> bool:
    return any(host.kubernetes for host in lab.topology.hosts)


def start(lab: Lab) -> None:
    """Offers the programs of all versions that the lab's hosts run; a server that runs goes on."""
    versions = {host.kubernetes.version for host in lab.topology.hosts if host.kubernetes}
    for version in versions:
        _offer(lab.folder / "mirror", version)
    group = Path(lab.cgroups[0]) / ".mirror"  # no host has such a name
    if not versions or list(cgroups.processes(group)):
        return
    cgroups.create(group)
    server = [sys.executable, "-I", "-u", "-m", "http.server", "--bind", "::", str(PORT)]
    with (lab.folder / "mirror.log").open("ab") as log:
        process = subprocess.Popen(
            ["sh", "-c", SERVE, "sh", str(group), *enter(lab.controller), *server],
            cwd=lab.folder / "mirror",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdout is not None
    if not process.stdout.readline():  # its one line there says that it listens
        raise LabError(f"the mirror does not start: see {lab.folder / 'mirror.log'}")
    process.stdout.close()


def _offer(folder: Path, version: str) -> None:
    place = folder / "release" / f"v{version}" / "bin" / "linux" / images.ARCHITECTURES[platform.machine()]
    place.mkdir(parents=True, exist_ok=True)
    found = programs.found(version)
    for name in programs.BARE:
        target = place / name
        if not target.exists():
            os.symlink(found[name], target)
            with target.open("rb") as file:
                target.with_name(f"{name}.sha256").write_text(images.sha256(file))
