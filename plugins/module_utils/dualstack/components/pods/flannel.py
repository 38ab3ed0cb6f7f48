# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Flannel is given: its ConfigMap, and what its DaemonSet is started with.

Flannel refuses to start when its families and those of the Nodes' pod CIDRs differ, so both are the plan's. Its stock
manifest knows IPv4 alone: what is rendered here replaces its ConfigMap ``kube-flannel-cfg``. It masquerades all of its
families or none of them, and needs a default route of each on every node.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...addresses.blocks import IPV4, IPV6

NAMESPACE = "kube-flannel"
CONFIG = "kube-flannel-cfg"

Object = dict[str, Any]


def network(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """``net-conf.json``. Pods' subnets come from the Nodes; the lengths here only have to agree with them."""
    pods, kubernetes = cluster["pods"], cluster["kubernetes"]
    cni, lengths = kubernetes["cni"], cluster["node_cidr_lengths"]
    backend: dict[str, Any] = {"Type": "vxlan" if cni["encapsulation"] == "vxlan" else "host-gw"}
    if cni["encapsulation"] == "vxlan":
        backend |= {key: cni[given] for key, given in (("VNI", "vni"), ("MTU", "mtu")) if cni[given]}
    result: dict[str, Any] = {"EnableIPv4": IPV4 in pods, "EnableIPv6": IPV6 in pods}
    if IPV4 in pods:
        result |= {"Network": pods[IPV4], "SubnetLen": lengths[IPV4]}
    if IPV6 in pods:
        result |= {"IPv6Network": pods[IPV6], "IPv6SubnetLen": lengths[IPV6]}
    return {**result, "EnableNFTables": kubernetes["proxy"]["mode"] == "nftables", "Backend": backend}


def objects(cluster: Mapping[str, Any]) -> list[Object]:
    """The namespace, in which pods may be what Flannel's are, and the ConfigMap."""
    cni = {
        "name": "cbr0",
        "cniVersion": "1.0.0",
        "plugins": [
            {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
    labels = {"k8s-app": "flannel", "pod-security.kubernetes.io/enforce": "privileged"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG, "namespace": NAMESPACE, "labels": {"app": "flannel"}},
            "data": {
                "cni-conf.json": json.dumps(cni, indent=2) + "\n",
                "net-conf.json": json.dumps(network(cluster), indent=2) + "\n",
            },
        },
    ]


def arguments(cluster: Mapping[str, Any]) -> list[str]:
    """The arguments of ``flanneld``. Raises ValueError when one family is to be masqueraded and another is not."""
    masqueraded, families = cluster["kubernetes"]["cni"]["masquerade"], list(cluster["pods"])
    if masqueraded and set(masqueraded) != set(families):
        raise ValueError(
            f"Flannel masquerades all families or none, and cni.masquerade of cluster {cluster['name']} is "
            f"{', '.join(masqueraded)}; state {', '.join(families)} or none there, or use another plugin"
        )
    return [*(["--ip-masq"] if masqueraded else []), "--kube-subnet-mgr"]
