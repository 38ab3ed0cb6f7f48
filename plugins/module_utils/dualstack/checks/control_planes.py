# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control planes and workers of clusters that the collection runs: who begins, who joins, what all of them talk to."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, AddressError, Block
from ..findings import ERROR, WARNING
from ..intent.load import Intent, host_path
from ..plan.pools import pool_blocks
from .owners import host_addresses
from .places import among
from .rule import Plan, Problem, rule
from .running import Running, running
from .special import LINK_LOCAL, LOOPBACK, MULTICAST, UNSPECIFIED

NOWHERE = (*LOOPBACK, *UNSPECIFIED, *LINK_LOCAL, *MULTICAST)
LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


@rule("control-plane-none", ERROR, absence=True)
def none(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A cluster that we run has a control plane.

    Source: kubeadm init needs a host; the inventory's group kube_control_plane names it, as in Kubespray.
    """
    for each in running(intent, plan):
        if not each.control_planes:
            reason = f"cluster {each.cluster['name']} has no control plane"
            fix = "Put hosts of the cluster, with dualstack_host, into the group kube_control_plane."
            yield Problem(each.path, "", reason, fix)


@rule("control-plane-unknown", ERROR, absence=True)
def unknown(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Where we run clusters, all members of kube_control_plane and kube_node are nodes with addresses.

    Source: kubelet --node-ip and kube-apiserver --advertise-address are addresses of the host, and come from the plan.
    """
    if any(True for _unused in running(intent, plan)):
        for name in dict.fromkeys((*intent.control_planes, *intent.workers)):
            if name not in intent.named["nodes"]:
                reason = "has no dualstack_host, so that nobody knows its addresses"
                yield Problem(host_path(name), name, reason, "Give it dualstack_host with racks or addresses.")
    for each in running(intent, plan):
        for name, node in each.nodes.items():
            if not node["kubernetes"]["node_ip"]:
                reason = "has no address for kubelet --node-ip"
                yield Problem(host_path(name), name, reason, "Give it racks or addresses.")


@rule("worker-none", WARNING, absence=True)
def no_worker(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A cluster that we run has a node for pods.

    Source: kubeadm keeps pods off control planes by a taint; CoreDNS and everything else would stay pending.
    """
    for each in running(intent, plan):
        if each.nodes and not any(node["kubernetes"]["worker"] for node in each.nodes.values()):
            reason = f"no host of cluster {each.cluster['name']} is in the group kube_node"
            yield Problem(each.path, "", reason, "Add workers, or put control planes into kube_node as well.")


@rule("control-planes-even", WARNING)
def even(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The number of control planes is odd.

    Source: etcd needs more than half of its members: of two, none may fail, of four, as of three, one.
    """
    for each in running(intent, plan):
        count = len(each.control_planes)
        if count and count % 2 == 0:
            reason = f"{count} control planes ({among(each.control_planes)}) survive the loss of {(count - 1) // 2}"
            yield Problem(each.path, str(count), reason, f"Take {count - 1} or {count + 1}.")


@rule("endpoint-missing", ERROR)
def endpoint_missing(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Several control planes have a stated endpoint that leads to all of them.

    Source: kubeadm --control-plane-endpoint can't be changed later; without one a second control plane can't join.
    """
    for each in running(intent, plan):
        if len(each.control_planes) > 1 and each.stated["endpoint"] is None:
            reason = f"is not stated, and there are {len(each.control_planes)} control planes"
            fix = "State a DNS name, or the address of a load balancer outside of the cluster."
            yield Problem(f"{each.path}.endpoint", "", reason, fix)


@rule("endpoint-inside", ERROR)
def endpoint_inside(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The endpoint is no address that the cluster itself hands out.

    Source: pod and service addresses are there only when kube-proxy and CNI run, addresses of pools only when
    somebody announces them; kubelets need the endpoint before all that.
    """
    pools = [(f"pool {pool['name']}", block) for pool in plan["pools"] for block in pool_blocks(pool)]
    for each in running(intent, plan):
        host = _address(each.planned["endpoint"]["host"])
        inside = [
            (f"the cluster's {key}", blocks.parse_network(text))
            for key in ("pods", "services")
            for text in each.cluster[key].values()
        ]
        for name, block in [*inside, *pools]:
            if host and block.contains(host):
                reason = f"lies in {block} ({name}), which needs the endpoint to begin with"
                fix = "Use an address that is there without the cluster."
                yield Problem(f"{each.path}.endpoint.host", str(each.planned["endpoint"]["host"]), reason, fix)


@rule("endpoint-family", ERROR)
def endpoint_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An endpoint that is an address is of a family of the cluster.

    Source: the nodes have no address of another family, so that none of them reaches it.
    """
    for each in running(intent, plan):
        host = _address(each.planned["endpoint"]["host"])
        if host and host.family not in each.families:
            reason = f"is {FAMILY_NAME[host.family]}, which cluster {each.cluster['name']} has not"
            fix = "Use an address of a family of the cluster, or a DNS name."
            yield Problem(f"{each.path}.endpoint.host", str(each.planned["endpoint"]["host"]), reason, fix)


@rule("endpoint-nowhere", ERROR)
def endpoint_nowhere(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The endpoint leads to the same place from every host.

    Source: RFC 1122 section 3.2.1.3, RFC 4291 section 2.5, RFC 6761 section 6.3: loopback and unspecified addresses and
    localhost are the host that asks; link-local ones need an interface, and multicast knows no TCP. Silence it where
    each host has a load balancer of its own that is there before the cluster.
    """
    for each in running(intent, plan):
        text = str(each.planned["endpoint"]["host"] or "")
        host = _address(text)
        names = [special.name for special in NOWHERE if host and special.block.contains(host)]
        if text in LOCAL_NAMES or text.endswith(".localhost"):
            names = ["a name of the host itself"]
        for name in names[:1]:
            reason = f"is {name}, which does not lead to a control plane from other hosts"
            fix = "Use an address of a control plane or of a load balancer, or a DNS name."
            yield Problem(f"{each.path}.endpoint.host", text, reason, fix)


@rule("endpoint-worker", ERROR)
def endpoint_worker(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An endpoint that is the address of a node of the cluster is that of a control plane.

    Source: kube-apiserver listens on control planes alone, and a worker joins over the endpoint; kubeadm init ends when
    nothing answers there. Silence it where a load balancer of your own runs on that node.
    """
    for each in running(intent, plan):
        for name in _at_endpoint(each, plan):
            if name in each.nodes and name not in each.control_planes:
                fix = "Use an address of a control plane or of a load balancer, or a DNS name."
                text = str(each.planned["endpoint"]["host"])
                yield Problem(f"{each.path}.endpoint.host", text, f"is {name}, which is no control plane", fix)


@rule("endpoint-single", WARNING)
def endpoint_single(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The endpoint of several control planes is not the address of one host.

    Source: all kubelets and kube-proxies talk to the endpoint; where that host is down the others serve nobody.
    """
    for each in running(intent, plan):
        if len(each.control_planes) > 1:
            for name in _at_endpoint(each, plan):
                reason = f"is {name} alone: without it nobody reaches the other control planes"
                fix = "Use a DNS name with the addresses of all, or a load balancer's address that moves."
                yield Problem(f"{each.path}.endpoint.host", str(each.planned["endpoint"]["host"]), reason, fix)


@rule("advertise-family", ERROR, absence=True)
def advertise_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A control plane has an address of the primary family.

    Source: kube-apiserver: "service IP family must match public address family" (kubernetes/kubernetes#106721); kubeadm
    accepts it, and the API server then ends at its start.
    """
    for each in running(intent, plan):
        for name in each.control_planes:
            advertise = each.nodes[name]["kubernetes"]["advertise"]
            if advertise and blocks.family_of(advertise) != each.families[0]:
                primary = FAMILY_NAME[each.families[0]]
                reason = f"kube-apiserver would advertise it, and the primary service CIDR is {primary}"
                fix = f"Give {name} an {primary} address, or turn the cluster's families."
                yield Problem(host_path(name), advertise, reason, fix)


@rule("taints-idle", WARNING)
def taints(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Taints are stated for nodes of clusters that we run.

    Source: taints are given to the Node when kubeadm joins it; on other clusters nobody would set them.
    """
    for name, facts in intent.nodes.items():
        if facts["taints"] and plan["nodes"][name]["kubernetes"] is None:
            keys = ", ".join(taint["key"] for taint in facts["taints"])
            reason = "are not set by anybody: the collection does not run this cluster"
            yield Problem(f"{host_path(name)}.taints", keys, reason, "Remove them, and taint the Node yourself.")


@rule("taint-twice", ERROR)
def taint_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A node has each pair of a taint's key and effect once, with what kubeadm gives to control planes.

    Source: kube-apiserver refuses a Node: "taints must be unique by key and effect pair", whatever the values; kubelet
    ends at once with such a --register-with-taints ("duplicated taints"), by which workers join.
    """
    for each in running(intent, plan):
        for name, node in each.nodes.items():
            own = node["kubernetes"]
            alone = own["control_plane"] and not own["worker"]
            seen = {(key, "NoSchedule"): "" for key in (each.rules.control_plane_taints if alone else ())}
            for index, taint in enumerate(own["taints"]):
                path, pair = f"{host_path(name)}.taints[{index}]", (taint["key"], taint["effect"])
                if pair in seen:
                    reason, fix = "a control plane that is no worker has it already", "Remove it."
                    if seen[pair]:
                        reason = f"{seen[pair]} has the same key and effect, which go once on a node"
                        fix = "Remove one of them, or give it another effect."
                    yield Problem(path, ":".join(pair), reason, fix)
                seen.setdefault(pair, f"taints[{index}]")


RULES = (
    none,
    unknown,
    no_worker,
    even,
    endpoint_missing,
    endpoint_inside,
    endpoint_family,
    endpoint_nowhere,
    endpoint_worker,
    endpoint_single,
    advertise_family,
    taints,
    taint_twice,
)


def _address(text: str | None) -> Block | None:
    """The endpoint's host where it is an address."""
    try:
        return blocks.parse_address(text or "")
    except AddressError:
        return None


def _at_endpoint(each: Running, plan: Plan) -> list[str]:
    """The hosts of the plan whose address the stated endpoint is."""
    host = _address(each.planned["endpoint"]["host"]) if each.stated["endpoint"] else None
    found = [name for name, _where, text in host_addresses(plan) if host and blocks.parse_address(text) == host]
    return list(dict.fromkeys(found))
