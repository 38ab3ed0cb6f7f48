# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run of the module kube_install: packages looked at, programs, plugins, containerd, units, services.

Each step compares first. A run that was cut is made good by the next one: what a running containerd was started with is
remembered, not concluded from what this run wrote.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from . import downloads, host_files, kube_host
from .debian_packages import Package, not_brought, packages
from .downloads import Download
from .dualstack.components.containerd import Settings
from .host_files import FileChange
from .host_record import Record
from .kube_host import HostError
from .kube_member import in_cluster

_RAN = "containerd runs with"


class Installer:
    """One run. ``done``, ``missing``, ``diff`` and ``warnings`` are its results."""

    def __init__(self, given: Mapping[str, Any], check: bool) -> None:
        self._given = given
        self._check = check
        self._record = Record.read(given["record"])
        self._member = in_cluster()
        self._foreseen = False  # check mode, and programs are not there yet
        self.done: list[str] = []
        self.missing: list[str] = []
        self.diff: list[dict[str, str]] = []
        self.warnings: list[str] = []  # of what apt said, where that is no error: in a check, which updates no lists

    def run(self) -> None:
        """Everything, or in check mode nothing but looking. Raises HostError, DownloadError."""
        self._refuse_upgrades()
        if not self._packages():
            return
        programs = self._programs()
        if not self._foreseen:
            kube_host.check_versions(self._given["version"], self._record)
        self._plugins()
        units = self._units()
        if self._given["runtime"]:
            self._runtime()
        self._kubelet(programs or units)
        if not self._check and self._record.dirty:
            self._record.write()

    def _refuse_upgrades(self) -> None:
        if self._member:
            runs = kube_host.version("kubelet", self._record)
            if runs not in ("", self._given["version"]):
                kube_host.check_versions(self._given["version"], self._record)

    def _packages(self) -> bool:
        """Whether to go on."""
        wanted = [Package(each["name"], each["version"], each["held"]) for each in self._given["packages"]]
        found = packages(wanted)
        self.missing = found.missing
        said = self._given["apt_said"]
        if said:
            self.warnings.append(said)
        loose = found.loose
        if found.missing:
            if not self._given["after_packages"]:
                return False
            missing = [package for package in wanted if package.name in found.missing]
            if not self._check:
                raise HostError(not_brought(missing, said))
            self._foreseen = True
            # apt's upgrades take the hold away
            loose = [*loose, *(package.name for package in missing if package.held)]
        if loose:
            self._do(f"hold {', '.join(loose)}", ["apt-mark", "hold", *loose])
        return True

    def _programs(self) -> bool:
        """Whether the kubelet is another one."""
        asked = [
            Download(
                each["url"].replace("{arch}", kube_host.architecture()),
                each["sha256"].lower(),
                each["dest"],
                each["unpack"],
            )
            for each in self._given["downloads"]
        ]
        wanted = downloads.with_checksums(asked, self._record)
        missing = downloads.missing(wanted, self._record)
        for each in missing:
            self.done.append(f"install {each.dest}" + (f" from {each.url}" if each.unpack else ""))
            old = "" if each.unpack else downloads.checksum(each.dest, self._record)
            self.diff.append(_change(each.dest, f"sha256 {old}" if old else "", f"sha256 {each.sha256} of {each.url}"))
        if self._check:
            self._foreseen = self._foreseen or bool(missing)
        elif missing:
            downloads.install(missing, self._record)
        return any(each.unpack or each.dest.endswith("/kubelet") for each in missing)

    def _plugins(self) -> None:
        links = kube_host.plugin_links(self._given["plugins_from"])
        if links:
            self.done.append(f"link {kube_host.PLUGINS} to {self._given['plugins_from']}")
            if not self._check:
                os.makedirs(kube_host.PLUGINS, exist_ok=True)
                for path, target in links:
                    os.symlink(target, path)

    def _units(self) -> bool:
        units = {name: kube_host.with_places(text) for name, text in self._given["units"].items()}
        changes = kube_host.unit_changes(units, self._member)
        if changes:
            self._write(changes)
            if not self._check:
                kube_host.output(["systemctl", "daemon-reload"])
        return bool(changes)

    def _runtime(self) -> None:
        if kube_host.find("containerd"):
            image = kube_host.sandbox_image(self._given["version"], self._given["image_repository"], self._record)
            driver, restricted = self._given["cgroup_driver"], self._given["restrict_oom_score_adj"]
            if image or not self._foreseen:
                settings = Settings(image, driver, restricted)
                self._write(kube_host.config_changes(settings, self._record, self._member))
        elif self._foreseen:
            self.done += [f"write {kube_host.CONFIG}", "start containerd"]
            return
        else:
            raise HostError("containerd is missing: it comes from a package or the mirror, or must be there")
        state = kube_host.service_states(["containerd"])["containerd"]
        wanted = kube_host.runtime_generation(self._record)
        runs = self._record.entries.get(_RAN, {}).get("generation", "")
        stale = bool(wanted) and (wanted != runs or f"write {kube_host.CONFIG}" in self.done)
        if state["UnitFileState"] != "enabled":
            self._do("enable containerd", ["systemctl", "enable", "containerd"])
        if state["ActiveState"] != "active":
            self._do("start containerd", ["systemctl", "start", "containerd"])
        elif stale:
            self._do("restart containerd", ["systemctl", "restart", "containerd"])
        if wanted:
            self._record.remember(_RAN, {"generation": wanted})

    def _kubelet(self, replaced: bool) -> None:
        state = kube_host.service_states(["kubelet"])["kubelet"]
        if state["UnitFileState"] != "enabled":
            self._do("enable kubelet", ["systemctl", "enable", "kubelet"])
        if replaced and self._member and state["ActiveState"] == "active":
            self._do("restart kubelet", ["systemctl", "restart", "kubelet"])

    def _write(self, changes: list[FileChange]) -> None:
        for change in changes:
            self.done.append(f"write {change.path}")
            self.diff.append(change.diff())
        if not self._check:
            for change in changes:
                os.makedirs(os.path.dirname(change.path), exist_ok=True)
            host_files.apply(changes)

    def _do(self, what: str, command: list[str]) -> None:
        self.done.append(what)
        if not self._check:
            kube_host.output(command)


def _change(path: str, before: str, after: str) -> dict[str, str]:
    texts = {"before": before and before + "\n", "after": after + "\n"}
    return {"before_header": path, "after_header": path, **texts}
