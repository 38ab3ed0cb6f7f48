# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is told of a component, as plain data for roles: flags, fields, and what kubeadm's ConfigMaps must say.

kubeadm renders its manifests anew from ``kubeadm-config`` at each upgrade, and kubelets' files from ``kubelet-config``:
what stands only on hosts would be lost (kubernetes/kubeadm#3191). Of kube-scheduler and etcd nothing follows from the
plan; they are told what the operator stated, and left alone where that is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import flags, kubeadm, kubelet, proxy
from .editing.owned import Owned
from .reading import Cluster, Plan, cluster_of, gates
from .versions import Version

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet", "kube-proxy")
_PARTS = {
    "kube-apiserver": "apiServer",
    "kube-controller-manager": "controllerManager",
    "kube-scheduler": "scheduler",
    "etcd": "etcd.local",
}
_NETWORKING = {"kube-apiserver": ("serviceSubnet",), "kube-controller-manager": ("serviceSubnet", "podSubnet")}
_KUBELET_CONFIG = Version(24, 0)  # from here on, the name of kubelet-config has no version


def settings(plan: Plan, component: str, node: str) -> dict[str, Any]:
    """What M(baremetal.dualstack.kube_component) takes for ``component`` on ``node``.

    Keys: ``flags``, ``absent``, ``gates``, ``fields``, ``addresses`` (of a kubelet's Node), ``names`` (of the API
    server's certificate, where kubeadm makes it), ``documents`` in ConfigMaps (which kube_configmap takes as well),
    ``run_by``, ``wanted`` (a kube-proxy may be replaced by the pod network).
    Raises ValueError where somebody else runs the components.
    """
    cluster = cluster_of(plan, node)
    own = plan["nodes"][node]["kubernetes"]
    owned = flags.owned(plan, node, component)
    by_kubeadm = cluster["kubernetes"]["run_by"] == "kubeadm"
    return {
        "wanted": _wanted(cluster, component),
        "run_by": cluster["kubernetes"]["run_by"],
        **_plain(owned),
        "fields": _fields(plan, component, node),
        "addresses": list(own["node_ip"]) if component == "kubelet" else [],
        "names": _names(plan, cluster, node) if by_kubeadm and component == "kube-apiserver" else [],
        "documents": _documents(plan, component, node, owned) if by_kubeadm else [],
    }


def _wanted(cluster: Cluster, component: str) -> bool:
    if component == "kube-proxy":
        return bool(cluster["kubernetes"]["proxy"]["mode"] != "none")
    return component not in ("kube-scheduler", "etcd") or bool(cluster["kubernetes"]["arguments"].get(component))


def _names(plan: Plan, cluster: Cluster, node: str) -> list[str]:
    """What the API server's certificate on the node names beside what kubeadm knows by itself, and the endpoint.

    Not the other control planes, as kubeadm's documents do before any of them is there: a new one touches no other.
    """
    own = kubeadm.certificate_names(plan, cluster, [node])
    return list(dict.fromkeys([*own, cluster["kubernetes"]["endpoint"]["host"]]))


def _plain(owned: Owned) -> dict[str, Any]:
    return {"flags": dict(owned.flags), "absent": list(owned.absent), "gates": dict(owned.gates)}


def _fields(plan: Plan, component: str, node: str) -> dict[str, Any]:
    if component not in ("kubelet", "kube-proxy"):
        return {}
    fields = (kubelet if component == "kubelet" else proxy).fields(plan, node)
    gone = {name: None for name, value in gates(cluster_of(plan, node)).items() if value is None}
    return {**fields, "featureGates": {**gone, **fields.get("featureGates", {})}}


def _documents(plan: Plan, component: str, node: str, owned: Owned) -> list[dict[str, Any]]:
    if component == "kube-proxy":
        return [_document("kube-proxy", "config.conf", _fields(plan, component, node))]
    own = plan["nodes"][node]["kubernetes"]
    if component == "kubelet":
        version = Version.parse(cluster_of(plan, node)["kubernetes"]["version"])
        name = "kubelet-config" if version >= _KUBELET_CONFIG else f"kubelet-config-1.{version.minor}"
        return [_document(name, "kubelet", _fields(plan, component, node))] if own["first"] else []
    cluster = cluster_of(plan, node)
    whole = kubeadm.cluster_configuration(plan, cluster["name"])
    fields: dict[str, Any] = {}
    if component in _NETWORKING:
        stated = {name: whole["networking"][name] for name in _NETWORKING[component]}  # what the component itself reads
        fields = {f"networking.{name}": value for name, value in stated.items() if value}
        fields["featureGates"] = {name: whole.get("featureGates", {}).get(name) for name in gates(cluster)}
    part: Any = whole
    for key in _PARTS[component].split("."):
        part = part.get(key, {})
    document = _document("kubeadm-config", "ClusterConfiguration", fields)
    document["arguments"] = {_PARTS[component]: _plain(_extra(cluster, part.get("extraArgs", {}), owned))}
    if component == "kube-apiserver":
        document["names"] = kubeadm.certificate_names(plan, cluster, [node])
    return [document]


def _document(name: str, key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    shared = {"namespace": "kube-system", "arguments": {}, "names": []}
    return {**shared, "name": name, "key": key, "fields": dict(fields)}


def _extra(cluster: Cluster, given: Any, owned: Owned) -> Owned:
    """``extraArgs`` as they shall be, without what kubeadm derives by itself, so that it does not go stale."""
    stated = {each["name"]: each["value"] for each in given} if isinstance(given, list) else dict(given)
    stated.pop(flags.GATES, None)
    derived = [name for name in owned.flags if name not in stated]
    ours = gates(cluster)
    return Owned(
        stated,
        [*owned.absent, *derived],
        {name: None if name in ours else switch for name, switch in owned.gates.items()},
    )
