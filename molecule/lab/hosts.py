# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts themselves: root file systems, start, readiness, entering."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import cgroups, kernel_modules, paths, roots, stores
from .commands import in_parallel, run, run_long, stopping
from .errors import LabError
from .network import NAMESPACES, enter
from .state import Lab
from .topology import MANAGEMENT_NETWORK, Backend, Host

BOOT_TIMEOUT = 180.0  # seconds; a boot takes 2 to 5 on a machine that does nothing else
NODE_FILES = {
    "backend.py": "usr/local/lib/lab",
    "vips.py": "usr/local/lib/lab",
    "lab-backend.service": "etc/systemd/system",
    "lab-vips.service": "etc/systemd/system",
}
KUBERNETES_FILES = {
    "kubelet": "etc/default",
    "kubernetes_host.sh": "usr/local/lib/lab",
    "lab-kubernetes.service": "etc/systemd/system",
}
SSHD = "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e"


def flavour(host: Host) -> str:
    """Which kind of root file system a host has."""
    return roots.KUBERNETES if host.kubernetes else roots.LEAN


def store(lab: Lab, host: Host) -> stores.Kind | None:
    """What a host's container runtime has from the beginning; None where there is none."""
    has = host.kubernetes
    return stores.Kind(lab.suites[host.name], has.version, has.repository, has.control_plane) if has else None


def prepare(lab: Lab, hosts: list[Host]) -> None:
    """Makes the hosts' root file systems; what they are cloned from must be there."""
    in_parallel(lambda host: _prepare(lab, host), hosts)


def start(lab: Lab, hosts: list[Host]) -> None:
    """Starts all of them at once."""
    for host in hosts:
        _launch(lab, host)


def _prepare(lab: Lab, host: Host) -> None:
    folder = lab.of_host(host.name)
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True)
    below = roots.location(lab.suites[host.name], flavour(host))
    layers = f"lowerdir={below},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    run(["mount", "-t", "overlay", f"dslab-{lab.name}", "-o", layers, str(lab.root(host.name))])
    etc = lab.root(host.name) / "etc"
    (etc / "hostname").write_text(host.name + "\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost {host.name}\n::1 localhost\n")
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host.name, "-f", str(etc / "ssh/ssh_host_ed25519_key")])
    shutil.copyfile(lab.key.with_suffix(".pub"), etc.parent / "root/.ssh/authorized_keys")
    if host.backend:
        _install(etc.parent, NODE_FILES)
        write_backend(lab, host.name, host.backend)
        run(["chroot", str(etc.parent), "systemctl", "--quiet", "enable", "lab-backend.service", "lab-vips.service"])
    if kind := store(lab, host):
        _install(etc.parent, KUBERNETES_FILES)
        run(["chroot", str(etc.parent), "systemctl", "--quiet", "enable", "lab-kubernetes.service"])
        kernel_modules.install(etc.parent)
        # The cluster's DNS forwards there, and does not start without a place to forward to. Nobody answers.
        (etc / "resolv.conf").write_text(f"nameserver {MANAGEMENT_NETWORK[1]}\n")
        stores.clone(stores.location(kind), _containerd(lab, host))


