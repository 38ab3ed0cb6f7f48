# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a DaemonSet started anew and waited for, on nodes that are there: one that is down holds nobody up."""

from __future__ import annotations

import json
import time
from typing import Any

from .kubectl import Kubectl, KubectlError, Object

STAMP = "kubectl.kubernetes.io/restartedAt"  # as `kubectl rollout restart` writes it
_LINES = 15
_NO_LOG = "unable to retrieve container logs"  # which kubectl prints as if it were one
_EVERY = 0.5
_TIMES = 2  # a container that ended so often does not come up


class Rollout:
    """One DaemonSet. Raises KubectlError everywhere."""

    def __init__(self, kubectl: Kubectl, namespace: str, name: str, timeout: float) -> None:
        self._kubectl, self._namespace, self._name, self._timeout = kubectl, namespace, name, timeout
        self._stamp = ""

    def start(self) -> None:
        """New pods, which read what is configured now."""
        self._stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self._daemonset()["spec"]["template"]["metadata"].get("annotations", {}).get(STAMP) == self._stamp:
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
        patch = {"spec": {"template": {"metadata": {"annotations": {STAMP: self._stamp}}}}}
        self._run("patch", "daemonset", self._name, "--type=merge", f"--patch={json.dumps(patch)}")

    def wait(self, patient: bool = False) -> str:
        """Empty once all nodes that are Ready have a new pod that is; else what is missing, when a pod has failed (but
        for who is patient) or the time is over."""
        end = time.monotonic() + self._timeout
        while True:
            ready, pods = ready_nodes(self._kubectl), self._pods()
            new = [pod for pod in pods if pod["metadata"].get("annotations", {}).get(STAMP) == self._stamp]
            fresh = {node_of(pod) for pod in new if _is_ready(pod)}
            left = sorted({node_of(pod) for pod in pods} & ready - fresh)
            if not left and fresh:
                return ""
            failed = [pod["metadata"]["name"] for pod in new if _ended(pod) >= _TIMES]
            if failed and not patient:
                return f"pod {failed[0]} ends again and again"
            if time.monotonic() > end:
                return f"after {self._timeout:.0f} s, no new pod is ready on {', '.join(left) or 'any node'}"
            self._push(pods, new, ready, fresh)
            time.sleep(_EVERY)

    def words(self) -> str:
        """The last lines of a new pod that is not ready."""
        for pod in self._pods():
            if pod["metadata"].get("annotations", {}).get(STAMP) == self._stamp and not _is_ready(pod):
                for which in ([], ["--previous"]):
                    try:
                        text = self._run("logs", pod["metadata"]["name"], f"--tail={_LINES}", *which).strip()
                    except KubectlError:
                        continue
                    if text and not text.startswith(_NO_LOG):
                        return text
        return "no pod has written anything"

    def _push(self, pods: list[Object], new: list[Object], ready: set[str], fresh: set[str]) -> None:
        """A pod on a node that is down uses up what may be unavailable: then the next old one is deleted here."""
        down = {node_of(pod) for pod in pods} - ready
        if not down or {node_of(pod) for pod in new} & ready - fresh:
            return
        old = sorted(pod["metadata"]["name"] for pod in pods if pod not in new and node_of(pod) in ready - fresh)
        if old and all("deletionTimestamp" not in pod["metadata"] for pod in pods if node_of(pod) in ready):
            self._run("delete", "pod", old[0], "--wait=false", "--ignore-not-found")

    def _daemonset(self) -> Object:
        return dict(json.loads(self._run("get", "daemonset", self._name, "--output=json")))

    def _pods(self) -> list[Object]:
        labels = self._daemonset()["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found: list[Object] = json.loads(self._run("get", "pods", f"--selector={selector}", "--output=json"))["items"]
        return [pod for pod in found if node_of(pod)]

    def _run(self, *words: str) -> str:
        return self._kubectl.run(*words, f"--namespace={self._namespace}")


def nodes(kubectl: Kubectl) -> list[Object]:
    """All Nodes. Raises KubectlError."""
    found: list[Object] = json.loads(kubectl.run("get", "nodes", "--output=json"))["items"]
    return found


def ready_nodes(kubectl: Kubectl) -> set[str]:
    """The names of those that are Ready. Raises KubectlError."""
    return {str(node["metadata"]["name"]) for node in nodes(kubectl) if _is_ready(node)}


def node_of(pod: Object) -> str:
    """The node that a pod is on."""
    return str(pod["spec"].get("nodeName", ""))


def _is_ready(item: Object) -> bool:
    conditions: list[Any] = item.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _ended(pod: Object) -> int:
    return max(
        (int(each.get("restartCount", 0)) for each in pod.get("status", {}).get("containerStatuses", [])), default=0
    )
