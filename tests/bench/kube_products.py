# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The products that are measured on a cluster: ours, as hosts get it, and MetalLB in its native mode."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack

import yaml
from cluster import product
from cluster.api import Object
from cluster.building import METALLB_SOURCE, programs, source
from cluster.daemons import Daemon
from interop.stage import Host
from kube_stage import NODE, KubeStage
from machine import PRIORITY, cpu


class Product(ABC):
    """A controller, and what runs on the node."""

    name: str

    def __init__(self, stage: KubeStage, stack: ExitStack) -> None:
        self.stage = stage
        self.controller, self.node = self._prepare(stage, stack)
        for daemon in (self.controller, *self.node.values()):
            stack.callback(daemon.end)

    @abstractmethod
    def _prepare(self, stage: KubeStage, stack: ExitStack) -> tuple[Daemon, dict[str, Daemon]]:
        """Rights, files and configuration; the controller, and the daemons of the node, ``speaker`` among them."""

    def start(self) -> None:
        """Starts all of it and does not wait."""
        self.controller.start()
        self.start_node()

    def start_node(self) -> None:
        """Starts what runs on the node, with nothing kept of the last time."""
        for daemon in self.node.values():
            daemon.start()

    def stop(self) -> None:
        """Ends all of it at once."""
        self.controller.end()
        self.stop_node()

    def stop_node(self) -> None:
        """Ends that at once."""
        for daemon in self.node.values():
            daemon.end()

    @property
    def pids(self) -> list[int]:
        """Of all of it."""
        return [daemon.pid for daemon in (self.controller, *self.node.values())]

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used."""
        return cpu(self.pids)


class MetalLb(Product):
    """MetalLB: its own manifests, its webhooks left out, the metrics and health ports its own."""

    name = "MetalLB, native"

    def _prepare(self, stage: KubeStage, stack: ExitStack) -> tuple[Daemon, dict[str, Daemon]]:
        kinds = {"Namespace", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount", "ConfigMap"}
        stage.plane.apply(kinds_of_metallb(), [one for one in manifests() if one["kind"] in kinds])
        for role in ("controller", "speaker"):
            container = {"name": role, "image": "example.invalid/none"}
            pod = {"metadata": {"name": role}, "spec": {"containers": [container], "nodeName": NODE}}
            stage.api.create(f"/api/v1/namespaces/{product.NAMESPACE}/pods", pod)
        controller = self._daemon("controller", stage.server, "--webhook-mode=disabled")
        return controller, {"speaker": self._daemon("speaker", stage.node)}

    def _daemon(self, role: str, host: Host, *words: str) -> Daemon:
        program = programs([f"metallb-{role}"])[f"metallb-{role}"]
        kubeconfig = self.stage.plane.kubeconfig(f"system:serviceaccount:{product.NAMESPACE}:{role}")
        variables = {"NAMESPACE": product.NAMESPACE, "POD_NAME": role, "NODE_NAME": NODE}
        told = [f"KUBECONFIG={kubeconfig}", *(f"METALLB_{name}={value}" for name, value in variables.items())]
        return Daemon([*host.prefix, "env", *told, str(program), *words], self.stage.folder / f"{role}.log")


def manifests() -> list[Object]:
    """The native manifests of the MetalLB that is built."""
    text = (source(*METALLB_SOURCE) / "config" / "manifests" / "metallb-native.yaml").read_text(encoding="utf-8")
    return [one for one in yaml.safe_load_all(text) if one]


def kinds_of_metallb() -> list[Object]:
    """Its CustomResourceDefinitions without the conversion webhook, as no webhook runs."""
    found = [one for one in manifests() if one["kind"] == "CustomResourceDefinition"]
    for one in found:
        one["spec"].pop("conversion", None)
    return found


class Ours(Product):
    """Our controller, speaker and wire out of the bundles that hosts get, with the rights that their accounts have."""

    name = "ours"

    def _prepare(self, stage: KubeStage, stack: ExitStack) -> tuple[Daemon, dict[str, Daemon]]:
        product.install(stage.plane)
        zips = product.bundles(stage.folder)
        wire = {"realtime_priority": PRIORITY}
        self._daemons = product.NodeDaemons(stage.plane, stage.node, NODE, stage.folder, zips, wire_settings=wire)
        controller = product.ControllerDaemon(stage.plane, stage.server, "controller", stage.folder, zips)
        stack.callback(self._daemons.end)
        stack.callback(controller.close)
        return controller, {"wire": self._daemons.wire, "speaker": self._daemons.speaker}

    def start_node(self) -> None:
        self._daemons.journal.unlink(missing_ok=True)
        super().start_node()
