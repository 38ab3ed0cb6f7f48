# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the API as the observations that rows are judged by: what matters of them and no more, no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...addresses.blocks import family_of
from ...evidence.texts import same
from ..proxy_entries import port
from .asking import NAME

Object = Mapping[str, Any]
LATELY = 120.0  # seconds: what runs for longer stays up; while kubelet waits before the next try it is not ready
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
_HEADLESS = "None"
# Somebody else's, or one that kube-proxy before 1.36 leaves out: its informers of Services.
_NOT_PROXIED = ("service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless")
SETTLED = timedelta(seconds=10)  # until every kube-proxy has a new Service
LOOKING = timedelta(seconds=120)  # how long nodes are looked at, where nothing of the check says since when


def nodes(listed: Iterable[Object]) -> dict[str, dict[str, Any]]:
    """Name → ``{"addresses", "pod_cidrs", "ready", "version"}``, in the order of the API."""
    return {
        node["metadata"]["name"]: {
            "addresses": [
                one["address"] for one in _status(node).get("addresses") or () if one["type"] == "InternalIP"
            ],
            "pod_cidrs": list(node["spec"].get("podCIDRs") or ()),
            "ready": _condition(node, "Ready") is True,
            "version": (_status(node).get("nodeInfo") or {}).get("kubeletVersion", ""),
        }
        for node in listed
    }


def pause_images(listed: Iterable[Object]) -> dict[str, str]:
    """Node → the name of a pause image that it has, by a tag; kubelet tells of 50 images, the largest."""
    found = {}
    for node in listed:
        names = [name for image in _status(node).get("images") or () for name in image.get("names") or ()]
        mine = [name for name in names if "@" not in name and re.search(r"(^|/)pause(-[a-z0-9]+)?:", name)]
        if mine:
            found[str(node["metadata"]["name"])] = max(mine)
    return found


def balancers(services: Iterable[Object]) -> list[dict[str, Any]]:
    """Services of the type LoadBalancer: ``{"name", "families", "ingress", "source_ranges"}``."""
    return [
        {
            "name": _name(service),
            "families": list(service["spec"].get("ipFamilies") or ()),
            "ingress": [
                one["ip"] for one in (_status(service).get("loadBalancer") or {}).get("ingress") or () if one.get("ip")
            ],
            "source_ranges": list(service["spec"].get("loadBalancerSourceRanges") or ()),
        }
        for service in services
        if service["spec"].get("type") == "LoadBalancer"
    ]


def cluster_ips(service: Object) -> list[str]:
    """Its addresses; none of a headless one."""
    return [address for address in service["spec"].get("clusterIPs") or () if address not in ("", _HEADLESS)]


def proxied(services: Sequence[Object], namespace: str, now: datetime) -> dict[str, dict[str, str]]:
    """Family → ``10.96.0.10 udp 53`` → ``kube-system/kube-dns``: the ports to which every kube-proxy leads.

    Of Services that were there before the check began and are there now, so that who looked at nodes in between must
    have found them. It began when its own Service was made in ``namespace``, by the clock of the API; where it made
    none (empty), ``LOOKING`` before ``now``.
    """
    began = [_made(service) for service in services if _name(service) == f"{namespace}/{NAME}"]
    before = min(began, default=now - LOOKING) - SETTLED
    found: dict[str, dict[str, str]] = {"ipv4": {}, "ipv6": {}}
    for service in services:
        labels = service["metadata"].get("labels") or {}
        if _made(service) < before and not any(label in labels for label in _NOT_PROXIED):
            for address in cluster_ips(service):
                for one in service["spec"].get("ports") or ():
                    key = port(same(address), one.get("protocol", "TCP"), one["port"])
                    found[family_of(address)][key] = _name(service)
    return found


def default_service(services: Iterable[Object]) -> dict[str, Any] | None:
    """``{"families", "cluster_ips"}`` of the Service of the API itself."""
    for service in services:
        if _name(service) == "default/kubernetes":
            return {"families": list(service["spec"].get("ipFamilies") or ()), "cluster_ips": cluster_ips(service)}
    return None


def dns(services: Iterable[Object], corefile: str) -> dict[str, Any] | None:
    """``{"service", "addresses", "domain"}`` of the cluster's DNS, known by its label as kubeadm and others set it."""
    zone = re.search(r"^\s*kubernetes\s+(\S+)", corefile, re.MULTILINE)
    for service in services:
        if (service["metadata"].get("labels") or {}).get("k8s-app") == "kube-dns" and cluster_ips(service):
            domain = zone.group(1).rstrip(".") if zone else "cluster.local"
            return {"service": _name(service), "addresses": cluster_ips(service), "domain": domain}
    return None


def without_ip_address(services: Iterable[Object], listed: Iterable[Object]) -> list[str]:
    """``NAMESPACE/NAME ADDRESS`` of each address of a Service that no IPAddress stands for."""
    there = {same(one["metadata"]["name"]) for one in listed}
    return [
        f"{_name(service)} {address}"
        for service in services
        for address in cluster_ips(service)
        if same(address) not in there
    ]


def counted(listed: Iterable[Object]) -> dict[str, int]:
    """Number of IPAddresses by family."""
    found = {"ipv4": 0, "ipv6": 0}
    for one in listed:
        found[family_of(one["metadata"]["name"])] += 1
    return found


