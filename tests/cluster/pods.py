# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the containers of a pod without a kubelet: volumes, user, capabilities, seccomp profile, environment and
command, on a root of its own that can't be written to. The programs of the system stand in for those of its image."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import confined
from cluster.daemons import Daemon

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
CONFINED = "/opt/confined"
Object = dict[str, Any]


class Pod:
    """A pod of ``workload``, on ``node`` in the network ``namespace``; ``objects``: what its volumes name.

    ``account``: the files of its account. ``programs``: what the image has in /opt/dualstack.
    """

    def __init__(
        self,
        workload: Object,
        objects: list[Object],
        folder: Path,
        *,
        node: str,
        namespace: str,
        account: Mapping[str, str],
        programs: Path,
        environment: Mapping[str, str],
    ) -> None:
        folder.mkdir(parents=True)
        self._spec = workload["spec"]["template"]["spec"]
        self._user = int(self._spec.get("securityContext", {}).get("runAsUser", 0))
        self._folder, self._namespace, self._programs = folder, namespace, programs
        self._environment = {**environment, "NODE_NAME": node, "PATH": "/usr/bin"}
        found = {(item["kind"], item["metadata"]["name"]): item for item in objects}
        self._volumes = {each["name"]: self._volume(each, found) for each in self._spec["volumes"]}
        self._account = self._files("account", account)
        self.containers = {each["name"]: self._container(each) for each in self._spec["containers"]}

    def start(self) -> None:
        """All containers."""
        for daemon in self.containers.values():
            daemon.start()

    def end(self) -> None:
        """All containers, at once."""
        for daemon in self.containers.values():
            daemon.end()

    def volume(self, name: str) -> Path:
        """Where a volume lies."""
        return self._volumes[name]

    def _volume(self, volume: Object, found: Mapping[tuple[str, str], Object]) -> Path:
        if "configMap" in volume:
            return self._files(volume["name"], found["ConfigMap", volume["configMap"]["name"]]["data"])
        if "secret" in volume:
            data = found["Secret", volume["secret"]["secretName"]]["data"]
            texts = {key: base64.b64decode(value).decode() for key, value in data.items()}
            return self._files(volume["name"], texts, volume["secret"]["defaultMode"])
        return self._files(volume["name"], {}, own=True)  # emptyDir, hostPath

    def _files(self, name: str, files: Mapping[str, str], mode: int = 0o644, own: bool = False) -> Path:
        folder = self._folder / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
            (folder / file).chmod(mode)
        if own:
            os.chown(folder, self._user, self._user)
        return folder

    def _container(self, given: Object) -> Daemon:
        root = self._folder / f"root-{given['name']}"
        lines = ["set -e", f"mount --bind {root} {root}"]
        for link in ("bin", "lib", "lib64", "sbin"):
            root.mkdir(exist_ok=True)
            (root / link).symlink_to(f"usr/{link}")
        places = {"/usr": Path("/usr"), "/opt/dualstack": self._programs, ACCOUNT: self._account}
        places[CONFINED] = confined.FOLDER
        places.update({mount["mountPath"]: self._volumes[mount["name"]] for mount in given["volumeMounts"]})
        read_only = {mount["mountPath"] for mount in given["volumeMounts"] if mount.get("readOnly")}
        for path, source in {**places, "/dev": Path("/dev"), "/proc": Path("/proc")}.items():
            (root / path[1:]).mkdir(parents=True, exist_ok=True)
            lines.append(f"mount --rbind {source} {root}{path}")
            if path in read_only:
                lines.append(f"mount -o remount,bind,ro {root}{path}")
        security = given["securityContext"]
        if security["readOnlyRootFilesystem"]:
            lines.append(f"mount -o remount,bind,ro {root}")
        assert not security["allowPrivilegeEscalation"] and security["capabilities"]["drop"] == ["ALL"]
        assert self._spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        limits = confined.rights(security["capabilities"].get("add", ()), self._user) + confined.profile(CONFINED)
        words = [re.sub(r"\$\((\w+)\)", lambda name: self._environment[name[1]], word) for word in given["args"]]
        environment = [f"{key}={value}" for key, value in self._environment.items()]
        inside = ["env", "-i", *environment, "/usr/sbin/chroot", str(root), *limits, *given["command"], *words]
        script = "; ".join([*lines, f"exec {shlex.join(inside)}"])
        command = ["ip", "netns", "exec", self._namespace, "unshare", "--mount", "--propagation=private"]
        return Daemon([*command, "sh", "-c", script], self._folder / f"{given['name']}.log")


def lone(workload: Object, name: str, namespace: str) -> Object:
    """A Pod of a workload's template, as its controller would make it."""
    template = json.loads(json.dumps(workload["spec"]["template"]))
    template["spec"]["nodeName"] = "node1"
    metadata = {**template["metadata"], "name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
