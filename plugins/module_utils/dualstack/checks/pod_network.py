# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network of clusters that the collection runs: what plugins need of addresses and segments; masquerading."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME
from ..findings import ERROR, WARNING
from ..intent.load import Intent
from ..plan.kubernetes import is_private
from ..plan.segments import RACK
from .places import among
from .rule import Plan, Problem, rule
from .running import Running, running

READ_POD_CIDRS = ("bridge", "flannel")


@rule("cni-node-cidrs", ERROR)
def node_cidrs(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """kube-controller-manager gives Nodes their pod CIDRs where the plugin reads them.

    Source: host-local is configured from Node.spec.podCIDRs; flannel ends with "node does not have a podCIDR".
    """
    for each in running(intent, plan):
        cni = each.planned["cni"]
        if cni["plugin"] in READ_POD_CIDRS and not cni["allocate_node_cidrs"]:
            reason = f"{cni['plugin']} takes the pod CIDRs of Nodes, and nobody would write them"
            yield Problem(f"{each.path}.cni.allocate_node_cidrs", "false", reason, "Leave it out.")


@rule("cni-no-segment", ERROR)
def no_segment(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Without encapsulation, flannel's nodes stand on one segment.

    Source: flannel's backend host-gw routes by the addresses of nodes and needs layer 2 between all of them.
    """
    for each in running(intent, plan):
        if each.planned["cni"]["plugin"] == "flannel" and _spread(each, plan):
            reason = f"host-gw reaches nodes on its own segment alone, and no segment has all of {among(each.nodes)}"
            yield Problem(f"{each.path}.cni.encapsulation", "none", reason, "Leave it out: vxlan.")


@rule("cni-routed-pods", WARNING)
def routed(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Without encapsulation, the routers between racks know where pods are.

    Source: a router that has no route to a pod CIDR drops what pods of different racks send each other.
    """
    for each in running(intent, plan):
        if each.planned["cni"]["plugin"] == "bridge" and _spread(each, plan):
            reason = "nodes stand on different segments, and the fabric of the plan does not carry pod CIDRs"
            yield Problem(f"{each.path}.cni.encapsulation", "none", reason, "Leave it out, or teach the routers.")


@rule("masquerade-missing", WARNING)
def masquerade_missing(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Pods with private addresses are masqueraded.

    Source: nobody outside routes RFC 1918 and RFC 4193 addresses back; that IPv6 is left out by default is what most
    plugins get complaints about (k3s-io/k3s#4683, projectcalico/calico#7183, kubernetes-sigs/ip-masq-agent#58).
    """
    for each in running(intent, plan):
        for family, text in each.cluster["pods"].items():
            if is_private(text) and family not in each.planned["cni"]["masquerade"]:
                reason = f"{FAMILY_NAME[family]} pods ({text}) get no answer from outside of the fabric"
                fix = f"Add {family}, or silence this where routers know the pod CIDR."
                yield Problem(f"{each.path}.cni.masquerade", "", reason, fix)


@rule("masquerade-family", ERROR)
def masquerade_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """What is said of masquerading is of the cluster's families.

    Source: a node has no address of another family.
    """
    for each in running(intent, plan):
        cni = each.stated["cni"]
        others = [family for family in cni["masquerade"] or () if family not in each.families]
        for family in others:
            reason = f"cluster {each.cluster['name']} has no {FAMILY_NAME[family]}"
            yield Problem(f"{each.path}.cni.masquerade", family, reason, "Remove it.")
        for text in cni["non_masquerade"]:
            if blocks.family_of(text) not in each.families:
                reason = f"cluster {each.cluster['name']} has no {FAMILY_NAME[blocks.family_of(text)]}"
                yield Problem(f"{each.path}.cni.non_masquerade", text, reason, "Remove it.")


@rule("masquerade-flannel", ERROR)
def masquerade_flannel(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Flannel masquerades all families of the cluster, or none.

    Source: flanneld's --ip-masq is one switch for each network that it has. The default differs by family where one
    pod CIDR is private and the other one global.
    """
    for each in running(intent, plan):
        cni = each.planned["cni"]
        if cni["plugin"] == "flannel" and cni["masquerade"] and set(cni["masquerade"]) != set(each.families):
            other = " and ".join(FAMILY_NAME[family] for family in each.families if family not in cni["masquerade"])
            reason = f"flannel can't masquerade it and leave {other} out"
            fix = f"State [{', '.join(each.families)}] or [], or use another plugin."
            yield Problem(f"{each.path}.cni.masquerade", ", ".join(cni["masquerade"]), reason, fix)


@rule("pod-mtu", ERROR)
def mtu(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The MTU of pods with a VXLAN leaves room for its headers on links of 9,216 bytes at most.

    Source: RFC 7348 section 5: 50 bytes over IPv4, 70 over IPv6; RFC 8200 section 5: 1,280 bytes at least.
    """
    for each in running(intent, plan):
        cni = each.planned["cni"]
        if cni["mtu"] and cni["encapsulation"] == "vxlan" and cni["mtu"] > JUMBO - VXLAN_HEADERS:
            reason = f"with {VXLAN_HEADERS} bytes of VXLAN headers no usual link carries it"
            yield Problem(f"{each.path}.cni.mtu", str(cni["mtu"]), reason, "Leave it out: it is found on the hosts.")


JUMBO, VXLAN_HEADERS = 9216, 70
RULES = (node_cidrs, no_segment, routed, masquerade_missing, masquerade_family, masquerade_flannel, mtu)


def _spread(each: Running, plan: Plan) -> bool:
    """Whether the cluster has no encapsulation, and no rack has all of its nodes."""
    if each.planned["cni"]["encapsulation"] != "none" or len(each.nodes) < 2:
        return False
    racks = [set(segment["members"]) for segment in plan["segments"].values() if segment["kind"] == RACK]
    return not any(set(each.nodes) <= members for members in racks)
