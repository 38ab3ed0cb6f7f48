# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes: their names, their labels and where their addresses lie."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME
from ..announcing.silence import EXCLUDE_LABEL
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent, host_path
from ..plan.clusters import places
from ..plan.selecting import HOSTNAME
from . import serving
from .rule import Plan, Problem, rule

NODE_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
NODE_PORTS = 2768


@rule("node-name", ERROR)
def name(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The inventory name of a node is the name of its Node: lower case letters, digits, dashes and dots.

    Source: Kubernetes object names (RFC 1123 subdomains); kubelet writes host names in lower case, and node selectors
    compare kubernetes.io/hostname letter by letter.
    """
    del plan
    for node in intent.nodes:
        if not NODE_NAME.match(node):
            likely = re.sub(r"[^a-z0-9.-]+", "-", node.lower()).strip("-.")
            fix = f"Call it {likely} in the inventory, as kubectl get nodes shows it."
            yield Problem(host_path(node), node, "can't be the name of a Kubernetes Node", fix)


@rule("node-hostname", ERROR)
def hostname(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node's label kubernetes.io/hostname is its name.

    Source: kubelet sets it; the selectors of a plan name nodes by this label.
    """
    del plan
    for node, facts in intent.nodes.items():
        value = facts["labels"].get(HOSTNAME, node)
        if value != node:
            reason = f"selectors look for {HOSTNAME}: {node}"
            yield Problem(f"{host_path(node)}.labels", value, reason, "Remove the label: it is known.")


@rule("node-excluded", WARNING)
def excluded(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node that is to announce does not carry the label that keeps load balancers off.

    Source: node.kubernetes.io/exclude-from-external-load-balancers: MetalLB and our speaker announce nothing from such
    a node; kubeadm sets it on control planes (MetalLB issue 2274).
    """
    announcing = {node for advert in plan["advertisements"] for node in advert["nodes"]}
    for node, facts in intent.nodes.items():
        if EXCLUDE_LABEL in facts["labels"] and node in announcing:
            reason = "keeps the node from announcing anything, and an advertisement counts on it"
            fix = "Remove the label (kubectl label node NAME LABEL-), or leave the node out of the advertisements."
            yield Problem(f"{host_path(node)}.labels", EXCLUDE_LABEL, reason, fix)


@rule("node-address-order", HINT)
def address_order(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The addresses of a node stand in the order of its cluster's families.

    Source: the first address of kubelet --node-ip makes the family of hostNetwork pods and of node ports; nothing
    compares it with the order of the CIDRs.
    """
    for node, facts in intent.nodes.items():
        families = plan["nodes"][node]["families"]
        groups = [(f".racks.{rack}", own) for rack, own in facts["racks"].items()]
        for key, own in [*groups, (".addresses", facts["addresses"] or {})]:
            wanted = [family for family in families if family in own]
            held = [family for family in own if family in families]
            if held != wanted:
                reason = f"begins with {FAMILY_NAME[held[0]]}, the cluster with {FAMILY_NAME[families[0]]}"
                order = ",".join(own[family] for family in wanted)
                fix = f"Write {order}, here and in --node-ip."
                yield Problem(f"{host_path(node)}{key}", ", ".join(own.values()), reason, fix)


@rule("host-in-cluster-cidr", ERROR)
def inside_cluster(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No node and no peer has an address of a pod or service CIDR. Racks and loopbacks are compared by ``overlap``.

    Source: kube-proxy (nftables mode) drops what goes to a service CIDR and is no Service, in every mode a clusterIP of
    the same address hides the host; routes to pods hide it too.
    """
    cidrs = [
        (f"{path}.{key}", blocks.parse_network(text))
        for path, cluster in places(intent)
        for key in ("pods", "services")
        for text in (cluster[key] or {}).values()
    ]
    hosts = [(f"{host_path(node)}.addresses", facts["addresses"] or {}) for node, facts in intent.nodes.items()]
    hosts += [(f"{peer['at']}.addresses", peer["addresses"] or {}) for peer in intent.fabric["peers"]]
    del plan
    for path, addresses in hosts:
        for text in addresses.values():
            for where, cidr in cidrs:
                if cidr.contains(blocks.parse_address(text)):
                    reason = f"is inside {cidr} ({where}), where the cluster never reaches it"
                    yield Problem(path, text, reason, "Renumber the host, or move the CIDR before there is a cluster.")


@rule("node-ports-used-up", WARNING)
def node_ports(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The ports of a cluster's Services do not outnumber its node ports: each takes one, for both families.

    Source: kube-apiserver --service-node-port-range, 30000-32767 by default; Services of type LoadBalancer get node
    ports unless allocateLoadBalancerNodePorts is false.
    """
    for cluster in serving.clusters(plan):
        wanted = sum(len(each["ports"]) for each in plan["services"] if each["cluster"] == cluster)
        if wanted > NODE_PORTS:
            reason = f"{wanted} ports of cluster {cluster} want a node port, and there are {NODE_PORTS}"
            fix = "Create the Services with allocateLoadBalancerNodePorts: false, or widen --service-node-port-range."
            yield Problem("dualstack.services", "", reason, fix)


RULES = (name, hostname, excluded, address_order, inside_cluster, node_ports)
