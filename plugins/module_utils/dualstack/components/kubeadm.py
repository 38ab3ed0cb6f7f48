# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of kubeadm: what begins a cluster, what joins it, and what all its nodes share.

In the version of kubeadm's API that the planned kubeadm writes; extraArgs are a list of ``{name, value}`` in v1beta4
and a mapping before. Left out on purpose: tokens, hashes and keys of certificates, which are made on the hosts and are
secrets, and what kubeadm derives itself from ``networking`` (the CIDRs among the flags).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..addresses import blocks, carve
from ..intent.kubernetes import API_PORT
from ..plan.clusters import named
from . import kubelet, proxy
from .flags import GATES, owned
from .reading import Cluster, Plan, cluster_of, gates, pair, rules_of, run_by_us, with_port

CRI_SOCKET = "/run/containerd/containerd.sock"
DERIVED = ("advertise-address", "service-cluster-ip-range", "cluster-cidr")  # by kubeadm itself
Document = dict[str, Any]


def init(plan: Plan, node: str) -> list[Document]:
    """What ``kubeadm init`` reads on the first control plane: all documents of the cluster and InitConfiguration."""
    cluster = cluster_of(plan, node)
    own: Document = {
        **_kind(cluster, "InitConfiguration"),
        "localAPIEndpoint": _local(plan, node),
        "nodeRegistration": _registration(plan, node),
    }
    if not _has_proxy(cluster) and rules_of(cluster).skip_phases:
        own["skipPhases"] = ["addon/kube-proxy"]
    documents = [cluster_configuration(plan, cluster["name"]), own, kubelet.document(cluster)]
    return [*documents, proxy.document(cluster)] if _has_proxy(cluster) else documents


def join(plan: Plan, node: str) -> list[Document]:
    """What ``kubeadm join`` reads on all other nodes: a worker's, or that of a further control plane."""
    cluster = cluster_of(plan, node)
    endpoint = cluster["kubernetes"]["endpoint"]
    own: Document = {
        **_kind(cluster, "JoinConfiguration"),
        "discovery": {"bootstrapToken": {"apiServerEndpoint": with_port(endpoint["host"], endpoint["port"])}},
        "nodeRegistration": _registration(plan, node),
    }
    if plan["nodes"][node]["kubernetes"]["control_plane"]:
        own["controlPlane"] = {"localAPIEndpoint": _local(plan, node)}
    return [own]


def cluster_configuration(plan: Plan, name: str | None = None) -> Document:
    """ClusterConfiguration of the cluster ``name``, the first one without it: what ``kubeadm-config`` holds."""
    cluster = run_by_us(plan["cluster"] if name is None else named(plan, name))
    given = cluster["kubernetes"]
    result: Document = {
        **_kind(cluster, "ClusterConfiguration"),
        "clusterName": cluster["name"],
        "kubernetesVersion": f"v{given['version']}",
        "controlPlaneEndpoint": with_port(given["endpoint"]["host"], given["endpoint"]["port"]),
        "imageRepository": given["image_repository"],
        "networking": {
            "serviceSubnet": pair(cluster, "services"),
            "podSubnet": pair(cluster, "pods"),
            "dnsDomain": given["dns"]["domain"],
        },
        "apiServer": {
            "certSANs": certificate_names(plan, cluster, _control_planes(plan, cluster)),
            **_arguments(plan, cluster, "kube-apiserver"),
        },
    }
    for key, component in (("controllerManager", "kube-controller-manager"), ("scheduler", "kube-scheduler")):
        arguments = _arguments(plan, cluster, component)
        if arguments:
            result[key] = arguments
    arguments = _arguments(plan, cluster, "etcd")
    if arguments:
        result["etcd"] = {"local": arguments}
    if not _has_proxy(cluster) and rules_of(cluster).proxy_disabled:
        result["proxy"] = {"disabled": True}
    if rules_of(cluster).kubeadm_gate and any(gates(cluster).values()):
        result["featureGates"] = {"IPv6DualStack": True}
    return result


