# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of Kubernetes: programs and their versions, units, and whether it is in a cluster.

Left out on purpose: upgrades. A host that is in a cluster keeps the version that it runs, which only kubeadm may raise.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from .dualstack.components import containerd
from .dualstack.components.program_names import FOLDER, PROGRAMS
from .host_files import FileChange, HostFile, compare
from .host_record import Record
from .kube_member import in_cluster

OURS = "# Written by the role kube_packages of baremetal.dualstack"
CONFIG = "/etc/containerd/config.toml"
UNITS = "/etc/systemd/system"
UNITS_OF_PACKAGES = ("/usr/lib/systemd/system", "/lib/systemd/system", "/usr/local/lib/systemd/system")
PLUGINS = "/opt/cni/bin"
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VERSION_OF = {
    "kubelet": ("--version",),
    "kubeadm": ("version", "--output=short"),
    "kubectl": ("version", "--client=true", "--output=json"),
}


class HostError(Exception):
    """The host is not what it must be; the message names the fix."""


def architecture() -> str:
    """This machine's architecture in the words of those who build programs."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def find(program: str) -> str:
    """The path of a program, empty when it is not there."""
    return shutil.which(program, path=SEARCH) or ""


def version(program: str, record: Record) -> str:
    """The version of one of PROGRAMS as ``1.36.3``, empty when it is not there. Raises HostError."""
    path = find(program)
    if not path:
        return ""
    known = record.get(path, "version")
    if known is None:
        text = output([path, *_VERSION_OF[program]])
        known = json.loads(text)["clientVersion"]["gitVersion"] if program == "kubectl" else text.split()[-1]
        known = known.lstrip("v")
        record.put(path, "version", known)
    return str(known)


def containerd_version(record: Record) -> tuple[int, int, int] | None:
    """The version of containerd, None when it is not there. Raises HostError."""
    path = find("containerd")
    if not path:
        return None
    known = record.get(path, "release")
    if known is None:
        known = list(containerd.version(output([path, "--version"])))
        record.put(path, "release", known)
    return (known[0], known[1], known[2])


def sandbox_image(planned: str, repository: str, record: Record) -> str:
    """The image of pods' sandboxes that this kubeadm means, empty when there is no kubeadm. Raises HostError."""
    path = find("kubeadm")
    if not path:
        return ""
    fact = f"sandbox {repository} {planned}"
    known = record.get(path, fact)
    if known is None:
        words = ["config", "images", "list", f"--image-repository={repository}", f"--kubernetes-version=v{planned}"]
        found = [line for line in output([path, *words]).splitlines() if "/pause:" in line]
        if not found:
            raise HostError(f"kubeadm config images list names no pause image for {planned}")
        known = found[0].strip()
        record.put(path, fact, known)
    return str(known)


def check_versions(planned: str, record: Record) -> None:
    """Raises HostError, for all programs at once, unless each is there in the planned version."""
    found = {program: version(program, record) for program in PROGRAMS}
    if in_cluster() and found["kubelet"] not in ("", planned):
        raise HostError(
            f"this host is in a cluster and runs Kubernetes {found['kubelet']}, the plan says {planned}. State the "
            f"version that runs, or upgrade with kubeadm first"
        )
    wrong = [
        f"{find(program)} is {seen}" if seen else f"{program} is missing"
        for program, seen in found.items()
        if seen != planned
    ]
    if wrong:
        raise HostError(
            f"Kubernetes {planned} is planned, and here {', '.join(wrong)} (the first one in {SEARCH} counts). Bring "
            f"{planned} there, take away what is in its way, or state the version that is there as "
            f"dualstack.cluster.kubernetes.version"
        )


def with_places(unit: str) -> str:
    """The text of a unit, with programs where this host has them; those that it lacks come to FOLDER."""
    for program in ("kubelet", "containerd"):
        unit = unit.replace(f"{FOLDER}/{program}", find(program) or f"{FOLDER}/{program}")
    return unit


def unit_changes(units: Mapping[str, str], member: bool) -> list[FileChange]:
    """Unit files to write: those that no package brings. In a cluster, files that are not ours stay as they are."""
    wanted = []
    for name, text in units.items():
        if any(os.path.exists(f"{folder}/{name}") for folder in UNITS_OF_PACKAGES):
            continue
        path = f"{UNITS}/{name}"
        if not (member and _foreign(path)):
            wanted.append(HostFile(path, text.encode(), 0o644))
    return compare(wanted)


def config_changes(settings: containerd.Settings, record: Record, member: bool) -> list[FileChange]:
    """containerd's configuration, where it differs; nothing as long as containerd is not there."""
    release = containerd_version(record)
    if release is None or (member and _foreign(CONFIG)):
        return []
    return compare([HostFile(CONFIG, containerd.config(release, settings).encode(), 0o644)])


def plugin_links(source: str) -> list[tuple[str, str]]:
    """Links that PLUGINS lacks to the plugins of a distribution's package: (path, target)."""
    if not source or not os.path.isdir(source):
        return []
    names = sorted(name for name in os.listdir(source) if os.access(f"{source}/{name}", os.X_OK))
    return [(f"{PLUGINS}/{name}", f"{source}/{name}") for name in names if not os.path.exists(f"{PLUGINS}/{name}")]


def runtime_generation(record: Record) -> str:
    """What a running containerd must have been started with; empty where its configuration is not ours."""
    path = find("containerd")
    if not path or _foreign(CONFIG) or not os.path.exists(CONFIG):
        return ""
    with open(CONFIG, "rb") as file:
        return hashlib.sha256(file.read() + repr(containerd_version(record)).encode()).hexdigest()[:16]


def service_states(units: Iterable[str]) -> dict[str, dict[str, str]]:
    """ActiveState and UnitFileState of each unit. Raises HostError."""
    names = list(units)
    wanted = "--property=Id,ActiveState,UnitFileState"
    blocks = output(["systemctl", "show", wanted, *(f"{name}.service" for name in names)]).split("\n\n")
    states = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    return dict(zip(names, states))


def environment() -> dict[str, str]:
    """What programs are run with: a search path that holds what a mirror brought."""
    return {**os.environ, "PATH": SEARCH}


def output(command: Sequence[str]) -> str:
    """What a command prints. Raises HostError when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    except OSError as error:
        raise HostError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise HostError(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def _foreign(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return not file.readline().startswith(OURS)
    except FileNotFoundError:
        return False
