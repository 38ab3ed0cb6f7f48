# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check makes in a cluster: a namespace, a pod of the pause image on each node, a Service of both families,
and guarded pods where NetworkPolicies are enforced.

Pods are put on their nodes by name, so that a full or cordoned node is proven as well, and end by themselves after
``LIFETIME`` if nobody takes them away. The pods satisfy the Pod Security Standard ``restricted``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .asking import NAME, PORT

LABEL = "baremetal.dualstack/proof"
LIFETIME = 900  # seconds
POD = "pod"
GUARDED = "guarded"
NOBODY = "none"  # the guarded pod that no family is let in to
_EVERYBODY = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}

Object = dict[str, Any]


def objects(namespace: str, images: Mapping[str, str], families: Sequence[str], policies: bool) -> list[Object]:
    """All of it in an order that can be applied at once. ``images``: node → the pause image there."""
    made = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {LABEL: ""}}},
        _object("ServiceAccount", namespace, "default", {"automountServiceAccountToken": False}),
        _object("Service", namespace, NAME, {"spec": _service()}),
    ]
    made += [_pod(namespace, f"on-{number}", POD, node, image) for number, (node, image) in enumerate(images.items())]
    if policies and images:
        node, image = next(iter(images.items()))
        for opened in (NOBODY, *families):
            made.append(_policy(namespace, opened))
            made.append(_pod(namespace, f"{GUARDED}-{opened}", f"{GUARDED}-{opened}", node, image))
    return made


def _service() -> Object:
    return {
        "type": "NodePort",
        "ipFamilyPolicy": "PreferDualStack",
        "selector": {LABEL: POD},
        "ports": [{"port": PORT, "targetPort": PORT, "protocol": "TCP"}],
    }


def _pod(namespace: str, name: str, role: str, node: str, image: str) -> Object:
    spec = {
        "nodeName": node,
        "activeDeadlineSeconds": LIFETIME,
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsPolicy": "Default",
        "tolerations": [{"operator": "Exists"}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "pause",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
    made = _object("Pod", namespace, name, {"spec": spec})
    made["metadata"]["labels"] = {LABEL: role}
    return made


def _policy(namespace: str, opened: str) -> Object:
    ingress = [] if opened == NOBODY else [{"from": [{"ipBlock": {"cidr": _EVERYBODY[opened]}}]}]
    role = f"{GUARDED}-{opened}"
    spec = {"podSelector": {"matchLabels": {LABEL: role}}, "policyTypes": ["Ingress"], "ingress": ingress}
    made = _object("NetworkPolicy", namespace, role, {"spec": spec})
    made["apiVersion"] = "networking.k8s.io/v1"
    return made


def _object(kind: str, namespace: str, name: str, rest: Mapping[str, Any]) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}


def dry_service() -> Object:
    """A Service of all families of whoever is asked, never kept (``--dry-run=server``)."""
    spec = {"ipFamilyPolicy": "PreferDualStack", "ports": [{"port": 80}], "selector": {LABEL: POD}}
    return _object("Service", "default", NAME, {"spec": spec})
