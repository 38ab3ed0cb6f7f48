# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs our daemons inside a cluster: a DaemonSet of the speaker and a Deployment of the controller.

The pods of the speaker have the host's network and one right more than none, CAP_NET_RAW; so their namespace must allow
privileged pods (Pod Security Standards). A configuration of each node stands in a ConfigMap, and a node gets a pod when
the plan has it. The journal of ``wire`` lies on the host: a container that ends announces again at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..plan import clusters
from ..plan.selecting import HOSTNAME
from ..render import controller, kubeconfig, speaker
from ..render.places import CONFIG_FOLDER
from ..resources.words import HEARTBEAT, HEARTBEAT_KEY
from . import rbac

PROGRAMS = "/opt/dualstack"
HEALTH_PORT = 17473  # of the controller; next to that of MetalLB's and our speaker
SPEAKER_HEALTH = "127.0.0.1:17472"
NODE = "NODE_NAME"
Object = dict[str, Any]
_NOBODY = 65534
# Threads decode lists; without this, the memory that they needed would stay with the process.
_MEMORY = [{"name": "MALLOC_ARENA_MAX", "value": "1"}, {"name": "MALLOC_TRIM_THRESHOLD_", "value": "65536"}]
_POD_SECURITY = "pod-security.kubernetes.io"
_SECCOMP = {"type": "RuntimeDefault"}
_CHECKSUM = "baremetal.dualstack/configuration"


class Workloads(NamedTuple):
    """``image``: with our programs. The rest as in ``speaker.Options`` and ``controller.render``."""

    image: str
    pull_policy: str = "IfNotPresent"
    listen_port: int | None = None
    layer2_refresh: int | None = None
    heartbeat_port: int | None = 7947
    load_balancer_class: str | None = None
    ignore_exclude_label: bool = False
    rest: int = 300
    replicas: int = 2


def namespace_labels() -> dict[str, str]:
    """The labels of a namespace in which the speaker's pods may run."""
    return {f"{_POD_SECURITY}/{mode}": "privileged" for mode in ("enforce", "audit", "warn")}


def objects(plan: Mapping[str, Any], cluster: str, namespace: str, given: Workloads) -> list[Object]:
    """Configuration and pods of a cluster of the plan."""
    families = clusters.named(plan, cluster)["families"]
    api = kubeconfig.Api(namespace, in_pod=True)
    options = speaker.Options(
        given.listen_port,
        given.layer2_refresh,
        given.heartbeat_port,
        SPEAKER_HEALTH,
        api,
        given.load_balancer_class,
        given.ignore_exclude_label,
    )
    nodes = [name for name, facts in plan["nodes"].items() if facts["cluster"] == cluster]
    files = {}
    for node in nodes:
        for name, text in speaker.render(plan, node, options).items():
            stem, _dot, ending = name.partition(".")
            files[f"{stem}-{node}.{ending}"] = text
    anywhere = "0.0.0.0" if families[0] == "ipv4" else "[::]"
    health, metrics = f"{anywhere}:{HEALTH_PORT}", f"{anywhere}:{controller.METRICS_PORT}"
    told = controller.Options(given.load_balancer_class, given.rest, health, metrics)
    own = controller.render(api, told)
    return [
        _config_map(rbac.SPEAKER, namespace, files),
        _config_map(rbac.CONTROLLER, namespace, own),
        _daemon_set(namespace, given, nodes, repr(options)),
        _deployment(namespace, given, repr(sorted(own.items()))),
        _budget(namespace),
    ]