def service_cidrs(listed: Iterable[Object]) -> list[dict[str, Any]]:
    """``{"name", "cidrs", "ready", "why"}``; ``ready`` is None before anybody has said."""
    found = []
    for one in listed:
        condition = next((each for each in _status(one).get("conditions") or () if each["type"] == "Ready"), None)
        found.append(
            {
                "name": one["metadata"]["name"],
                "cidrs": list(one["spec"]["cidrs"]),
                "ready": None if condition is None else condition["status"] == "True",
                "why": "" if condition is None else str(condition.get("message") or condition.get("reason") or ""),
            }
        )
    return found


def endpoints(slices: Iterable[Object], service: str) -> dict[str, list[str]]:
    """Family → ready addresses of a Service's EndpointSlices; a family without a slice is missing."""
    found: dict[str, list[str]] = {}
    for one in slices:
        if (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service:
            mine = found.setdefault(str(one["addressType"]).lower(), [])
            for end in one.get("endpoints") or ():
                if (end.get("conditions") or {}).get("ready") is not False:
                    mine += end["addresses"]
    return found


def api_servers(slices: Iterable[Object]) -> list[tuple[str, int]]:
    """(address, port) of every API server, as they say themselves in the EndpointSlice of default/kubernetes."""
    return [
        (address, int(port["port"]))
        for one in slices
        if (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == "kubernetes"
        for end in one.get("endpoints") or ()
        for address in end["addresses"]
        for port in (one.get("ports") or ())[:1]
    ]


def unready(text: str) -> str:
    """What an answer of /readyz?verbose says is not ready; empty when all is."""
    return ", ".join(re.findall(r"\[-\]\s*(\S+)", text))


def controllers(pods: Iterable[Object], now: datetime) -> list[dict[str, Any]]:
    """Static pods of the control plane: ``{"component", "node", "version", "ready", "restarts", "lately",
    "why"}``; ``version`` is the tag of the image."""
    found = []
    for pod in pods:
        component = (pod["metadata"].get("labels") or {}).get("component")
        if component not in _CONTROL_PLANE:
            continue
        status: Object = next(iter(_status(pod).get("containerStatuses") or ()), {})
        began = ((status.get("state") or {}).get("running") or {}).get("startedAt")
        image = next((str(one.get("image")) for one in pod["spec"].get("containers") or ()), "")
        found.append(
            {
                "component": component,
                "node": pod["spec"].get("nodeName", ""),
                "version": image.rpartition("/")[2].partition(":")[2],
                "ready": bool(status.get("ready")),
                "restarts": int(status.get("restartCount", 0)),
                "lately": began is not None and (now - instant(began)).total_seconds() < LATELY,
                "why": str(((status.get("state") or {}).get("waiting") or {}).get("reason") or ""),
            }
        )
    return found


def instant(text: str) -> datetime:
    """A time of the API (RFC 3339, UTC)."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def events(listed: Iterable[Object]) -> list[dict[str, str]]:
    """``{"reason", "object", "message"}``."""
    return [
        {
            "reason": str(one.get("reason")),
            "object": f"{one['involvedObject'].get('kind')}/{one['involvedObject'].get('name')}",
            "message": " ".join(str(one.get("message")).split()),
        }
        for one in listed
    ]


def kubeadm(text: str) -> dict[str, str]:
    """``serviceSubnet`` and ``podSubnet`` of a ClusterConfiguration as kubeadm keeps it, one key a line."""
    return {key: value for key in ("serviceSubnet", "podSubnet") for value in [_scalar(text, key)] if value}


def kube_proxy(text: str) -> dict[str, str]:
    """``mode`` (a blank one is iptables) and ``clusterCIDR`` of a KubeProxyConfiguration."""
    return {"mode": _scalar(text, "mode") or "iptables", "clusterCIDR": _scalar(text, "clusterCIDR")}


def _scalar(text: str, key: str) -> str:
    found = re.search(rf"^\s*{key}:[ \t]*(\S*)[ \t]*$", text, re.MULTILINE)
    return found.group(1).strip("\"'") if found else ""


def probe_pods(pods: Sequence[Object], role: str) -> dict[str, dict[str, Any]]:
    """Pods of the check with a role (label ``baremetal.dualstack/proof``), by node: ``{"uid", "ips", "host_ips",
    "running", "why"}``; ``host_ips`` is None where the API has no such field."""
    return {
        str(pod["spec"].get("nodeName")): _probe_pod(pod)
        for pod in pods
        if pod["metadata"]["labels"].get("baremetal.dualstack/proof") == role
    }


def _probe_pod(pod: Object) -> dict[str, Any]:
    status = _status(pod)
    container: Object = next(iter(status.get("containerStatuses") or ()), {})
    waiting = (container.get("state") or {}).get("waiting") or {}
    why = " ".join(filter(None, [status.get("reason"), waiting.get("reason"), waiting.get("message")]))
    hosts = status.get("hostIPs")
    return {
        "uid": pod["metadata"]["uid"],
        "ips": [one["ip"] for one in status.get("podIPs") or ()],
        "host_ips": None if hosts is None else [one["ip"] for one in hosts],
        "running": status.get("phase") == "Running" and bool(container.get("ready")),
        "why": why or str(status.get("phase", "")),
    }


def _status(item: Object) -> Object:
    found: Object = item.get("status") or {}
    return found


def _condition(item: Object, kind: str) -> bool | None:
    for condition in _status(item).get("conditions") or ():
        if condition["type"] == kind:
            return bool(condition["status"] == "True")
    return None


def _made(item: Object) -> datetime:
    return instant(item["metadata"]["creationTimestamp"])


def _name(item: Object) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"