def _install(root: Path, files: dict[str, str]) -> None:
    for name, place in files.items():
        (root / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(paths.PACKAGE / "node" / name, root / place / name)


def _containerd(lab: Lab, host: Host) -> Path:
    """What is the host's /var/lib/containerd: a real folder, as an overlay cannot be on an overlay."""
    return lab.of_host(host.name) / "containerd"


def write_backend(lab: Lab, host: str, backend: Backend) -> None:
    folder = lab.root(host) / "etc/lab"
    folder.mkdir(exist_ok=True)
    (folder / "vips").write_text("".join(f"{block}\n" for block in backend.blocks))
    config = {"node": host, "ports": backend.ports, "services": dict(backend.services)}
    (folder / "backend.json").write_text(json.dumps(config, indent=1) + "\n")


def _launch(lab: Lab, host: Host) -> None:
    groups = [Path(base) / host.name for base in lab.cgroups]
    for group in groups:
        cgroups.create(group)
    command = [
        *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--settings=no"),
        *(
            "-D",
            str(lab.root(host.name)),
            "-M",
            host.name,
            f"--network-namespace-path={NAMESPACES / lab.namespace(host.name)}",
        ),
        *("--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe"),
        *("--capability=all", "--system-call-filter=@keyring bpf"),
        *((f"--bind={_containerd(lab, host)}:/var/lib/containerd",) if host.kubernetes else ()),
        *(("--as-pid2", "/bin/sh", "-c", SSHD) if host.kind == "client" else ("--boot",)),
    ]
    with (lab.of_host(host.name) / "console.log").open("ab") as console:
        subprocess.Popen(
            [str(paths.PACKAGE / "boot.sh"), *map(str, groups), "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            # The guest's network settings are its own to write; those of the machine stay closed to it.
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL": "C.UTF-8",
                "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
            },
        )


def wait(lab: Lab, hosts: list[Host]) -> None:
    """Until systemd says that each host is up and its sshd greets the controller.

    Raises LabError with the end of the console of a host that does not come up, or with its failed units.
    """
    in_parallel(lambda host: _wait(lab, host), hosts)
    probe = [*enter(lab.controller), sys.executable, "-I", str(paths.PACKAGE / "greeting.py"), str(BOOT_TIMEOUT)]
    run([*probe, *(lab.address(host.name) for host in hosts)])


def _wait(lab: Lab, host: Host) -> None:
    deadline = time.monotonic() + BOOT_TIMEOUT
    while time.monotonic() < deadline and not stopping.is_set():
        pid = first_process(lab, host.name)
        if pid and host.kind == "client":
            return
        if pid and (said := run_long([*inside(pid), "systemctl", "is-system-running", "--wait"])[1].strip()):
            if said == "running":
                return
            if said == "degraded":
                failed = run([*inside(pid), "systemctl", "--failed", "--no-legend", "--plain"], check=False)
                raise LabError(f"{host.name} is up, but units failed: {failed.strip()}")
        time.sleep(0.1)
    console = (lab.of_host(host.name) / "console.log").read_text(errors="replace")
    raise LabError(f"{host.name} did not come up in {BOOT_TIMEOUT:.0f} s; the end of its console:\n{console[-3000:]}")


def first_process(lab: Lab, host: str) -> int | None:
    """The process, as the machine numbers it, that is number 1 in the host; None when the host does not run."""
    for pid in cgroups.processes(Path(lab.cgroups[0]) / host):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
        if len(numbers) == 2 and numbers[1] == "1":
            return pid
    return None


def inside(pid: int) -> list[str]:
    return ["nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]


def execute(lab: Lab, host: str, command: list[str]) -> str:
    """The output of a command that runs inside the host. Raises LabError when the host is down or the command fails."""
    return run([*inside(running(lab, host)), *command])


def running(lab: Lab, host: str) -> int:
    pid = first_process(lab, lab.topology.host(host).name)
    if pid is None:
        raise LabError(f"{host} of lab {lab.name} does not run: see {lab.of_host(host) / 'console.log'}")
    return pid


def reboot(lab: Lab, host: str) -> None:
    """Reboots a router or a node and waits until it is up again."""
    before = running(lab, host)
    if lab.topology.host(host).kind == "client":
        raise LabError(f"{host} is a client: it runs no systemd, so there is nothing to reboot")
    run([*inside(before), "systemctl", "reboot"], check=False)  # the answer may be cut off by the reboot itself
    deadline = time.monotonic() + BOOT_TIMEOUT
    while first_process(lab, host) in (before, None):
        if time.monotonic() > deadline:
            raise LabError(f"{host} did not reboot in {BOOT_TIMEOUT:.0f} s")
        time.sleep(0.1)
    wait(lab, [lab.topology.host(host)])