def extra_arguments(cluster: Cluster, flags: Mapping[str, str]) -> Any:
    """Flags in the shape of the cluster's version of the API."""
    if rules_of(cluster).arguments_as_list:
        return [{"name": name, "value": value} for name, value in flags.items()]
    return dict(flags)


def certificate_names(plan: Plan, cluster: Cluster, nodes: Sequence[str]) -> list[str]:
    """Names of kube-apiserver's certificate on these control planes that kubeadm does not put there itself.

    kubeadm knows the node's name, its advertised address, the endpoint and the first address of the primary service
    CIDR; a client of the other family needs the other addresses.
    """
    found = list(cluster["kubernetes"]["certificate_names"])
    for name in nodes:
        found += _node_ip(plan, name)
    for family in cluster["families"][1:]:
        if family in cluster["services"]:
            first = carve.host(blocks.parse_network(cluster["services"][family]), 1)
            found.append(blocks.address_text(family, first.first))
    return list(dict.fromkeys(found))


def _kind(cluster: Cluster, kind: str) -> Document:
    return {"apiVersion": f"kubeadm.k8s.io/{rules_of(cluster).kubeadm_writes}", "kind": kind}


def _has_proxy(cluster: Cluster) -> bool:
    return bool(cluster["kubernetes"]["proxy"]["mode"] != "none")


def _control_planes(plan: Plan, cluster: Cluster) -> list[str]:
    return [
        name
        for name, node in plan["nodes"].items()
        if node["cluster"] == cluster["name"] and node["kubernetes"]["control_plane"]
    ]


def _node_ip(plan: Plan, node: str) -> list[str]:
    return list(plan["nodes"][node]["kubernetes"]["node_ip"])


def _arguments(plan: Plan, cluster: Cluster, component: str) -> Document:
    """``extraArgs`` of a component of the control plane, with neither what kubeadm derives nor what differs by node."""
    first = _control_planes(plan, cluster)[:1]
    if not first:
        return {}
    flags = {name: value for name, value in _flags(plan, first[0], component).items() if name not in DERIVED}
    if flags.get("allocate-node-cidrs") == "true":
        del flags["allocate-node-cidrs"]  # kubeadm says it wherever there is a podSubnet
    return {"extraArgs": extra_arguments(cluster, flags)} if flags else {}


def _flags(plan: Plan, node: str, component: str) -> dict[str, str]:
    """The flags of a component with the operator's feature gates; ours are a field of documents."""
    found, ours = owned(plan, node, component), gates(cluster_of(plan, node))
    stated = [f"{name}={str(value).lower()}" for name, value in found.gates.items() if name not in ours]
    return {**found.flags, **({GATES: ",".join(stated)} if stated else {})}


def _local(plan: Plan, node: str) -> Document:
    """Where a control plane answers: the port of the endpoint where that is an address of its own, else 6443."""
    cluster, own = cluster_of(plan, node), plan["nodes"][node]["kubernetes"]
    endpoint = cluster["kubernetes"]["endpoint"]
    addresses = {each for name in _control_planes(plan, cluster) for each in _node_ip(plan, name)}
    port = endpoint["port"] if endpoint["host"] in addresses else API_PORT
    return {"advertiseAddress": own["advertise"], "bindPort": port}


def _registration(plan: Plan, node: str) -> Document:
    cluster, own = cluster_of(plan, node), plan["nodes"][node]["kubernetes"]
    known = rules_of(cluster)
    taints = [{"key": taint["key"], "effect": taint["effect"], **_value(taint)} for taint in own["taints"]]
    if own["control_plane"] and not own["worker"]:
        taints = [{"key": key, "effect": "NoSchedule"} for key in known.control_plane_taints] + taints
    return {
        "name": node,
        "criSocket": f"unix://{CRI_SOCKET}" if known.cri_scheme else CRI_SOCKET,
        "taints": taints,
        "kubeletExtraArgs": extra_arguments(cluster, _flags(plan, node, "kubelet")),
    }


def _value(taint: Mapping[str, str]) -> Document:
    return {"value": taint["value"]} if taint["value"] else {}
