# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments behind the Services of a plan: real pods, which answer on its VIPs. Pure."""

from __future__ import annotations

from typing import Any

from .kube_images import SERVER

REPLICAS = 2


def render(plan: dict[str, Any]) -> dict[str, Any]:
    """A List for kubectl: one Deployment for each Service that selects pods by labels and has a TCP port."""
    return {"apiVersion": "v1", "kind": "List", "items": [_deployment(s) for s in plan["services"] if _ports(s)]}


def _ports(service: dict[str, Any]) -> list[int]:
    told = [port for port in service["ports"] if port.get("protocol", "TCP") == "TCP"] if service["selector"] else []
    return sorted({port.get("target_port") or port["port"] for port in told})


def _deployment(service: dict[str, Any]) -> dict[str, Any]:
    labels = service["selector"]
    ports = _ports(service)
    container = {
        "name": "server",
        "image": SERVER,
        "imagePullPolicy": "Never",
        "args": ["serve", *map(str, ports)],
        "env": [
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "SERVICE", "value": f"{service['namespace']}/{service['name']}"},
        ],
        "ports": [{"containerPort": port} for port in ports],
        "readinessProbe": {"httpGet": {"path": "/", "port": ports[0]}, "periodSeconds": 2},
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "topologySpreadConstraints": [spread],
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": service["name"], "namespace": service["namespace"]},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
