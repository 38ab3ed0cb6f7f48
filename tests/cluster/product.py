# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The product on a control plane: its kinds and rights, and its daemons as hosts get them, out of their bundles."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import links
from cluster.api import Object
from cluster.control_plane import ControlPlane
from cluster.daemons import Daemon
from interop.stage import Host

from ansible_collections.baremetal.dualstack.plugins.module_utils.bundle import build
from dualstack.kubernetes import rbac
from dualstack.kubernetes.crds import crds
from dualstack_speaker.observe.asking import ask

NAMESPACE = "metallb-system"
ALLOCATION = ("MALLOC_ARENA_MAX=1", "MALLOC_TRIM_THRESHOLD_=65536")  # as the units have it


def install(plane: ControlPlane, secrets: Iterable[str] = ()) -> None:
    """The namespace, the kinds, and the rights of both accounts (``secrets``: those that the speaker may read)."""
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, crds())
    plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    plane.apply(rbac.objects(NAMESPACE, secrets))


def node(plane: ControlPlane, name: str, host: Host) -> None:
    """A Node as its kubelet would write it: ready, with an address of each family."""
    made = plane.api.create("/api/v1/nodes", {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}})
    addresses = [{"type": "InternalIP", "address": address} for address in (host.ipv4, host.ipv6)]
    ready = {"type": "Ready", "status": "True", "reason": "Tests", "message": ""}
    made["status"] |= {"addresses": addresses, "conditions": [ready]}
    plane.api.replace(f"/api/v1/nodes/{name}/status", made)


def metallb(kind: str, name: str, spec: dict[str, Any], version: str = "v1beta1") -> Object:
    """An object of metallb.io."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def bundles(folder: Path) -> dict[str, Path]:
    """The zips of wire, speaker and controller, written into a folder."""
    made = {}
    for name in ("wire", "speaker", "controller"):
        bundle = build(str(links.CHECKOUT), name)
        made[name] = folder / bundle.name
        made[name].write_bytes(bundle.content)
    return made


class _Process(Daemon):
    """A daemon of ours with a configuration; ``through``: a program that starts it."""

    def __init__(
        self, name: str, host: Host, zipped: Path, folder: Path, settings: Object, through: Sequence[str] = ()
    ) -> None:
        self.config = folder / f"{name}.json"
        self.config.write_text(json.dumps(settings), encoding="utf-8")
        self._python = ["env", *ALLOCATION, sys.executable, "-I", str(zipped)]
        words = [name, "--config", str(self.config)]
        super().__init__([*through, *host.prefix, *self._python, *words], folder / f"{name}.log")

    def words(self, command: str) -> list[str]:
        """Another command of the same zip, with the same configuration."""
        return [*self._python, command, "--config", str(self.config)]


class NodeDaemons:
    """wire and speaker of a node; sockets and wire's journal lie in ``run``, by default in memory.

    ``wire_settings`` and ``speaker_settings`` go into the configurations; ``user``: whose kubeconfig the speaker has.
    """

    def __init__(
        self,
        plane: ControlPlane,
        host: Host,
        name: str,
        folder: Path,
        zips: dict[str, Path],
        *,
        run: Path | None = None,
        wire_settings: Object | None = None,
        speaker_settings: Object | None = None,
        through: dict[str, Sequence[str]] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._short = tempfile.TemporaryDirectory(prefix="ds-", dir="/dev/shm")  # sockets have short paths
        run = run or Path(self._short.name)
        self.name, self.host, self.folder = name, host, folder
        self.journal = run / "wire.journal"
        self.kubeconfig = account(plane, rbac.SPEAKER)
        socket, status = str(run / "wire.sock"), str(run / "speaker.sock")
        wire = {"socket": socket, "journal": str(self.journal), **(wire_settings or {})}
        kubernetes = {"kubeconfig": str(self.kubeconfig), "namespace": NAMESPACE}
        speaker = {"node": name, "kubernetes": kubernetes, "wire_socket": socket, "status_socket": status}
        speaker.update(speaker_settings or {})
        ways = through or {}
        self.wire = _Process("wire", host, zips["wire"], folder, wire, ways.get("wire", ()))
        self.speaker = _Process("speaker", host, zips["speaker"], folder, speaker, ways.get("speaker", ()))
        self._status = status

    def start(self) -> None:
        """Starts both and does not wait."""
        self.wire.start()
        self.speaker.start()

    def status(self) -> Object:
        """What the speaker's socket says; empty while it does not answer."""
        self.wire.check()
        self.speaker.check()
        try:
            found: Object = ask(self._status, None)
        except (OSError, ValueError):
            return {}
        return found

    def end(self) -> None:
        """Ends both at once."""
        for daemon in (self.speaker, self.wire):
            daemon.end()
        self._short.cleanup()


class ControllerDaemon(_Process):
    """A controller; ``settings`` go into its configuration."""

    def __init__(
        self,
        plane: ControlPlane,
        host: Host,
        name: str,
        folder: Path,
        zips: dict[str, Path],
        *,
        settings: Object | None = None,
        through: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._short = tempfile.TemporaryDirectory(prefix="dc-", dir="/dev/shm")
        self._status = str(Path(self._short.name) / "status.sock")
        self.kubeconfig = account(plane, rbac.CONTROLLER)
        kubernetes = {"kubeconfig": str(self.kubeconfig), "namespace": NAMESPACE}
        values = {"kubernetes": kubernetes, "identity": name, "status_socket": self._status, "rest": 0}
        super().__init__("controller", host, zips["controller"], folder, {**values, **(settings or {})}, through)

    def status(self) -> Object:
        """What it says of itself; empty while it does not answer."""
        self.check()
        try:
            found: Object = ask(self._status, None)
        except (OSError, ValueError):
            return {}
        return found

    def acts(self) -> bool:
        """Whether it is the active one and knows everything."""
        return bool(self.status().get("lease", {}).get("acting"))

    def close(self) -> None:
        """Ends it and takes its socket away."""
        self.end()
        self._short.cleanup()


def account(plane: ControlPlane, name: str, seconds: float = 86400) -> Path:
    """The kubeconfig of an account's user, with a certificate; made again it renews the certificate."""
    return plane.kubeconfig(f"system:serviceaccount:{NAMESPACE}:{name}", seconds=seconds)
