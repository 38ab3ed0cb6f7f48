# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs a component on a host: the kubelet, from the manifest of a static pod, or systemd, from a unit.

Both know the files that hold its flags, how it is given new ones, whether it fails to come up, and its last words.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from typing import Callable, Union

from .dualstack.components.editing import manifest, unit
from .dualstack.components.editing.owned import Owned
from .kube_process import Process, running

Run = Callable[[Sequence[str]], "tuple[int, str, str]"]  # a command: status, output, error
_INFORMATION = re.compile(r"I\d{4} ")
LINES = 10
_LOOKS_OF_FIRST, _LOOKS_OF_MORE = 10, 3  # without a process
_FOLDER = "Where its manifest is in another folder, name that."
_EXTERNAL = (
    "Where it runs on hosts that kubeadm knows nothing of (external), take etcd out of kubernetes.arguments in the"
    " intent, and give it the flags there."
)
_LOG_LINE = re.compile(r"^\S+ (?:stdout|stderr) [FP] ", re.MULTILINE)  # of CRI's log format


def read(path: str) -> str:
    """The text of a file. Raises OSError."""
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


class StaticPod:
    """A component whose manifest the kubelet watches: it restarts the pod by itself when the file changes."""

    def __init__(self, component: str, path: str, logs: str = "/var/log/pods") -> None:
        self.component, self.path = component, path
        self._logs = os.path.join(logs, f"*_{component}-*", component)
        self._gone = 0

    def texts(self) -> dict[str, str]:
        """The files that hold flags. Raises OSError, which tells what to do where there is no such pod."""
        if not os.path.exists(self.path):
            named = f"name it ({self.component.replace('-', '_')}_unit of the role, unit of the module)"
            raise OSError(
                f"there is no {self.path}, so it is no static pod of this host. Where a systemd unit runs it, {named}."
                f" {_EXTERNAL if self.component == 'etcd' else _FOLDER}"
            )
        return {self.path: read(self.path)}

    def edit(self, texts: Mapping[str, str], owned: Owned) -> dict[str, str]:
        """The files that change. Raises EditError."""
        after = manifest.edit(texts[self.path], owned, self.component)
        return {} if after == texts[self.path] else {self.path: after}

    def flags(self, texts: Mapping[str, str]) -> list[str]:
        """The arguments in the files. Raises EditError."""
        return manifest.flags(texts[self.path], self.component)

    def restart(self, changed: Sequence[str]) -> None:
        """The kubelet sees the new file by itself."""
        del changed
        self._gone = 0

    def processes(self) -> list[Process]:
        """Processes of the component, also those of other clusters inside containers of this host."""
        return running(self.component)

    def failed(self, since: float, wall: float) -> bool:
        """Whether containers that began after ``wall`` (seconds since 1970) have ended, and none runs any more.

        After a first end the kubelet starts another one at once, so a second end is believed sooner.
        """
        alive = any(each.started >= since for each in self.processes())
        begun = len(self._new(wall))
        self._gone = self._gone + 1 if begun and not alive else 0
        return self._gone >= (_LOOKS_OF_FIRST if begun == 1 else _LOOKS_OF_MORE)

    def words(self, wall: float) -> str:
        """The last lines that the newest container wrote."""
        for path in sorted(self._new(wall), key=os.path.getmtime, reverse=True):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = _LOG_LINE.sub("", file.read()).strip()
            if text:
                return _heavy(text)
        return "the kubelet has not run it; see its log: journalctl --unit kubelet"

    def _new(self, wall: float) -> list[str]:
        folders = [folder for folder in glob.glob(self._logs) if os.stat(folder).st_ctime >= wall]
        logs = [path for folder in folders for path in glob.glob(os.path.join(folder, "*.log"))]
        return [path for path in logs if os.stat(path).st_mtime >= wall]  # a pod that comes back finds its old logs


class Unit:
    """A component that systemd runs."""

    def __init__(self, component: str, name: str, run: Run) -> None:
        self.component, self.name = component, name
        self._run = run
        self._restarts = 0

    def texts(self) -> dict[str, str]:
        """The files that hold flags, in the order in which systemd reads them. Raises OSError."""
        files = self._files()
        return {**files.units, **files.environment}

    def edit(self, texts: Mapping[str, str], owned: Owned) -> dict[str, str]:
        """The files that change. Raises EditError."""
        return unit.edit(self._files(texts), owned, self.component)

    def flags(self, texts: Mapping[str, str]) -> list[str]:
        """The arguments in the files. Raises EditError."""
        return unit.flags(self._files(texts), self.component)

    def restart(self, changed: Sequence[str]) -> None:
        """Starts it anew without waiting for it; systemd reads changed units first. Raises OSError."""
        if any(path.endswith((".service", ".conf")) for path in changed):
            self._command("daemon-reload")
        self._run(["systemctl", "reset-failed", self.name])
        self._command("restart", "--no-block", self.name)
        self._restarts = int(self._show("NRestarts")["NRestarts"] or 0)

    def processes(self) -> list[Process]:
        """The main process of the unit."""
        pid = int(self._show("MainPID")["MainPID"] or 0)
        return [each for each in running(self.component) if each.pid == pid]

    def failed(self, since: float, wall: float) -> bool:
        """Whether it has ended since it was started anew, or can't be started."""
        del since, wall
        state = self._show("ActiveState", "NRestarts")
        return state["ActiveState"] == "failed" or int(state["NRestarts"] or 0) > self._restarts + 1

    def words(self, wall: float) -> str:
        """Its last lines in the journal."""
        since = f"--since=@{int(wall)}"
        return _heavy(self._run(["journalctl", "--unit", self.name, "--no-pager", "--output=cat", since])[1].strip())

    def _files(self, texts: Mapping[str, str] | None = None) -> unit.Files:
        state = self._show("FragmentPath", "DropInPaths", "EnvironmentFiles")
        if not state["FragmentPath"]:
            raise OSError(f"there is no unit {self.name}; name the one that runs {self.component}")
        units = [state["FragmentPath"], *state["DropInPaths"].split()]
        environment = [line.split(" (ignore_errors=")[0] for line in state["EnvironmentFiles"].splitlines()]
        return unit.Files(
            *(
                {path: texts[path] if texts else read(path) for path in paths if os.path.exists(path)}
                for paths in (units, environment)
            )
        )

    def _show(self, *properties: str) -> dict[str, str]:
        found: dict[str, str] = dict.fromkeys(properties, "")
        for line in self._command("show", self.name, *(f"--property={name}" for name in properties)).splitlines():
            name, equals, text = line.partition("=")
            if equals and name in found:
                found[name] = f"{found[name]}\n{text}" if found[name] else text
        return found

    def _command(self, *words: str) -> str:
        status, out, error = self._run(["systemctl", *words])
        if status:
            raise OSError(f"systemctl {' '.join(words)}: {error.strip() or out.strip()}")
        return out


def _heavy(text: str) -> str:
    """The last lines, each said once, without mere information (klog's I…) where there is anything else."""
    lines = text.splitlines()
    heavy = [line for line in lines if not _INFORMATION.match(line)] or lines
    last = {line.partition("] ")[2] or line: place for place, line in enumerate(heavy)}
    return "\n".join([heavy[place] for place in sorted(last.values())][-LINES:])


Runner = Union[StaticPod, Unit]