def _daemon_set(namespace: str, given: Workloads, nodes: list[str], shape: str) -> Object:
    rights = ["NET_RAW", "SYS_NICE"]
    if (given.listen_port or 1024) < 1024:
        rights.append("NET_BIND_SERVICE")
    health = {"host": "127.0.0.1", "port": int(SPEAKER_HEALTH.rpartition(":")[2])}
    run, config = _mount("run", speaker.RUNTIME_FOLDER), _mount("configuration", CONFIG_FOLDER, read_only=True)
    wire = {
        **_container("wire", given, ["wire", "--config", f"{CONFIG_FOLDER}/wire-$({NODE}).json"], rights),
        "volumeMounts": [run, config, _mount("heartbeat", "/etc/dualstack-heartbeat", read_only=True)],
    }
    decider = {
        **_container("speaker", given, ["speaker", "--config", f"{CONFIG_FOLDER}/speaker-$({NODE}).json"], []),
        "volumeMounts": [run, config, _mount("run-speaker", f"{speaker.RUNTIME_FOLDER}-speaker")],
        "livenessProbe": {"httpGet": {**health, "path": "/healthz"}, "initialDelaySeconds": 10, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {**health, "path": "/readyz"}, "periodSeconds": 10},
    }
    pod = {
        **_pod(rbac.SPEAKER, "system-node-critical"),
        "securityContext": {"seccompProfile": dict(_SECCOMP)},
        "hostNetwork": True,
        "dnsPolicy": "Default",
        "terminationGracePeriodSeconds": 30,
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": _on(nodes)}},
        "containers": [wire, decider],
        "volumes": [
            {"name": "run", "hostPath": {"path": speaker.RUNTIME_FOLDER, "type": "DirectoryOrCreate"}},
            {"name": "run-speaker", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
            {"name": "configuration", "configMap": {"name": rbac.SPEAKER}},
            {"name": "heartbeat", "secret": {"secretName": HEARTBEAT, "defaultMode": 0o400, "items": _key_item()}},
        ],
    }
    update = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    return _workload("DaemonSet", rbac.SPEAKER, namespace, pod, shape, updateStrategy=update)


def _deployment(namespace: str, given: Workloads, shape: str) -> Object:
    health = {"port": HEALTH_PORT}
    words = ["controller", "--config", f"{CONFIG_FOLDER}/{controller.CONFIG}"]
    container = {
        **_container("controller", given, words, []),
        "ports": [
            {"name": "metrics", "containerPort": controller.METRICS_PORT},
            {"name": "health", "containerPort": HEALTH_PORT},
        ],
        "volumeMounts": [
            _mount("configuration", CONFIG_FOLDER, read_only=True),
            _mount("run", controller.STATUS_SOCKET.rpartition("/")[0]),
        ],
        "livenessProbe": {"httpGet": {**health, "path": "/healthz"}, "initialDelaySeconds": 10, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {**health, "path": "/readyz"}, "periodSeconds": 10},
    }
    apart = {"labelSelector": {"matchLabels": _labels(rbac.CONTROLLER)}, "topologyKey": HOSTNAME}
    pod = {
        **_pod(rbac.CONTROLLER, "system-cluster-critical"),
        "terminationGracePeriodSeconds": 15,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "runAsGroup": _NOBODY,
            "fsGroup": _NOBODY,
            "seccompProfile": dict(_SECCOMP),
        },
        "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": apart}]
            }
        },
        "containers": [container],
        "volumes": [
            {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
            {"name": "configuration", "configMap": {"name": rbac.CONTROLLER}},
        ],
    }
    return _workload("Deployment", rbac.CONTROLLER, namespace, pod, shape, replicas=given.replicas)


def _workload(kind: str, name: str, namespace: str, pod: Object, shape: str, **more: Any) -> Object:
    """``shape``: what the pods are told; they are replaced when it changes."""
    labels = _labels(name)
    notes = {_CHECKSUM: hashlib.sha256(shape.encode()).hexdigest()[:16]}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            **more,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": notes}, "spec": pod},
        },
    }


def _pod(account: str, priority: str) -> Object:
    return {
        "serviceAccountName": account,
        "automountServiceAccountToken": True,
        "priorityClassName": priority,
        "enableServiceLinks": False,
        "nodeSelector": {"kubernetes.io/os": "linux"},
    }


def _container(name: str, given: Workloads, words: list[str], rights: list[str]) -> Object:
    capabilities: Object = {"drop": ["ALL"], **({"add": rights} if rights else {})}
    return {
        "name": name,
        "image": given.image,
        "imagePullPolicy": given.pull_policy,
        "command": ["python3", "-I", f"{PROGRAMS}/{name}.pyz"],
        "args": words,
        "env": [{"name": NODE, "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}, *_MEMORY],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": capabilities,
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }


def _budget(namespace: str) -> Object:
    """A drain of nodes leaves a controller."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": rbac.CONTROLLER, "namespace": namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _labels(rbac.CONTROLLER)}},
    }


def _config_map(name: str, namespace: str, files: Mapping[str, str]) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(sorted(files.items()))}


def _mount(name: str, path: str, read_only: bool = False) -> Object:
    return {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}


def _on(nodes: list[str]) -> Object:
    return {"nodeSelectorTerms": [{"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": nodes}]}]}


def _key_item() -> list[Object]:
    return [{"key": HEARTBEAT_KEY, "path": HEARTBEAT_KEY}]


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "baremetal.dualstack"}
