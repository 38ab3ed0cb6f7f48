# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's and kube-proxy's configuration: CIDRs and masks become the intent's, all else is told with its key there.

Sources: ClusterConfiguration v1beta3 and v1beta4 of kubeadm, KubeProxyConfiguration v1alpha1. Left out on purpose:
``cluster.kubernetes`` itself. With it the collection takes Kubernetes over, which is for people to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import HINT, Finding
from ..resources.shapes import listing, mapping
from .flags import CIDRS, MASKS, Stated

API_SERVER = "kubernetes"
ARGUMENTS = "extraArgs"
# kind → where it holds what a flag says
_FIELDS: dict[str, dict[str, str]] = {
    "KubeProxyConfiguration": {"clusterCIDR": "cluster-cidr"},
    "ClusterConfiguration": {
        "networking.podSubnet": "cluster-cidr",
        "networking.serviceSubnet": "service-cluster-ip-range",
    },
    "ServiceCIDR": {"spec.cidrs": "service-cluster-ip-range"},
}
# the same, and which key of the intent says it
_KEYS = {
    "KubeProxyConfiguration": {"mode": "proxy.mode", "nodePortAddresses": "proxy.node_port_addresses"},
    "ClusterConfiguration": {
        "kubernetesVersion": "version",
        "controlPlaneEndpoint": "endpoint",
        "imageRepository": "image_repository",
        "networking.dnsDomain": "dns.domain",
        "apiServer.certSANs": "certificate_names",
    },
}
_OF_ALL = {"apiVersion", "kind", "metadata", "clusterName"}  # the name is the operator's to give


def flags(given: Mapping[str, Any]) -> Iterator[Stated]:
    """What one object says, as the flags that say the same."""
    kind = str(given.get("kind"))
    if kind == "ServiceCIDR" and mapping(given.get("metadata")).get("name") != API_SERVER:
        return
    known = _FIELDS.get(kind, {})
    for path, value in _fields(given):
        name = known.get(path) or _flag(path)
        if name:
            yield Stated(name, _text(value), f"{kind}: {path}")


def told(given: Mapping[str, Any]) -> Iterator[Finding]:
    """A hint for each field that an intent would say elsewhere, and one for the rest."""
    kind = str(given.get("kind"))
    if kind not in _KEYS:
        return
    rest = []
    for path, value in _fields(given):
        key = _KEYS[kind].get(path)
        if key:
            reason = "is of Kubernetes itself, which is left out"
            fix = f"State it as dualstack.cluster.kubernetes.{key} when this collection is to look after Kubernetes."
            yield Finding("left-out", HINT, f"{kind}: {path}", _text(value), reason, fix)
        elif path not in _FIELDS[kind] and not _flag(path):
            rest.append(path)
    if rest:
        reason = "is of Kubernetes itself, which is left out"
        fix = "Keep it where it is; arguments and configuration of dualstack.cluster.kubernetes take flags and fields."
        yield Finding("left-out", HINT, kind, ", ".join(sorted(rest)), reason, fix)


def _fields(given: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every field that holds something, by its path; extra arguments by their names, in either shape."""
    for name, value in given.items():
        path = f"{above}{name}"
        if path in _OF_ALL or value is None or value in ("", [], {}):
            continue
        if name == ARGUMENTS and not isinstance(value, Mapping):
            value = {each.get("name"): each.get("value") for each in map(mapping, listing(value))}
        if isinstance(value, Mapping):
            yield from _fields(value, f"{path}.")
        else:
            yield path, value


def _flag(path: str) -> str:
    """The flag that an extra argument is, where an intent knows it."""
    above, _unused, name = path.rpartition(".")
    return name if above.endswith(ARGUMENTS) and (name in CIDRS or name in MASKS) else ""


def _text(value: Any) -> str:
    return ",".join(map(str, listing(value))) if listing(value) else str(value)
