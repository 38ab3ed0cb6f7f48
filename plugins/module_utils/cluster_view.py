# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API of a cluster says, for its evidence. Reads, asks each API server with a dry run, changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from .dualstack.components.proof import making, reading
from .dualstack.components.proof.asking import NAME, policy_engine
from .kubectl import Kubectl, KubectlError

Object = dict[str, Any]
PATIENCE = "--request-timeout=15s"
SYSTEM = "kube-system"
_EVENTS = ("CIDRNotAvailable", "KubernetesDefaultServiceCIDRInconsistent")
_ABSENT = ("the server doesn't have a resource type", "NotFound", "could not find the requested resource")


class View:
    """One look at a cluster by its API."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl

    def listed(self, kind: str, *words: str) -> list[Object]:
        """All objects of a kind. Raises KubectlError."""
        text = self._kubectl.run("get", kind, *words, "--output=json", PATIENCE)
        found: list[Object] = json.loads(text)["items"]
        return found

    def _known(self, kind: str, *words: str) -> list[Object] | None:
        """The same; None where the API has no such kind."""
        try:
            return self.listed(kind, *words)
        except KubectlError as problem:
            if any(word in str(problem) for word in _ABSENT):
                return None
            raise

    def look(self, namespace: str) -> Object:
        """The observations of the cluster; ``namespace`` is that of the pods of the check, or empty. Raises"""
        """KubectlError."""
        services = self.listed("services", "--all-namespaces")
        addresses, ranges = self._known("ipaddresses"), self._known("servicecidrs")
        own = self.listed("endpointslices", "--namespace=default")
        maps = {one["metadata"]["name"]: one.get("data") or {} for one in self._maps()}
        return {
            "error": "",
            "version": json.loads(self._kubectl.run("get", "--raw", "/version", PATIENCE))["gitVersion"],
            "nodes": reading.nodes(self.listed("nodes")),
            "service_cidrs": None if ranges is None else reading.service_cidrs(ranges),
            "without_ip_address": None if addresses is None else reading.without_ip_address(services, addresses),
            "ip_addresses": None if addresses is None else reading.counted(addresses),
            "services": reading.proxied(services, namespace, datetime.now(timezone.utc)),
            "default_service": reading.default_service(services),
            "balancers": reading.balancers(services),
            "dns": reading.dns(services, str((maps.get("coredns") or {}).get("Corefile", ""))),
            "events": reading.events([event for reason in _EVENTS for event in self._events(reason)]),
            "api_servers": self._servers(own),
            "controllers": reading.controllers(
                self.listed("pods", f"--namespace={SYSTEM}", "--selector=tier=control-plane"),
                datetime.now(timezone.utc),
            ),
            "kubeadm": _parsed(maps, "kubeadm-config", "ClusterConfiguration", reading.kubeadm),
            "kube_proxy": _parsed(maps, "kube-proxy", "config.conf", reading.kube_proxy),
            "probe": self.probe(namespace) if namespace else None,
        }

    def _maps(self) -> list[Object]:
        return self.listed("configmaps", f"--namespace={SYSTEM}")

    def _events(self, reason: str) -> list[Object]:
        return self.listed("events", "--all-namespaces", f"--field-selector=reason={reason}")

    def _servers(self, slices: list[Object]) -> Object:
        """What each API server says; of none that says where it is, the one of the kubeconfig."""
        known = reading.api_servers(slices)
        return {address: self._server(address, port) for address, port in known} or {"": self._server("", 0)}

    def _server(self, address: str, port: int) -> Object:
        """What one API server says of itself, and which families it gives a Service.

        kubeadm and others put the name kubernetes into every serving certificate.
        """
        host = f"[{address}]" if ":" in address else address
        there = [f"--server=https://{host}:{port}", "--tls-server-name=kubernetes"] if address else []
        found: Object = {"readyz": "", "families": [], "error": ""}
        try:
            self._kubectl.run(*there, "get", "--raw", "/readyz?verbose", PATIENCE)
        except KubectlError as problem:
            found["readyz"] = reading.unready(str(problem)) or _line(problem)
        try:
            words = ("create", "--dry-run=server", "--output=json", "--filename=-", PATIENCE)
            made = json.loads(self._kubectl.run(*there, *words, given=json.dumps(making.dry_service())))
            found["families"] = made["spec"].get("ipFamilies") or []
        except KubectlError as problem:
            found["error"] = _line(problem)
        return found

    def probe(self, namespace: str) -> Object:
        """The pods of the check and their Service."""
        pods = self.listed("pods", f"--namespace={namespace}")
        service = json.loads(
            self._kubectl.run("get", "service", NAME, f"--namespace={namespace}", "--output=json", PATIENCE)
        )
        sets = self.listed("daemonsets", "--all-namespaces")
        roles = [making.NOBODY, "ipv4", "ipv6"]
        guarded = {
            opened: pod for opened in roles for pod in reading.probe_pods(pods, f"{making.GUARDED}-{opened}").values()
        }
        return {
            "namespace": namespace,
            "service": NAME,
            "cluster_ips": reading.cluster_ips(service),
            "node_port": service["spec"]["ports"][0].get("nodePort"),
            "slices": reading.endpoints(self.listed("endpointslices", f"--namespace={namespace}"), NAME),
            "pods": reading.probe_pods(pods, making.POD),
            "guarded": guarded,
            "policy_engine": engine(sets),
        }


def engine(daemon_sets: Sequence[Object]) -> str | None:
    """Who enforces NetworkPolicies."""
    return policy_engine([one["metadata"]["name"] for one in daemon_sets])


def _parsed(maps: Object, name: str, key: str, read: Any) -> Any:
    text = (maps.get(name) or {}).get(key)
    return None if text is None else read(str(text))


def _line(problem: KubectlError) -> str:
    return " ".join(str(problem).split())
