# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Kubernetes itself comes from in a plan: what the components of a cluster share, and what its nodes are."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import KUBERNETES, Entry

_GROUPS = "The groups of the inventory say it:"


def of_cluster(plan: str, intent: str) -> Iterator[Entry]:
    """The entries of the cluster ``plan``, stated at ``intent``."""
    where, given = f"{plan}.kubernetes", f"{intent}.kubernetes"
    yield Entry(
        where,
        "Null where somebody else runs the components: then nothing of them is touched.",
        (f"{given}.version",),
        whole=True,
    )
    yield Entry(f"{where}.version", "The version that all components have, as written.", (f"{given}.version",))
    yield Entry(
        f"{where}.run_by",
        "Static pods of kubeadm, or units of the operator's own.",
        (f"{given}.run_by",),
    )
    yield Entry(
        f"{where}.endpoint.host",
        "As stated; else the address of the first control plane, which must then be the only one.",
        (f"{given}.endpoint.host",),
        ("nodes.{first control plane}.kubernetes.advertise",),
        "kubeadm: controlPlaneEndpoint",
    )
    yield Entry(
        f"{where}.endpoint.port",
        "As stated, else 6443.",
        (f"{given}.endpoint.port",),
        source="kubeadm: localAPIEndpoint.bindPort",
    )
    yield Entry(
        f"{where}.certificate_names",
        "Names and addresses for which kube-apiserver is known beside those that the plan gives it.",
        (f"{given}.certificate_names",),
        source="kubeadm: apiServer.certSANs",
    )
    yield Entry(
        f"{where}.image_repository",
        "Where the images of the components come from.",
        (f"{given}.image_repository",),
        source="kubeadm: imageRepository",
    )
    yield Entry(
        f"{where}.proxy.mode",
        "As stated; else nftables, which is generally available from 1.33 on, and iptables before it.",
        (f"{given}.proxy.mode",),
        (f"{where}.version",),
        KUBERNETES,
    )
    yield Entry(
        f"{where}.proxy.node_port_addresses",
        "Node ports answer on all addresses of a node, or on those in these CIDRs.",
        (f"{given}.proxy.node_port_addresses",),
        source="KubeProxyConfiguration: nodePortAddresses",
    )
    yield Entry(f"{where}.cni.plugin", "Who makes the pod network.", (f"{given}.cni.plugin",))
    yield Entry(
        f"{where}.cni.allocate_node_cidrs",
        "As stated; else true, but of plugins that divide the pod CIDRs themselves.",
        (f"{given}.cni.allocate_node_cidrs",),
        (f"{where}.cni.plugin",),
        "kube-controller-manager --allocate-node-cidrs",
    )
    yield Entry(
        f"{where}.cni.masquerade",
        "As stated; else the families whose pod CIDR is private: nobody outside has a route back to private addresses, "
        "while global ones are routed as they are.",
        (f"{given}.cni.masquerade",),
        (f"{plan}.families", f"{plan}.pods.*"),
        "RFC 1918, RFC 6598, RFC 4193",
    )
    yield Entry(
        f"{where}.cni.non_masquerade",
        "Destinations of the family, beside pods and nodes, to which pods keep their own address.",
        (f"{given}.cni.non_masquerade ?",),
        (f"{plan}.families",),
    )
    yield Entry(
        f"{where}.cni.encapsulation",
        "VXLAN towards nodes on no common segment, unless routers know the pod CIDRs.",
        (f"{given}.cni.encapsulation",),
    )
    yield Entry(
        f"{where}.cni.vni",
        "The VXLAN network identifier; null: the plugin's own.",
        (f"{given}.cni.vni",),
        source="RFC 7348",
    )
    yield Entry(f"{where}.cni.mtu", "As stated; null: what the nodes' links leave.", (f"{given}.cni.mtu",))
    yield Entry(
        f"{where}.dns.addresses",
        "As stated, else one of the primary family.",
        (f"{given}.dns.addresses",),
        (f"{plan}.families", f"{plan}.services"),
        KUBERNETES,
        whole=True,
    )
    yield Entry(
        f"{where}.dns.addresses.{{family}}",
        "As stated, else the tenth address of the primary service CIDR.",
        (f"{given}.dns.addresses@{{family}}",),
        (f"{plan}.families", f"{plan}.services.{{family}}"),
        "kubeadm",
    )
    yield Entry(f"{where}.dns.domain", "The domain of the cluster.", (f"{given}.dns.domain",), source=KUBERNETES)
    yield Entry(
        f"{where}.arguments", "Flags that the operator adds, by component.", (f"{given}.arguments",), whole=True
    )
    yield Entry(
        f"{where}.arguments.{{component}}",
        "Flags that the operator adds to those that the plan needs.",
        (f"{given}.arguments.{{component}}.*",),
    )
    yield Entry(
        f"{where}.configuration",
        "Fields that the operator adds, by component.",
        (f"{given}.configuration",),
        whole=True,
    )
    yield Entry(
        f"{where}.configuration.{{component}}",
        "Fields that the operator adds to those that the plan needs.",
        (f"{given}.configuration.{{component}}.*",),
    )


_NODE = "nodes.{node}.kubernetes"

OF_NODES = (
    Entry(
        _NODE,
        "Null where somebody else runs the components of its cluster.",
        ("{place of the node's cluster}.kubernetes",),
        ("nodes.{node}.cluster",),
        whole=True,
    ),
    Entry(
        f"{_NODE}.control_plane",
        f"{_GROUPS} members of kube_control_plane are control planes.",
        (),
        ("nodes.{node}.cluster",),
    ),
    Entry(
        f"{_NODE}.first",
        "The first member of kube_control_plane in its cluster begins it; all others join.",
        (),
        ("nodes.{node}.cluster", "nodes.*.cluster"),
    ),
    Entry(f"{_NODE}.worker", f"{_GROUPS} members of kube_node run pods."),
    Entry(
        f"{_NODE}.node_ip",
        "One address of each family in the order of the cluster's, which makes the first family that of its pods: that "
        "of its first rack that has one, else its own.",
        (),
        (
            "nodes.{node}.families",
            "segments.{racks of the node}.members.{node}.addresses.*",
            "nodes.{node}.addresses.*",
        ),
        "kubelet --node-ip",
    ),
    Entry(
        f"{_NODE}.advertise",
        "The first address of a control plane: kube-apiserver has one, of the family of the first service CIDR.",
        (),
        (f"{_NODE}.node_ip", f"{_NODE}.control_plane"),
        "kube-apiserver --advertise-address",
    ),
    Entry(f"{_NODE}.taints", "Taints of the Node, as written.", ("{node}: dualstack_host.taints[*]",)),
)
