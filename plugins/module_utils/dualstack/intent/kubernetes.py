# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the schema that describes Kubernetes itself, where the collection runs its components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .shapes import (
    ADDRESS,
    DOMAIN,
    HOST,
    INVALID,
    NAME_OF_CERTIFICATE,
    NETWORK,
    Integer,
    JsonSchema,
    Key,
    ListOf,
    MapOf,
    PerFamily,
    Report,
    Shape,
    Struct,
    Text,
)
from .shapes.base import wrong_type
from .words import FAMILY, SWITCH

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet", "kube-proxy")
CONFIGURED = ("kubelet", "kube-proxy")
PROXY_MODES = ("nftables", "iptables", "ipvs", "none")
CNI_PLUGINS = ("bridge", "calico", "cilium", "flannel", "other")
API_PORT = 6443

_SCALARS = (str, int, float, bool, type(None))
_LABEL, _PART = r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?", r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REPOSITORY = Text(  # distribution/reference, which kubeadm, kubelet and containerd read it by
    pattern=rf"(?:(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?|{_PART})(?:/{_PART})*",
    like="a repository of images, as registry.example.net:5000/kubernetes",
)


class Fields(Shape):
    """Fields of a configuration of a component, kept as they are: the component knows what they mean."""

    @property
    def kind(self) -> str:
        return "mapping of fields"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, Mapping):
            return wrong_type(report, path, value, "a mapping", "Write field: value pairs, as in the component's file.")
        return self._below(value, path, report)

    def _below(self, value: Any, path: str, report: Report) -> Any:
        if isinstance(value, _SCALARS):
            return value
        if isinstance(value, Mapping):
            read = {str(key): self._below(each, f"{path}.{key}", report) for key, each in value.items()}
            return INVALID if any(each is INVALID for each in read.values()) else read
        if isinstance(value, Sequence):
            items = [self._below(each, f"{path}[{index}]", report) for index, each in enumerate(value)]
            return INVALID if any(each is INVALID for each in items) else items
        return wrong_type(report, path, value, "what YAML has: text, numbers, lists, mappings", "Put it in quotes.")

    def json_schema(self) -> JsonSchema:
        return {"type": "object"}


ENDPOINT = Struct(
    (
        Key("host", HOST, "DNS name or address", required=True),
        Key("port", Integer(1, 65535), "TCP port", default=API_PORT),
    ),
    words="endpoint",
)
PROXY = Struct(
    (
        Key(
            "mode",
            Text(choices=PROXY_MODES),
            "mode of kube-proxy; none: it is not there, the CNI does its work; default: nftables, before 1.33 iptables",
        ),
        Key(
            "node_port_addresses",
            ListOf(NETWORK, least=0),
            "CIDRs of the node addresses on which node ports answer; none: on all",
            default=[],
        ),
    ),
    words="kube-proxy",
)
CNI = Struct(
    (
        Key(
            "plugin",
            Text(choices=CNI_PLUGINS),
            "who makes the pod network; bridge is built in and needs no images, other is the operator's own",
            default="bridge",
        ),
        Key(
            "allocate_node_cidrs",
            SWITCH,
            "kube-controller-manager gives each Node its part of the pod CIDRs; "
            "default: true, but of calico and cilium, which divide them themselves",
        ),
        Key(
            "masquerade",
            ListOf(FAMILY, least=0, most=2),
            "families in which pods leave the cluster with the address of their node; "
            "default: those whose pod CIDR is private (RFC 1918, RFC 6598, RFC 4193)",
        ),
        Key(
            "non_masquerade",
            ListOf(NETWORK, least=0),
            "further destinations, beside pods and nodes, to which pods keep their own address",
            default=[],
        ),
        Key(
            "encapsulation",
            Text(choices=("vxlan", "none")),
            "how pods reach nodes on no common segment; none: routers know the pod CIDRs",
            default="vxlan",
        ),
        Key("vni", Integer(1, 16777215), "VXLAN network identifier; default: the plugin's"),
        Key("mtu", Integer(1280, 65535), "MTU of pods; default: that of the node less what the encapsulation needs"),
    ),
    words="pod network",
)
DNS = Struct(
    (
        Key(
            "addresses",
            PerFamily(ADDRESS),
            "addresses of the cluster DNS; default: the tenth of the primary service CIDR",
        ),
        Key("domain", DOMAIN, "domain of the cluster", default="cluster.local"),
    ),
    words="cluster DNS",
)
ARGUMENTS = Struct(
    tuple(
        Key(name, MapOf(Text()), f"flags of {name}, without dashes, beside those that the plan needs", default={})
        for name in COMPONENTS
    ),
    words="flags by component",
)
CONFIGURATION = Struct(
    (
        Key("kubelet", Fields(), "fields of KubeletConfiguration, beside those that the plan needs", default={}),
        Key("kube-proxy", Fields(), "fields of KubeProxyConfiguration, beside those that the plan needs", default={}),
    ),
    words="fields by component",
)


TAINT = Struct(
    (
        Key("key", Text(), "name of the taint", required=True),
        Key("value", Text(), "its value", default=""),
        Key(
            "effect",
            Text(choices=("NoSchedule", "PreferNoSchedule", "NoExecute")),
            "what it does to pods that do not tolerate it",
            required=True,
        ),
    ),
    words="taint",
)


def _defaults(struct: Struct) -> dict[str, Any]:
    return {key.name: key.default for key in struct.keys}


KUBERNETES = Struct(
    (
        Key(
            "version",
            Text(pattern=r"1\.[0-9]{1,2}\.[0-9]{1,2}", like="a version as 1.36.3, in quotes"),
            "version of Kubernetes",
            required=True,
        ),
        Key(
            "run_by",
            Text(choices=("kubeadm", "systemd")),
            "kubeadm: the control plane are its static pods; systemd: units of the operator's own",
            default="kubeadm",
        ),
        Key(
            "endpoint",
            ENDPOINT,
            "what everybody talks to: a name or address that leads to all control planes; "
            "default: the address of the first one, if it is alone",
        ),
        Key(
            "certificate_names",
            ListOf(NAME_OF_CERTIFICATE, least=0),
            "further names and addresses in the certificate of kube-apiserver",
            default=[],
        ),
        Key("image_repository", _REPOSITORY, "where the images of the components come from", default="registry.k8s.io"),
        Key("proxy", PROXY, "kube-proxy", default=_defaults(PROXY)),
        Key("cni", CNI, "the pod network", default=_defaults(CNI)),
        Key("dns", DNS, "the cluster DNS", default=_defaults(DNS)),
        Key("arguments", ARGUMENTS, "flags that the operator adds", default=_defaults(ARGUMENTS)),
        Key("configuration", CONFIGURATION, "fields that the operator adds", default=_defaults(CONFIGURATION)),
    ),
    words="Kubernetes",
)
