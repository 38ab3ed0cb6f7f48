# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes and takes away what the evidence of a cluster needs in it: one namespace, with everything in it."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timezone
from typing import Any

from .cluster_view import PATIENCE, View, engine
from .dualstack.components.proof import making, reading
from .kubectl import Kubectl, KubectlError

PREFIX = "dualstack-proof-"
_PAUSE = 0.5  # seconds


class Stand:
    """What stands in the cluster while the evidence is gathered."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self._view = View(kubectl)

    def make(
        self, nodes: list[str], families: list[str], image: str, repository: str, seconds: float
    ) -> dict[str, Any]:
        """``{"namespace", "why"}`` once the pods run or ``seconds`` are over; without an image nothing is made.

        What an earlier run left, because it was killed, goes first. Raises KubectlError; nothing is left then.
        """
        self._forget()
        listed = self._view.listed("nodes")
        known = reading.nodes(listed)
        images = _images([node for node in nodes if node in known], reading.pause_images(listed), image, repository)
        if not images:
            return {
                "namespace": "",
                "why": "no node says that it has a pause image, and none was named (evidence_image)",
            }
        namespace = PREFIX + secrets.token_hex(4)
        policies = engine(self._view.listed("daemonsets", "--all-namespaces")) is not None
        try:
            self._kubectl.apply(making.objects(namespace, images, families, policies), dry=False)
            self._wait(namespace, [node for node in images if known[node]["ready"]], families, seconds)
        except BaseException:
            self.remove(namespace)
            raise
        return {"namespace": namespace, "why": ""}

    def _wait(self, namespace: str, nodes: list[str], families: list[str], seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._there(namespace, nodes, families):
            time.sleep(_PAUSE)

    def _there(self, namespace: str, nodes: list[str], families: list[str]) -> bool:
        """Whether every pod runs and stands in the EndpointSlices; a family that never comes is waited for in vain."""
        probe = self._view.probe(namespace)
        waited = [*(probe["pods"].get(node) or {} for node in nodes), *probe["guarded"].values()]
        full = all(len(probe["slices"].get(family) or ()) >= len(nodes) for family in families)
        return full and all(pod.get("running") and len(pod["ips"]) >= len(families) for pod in waited)

    def remove(self, namespace: str) -> None:
        """Takes a namespace of the check away, with all in it; does not wait for it."""
        if not namespace.startswith(PREFIX):
            raise KubectlError(f"{namespace} is no namespace of the evidence: its name would begin with {PREFIX}")
        words = ("--ignore-not-found", "--wait=false", PATIENCE)
        self._kubectl.run("delete", "namespace", namespace, *words)

    def _forget(self) -> None:
        now = datetime.now(timezone.utc)
        for one in self._view.listed("namespaces", f"--selector={making.LABEL}"):
            age = (now - reading.instant(one["metadata"]["creationTimestamp"])).total_seconds()
            if age > making.LIFETIME and one["metadata"]["name"].startswith(PREFIX):
                self.remove(one["metadata"]["name"])


def _images(nodes: list[str], known: dict[str, str], image: str, repository: str) -> dict[str, str]:
    """Node → image: the one that was named, or the node's own, or that of another node."""
    if image:
        return dict.fromkeys(nodes, image)
    mine = [known[node] for node in nodes if node in known and known[node].startswith(repository)]
    spare = next(iter(mine or known.values()), "")
    return {node: known.get(node, spare) for node in nodes if known.get(node, spare)}
